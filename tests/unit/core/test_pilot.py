# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many work at once, against stores that are near, far, and overburdened."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import pilot as pilot_module
from ansible_collections.mediastore.s3.plugins.module_utils._core.pilot import LEAST, MOST, START, Pilot, Processors


class World:
    """A store that answers in ``latency_s`` and does no more than ``most`` in a second, and a clock."""

    def __init__(self, latency_s, most, tires_at=None, refused=0.05, load=lambda size: 0.0):
        self.load = load  # of the processors, with so many at work
        self.latency_s, self.most, self.tires_at, self.refused = latency_s, most, tires_at, refused
        self.time, self.busy, self.sizes = 0.0, 0, []
        self.random = random.Random(7)

    def run(self, jobs, nbytes=20_000):
        """So many jobs one after another, as fast as the size allows."""
        pilot = Pilot(busy=lambda: self.busy, now=lambda: self.time, spare=lambda: self.load(pilot.size) < 1)
        for _job in range(jobs):
            size = pilot.look()
            self.sizes.append(size)
            rate = min(size / self.latency_s, self.most) * self.random.uniform(0.97, 1.03)
            self.time += 1 / rate
            if self.tires_at is not None and size > self.tires_at and self.random.random() < self.refused:
                self.busy += 1
            pilot.done(int(nbytes * self.random.uniform(0.5, 1.5)))
        return pilot

    def rate(self, jobs):
        before = self.time
        self.run(jobs)
        return jobs / (self.time - before)


def test_a_number_that_is_given_stays():
    pilot = Pilot(7, busy=lambda: 100)
    for _job in range(1000):
        pilot.done(1)
        assert pilot.look() == 7


def test_a_near_store_is_not_swamped():
    world = World(0.002, 1000)
    world.run(50_000)
    assert max(world.sizes) <= 2 * START
    assert sum(world.sizes) / len(world.sizes) < 1.2 * START


@pytest.mark.parametrize("latency_s", [0.02, 0.1])
def test_a_far_store_gets_as_many_as_it_takes(latency_s):
    world = World(latency_s, 1000)
    assert world.rate(20_000) > 0.8 * min(1000, MOST / latency_s)
    assert min(world.sizes) >= START


def test_a_far_store_soon_gets_as_many_as_it_takes():
    world = World(0.1, 100_000)
    world.run(3_000)
    assert world.sizes.index(MOST) < 500


def test_processors_that_have_no_more_to_give_are_not_given_more():
    world = World(0.1, 100_000, load=lambda size: min(size / 60, 1.0))
    world.run(20_000)
    # the first size at which nothing is idle
    assert max(world.sizes) == 64
    assert world.sizes[-1] == 64


@pytest.mark.parametrize(
    ("stat", "used_s", "spare"),
    [
        ("cpu  160 10 70 820 60 0 0 10 0 0", 0.9, True),  # 30 of 130 ticks were idle
        ("cpu  200 10 90 801 50 0 0 10 0 0", 0.9, False),
        ("cpu  200 10 90 801 50 0 0 10 0 0", 0.3, True),  # others had them
        ("nothing known", 0.9, True),
    ],
)
def test_whether_the_processors_have_anything_left(monkeypatch, tmp_path, stat, used_s, spare):
    said, now = tmp_path / "stat", SimpleNamespace(wall_s=10.0, used_s=1.0)
    monkeypatch.setattr(pilot_module, "time", SimpleNamespace(monotonic=lambda: now.wall_s, process_time=lambda: now.used_s))
    said.write_text("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 ...\n")
    processors = Processors(str(said))
    said.write_text(f"{stat}\n")
    now.wall_s, now.used_s = now.wall_s + 1, now.used_s + used_s
    assert processors.spare() == spare
    assert processors.spare(), "no time has passed"


def test_where_the_kernel_does_not_tell_there_is_always_more(tmp_path):
    assert Processors(str(tmp_path / "none")).spare()


def test_a_store_that_is_asked_too_much_is_asked_less():
    world = World(0.1, 5000, tires_at=30)
    world.run(30_000)
    late = world.sizes[5_000:]
    assert min(late) < 30
    assert sum(late) / len(late) < 45
    assert world.busy < 500


def test_a_refusal_now_and_then_is_no_reason_to_do_less():
    world = World(0.02, 1000, tires_at=0, refused=0.005)
    assert world.rate(20_000) > 800


def test_a_store_that_refuses_everything_is_left_in_peace_at_once():
    answers = iter(range(0, 1000, 3))
    pilot = Pilot(busy=lambda: next(answers))
    assert min(pilot.look() for _look in range(20)) <= 4


def test_it_never_leaves_its_limits():
    world = World(1.0, 100_000, tires_at=1)
    world.run(20_000)
    assert LEAST <= min(world.sizes) <= max(world.sizes) <= MOST
