# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How many should work at once: more while that moves more, half as many when the store asks for fewer requests."""

from __future__ import annotations

import contextlib
import time
from typing import Callable

#: A store near by is busy with 16; at 20 ms away it takes some 50, and at 100 ms 128 are not yet too many.
START, LEAST, MOST = 16, 2, 128
#: what a request costs besides its bytes, in bytes: about what a gigabit carries while a request is answered near by
PER_JOB = 64 * 1024

#: a measurement is of so much time and so many results for each worker, else it is noise
MEASURE_S, MEASURE_JOBS = 0.4, 3
#: growing has paid if it brought so much more
WORTH = 1.1
#: Where less of the processors is idle, and this process keeps so many of them busy, nobody waits for the network, and more would
#: only be in each other's way.
IDLE, USED = 0.1, 0.5
#: by how much it grows: as long as it has always paid, and since it once has not
FIRST_GROWTH, GROWTH = 2.0, 1.5
#: measurements to wait after growing did not pay, and after the store asked for less
REST, PENANCE = 20, 10
#: Some answers of 503 belong to every store and are just sent again. It counts as asking for less when it is so many of all that
#: was answered, or when half of those at work hear it at once.
REFUSED = 0.02


class Processors:
    """Those of the machine, and what this process has of them."""

    def __init__(self, stat: str = "/proc/stat") -> None:
        self._stat = stat
        self._idle = self._all = 0
        self._at = self._used = 0.0
        self.spare()

    def spare(self) -> bool:
        """Whether more at once could get more of them, by how it was since this was last asked.

        Where others leave none idle, this process may still have had so little that it was the network which it waited for.
        """
        idle, used = self._idled(), self._had()
        return idle >= IDLE or used < USED

    def _idled(self) -> float:
        """The share of all that was idle; 1 where the kernel does not tell."""
        ticks: list[int] = []
        with contextlib.suppress(OSError, ValueError), open(self._stat, encoding="ascii") as source:
            # proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal
            ticks = [int(number) for number in source.readline().split()[1:9]]
        idle, total = sum(ticks[3:5]), sum(ticks)
        idled, passed = idle - self._idle, total - self._all
        self._idle, self._all = idle, total
        return idled / passed if passed > 0 else 1.0

    def _had(self) -> float:
        """How many this process has kept busy."""
        at, used = time.monotonic(), time.process_time()
        had, passed = used - self._used, at - self._at
        self._at, self._used = at, used
        return had / passed if passed > 0 else 0.0


class Pilot:
    """Says how many should be at work, from what they have finished; a fixed number where one is given."""

    def __init__(
        self,
        fixed: int | None = None,
        busy: Callable[[], int] = lambda: 0,
        paused: Callable[[], bool] = lambda: False,
        now: Callable[[], float] = time.monotonic,
        spare: Callable[[], bool] | None = None,
    ) -> None:
        self.least, self.most = (LEAST, MOST) if fixed is None else (fixed, fixed)
        self.size = START if fixed is None else fixed
        self._busy = busy
        #: whether nothing new is to begin now
        self.paused = paused
        self._now = now
        #: whether the processors have anything left for more at once
        self._spare = spare or Processors().spare
        #: the size and the rate before the last growth
        self._before: tuple[int, float] | None = None
        self._rest = 0
        self._growth = FIRST_GROWTH
        self._begin()

    def _begin(self) -> None:
        self._since, self._jobs, self._units = self._now(), 0, 0.0
        #: how often the store had asked for less until now
        self._heard = self._busy()

    def done(self, nbytes: int) -> None:
        """One job is finished, which moved so many bytes."""
        self._jobs += 1
        self._units += PER_JOB + nbytes

    def look(self) -> int:
        """How many should be at work from now on."""
        if self.least == self.most:
            return self.size
        told = self._busy() - self._heard
        measured = self._jobs >= MEASURE_JOBS * self.size and self._now() - self._since >= MEASURE_S
        if told > self.size / 2 or (measured and told >= REFUSED * self._jobs):
            self._resize(self.size // 2)
            self._before, self._rest, self._growth = None, PENANCE, GROWTH
            self._begin()
        elif measured:
            self._judge(self._units / (self._now() - self._since))
            self._begin()
        return self.size

    def _judge(self, rate: float) -> None:
        spare = self._spare()
        if self._rest:
            self._rest -= 1
        elif self._before is not None and rate < self._before[1] * WORTH:
            self._resize(self._before[0])
            self._before, self._rest, self._growth = None, REST, GROWTH
        elif spare:
            self._before = self.size, rate
            self._resize(int(self.size * self._growth))
        else:
            self._before = None

    def _resize(self, size: int) -> None:
        self.size = min(max(size, self.least), self.most)
        if self.size == self.most:
            self._before = None
