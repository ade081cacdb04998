# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Points in time that people can read, and that tell what has passed since also where the clock was set meanwhile."""

from __future__ import annotations

import datetime
import time
from typing import Any, NamedTuple

#: what durations are given in
UNITS = {"s": 1, "h": 3600, "d": 86400, "w": 7 * 86400}


def utc(now: float) -> str:
    """A point in time as people and programs can read it: 2026-11-20T12:30:23.123Z."""
    moment = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(stamp: str) -> float:
    """The inverse of utc()."""
    return datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


def duration(text: str) -> float:
    """The seconds in ``30d``, ``12h``, ``2w`` or ``90s``; ValueError where it says nothing of the kind.

    There is no ``m``: with s3_media_upload that is a month, elsewhere a minute.
    """
    number, unit = text.strip()[:-1], text.strip()[-1:]
    if unit not in UNITS or not number.isascii() or not number.isdigit():
        raise ValueError(text)
    return float(int(number) * UNITS[unit])


def boot() -> str:
    """Which start of the machine this is; empty where the kernel does not tell."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as source:
            return source.read().strip()
    except OSError:
        return ""


class Moment(NamedTuple):
    """A point in time on one machine."""

    #: seconds since 1970, as the clock says it
    at: float
    boot: str = ""
    #: seconds since the machine was started, which nobody can set
    up: float = 0.0

    @classmethod
    def now(cls) -> Moment:
        """This one."""
        return cls(time.time(), boot(), time.clock_gettime(time.CLOCK_BOOTTIME))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Moment:
        """The inverse of as_dict()."""
        return cls(seconds(data["at"]), str(data["boot"]), float(data["up"]))

    def as_dict(self) -> dict[str, Any]:
        """As it is kept in a file."""
        return {"at": utc(self.at), "boot": self.boot, "up": round(self.up, 3)}

    def since(self, earlier: Moment) -> float:
        """The seconds between the two, whatever was done to the clock; after another start of the machine only it can tell."""
        passed = self.up - earlier.up if self.boot and self.boot == earlier.boot else self.at - earlier.at
        return max(passed, 0.0)
