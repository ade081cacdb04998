# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Set a directory aside under another name, and put it back, so that a kill between any two lines is harmless."""

from __future__ import annotations

import os
import stat

from .errors import MediastoreError
from .files import explaining_os, fsync_directory
from .merge import Merged, merge


def tree_facts(path: str) -> dict[str, int]:
    """Owner and mode of a directory, for making another one alike."""
    with explaining_os(f"look at {path}"):
        was = os.stat(path)
    return {"uid": was.st_uid, "gid": was.st_gid, "mode": stat.S_IMODE(was.st_mode)}


def make_directory(path: str, tree: dict[str, int]) -> None:
    """Make *path* with this owner and mode, whether or not it is there already."""
    with explaining_os(f"make the directory {path}"):
        if not os.path.isdir(path):
            os.mkdir(path, 0o700)
        if (tree["uid"], tree["gid"]) != (os.stat(path).st_uid, os.stat(path).st_gid):
            os.chown(path, tree["uid"], tree["gid"])
        os.chmod(path, tree["mode"])
        fsync_directory(os.path.dirname(path))


def set_aside(path: str, backup: str, tree: dict[str, int], local_only: list[str]) -> None:
    """Rename *path* to *backup*, leave an empty directory in its place, and carry the folders over that stay local."""
    with explaining_os(f"set {path} aside", "Correct that; the application goes on as before."):
        if not os.path.lexists(backup):
            os.rename(path, backup)
            fsync_directory(os.path.dirname(path))
    make_directory(path, tree)
    with explaining_os(f"carry folders over from {backup}"):
        for name in local_only:
            if os.path.isdir(os.path.join(backup, name)) and not os.path.lexists(os.path.join(path, name)):
                os.rename(os.path.join(backup, name), os.path.join(path, name))
        fsync_directory(path)


def gather(path: str, backup: str) -> Merged:
    """Move what exists only in the live *path* into *backup*; afterwards *path* is empty or gone."""
    if not os.path.lexists(path):
        return Merged()
    if os.path.ismount(path):
        raise MediastoreError(
            f"put {backup} back to {path}",
            said=f"{path} is a mount",
            remedy=f"Unmount it (umount {path}) when nothing uses it any more, then run the same command again.",
            code="Mounted",
        )
    return merge(path, backup, path + ".replaced")


def put_back(path: str, backup: str) -> None:
    """Give *backup* its old name again; *path* must have been emptied by gather()."""
    with explaining_os(f"put {backup} back to {path}"):
        if os.path.lexists(backup):
            if os.path.lexists(path):
                os.rmdir(path)
            os.rename(backup, path)
            fsync_directory(os.path.dirname(path))
    if not os.path.isdir(path):
        raise MediastoreError(
            f"put {backup} back to {path}",
            said="neither of the two directories exists",
            remedy="Somebody moved them: give the media directory its name again, then run the same command again.",
            code="Gone",
        )
