# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The walk: every regular file below the source, in the order in which a store lists its keys."""

from __future__ import annotations

import os
import stat
from collections import Counter, deque
from typing import Callable, Iterator, Sequence

from .errors import BadInput
from .keys import MARK, PARTIAL_SUFFIX, QUARANTINE, Exclude
from .model import LocalFile
from .problems import Problems
from .shard import WHOLE, Shard

_PARTIAL, _QUARANTINE = PARTIAL_SUFFIX.encode(), QUARANTINE.encode()
SLASH = ord("/")
#: the bits of a mode that tell the type
TYPE = stat.S_IFMT(0xFFFF)


class Tree:
    """A directory seen as a bucket: keys in, paths out."""

    def __init__(
        self,
        root: str,
        prefix: str = "",
        exclude: Exclude | None = None,
        special_fails: bool = True,
        shard: Shard = WHOLE,
        places: Sequence[str] = (),
    ) -> None:
        self.root = os.fsencode(os.path.realpath(root))
        self.prefix = prefix
        self.exclude = exclude or Exclude([])
        self.special_fails = special_fails
        #: the part of the keys that is looked at
        self.shard = shard
        self._start = prefix.encode("utf-8")
        #: the folders whose files are in buckets of their own
        self.places = tuple(places)
        self._homes = tuple(place.encode("utf-8") for place in places)
        #: the keys that say whose the objects are
        self.marks = tuple(start + MARK for start in self.places or (prefix,))
        #: what the walk passed by: ``special`` (links, sockets, devices) and ``excluded``
        self.passed: Counter[str] = Counter()

    def require(self, tried: str) -> None:
        """Refuse a source that is missing or is no directory."""
        shown = os.fsdecode(self.root)
        if not os.path.isdir(self.root):
            said = f"{shown} is not a directory" if os.path.lexists(self.root) else f"{shown} does not exist"
            raise BadInput(tried, said=said, remedy="Create it, or correct path.")
        if not os.access(self.root, os.R_OK | os.X_OK):
            raise BadInput(tried, said=f"{shown} cannot be read", remedy="Run the task as a user who may read it (become).")

    def relative(self, key: str) -> str:
        """The path below the root that belongs to a key."""
        return key[len(self.prefix) :]

    def concerns(self, key: str) -> bool:
        """Whether an object of this key is looked at: in this part of the keys, not left out, and not the mark."""
        return key in self.shard and key not in self.marks and self.relative(key) not in self.exclude

    def path(self, key: str) -> bytes:
        """Where the file of a key is. Bytes, so that no locale has a say in it."""
        return b"%s/%s" % (self.root, self.relative(key).encode("utf-8"))

    def files(
        self,
        problems: Problems,
        below: bytes = b"",
        known: dict[bytes, list[bytes]] | None = None,
        elsewhere: Callable[[bytes], Iterator[LocalFile] | None] = lambda _folder: None,
    ) -> Iterator[LocalFile]:
        """Yield the files in key order, all or those of a folder (``a/b/``); what cannot be handled goes to ``problems``.

        The names in ``known`` folders have been read before (see ``upper``); some folders may be walked through ``elsewhere``.
        A folder takes its place in the order as ``name/``: ``a.txt`` comes before what is in ``a``, and ``a0`` after.
        Only names are kept, of the folders between the root and here, so a tree of millions costs little memory.
        """

        def names_in(folder: bytes) -> list[bytes]:
            return known.pop(folder) if known and folder in known else self._names(folder, problems)

        stack = [(below, names_in(below))]
        while stack:
            folder, names = stack[-1]
            # As little as can be is done for each file: an application may be waiting for this loop.
            place, start = b"%s/%s" % (self.root, folder), self.prefix + folder.decode("utf-8")
            while names:
                name = names.pop()
                if name[-1] == SLASH:
                    inner = folder + name
                    theirs = elsewhere(inner)
                    if theirs is None:
                        stack.append((inner, names_in(inner)))
                        break
                    yield from theirs
                    continue
                try:
                    found = os.lstat(place + name)
                except OSError as exc:
                    self._missed(folder + name, exc, problems)
                    continue
                if found.st_mode & TYPE == stat.S_IFREG:
                    yield LocalFile(
                        start + name.decode("utf-8"), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
                    )
                else:
                    self._special(folder + name, found.st_mode, problems)
            else:
                stack.pop()

    def upper(self, enough: int, most: int, problems: Problems) -> tuple[dict[bytes, list[bytes]], list[bytes]]:
        """The names in the upper folders, and the folders below them, in key order.

        It reads level by level until there are ``enough`` folders below, or ``most`` names are read.
        """
        names: dict[bytes, list[bytes]] = {}
        below, read = deque([b""]), 0
        while below and len(below) < enough and read < most:
            folder = below.popleft()
            names[folder] = found = self._names(folder, problems)
            below.extend(folder + name for name in found if name[-1] == SLASH)
            read += len(found)
        return names, sorted(below)

    def passes(self, relative: bytes, problems: Problems) -> bool:
        """Whether the walk comes by this path (a folder's ends in ``/``), provided that it enters the folder above."""
        cut = relative.rstrip(b"/").rfind(b"/") + 1
        return self._wanted(relative[:cut], relative[cut:], problems)

    def _names(self, folder: bytes, problems: Problems) -> list[bytes]:
        """The names in a folder, last first, folders with a final ``/``."""
        try:
            with os.scandir(b"%s/%s" % (self.root, folder)) as entries:
                names = [entry.name + b"/" if entry.is_dir(follow_symlinks=False) else entry.name for entry in entries]
        except FileNotFoundError:  # removed since its parent was read
            return []
        except OSError as exc:
            problems.add(folder, f"the folder cannot be read ({exc.strerror})")
            return []
        if self.exclude or self.shard.count > 1 or self._outside(folder) or not _harmless(names):
            names = [name for name in names if self._wanted(folder, name, problems)]
        names.sort(reverse=True)
        return names

    def _wanted(self, folder: bytes, name: bytes, problems: Problems) -> bool:
        if name.endswith(_PARTIAL) or (not folder and name == _QUARANTINE + b"/"):
            return False
        # Before anything else is asked about a file: those of others cost no lstat, and are neither counted nor complained about.
        if self.shard.count > 1 and not name.endswith(b"/") and self._start + folder + name not in self.shard:
            return False
        try:
            relative = (folder + name).decode("utf-8")
        except UnicodeDecodeError:
            problems.add(folder + name, "the name is not valid UTF-8")
            return False
        if relative in self.exclude:
            self.passed["excluded"] += 1
            return False
        if self._outside(folder) and not any(place.startswith(relative) or relative.startswith(place) for place in self.places):
            problems.add(folder + name, "is in none of the folders of places")
            return False
        return True

    def _outside(self, folder: bytes) -> bool:
        """Whether what is in a folder has no bucket to go to; one that has places has them for everything."""
        return bool(self._homes) and not folder.startswith(self._homes)

    def file(self, relative: bytes, problems: Problems) -> LocalFile | None:
        """The file at a path, as it is now."""
        try:
            found = os.lstat(b"%s/%s" % (self.root, relative))
        except OSError as exc:
            self._missed(relative, exc, problems)
            return None
        if not stat.S_ISREG(found.st_mode):
            self._special(relative, found.st_mode, problems)
            return None
        return LocalFile(
            self.prefix + relative.decode("utf-8"), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
        )

    @staticmethod
    def _missed(relative: bytes, exc: OSError, problems: Problems) -> None:
        if not isinstance(exc, FileNotFoundError):  # what was removed since its folder was read is no problem
            problems.add(relative, f"cannot be looked at ({exc.strerror})")

    def _special(self, relative: bytes, mode: int, problems: Problems) -> None:
        self.passed["special"] += 1
        if self.special_fails:
            problems.add(relative, f"is {_kind(mode)}, not a file")


def _harmless(names: list[bytes]) -> bool:
    """Whether every name is valid UTF-8, and none our own. Asked of all at once: it nearly always is so."""
    joined = b"/".join(names)
    try:
        joined.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _PARTIAL not in joined and _QUARANTINE not in joined


def _kind(mode: int) -> str:
    for test, name in (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISDIR, "a folder that has just replaced a file"),
    ):
        if test(mode):
            return name
    return "a device"
