# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The walk: every regular file below the source, in the order in which a store lists its keys."""

from __future__ import annotations

import os
import stat
from collections import Counter
from typing import Iterator

from .errors import BadInput
from .keys import PARTIAL_SUFFIX, Exclude
from .model import LocalFile
from .problems import Problems

_PARTIAL = PARTIAL_SUFFIX.encode()


class Tree:
    """A directory seen as a bucket: keys in, paths out."""

    def __init__(self, root: str, prefix: str = "", exclude: Exclude | None = None, special_fails: bool = True) -> None:
        self.root = os.fsencode(os.path.realpath(root))
        self.prefix = prefix
        self.exclude = exclude or Exclude([])
        self.special_fails = special_fails
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

    def path(self, key: str) -> bytes:
        """Where the file of a key is. Bytes, so that no locale has a say in it."""
        return b"%s/%s" % (self.root, self.relative(key).encode("utf-8"))

    def files(self, problems: Problems) -> Iterator[LocalFile]:
        """Yield the files in key order; whatever cannot be handled goes to ``problems``.

        A folder takes its place in the order as ``name/``: ``a.txt`` comes before what is in ``a``, and ``a0`` after.
        Only names are kept, of the folders between the root and here, so a tree of millions costs little memory.
        """
        stack = [(b"", self._names(b"", problems))]
        while stack:
            folder, names = stack[-1]
            if not names:
                stack.pop()
                continue
            relative = folder + names.pop()
            if relative.endswith(b"/"):
                stack.append((relative, self._names(relative, problems)))
            else:
                file = self._file(relative, problems)
                if file is not None:
                    yield file

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
        names = [name for name in names if self._wanted(folder, name, problems)]
        names.sort(reverse=True)
        return names

    def _wanted(self, folder: bytes, name: bytes, problems: Problems) -> bool:
        if name.endswith(_PARTIAL):
            return False
        try:
            relative = (folder + name).decode("utf-8")
        except UnicodeDecodeError:
            problems.add(folder + name, "the name is not valid UTF-8")
            return False
        if relative in self.exclude:
            self.passed["excluded"] += 1
            return False
        return True

    def _file(self, relative: bytes, problems: Problems) -> LocalFile | None:
        try:
            found = os.lstat(b"%s/%s" % (self.root, relative))
        except FileNotFoundError:
            return None
        except OSError as exc:
            problems.add(relative, f"cannot be looked at ({exc.strerror})")
            return None
        if not stat.S_ISREG(found.st_mode):
            self.passed["special"] += 1
            if self.special_fails:
                problems.add(relative, f"is {_kind(found.st_mode)}, not a file")
            return None
        return LocalFile(
            self.prefix + relative.decode("utf-8"), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
        )


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
