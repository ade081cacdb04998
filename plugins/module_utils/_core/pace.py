# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How much may go over the line, and when: one rate, or one for each time of the day."""

from __future__ import annotations

import bisect
import threading
import time
from typing import Callable, Sequence

from .ports import Progress

#: as much as goes in so many seconds may go at once, so that a pause is worth while
BURST_S = 0.5
#: the longest sleep: a rate may change meanwhile
NAP_S = 5.0


class Timetable:
    """Bytes in a second, by minutes after midnight; None is no limit, and 0 means to wait. Each holds until the next."""

    def __init__(self, entries: Sequence[tuple[int, int | None]]) -> None:
        self._entries = sorted(entries, key=lambda entry: entry[0])

    def rate(self, minute: int) -> int | None:
        """What holds at a minute of the day; before the first entry the last one of the day before does."""
        place = bisect.bisect([start for start, _rate in self._entries], minute) - 1
        return self._entries[place][1]


class Pace:
    """A progress that lets whoever reports bytes wait until they are within the limit."""

    def __init__(
        self,
        progress: Progress,
        timetable: Timetable,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.phase, self.counted, self.tick = progress.phase, progress.counted, progress.tick
        self._progress = progress
        self._timetable = timetable
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        #: when what was moved so far would have been moved at the rate
        self._even = 0.0

    def paused(self) -> bool:
        """Whether nothing new is to begin now."""
        return self._rate() == 0

    def _rate(self) -> int | None:
        local = time.localtime(self._now())
        return self._timetable.rate(local.tm_hour * 60 + local.tm_min)

    def moved(self, nbytes: int) -> None:
        """Count the bytes, and return when they are within the limit. What is under way when a pause begins is not held up."""
        self._progress.moved(nbytes)
        rate = self._rate()
        if not rate:
            return
        with self._lock:
            self._even = max(self._even, self._now() - BURST_S) + nbytes / rate
            even = self._even
        while True:
            wait = even - self._now()
            if wait <= 0 or not self._rate():
                return
            self._sleep(min(wait, NAP_S))
