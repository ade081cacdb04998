# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Bring the live tree back into the one that was set aside, so that no file of either is lost."""

from __future__ import annotations

import dataclasses
import os
import stat

from .files import explaining_os, fsync_directory

_CHUNK = 1 << 20


@dataclasses.dataclass
class Merged:
    """What a merge did: files moved, identical ones removed, old versions kept aside."""

    moved: int = 0
    identical: int = 0
    replaced: int = 0


def merge(live: str, backup: str, replaced: str) -> Merged:
    """Move every file below *live* into *backup*; where both differ the live one wins and the old one goes to *replaced*.

    Each step is one rename or one unlink, and a file is unlinked only after a byte for byte comparison, so a merge that
    was killed anywhere is finished by calling it again. Both trees must be on one filesystem and no longer in use.
    """
    done = Merged()
    with explaining_os(f"merge {live} into {backup}"):
        for directory, folders, names in os.walk(os.fsencode(live), topdown=False):
            relative = os.path.relpath(directory, os.fsencode(live))
            target = os.path.normpath(os.path.join(os.fsencode(backup), relative))
            # a link to a folder is listed among the folders, but it is an entry like a file: never followed
            entries = names + [name for name in folders if os.path.islink(os.path.join(directory, name))]
            for name in sorted(entries):
                _merge_one(directory, target, name, os.path.normpath(os.path.join(os.fsencode(replaced), relative)), done)
            if entries:
                fsync_directory(os.fsdecode(target if os.path.isdir(target) else os.fsencode(backup)))
            if directory != os.fsencode(live):
                os.rmdir(directory)
    return done


def _merge_one(directory: bytes, target_directory: bytes, name: bytes, replaced: bytes, done: Merged) -> None:
    source, target = os.path.join(directory, name), os.path.join(target_directory, name)
    if os.path.lexists(target):
        if same(source, target):
            os.unlink(source)
            done.identical += 1
            return
        keep_aside(target, os.path.join(replaced, name))
        done.replaced += 1
    else:
        _make_folders(directory, target_directory, replaced, done)
    os.rename(source, target)
    done.moved += 1


def _make_folders(live: bytes, target: bytes, replaced: bytes, done: Merged) -> None:
    """Make the missing folders of *target* with the owner and mode of the live ones; a file in the way is kept aside."""
    if os.path.isdir(target) and not os.path.islink(target):
        return
    _make_folders(os.path.dirname(live), os.path.dirname(target), os.path.dirname(replaced), done)
    if os.path.lexists(target):
        keep_aside(target, replaced)
        done.replaced += 1
    os.mkdir(target)
    _make_alike(live, target)


def _make_alike(model: bytes, folder: bytes) -> None:
    was = os.stat(model)
    os.chmod(folder, stat.S_IMODE(was.st_mode))
    if (was.st_uid, was.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(folder, was.st_uid, was.st_gid)


def keep_aside(path: bytes, aside: bytes) -> bytes:
    """Move *path* to *aside*, or to the first free numbered name beside it: what was kept is never overwritten."""
    folder = _folder_aside(os.path.dirname(aside))
    aside = os.path.join(folder, os.path.basename(aside))
    free, number = aside, 0
    while os.path.lexists(free):
        number += 1
        free = aside + b".~%d~" % number
    os.rename(path, free)
    fsync_directory(os.fsdecode(folder))
    return free


def _folder_aside(folder: bytes) -> bytes:
    """Make a folder for what is kept; where an earlier merge kept a file of that name, another name is used."""
    if os.path.isdir(folder):
        return folder
    if os.path.lexists(folder):
        return _folder_aside(folder + b".folder")
    folder = os.path.join(_folder_aside(os.path.dirname(folder)), os.path.basename(folder))
    os.mkdir(folder, 0o700)
    return folder


def same(one: bytes, other: bytes) -> bool:
    """Whether two entries are links to the same name, or regular files with the same bytes."""
    first, second = os.lstat(one), os.lstat(other)
    if stat.S_ISLNK(first.st_mode) and stat.S_ISLNK(second.st_mode):
        return os.readlink(one) == os.readlink(other)
    if not (stat.S_ISREG(first.st_mode) and stat.S_ISREG(second.st_mode)) or first.st_size != second.st_size:
        return False
    with open(one, "rb") as left, open(other, "rb") as right:
        while True:
            piece = left.read(_CHUNK)
            if piece != right.read(_CHUNK):
                return False
            if not piece:
                return True
