# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Many at work on one stream of jobs, whose results come as they are ready."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
import time
from typing import Any, Callable, Generic, Iterable, Iterator, TypeVar

from .pilot import Pilot

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")

#: Results are handed over in bunches of so many, or of those of so much time: for each bunch somebody has to be woken, and while
#: jobs take a millisecond, that costs more than the jobs.
BUNCH, BUNCH_S = 16, 0.05
#: jobs that lie ready for each worker, where they are short
AHEAD = 8


class _Crash(Generic[_Result]):
    def __init__(self, error: BaseException) -> None:
        self.error = error


def fan_out(
    jobs: Iterable[_Job],
    work: Callable[[_Job], _Result],
    workers: int | Pilot,
    stop: Callable[[], bool],
    beat_s: float = 0.5,
    ahead: int | None = None,
) -> Iterator[_Result | None]:
    """Yield the results of ``work`` as they come, never holding more than a few jobs; None when nothing came for a while.

    ``ahead`` is how many jobs lie ready, so that nobody has to wait for the one who hands them out; enough for short jobs where
    it is not said.

    The jobs are drawn in the caller's thread, so they may come from a database. An exception in ``work`` is a mistake of ours
    and is raised here. When ``stop`` says so no job is begun any more, and what is at work ends in peace.
    """
    crew: _Crew[_Job, _Result] = _Crew(work)
    try:
        pilot = workers if isinstance(workers, Pilot) else Pilot(workers)
        yield from _feed(iter(jobs), crew, pilot, stop, beat_s, ahead)
    finally:
        crew.resize(0)
        crew.join()


class _Crew(Generic[_Job, _Result]):
    """Threads that take jobs and give results; as many as are asked for."""

    def __init__(self, work: Callable[[_Job], _Result]) -> None:
        self._work = work
        self._todo: queue.SimpleQueue[Any] = queue.SimpleQueue()
        #: lists of results
        self.done: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
        self.put = self._todo.put
        self._threads: list[threading.Thread] = []
        self.size = 0

    def resize(self, size: int) -> None:
        """Let so many work; who is too many leaves when the jobs handed out so far are done."""
        for _one in range(size, self.size):
            self._todo.put(None)
        for _one in range(self.size, size):
            thread = threading.Thread(target=self._run, daemon=True)
            self._threads.append(thread)
            thread.start()
        self.size = size

    def join(self) -> None:
        """Wait for those who leave."""
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        bunch: list[Any] = []
        begun = 0.0
        while True:
            try:
                job = self._todo.get_nowait()
            except queue.Empty:
                # Nothing that is finished may wait for what is not there yet.
                bunch = self._hand_over(bunch)
                job = self._todo.get()
            if job is None:
                self._hand_over(bunch)
                return
            begun = begun if bunch else time.monotonic()
            try:
                bunch.append(self._work(job))
            except BaseException as exc:  # pylint: disable=broad-except
                bunch.append(_Crash(exc))
            if len(bunch) >= BUNCH or time.monotonic() - begun >= BUNCH_S:
                bunch = self._hand_over(bunch)

    def _hand_over(self, bunch: list[Any]) -> list[Any]:
        if bunch:
            self.done.put(bunch)
        return []

    def take_back(self) -> list[_Job]:
        """Take back the jobs that nobody has begun."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._todo.get_nowait())
        for _one in range(found.count(None)):
            self._todo.put(None)
        return [job for job in found if job is not None]


def _feed(
    jobs: Iterator[Any], crew: _Crew[Any, Any], pilot: Pilot, stop: Callable[[], bool], beat_s: float, ahead: int | None
) -> Iterator[Any]:
    under_way, more = 0, True
    while True:
        size, stopped = pilot.look(), stop()
        held = stopped or pilot.paused()
        back = crew.take_back() if held else []
        if back:
            jobs, more = itertools.chain(back, jobs), True
            under_way -= len(back)
        while more and not held and under_way < size + (AHEAD * size if ahead is None else ahead):
            job = next(jobs, None)
            if job is None:
                more = False
                break
            under_way += 1
            if crew.size < min(size, under_way) or crew.size > size:
                crew.resize(min(size, under_way))
            crew.put(job)
        if not under_way:
            if stopped or not more:
                return
            time.sleep(beat_s)
            yield None
            continue
        try:
            bunch = crew.done.get(timeout=beat_s)
        except queue.Empty:
            yield None
            continue
        for result in bunch:
            under_way -= 1
            if isinstance(result, _Crash):
                raise result.error
            pilot.done(getattr(result, "size", 0))
            yield result
