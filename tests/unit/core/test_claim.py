# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs of Ansible at once: one is refused; a dead one is followed."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.claim import (
    LEASE_S,
    Controller,
    give_back,
    is_dead,
    take,
    this_controller,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.clock import Moment
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import Busy

NOW = 1_800_000_000.0


@pytest.fixture
def claim(tmp_path):
    return str(tmp_path / "claim.json")


def at(seconds, clock=0.0):
    return Moment(NOW + seconds + clock, "this boot", 1000.0 + seconds)


def elsewhere(number):
    return Controller("another machine", number, "1", f"process {number} on another machine")


def test_one_run_may_claim_again_and_another_is_refused_by_name(claim):
    take(claim, elsewhere(1), at(0))
    take(claim, elsewhere(1), at(1))
    with pytest.raises(Busy, match=r"process 1 on another machine, last seen 2027-01-15T08:00:01.000Z") as caught:
        take(claim, elsewhere(2), at(2))
    assert Controller.from_dict(caught.value.result["holder"]) == elsewhere(1)


def test_a_claim_that_was_given_back_is_free(claim):
    take(claim, elsewhere(1), at(0))
    give_back(claim)
    give_back(claim)
    take(claim, elsewhere(2), at(0))


def test_a_dead_run_is_replaced_but_only_the_one_that_was_looked_at(claim):
    take(claim, elsewhere(1), at(0))
    with pytest.raises(Busy):
        take(claim, elsewhere(3), at(0), replaces=elsewhere(2))
    take(claim, elsewhere(3), at(0), replaces=elsewhere(1))


def test_a_claim_of_another_machine_ends_with_its_lease(claim):
    take(claim, elsewhere(1), at(0))
    with pytest.raises(Busy, match=f"{LEASE_S} s after it was last seen"):
        take(claim, elsewhere(2), at(LEASE_S - 1))
    take(claim, elsewhere(2), at(LEASE_S))


@pytest.mark.parametrize("jump", [-86400.0, 86400.0])
def test_a_clock_that_is_set_neither_ends_nor_prolongs_a_lease(claim, jump):
    take(claim, elsewhere(1), at(0))
    with pytest.raises(Busy):
        take(claim, elsewhere(2), at(LEASE_S - 1, jump))
    take(claim, elsewhere(2), at(LEASE_S, jump))


def test_life_and_death_of_a_process_on_this_machine():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    running = this_controller(process.pid)
    assert not is_dead(running)
    process.kill()
    # a zombie is dead, too
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(running)
    process.communicate()
    assert is_dead(running)


def test_another_process_with_the_same_number_is_another_run():
    mine = this_controller(os.getpid())
    assert not is_dead(mine)
    assert is_dead(dataclasses.replace(mine, started="1"))
    assert not is_dead(dataclasses.replace(mine, machine="elsewhere", started="1"))
    assert is_dead(dataclasses.replace(mine, started="")), "it was gone already when it was described"
