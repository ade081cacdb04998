# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Where files wait that were evicted, a folder for each day, until they are deleted."""

from __future__ import annotations

import contextlib
import datetime
import os
from typing import NamedTuple

from .cached import stat_of
from .files import explaining_os
from .keys import QUARANTINE
from .model import LocalFile

SECONDS = 86400


class Waiting(NamedTuple):
    """What waits, and what was deleted."""

    files: int = 0
    bytes: int = 0
    deleted_files: int = 0
    deleted_bytes: int = 0


class Quarantine:
    """It lies in the tree itself, on the same filesystem and mount: a file gets there by one rename, and back by another."""

    def __init__(self, root: bytes, days: int, now_ns: int) -> None:
        self._root = root
        self._place = b"%s/%s" % (root, QUARANTINE.encode())
        self._days = days
        self._today = _day(now_ns)
        self._last = _day(now_ns - days * SECONDS * 10**9)

    @property
    def wanted(self) -> bool:
        """Whether files wait at all."""
        return self._days > 0

    def take(self, path: bytes, file: LocalFile) -> bool:
        """Set a file aside if it is still the very one that was proved."""
        target = b"%s/%s/%s" % (self._place, self._today, path[len(self._root) + 1 :])
        with contextlib.suppress(FileExistsError):
            # Whoever may see its media in the tree need not see them here for longer.
            os.mkdir(self._place, 0o700)
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        try:
            if stat_of(path) != file[1:]:
                return False
            os.rename(path, target)
        except FileNotFoundError:
            return False
        return True

    def copy_of(self, relative: bytes) -> bool:
        """Whether a file is still there."""
        return any(os.path.lexists(b"%s/%s/%s" % (self._place, day, relative)) for day in self._folders())

    def expire(self, dry: bool) -> Waiting:
        """Delete what has waited long enough, all of it where nothing is to wait any more, and count what is left."""
        kept, gone = [0, 0], [0, 0]
        with explaining_os("delete what was in quarantine long enough"):
            for day in self._folders():
                expired = not self._days or day < self._last
                for directory, _folders, names in os.walk(b"%s/%s" % (self._place, day), topdown=False):
                    for name in names:
                        path = os.path.join(directory, name)
                        counted = gone if expired else kept
                        counted[0], counted[1] = counted[0] + 1, counted[1] + os.lstat(path).st_size
                        if expired and not dry:
                            os.unlink(path)
                    if expired and not dry:
                        os.rmdir(directory)
        with contextlib.suppress(OSError):
            if not dry:
                os.rmdir(self._place)
        return Waiting(*kept, *gone)

    def _folders(self) -> list[bytes]:
        """The days, and nothing else that somebody may have put there."""
        try:
            names = os.listdir(self._place)
        except FileNotFoundError:
            return []
        return sorted(name for name in names if _is_day(name))


def _day(now_ns: int) -> bytes:
    return datetime.datetime.fromtimestamp(now_ns // 10**9, datetime.timezone.utc).strftime("%Y-%m-%d").encode()


def _is_day(name: bytes) -> bool:
    try:
        return datetime.date(*map(int, name.split(b"-"))).isoformat().encode() == name
    except (TypeError, ValueError):
        return False
