# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Small files that the kernel has in memory, read and summed up by few threads at a time.

Each call to the kernel gives the interpreter lock away and has to wait for it afterwards. Among sixteen threads that read small
files at once, that took some 15 % of the processor time of an upload (20 000 files of 98 kB, two processors). Whatever has to
come from a disk or over a network is not read here, as there many readers at once are what is fast.
"""

from __future__ import annotations

import os
import queue
import stat
import time
from typing import NamedTuple

from .digest import MIB, Digest, open_quietly
from .model import LocalFile

#: above this size a few thread switches do not count
LARGEST = MIB
#: so many files are not tried after one that was not in memory: its neighbours will not be either
MISSES = 100

#: preadv2(2): give what is in memory, and do not wait for anything else; 0 where the system cannot
_NO_WAIT = getattr(os, "RWF_NOWAIT", 0)


class Taken(NamedTuple):
    """A whole file, as it was at one moment."""

    file: LocalFile
    body: bytearray
    digest: Digest
    #: time.time_ns() before it was looked at
    read_at_ns: int


class CachedFiles:
    """One for all threads."""

    def __init__(self) -> None:
        #: whoever holds one of these may read: half as many as there are processors, since somebody has to send as well
        self._turns: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _turn in range(max(1, (os.cpu_count() or 1) // 2)):
            self._turns.put(None)
        self._able = bool(_NO_WAIT)
        #: so many files are still to be read in the usual way before the next attempt
        self._missing = 0

    def take(self, path: bytes, key: str, size: int) -> Taken | None:
        """The file, if it has this size, is in memory and rests; None says nothing of it: read it the usual way."""
        if not self._able:
            return None
        if self._missing > 0:
            # Threads may count at the same time, also below zero: it is only a number of attempts.
            self._missing -= 1
            return None
        self._turns.get()
        try:
            return self._take(path, key, size)
        except OSError:
            return None
        finally:
            self._turns.put(None)

    def _take(self, path: bytes, key: str, size: int) -> Taken | None:
        fd = open_quietly(path)
        try:
            read_at = time.time_ns()
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode) or found.st_size != size:
                return None
            body = bytearray(size)
            if not self._filled(fd, body):
                self._missing = MISSES
                return None
            digest = Digest()
            digest.update(body)
            file = LocalFile(key, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
            return Taken(file, body, digest, read_at) if stat_of(path) == file[1:] else None
        finally:
            os.close(fd)

    @staticmethod
    def _filled(fd: int, body: bytearray) -> bool:
        try:
            return os.preadv(fd, [body], 0, _NO_WAIT) == len(body)
        except OSError:  # EAGAIN: it is not in memory; EOPNOTSUPP: this filesystem does not tell
            return False


def stat_of(path: bytes) -> tuple[int, int, int, int]:
    """What tells one version of a file from another, in the order of ``LocalFile``."""
    found = os.lstat(path)
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
