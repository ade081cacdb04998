# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What has changed below a directory since it was last copied: each path once, in memory, and given out until it is settled."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Iterable, Iterator, NamedTuple, Tuple, TypeVar

from .fanotify import FAN_ONDIR, FAN_Q_OVERFLOW, Event, Handles, decipher

#: more changes than this are not kept: from there on a walk is the cheaper way, and memory is not endless
MOST = 200_000
#: so many events are kept as they came before it is looked at what they are about
UNSIFTED = 20_000

_What = TypeVar("_What", bytes, int, Tuple[bool, bytes])


class Changes(NamedTuple):
    """What may differ from what was copied, as paths below the root, and how to refer to it."""

    position: int
    files: list[bytes]
    #: folders that appeared, and so have to be walked; with a final ``/``
    folders: list[bytes]
    #: files that have several names: all of those that are below the root have changed
    inodes: list[int]

    def as_dict(self) -> dict[str, Any]:
        """As it travels in JSON."""
        return {
            "position": self.position,
            "files": [os.fsdecode(path) for path in self.files],
            "folders": [os.fsdecode(path) for path in self.folders],
            "inodes": self.inodes,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Changes:
        """The inverse of as_dict()."""
        files, folders = ([os.fsencode(path) for path in data[name]] for name in ("files", "folders"))
        return cls(int(data["position"]), files, folders, [int(inode) for inode in data["inodes"]])


class ChangeSet:
    """Paths with the position of their latest change; what is settled up to a position can be forgotten.

    A file is known by its folder's handle and its name until it is asked for, so that it does not matter what is renamed
    meanwhile. What is renamed later is told by an event of its own.
    """

    def __init__(self, root_fd: int, most: int = MOST) -> None:
        self._root_fd = root_fd
        self._handles = Handles(root_fd)
        self._most = most
        #: rises with every batch of events
        self.position = 0
        self._unsifted: dict[tuple[bool, bytes], int] = {}
        self._files: dict[bytes, int] = {}
        self._folders: dict[bytes, int] = {}
        self._inodes: dict[int, int] = {}
        #: why changes up to a position may have been missed, or nothing
        self.lost = ""
        self._lost_at = 0

    def __len__(self) -> int:
        return self.named + len(self._inodes)

    @property
    def named(self) -> int:
        """How many are known to be below the root, which is not known of what has several names."""
        return len(self._files) + len(self._folders)

    def note(self, events: Iterable[Event]) -> None:
        """Take in what the kernel told."""
        self.position += 1
        unsifted, position = self._unsifted, self.position
        for mask, about in events:
            if mask & FAN_Q_OVERFLOW:
                self.lose("so much changed at once that the kernel's queue overflowed")
            else:
                unsifted[(bool(mask & FAN_ONDIR), about)] = position
        if len(unsifted) > UNSIFTED:
            self.sift()

    def lose(self, why: str) -> None:
        """Changes up to here were missed, so only what a walk that begins later does not see can be told."""
        self.lost, self._lost_at = why, self.position
        self._unsifted.clear()
        self._files.clear()
        self._folders.clear()
        self._inodes.clear()

    def add(self, paths: Iterable[bytes]) -> None:
        """Take files for changed that are known to differ from what was copied."""
        self.position += 1
        self._files.update(dict.fromkeys(paths, self.position))
        self._bound()

    def settle(self, position: int) -> None:
        """Forget what was given out with this position and has not changed again; a loss before it is made good."""
        _forget(self._unsifted, position)
        _forget(self._files, position)
        _forget(self._folders, position)
        _forget(self._inodes, position)
        if self._lost_at <= position:
            self.lost = ""

    def changes(self) -> Changes:
        """All of it, as it is now."""
        self.sift()
        return Changes(self.position, list(self._files), list(self._folders), list(self._inodes))

    def sift(self) -> None:
        """Find out what the events were about, and drop what is not below the root."""
        unsifted, self._unsifted = self._unsifted, {}
        try:
            root, before = self._root(), b""
            while unsifted and before != root:
                places: dict[bytes, bytes | None] = {}
                for (is_folder, about), position in unsifted.items():
                    self._place(is_folder, about, position, root, places)
                # If the root was moved in between, then what is below it was taken for what is not.
                before, root = root, self._root()
        except OSError as exc:
            self.lose(f"it could not be found out what has changed ({exc.strerror})")
        self._bound()

    def _bound(self) -> None:
        if len(self) > self._most:
            self.lose(f"more than {self._most} files have changed")

    def _root(self) -> bytes:
        return os.readlink(b"/proc/self/fd/%d" % self._root_fd).rstrip(b"/") + b"/"

    def _place(self, is_folder: bool, about: bytes, position: int, root: bytes, places: dict[bytes, bytes | None]) -> None:
        folder, name, file = decipher(about)
        place = None
        if folder is not None:
            if folder not in places:
                places[folder] = self._below(folder, root)
            place = places[folder]
        if place is not None and is_folder:
            _keep(self._folders, place + name + b"/", position)
        elif place is not None:
            _keep(self._files, place + name, position)
        if file is not None and not is_folder:
            self._place_file(file, position, root)

    def _below(self, folder: bytes, root: bytes) -> bytes | None:
        """Where a folder is below the root, with a final ``/``; None if it is elsewhere or gone."""
        with self._opened(folder) as fd:
            if fd is None:
                return None
            path = os.readlink(b"/proc/self/fd/%d" % fd).rstrip(b"/") + b"/"
        return path[len(root) :] if path.startswith(root) else None

    def _place_file(self, file: bytes, position: int, root: bytes) -> None:
        """The name by which a file was written may not be its only one, or none any more."""
        with self._opened(file) as fd:
            if fd is None:
                return
            found = os.fstat(fd)
            path = os.readlink(b"/proc/self/fd/%d" % fd) if found.st_nlink == 1 else b""
        if path and _is(path, found):
            if path.startswith(root):
                _keep(self._files, path[len(root) :], position)
        elif found.st_nlink:
            _keep(self._inodes, found.st_ino, position)

    @contextlib.contextmanager
    def _opened(self, handle: bytes) -> Iterator[int | None]:
        fd = self._handles.open(handle)
        try:
            yield fd
        finally:
            if fd is not None:
                os.close(fd)


def _keep(kept: dict[_What, int], what: _What, position: int) -> None:
    kept[what] = max(position, kept.get(what, 0))


def _forget(kept: dict[_What, int], position: int) -> None:
    for what in [what for what, changed in kept.items() if changed <= position]:
        del kept[what]


def _is(path: bytes, found: os.stat_result) -> bool:
    """Whether this is that file; the kernel need not know a name for what it opened by a handle."""
    try:
        return os.path.samestat(os.lstat(path), found)
    except OSError:
        return False
