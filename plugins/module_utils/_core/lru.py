# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Which files go first: when each was last used, and all of them in that order."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
from typing import Iterator, NamedTuple

from .errors import MediastoreError
from .model import LocalFile, RemoteObject

#: lines that are written together
BATCH = 1000

_COLUMNS = "used_ns, key, size, mtime_ns, ctime_ns, inode, etag"


class Candidate(NamedTuple):
    """A file that may go, as the walk saw it, and the object that was listed for it."""

    used_ns: int
    key: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    #: empty if the object does not exist yet
    etag: str

    @classmethod
    def of(cls, used_ns: int, file: LocalFile, thing: RemoteObject | None) -> Candidate:
        """The same from its two sides."""
        return cls(used_ns, *file, thing.etag if thing else "")

    @property
    def file(self) -> LocalFile:
        """The file."""
        return LocalFile(self.key, self.size, self.mtime_ns, self.ctime_ns, self.inode)

    @property
    def thing(self) -> RemoteObject | None:
        """The object."""
        return RemoteObject(self.key, self.size, self.etag) if self.etag else None


def keeps_atime(path: str) -> bool:
    """Whether the filesystem notes when a file is read, be it once a day (relatime)."""
    return not os.statvfs(path).f_flag & os.ST_NOATIME


def last_used_ns(found: os.stat_result, atime: bool) -> int:
    """When a file was last read or written, as far as its filesystem knows."""
    return max(found.st_mtime_ns, found.st_atime_ns) if atime else found.st_mtime_ns


class Candidates:
    """Files that may go, least recently used first.

    They lie in a file without a name that SQLite removes by itself, so a store of millions of files needs no memory for them.
    """

    def __init__(self) -> None:
        with _explaining():
            self._db = sqlite3.connect("", check_same_thread=False)
            self._db.execute(f"create table candidates ({_COLUMNS})")
        self._pending: list[Candidate] = []

    def add(self, candidate: Candidate) -> None:
        """Take one more."""
        self._pending.append(candidate)
        if len(self._pending) >= BATCH:
            self._flush()

    def __iter__(self) -> Iterator[Candidate]:
        self._flush()
        with _explaining():
            yield from map(Candidate._make, self._db.execute(f"select {_COLUMNS} from candidates order by used_ns, key"))

    def close(self) -> None:
        """Let go of them."""
        self._db.close()

    def _flush(self) -> None:
        lines, self._pending = self._pending, []
        with _explaining():
            self._db.executemany("insert into candidates values (?, ?, ?, ?, ?, ?, ?)", lines)


class Selection:
    """Draws candidates until enough bytes are to go, and all that nobody has used since ``before_ns``.

    What was drawn and stays has to be taken off ``nbytes``; iterating again then draws the next ones in its place.
    """

    def __init__(self, candidates: Iterator[Candidate], goal: int, before_ns: int | None) -> None:
        self._rest = candidates
        self._goal = goal
        self._before_ns = before_ns
        #: what has been drawn, less what stays
        self.nbytes = 0

    def __iter__(self) -> Iterator[Candidate]:
        for candidate in self._rest:
            old = self._before_ns is not None and candidate.used_ns <= self._before_ns
            if not old and self.nbytes >= self._goal:
                self._rest = itertools.chain((candidate,), self._rest)
                return
            self.nbytes += candidate.size
            yield candidate


@contextlib.contextmanager
def _explaining() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as exc:
        remedy = "Make room in /var/tmp, or name another directory in the environment variable SQLITE_TMPDIR, and run again."
        raise MediastoreError("put the files in the order of their last use", said=str(exc), remedy=remedy) from exc
