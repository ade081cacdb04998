# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much goes over the line, by the time of the day."""

from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.crew import AHEAD, fan_out
from ansible_collections.mediastore.s3.plugins.module_utils._core.pace import BURST_S, Pace, Timetable
from ansible_collections.mediastore.s3.plugins.module_utils._core.pilot import Pilot
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent

DAY = Timetable([(23 * 60 + 30, None), (7 * 60, 2000), (18 * 60, 0)])


class Clock:
    def __init__(self, at="2026-03-02 12:00"):
        self.at = time.mktime(time.strptime(at, "%Y-%m-%d %H:%M"))

    def __call__(self):
        return self.at

    def sleep(self, seconds):
        self.at += seconds


@pytest.mark.parametrize(
    ("hour", "minute", "rate"),
    [(7, 0, 2000), (12, 0, 2000), (18, 0, 0), (23, 29, 0), (23, 30, None), (0, 0, None), (6, 59, None)],
)
def test_each_entry_holds_until_the_next(hour, minute, rate):
    assert DAY.rate(hour * 60 + minute) == rate


def test_bytes_take_as_long_as_the_rate_says():
    clock = Clock()
    begun, pace = clock(), Pace(Silent(), DAY, clock, clock.sleep)
    for _piece in range(100):
        pace.moved(1000)
    assert 100_000 / 2000 - BURST_S - 1 < clock() - begun < 100_000 / 2000 + 1


def test_what_was_not_used_is_not_saved_up():
    clock = Clock()
    pace = Pace(Silent(), DAY, clock, clock.sleep)
    pace.moved(2000)
    clock.sleep(3600)
    begun = clock()
    pace.moved(20_000)
    assert clock() - begun > 9


def test_without_a_limit_nobody_waits():
    clock = Clock("2026-03-02 02:00")
    begun, pace = clock(), Pace(Silent(), DAY, clock, clock.sleep)
    pace.moved(10**12)
    assert clock() == begun and not pace.paused()


def test_a_wait_ends_when_the_limit_does():
    clock = Clock("2026-03-02 17:59")
    begun, pace = clock(), Pace(Silent(), Timetable([(7 * 60, 1), (18 * 60, None)]), clock, clock.sleep)
    pace.moved(10**6)
    assert clock() - begun < 120


def test_in_a_pause_nothing_is_begun_and_what_is_under_way_ends():
    clock, begun = Clock("2026-03-02 17:59"), []
    pace = Pace(Silent(), DAY, clock, clock.sleep)

    def work(job):
        begun.append(job)
        clock.at += 30
        pace.moved(0)
        return job

    results = []
    for result in fan_out(range(100), work, Pilot(1, paused=pace.paused), lambda: results.count(None) >= 3, beat_s=0.01):
        results.append(result)
    # what lay ready may still be begun here, as the clock makes leaps
    assert 1 <= len(begun) <= 1 + AHEAD
    assert [result for result in results if result is not None] == begun


def test_what_lies_ready_is_taken_back_for_a_pause_and_done_after_it():
    begun, beats, paused = [], [], threading.Event()

    def work(job):
        begun.append(job)
        paused.set()
        time.sleep(0.05)
        return job

    results = []
    for result in fan_out(
        range(30), work, Pilot(1, paused=lambda: paused.is_set() and len(beats) < 5), lambda: False, beat_s=0.02
    ):
        (beats if result is None else results).append(result)
        if len(beats) == 4:
            assert len(begun) <= 2
    assert len(beats) >= 5
    assert sorted(results) == sorted(begun) == list(range(30))
