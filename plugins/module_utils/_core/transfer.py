# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Carries out a plan with several workers, and ticks off each line when its proof is there."""

from __future__ import annotations

import queue
import threading
from typing import Any, Callable, Generic, Iterable, Iterator, Protocol, TypeVar

from .errors import MediastoreError
from .journal import Journal
from .model import DONE, FAILED, UNSETTLED, VANISHED, Outcome, Todo
from .ports import Progress
from .problems import printable

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")

#: as many failures in a row, from all workers, mean that it is not the files
HOPELESS = 25


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
        self.retaken = self.vanished = self.unsettled = self.failed = 0
        self.gave_up = ""
        self._most = samples
        self.samples: dict[str, list[str]] = {}

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.retaken += outcome.retaken
        if outcome.state == DONE:
            self.files += 1
            self.nbytes += outcome.size
        elif outcome.state == VANISHED:
            self.vanished += 1
        elif outcome.state == UNSETTLED:
            self.unsettled += 1
            self._sample(UNSETTLED, printable(outcome.key))
        else:
            self.failed += 1
            self._sample(FAILED, f"{printable(outcome.key)}: {outcome.error[:400]}")

    def _sample(self, kind: str, text: str) -> None:
        shown = self.samples.setdefault(kind, [])
        if len(shown) < self._most:
            shown.append(text)


def transfer(
    journal: Journal, mover: Mover, workers: int, progress: Progress, abandoned: Callable[[], bool], samples: int
) -> Tally:
    """Do everything that is planned; stops early when nobody waits for it any more, or when it is hopeless."""
    tally, in_a_row = Tally(samples), 0

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
            in_a_row = in_a_row + 1 if outcome.state == FAILED else 0
            if in_a_row >= HOPELESS and not tally.gave_up:
                tally.gave_up = f"{in_a_row} files failed in a row"
        if journal.due:
            mover.settle()
            journal.commit()
        progress.tick()
    mover.settle()
    journal.commit()
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

    def take(self, nbytes: int) -> int:
        """Wait for so many bytes; a request above the whole budget gets the whole."""
        granted = min(nbytes, self._most)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= granted)
            self._free -= granted
        return granted

    def give(self, granted: int) -> None:
        """Give back what ``take`` granted."""
        with self._changed:
            self._free += granted
            self._changed.notify_all()


class _Crash(Generic[_Result]):
    def __init__(self, error: BaseException) -> None:
        self.error = error


def fan_out(
    jobs: Iterable[_Job], work: Callable[[_Job], _Result], workers: int, stop: Callable[[], bool], beat_s: float = 0.5
) -> Iterator[_Result | None]:
    """Yield the results of ``work`` as they come, never holding more than a few jobs; None when nothing came for a while.

    The jobs are drawn in the caller's thread, so they may come from a database. An exception in ``work`` is a mistake of ours
    and is raised here. When ``stop`` says so no job is begun any more, and what is at work ends in peace.
    """
    todo: queue.SimpleQueue[Any] = queue.SimpleQueue()
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def worker() -> None:
        for job in iter(todo.get, None):
            try:
                done.put(work(job))
            except BaseException as exc:  # pylint: disable=broad-except
                done.put(_Crash(exc))

    threads = [threading.Thread(target=worker, daemon=True) for _number in range(workers)]
    for thread in threads:
        thread.start()
    try:
        yield from _feed(iter(jobs), todo, done, 2 * workers, stop, beat_s)
    finally:
        for _thread in threads:
            todo.put(None)
        for thread in threads:
            thread.join()


def _feed(jobs: Iterator[Any], todo: Any, done: Any, most: int, stop: Callable[[], bool], beat_s: float) -> Iterator[Any]:
    under_way, more = 0, True
    while True:
        while more and under_way < most:
            job = None if stop() else next(jobs, None)
            more = job is not None
            if more:
                todo.put(job)
                under_way += 1
        if not under_way:
            return
        try:
            result = done.get(timeout=beat_s)
        except queue.Empty:
            yield None
            continue
        under_way -= 1
        if isinstance(result, _Crash):
            raise result.error
        yield result
