# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Many at work on one stream of jobs, whose results come as they are ready."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any, Callable, Generic, Iterable, Iterator, TypeVar

from .pilot import Pilot

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


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

    ``ahead`` is how many jobs lie ready, so that nobody has to wait for the one who hands them out.

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
        self.done: queue.SimpleQueue[Any] = queue.SimpleQueue()
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
        for job in iter(self._todo.get, None):
            try:
                self.done.put(self._work(job))
            except BaseException as exc:  # pylint: disable=broad-except
                self.done.put(_Crash(exc))


def _feed(
    jobs: Iterator[Any], crew: _Crew[Any, Any], pilot: Pilot, stop: Callable[[], bool], beat_s: float, ahead: int | None
) -> Iterator[Any]:
    under_way, more = 0, True
    while True:
        size, paused = pilot.look(), pilot.paused()
        while more and not (paused and not stop()) and under_way < size + (max(1, size // 4) if ahead is None else ahead):
            job = None if stop() else next(jobs, None)
            more = job is not None
            if more:
                under_way += 1
                if crew.size < min(size, under_way) or crew.size > size:
                    crew.resize(min(size, under_way))
                crew.put(job)
        if not under_way:
            if not more:
                return
            time.sleep(beat_s)
            yield None
            continue
        try:
            result = crew.done.get(timeout=beat_s)
        except queue.Empty:
            yield None
            continue
        under_way -= 1
        if isinstance(result, _Crash):
            raise result.error
        pilot.done(getattr(result, "size", 0))
        yield result
