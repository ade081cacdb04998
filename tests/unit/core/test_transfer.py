# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers, their memory, and when to stop."""

from __future__ import annotations

import string
import threading
import time
from types import SimpleNamespace

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import transfer as transfer_module
from ansible_collections.mediastore.s3.plugins.module_utils._core.crew import AHEAD, BUNCH, fan_out
from ansible_collections.mediastore.s3.plugins.module_utils._core.journal import Journal
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import (
    DONE,
    FAILED,
    UNSETTLED,
    VANISHED,
    Outcome,
    Proof,
    Todo,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.pilot import Pilot
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.transfer import HOPELESS, Budget, transfer


def never():
    return False


def test_every_job_is_done_once_by_several_threads():
    threads = set()

    def work(job):
        threads.add(threading.get_ident())
        time.sleep(0.001)
        return job * 2

    results = [result for result in fan_out(range(200), work, 5, never) if result is not None]
    assert sorted(results) == [2 * job for job in range(200)]
    assert len(threads) == 5


def test_jobs_are_drawn_only_as_they_are_needed():
    drawn = []

    def jobs():
        for number in range(1000):
            drawn.append(number)
            yield number

    results = fan_out(jobs(), lambda job: job, 2, never)
    next(results)
    assert len(drawn) <= 2 + 2 * AHEAD
    results.close()
    assert threading.active_count() < 20


def test_a_mistake_in_the_work_is_raised_here():
    def work(job):
        raise ZeroDivisionError(job)

    with pytest.raises(ZeroDivisionError):
        list(fan_out([1, 2, 3], work, 2, never))


def test_silence_gives_a_beat():
    def work(job):
        time.sleep(0.2)
        return job

    assert None in list(fan_out([1], work, 1, never, beat_s=0.02))


def test_stop_lets_what_is_at_work_end():
    begun = []

    def work(job):
        begun.append(job)
        time.sleep(0.01)
        return job

    results = [result for result in fan_out(range(1000), work, 4, lambda: len(begun) >= 10) if result is not None]
    assert sorted(results) == sorted(begun)
    assert len(begun) < 50


def test_jobs_that_nobody_has_begun_are_taken_back():
    begun, stopped = [], threading.Event()

    def work(job):
        begun.append(job)
        stopped.wait(10)
        return job

    def stop():
        return stopped.is_set()

    results = fan_out(range(1000), work, Pilot(4), stop, beat_s=0.01)
    assert next(results) is None
    stopped.set()
    assert sorted(result for result in results if result is not None) == sorted(begun)
    assert len(begun) <= 8


def test_what_is_finished_is_told_while_others_work():
    slow = threading.Event()

    def work(job):
        return slow.wait(10) if job == 0 else job

    results = fan_out([0, 1, 2], work, 2, never, beat_s=5)
    assert {next(results), next(results)} == {1, 2}
    slow.set()
    assert list(results) == [True]


def test_a_crew_that_shrinks_still_goes_home():
    pilot = Pilot(8)
    results = fan_out(range(100), lambda job: time.sleep(0.001) or job, pilot, lambda: pilot.size == 1)
    for _one in range(10):
        next(results)
    pilot.size = pilot.least = pilot.most = 1
    assert len(list(results)) < 90
    assert threading.active_count() < 20


def test_budget_is_never_exceeded():
    budget, held, most = Budget(100), [0], [0]
    lock = threading.Lock()

    def work(size):
        granted = min(size, 100)
        with budget.holding(size):
            with lock:
                held[0] += granted
                most[0] = max(most[0], held[0])
            time.sleep(0.001)
            with lock:
                held[0] -= granted
        return size

    list(fan_out([30, 60, 500, 10] * 20, work, 8, never))
    assert 60 <= most[0] <= 100


class Script:
    """A mover that does what it is told."""

    def __init__(self, states):
        self.states = states
        self.settled = 0

    def __call__(self, todo):
        state = self.states.get(todo.key, DONE)
        proof = Proof(todo.key, todo.size, 1, 1, 1, "md5", "etag", 0) if state == DONE else None
        return Outcome(todo.key, state, todo.size if state == DONE else 0, proof, retaken=1, error="said no")

    def settle(self):
        self.settled += 1


def planned(tmp_path, keys):
    journal = Journal(str(tmp_path / "j"))
    journal.begin_plan()
    for key in keys:
        journal.plan(Todo(key, "upload", "missing", 10))
    journal.commit()
    return journal


def test_outcomes_are_counted_proved_and_ticked_off(tmp_path):
    journal = planned(tmp_path, "abcde")
    mover = Script({"b": VANISHED, "c": UNSETTLED, "d": FAILED})
    tally = transfer(journal, mover, 2, Silent(), never, samples=5)
    assert (tally.files, tally.nbytes, tally.vanished, tally.unsettled, tally.failed, tally.retaken) == (2, 20, 1, 1, 1, 5)
    assert tally.samples == {UNSETTLED: ["c"], FAILED: ["d: said no"]}
    assert [proof.key for proof in journal.proofs()] == ["a", "e"]
    assert mover.settled >= 1


def test_it_gives_up_when_everything_fails(tmp_path):
    keys = [f"{number:04d}" for number in range(1000)]
    tally = transfer(planned(tmp_path, keys), Script(dict.fromkeys(keys, FAILED)), 4, Silent(), never, samples=3)
    assert HOPELESS <= tally.failed < HOPELESS + 20
    assert "in a row" in tally.gave_up
    assert len(tally.samples[FAILED]) == 3


@pytest.mark.parametrize(("fail", "gives_up"), [(string.ascii_lowercase * 3, True), ("abcdeghi", False)])
def test_it_gives_up_sooner_when_each_failure_takes_long(tmp_path, monkeypatch, fail, gives_up):
    clock = iter(range(0, 10**6, 100))
    monkeypatch.setattr(transfer_module, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    keys = string.ascii_lowercase * 3 if gives_up else "abcdefghij"
    keys = [f"{number // 26}{letter}" for number, letter in enumerate(keys)]
    mover = Script({f"{number // 26}{letter}": FAILED for number, letter in enumerate(fail)})
    tally = transfer(planned(tmp_path, keys), mover, 1, Silent(), never, samples=3)
    assert bool(tally.gave_up) == gives_up
    assert 5 <= tally.failed < 5 + AHEAD + BUNCH if gives_up else tally.failed == len(fail)


def test_it_stops_when_nobody_waits(tmp_path):
    keys = [f"{number:04d}" for number in range(1000)]
    asked = []

    def abandoned():
        asked.append(1)
        return len(asked) > 20

    tally = transfer(planned(tmp_path, keys), Script({}), 4, Silent(), abandoned, samples=3)
    assert 10 < tally.files < len(keys)
    assert "gone" in tally.gave_up
