# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Keep the files that a migration switches, and give them back byte for byte."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from typing import Any

from .errors import MediastoreError
from .files import explaining_os, fsync_directory, write_atomic


def save(paths: list[str], directory: str) -> list[dict[str, Any]]:
    """Copy each file into *directory*; what comes back says how to restore it, also when it did not exist."""
    with explaining_os(f"keep the configuration in {directory}"):
        os.makedirs(directory, mode=0o700, exist_ok=True)
    return [
        _save_one(path, os.path.join(directory, f"{number:03d}-{os.path.basename(path)}")) for number, path in enumerate(paths)
    ]


def _save_one(path: str, copy: str) -> dict[str, Any]:
    with explaining_os(f"keep a copy of {path}"):
        if not os.path.lexists(path):
            return {"path": path, "kind": "absent"}
        if os.path.islink(path):
            return {"path": path, "kind": "link", "target": os.readlink(path)}
        was = os.stat(path)
        with open(path, "rb") as source:
            content = source.read()
    write_atomic(copy, content)
    return {
        "path": path,
        "kind": "file",
        "copy": copy,
        "sha256": hashlib.sha256(content).hexdigest(),
        "mode": stat.S_IMODE(was.st_mode),
        "uid": was.st_uid,
        "gid": was.st_gid,
    }


def restore(saved: list[dict[str, Any]], kept: str) -> list[str]:
    """Make every file what it was when it was saved; what it is now goes to *kept* first. Returns the changed paths."""
    # all copies are checked before the first file is touched
    contents = [_content(entry) for entry in saved]
    return [entry["path"] for entry, content in zip(saved, contents) if _restore_one(entry, content, kept)]


def _content(entry: dict[str, Any]) -> bytes:
    if entry["kind"] != "file":
        return b""
    with explaining_os(f"read the copy of {entry['path']}"), open(entry["copy"], "rb") as source:
        content = source.read()
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise MediastoreError(
            f"restore {entry['path']}",
            said=f"its copy {entry['copy']} is not what was saved",
            remedy="Restore the file from your own backup, put the same content into the copy, and run the same command again.",
            code="Damaged",
        )
    return content


def _restore_one(entry: dict[str, Any], content: bytes, kept: str) -> bool:
    path = entry["path"]
    if _is_as_saved(entry, content):
        return False
    with explaining_os(f"restore {path}"):
        _keep(path, kept)
        if entry["kind"] == "file":
            # a link here would be written through, and change a file that was never saved
            if os.path.islink(path):
                os.unlink(path)
            write_atomic(path, content, entry["mode"], owner=(entry["uid"], entry["gid"]))
            return True
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        if entry["kind"] == "link":
            os.symlink(entry["target"], path)
        fsync_directory(os.path.dirname(path))
    return True


def _is_as_saved(entry: dict[str, Any], content: bytes) -> bool:
    path = entry["path"]
    if entry["kind"] == "absent":
        return not os.path.lexists(path)
    if entry["kind"] == "link":
        return os.path.islink(path) and os.readlink(path) == entry["target"]
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    now = os.stat(path)
    if (stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid) != (entry["mode"], entry["uid"], entry["gid"]):
        return False
    with open(path, "rb") as source:
        return source.read() == content


def _keep(path: str, kept: str) -> None:
    """An administrator may have edited the switched file since: keep that version too."""
    if os.path.isfile(path):
        os.makedirs(kept, mode=0o700, exist_ok=True)
        with open(path, "rb") as source:
            write_atomic(os.path.join(kept, os.path.basename(path)), source.read())
