# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Carries out a plan with several workers, and ticks off each line when its proof is there."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from typing import Callable, Iterable, Iterator, Protocol, TypeVar

from .arenas import share_memory
from .course import Course
from .crew import fan_out
from .errors import MediastoreError
from .journal import Journal
from .model import DAMAGED, DONE, FAILED, NEWER, UNSETTLED, VANISHED, Outcome, Todo
from .pilot import Pilot
from .ports import Progress
from .problems import printable

_Job = TypeVar("_Job")

#: as many failures in a row, from all workers, mean that it is not the files
HOPELESS = 25
#: and so do fewer, if nothing else has happened for so long: each may have been tried for a minute
FEW, WITHOUT_SUCCESS_S = 5, 180.0


class Mover(Protocol):
    """Moves one file; called by several threads at once."""

    def __call__(self, todo: Todo) -> Outcome:
        """Move it. What goes wrong with this one file is an outcome, not an exception."""

    def settle(self) -> None:
        """Make everything moved so far survive a power cut; called before the journal says so."""


class Tally:
    """How the transfer went."""

    def __init__(self, samples: int) -> None:
        self.files = self.nbytes = 0
        self.retaken = self.vanished = self.damaged = self.newer = self.unsettled = self.failed = 0
        self.gave_up = ""
        self._most = samples
        self.samples: dict[str, list[str]] = {}
        #: rows of (second, files, bytes)
        self.throughput: list[list[float]] = []

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.retaken += outcome.retaken
        if outcome.state == DONE:
            self.files += 1
            self.nbytes += outcome.size
        elif outcome.state == VANISHED:
            self.vanished += 1
        elif outcome.state == DAMAGED:
            self.damaged += 1
            self._sample(DAMAGED, printable(outcome.key))
        elif outcome.state == NEWER:
            self.newer += 1
        elif outcome.state == UNSETTLED:
            self.unsettled += 1
            self._sample(UNSETTLED, printable(outcome.key))
        else:
            self.failed += 1
            self._sample(FAILED, f"{printable(outcome.key)}: {outcome.error[:400]}")

    @property
    def settled(self) -> int:
        """Those about which nothing is left to be done."""
        return self.files + self.vanished + self.damaged + self.newer

    def _sample(self, kind: str, text: str) -> None:
        shown = self.samples.setdefault(kind, [])
        if len(shown) < self._most:
            shown.append(text)


def transfer(
    journal: Journal, mover: Mover, workers: int | Pilot, progress: Progress, abandoned: Callable[[], bool], samples: int
) -> Tally:
    """Do everything that is planned; stops early when nobody waits for it any more, or when it is hopeless."""
    share_memory()
    # What is there already stays to the end: looking through it again and again for garbage would find none.
    gc.freeze()
    tally, course, in_a_row, succeeded = Tally(samples), Course(), 0, time.monotonic()

    def stop() -> bool:
        if not tally.gave_up and abandoned():
            tally.gave_up = "whoever started this run is gone"
        return bool(tally.gave_up)

    for outcome in fan_out(journal.planned(), mover, workers, stop):
        if outcome is not None:
            tally.add(outcome)
            journal.tick(outcome.key, outcome.state)
            if outcome.proof is not None:
                journal.prove(outcome.proof)
            progress.counted()
            if outcome.state == FAILED:
                in_a_row += 1
                hopeless = in_a_row >= HOPELESS or (in_a_row >= FEW and time.monotonic() - succeeded > WITHOUT_SUCCESS_S)
                if hopeless and not tally.gave_up:
                    tally.gave_up = f"{in_a_row} files failed in a row"
            else:
                in_a_row, succeeded = 0, time.monotonic()
        if journal.due:
            mover.settle()
            journal.commit()
        progress.tick()
        course.note(tally.files, tally.nbytes)
    mover.settle()
    journal.commit()
    tally.throughput = course.until(tally.files, tally.nbytes)
    return tally


def attended(rows: Iterable[_Job], abandoned: Callable[[], bool], doing: str, every: int = 500) -> Iterator[_Job]:
    """Pass the rows on as long as somebody waits for what becomes of them."""
    for number, row in enumerate(rows):
        if number % every == 0 and abandoned():
            raise MediastoreError(doing, said="whoever started this run is gone", remedy="Run it again.", code="Abandoned")
        yield row


class Budget:
    """Bytes that all workers together may hold in memory."""

    def __init__(self, nbytes: int) -> None:
        self._most = self._free = nbytes
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def holding(self, nbytes: int) -> Iterator[None]:
        """Wait for so many bytes and have them for a while; a request above the whole budget gets the whole."""
        granted = min(nbytes, self._most)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= granted)
            self._free -= granted
        try:
            yield
        finally:
            with self._changed:
                self._free += granted
                self._changed.notify_all()
