# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress is told in one line, and never stops the work."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import progress
from ansible_collections.mediastore.s3.plugins.module_utils._core.claim import started
from ansible_collections.mediastore.s3.plugins.module_utils._core.retry import pauses, retrying


def test_the_file_says_how_far_it_is(tmp_path):
    path = tmp_path / "p"
    told = progress.ToFile(str(path))
    told.phase("upload", 10, 1000)
    told.moved(100)
    told.counted(3, 50)
    told._shown = -1
    told.tick()
    state = json.loads(path.read_text())
    assert state.pop("elapsed_s") >= 0
    assert (state.pop("pid"), state.pop("started")) == (os.getpid(), started(os.getpid()))
    assert state == {"phase": "upload", "files": 3, "bytes": 150, "files_total": 10, "bytes_total": 1000}
    assert os.listdir(tmp_path) == ["p"]


def test_it_is_written_now_and_then(tmp_path):
    path = tmp_path / "p"
    told = progress.ToFile(str(path))
    told.phase("plan")
    for _number in range(1000):
        told.counted()
        told.tick()
    assert json.loads(path.read_text())["files"] == 0


def test_a_place_that_is_gone_stops_nothing(tmp_path):
    told = progress.ToFile(str(tmp_path / "no" / "p"))
    told.phase("plan")
    told.tick()


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (("plan", 1200, 0, None, None, 3.0), "plan: 1200 files, 0 B, 400/s, 0 B/s"),
        (("upload", 50, 50 << 20, 200, 200 << 20, 10.0), "upload: 25 %, 30 s left, 50/200 files, 50.0 MiB, 5/s, 5.0 MiB/s"),
        (("upload", 0, 0, 200, 200 << 20, 0.1), "upload: 0 %, 0/200 files, 0 B"),
        (("upload", 5, 0, 5, 0, 4.0), "upload: 100 %, 5/5 files, 0 B, 1/s, 0 B/s"),
    ],
)
def test_one_line(state, text):
    names = ("phase", "files", "bytes", "files_total", "bytes_total", "elapsed_s")
    assert progress.describe(dict(zip(names, state))) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0 s"), (59.4, "59 s"), (61, "1 min 01 s"), (3725, "1 h 02 min")])
def test_clock(seconds, text):
    assert progress.clock(seconds) == text


def test_a_follower_is_gone_when_its_trace_stays_as_it_is_whatever_the_clock_says(tmp_path, monkeypatch):
    passed = SimpleNamespace(s=1000.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: passed.s))
    follower = progress.Follower(str(tmp_path / "p"))
    passed.s += 2 * progress.SEEN_FOR_S
    assert not follower.gone(), "nobody ever followed"
    seen = tmp_path / ("p" + progress.SEEN_SUFFIX)
    for clock in (9e8, 9e9, 8e8, 7e8):
        seen.touch()
        os.utime(seen, (clock, clock))
        assert not follower.gone()
        passed.s += progress.SEEN_FOR_S
        assert not follower.gone()
    passed.s += 1
    assert follower.gone()
    os.utime(seen, (9e8, 9e8))
    assert not follower.gone(), "it was only slow"
    os.utime(seen, (86400, 86400))
    assert follower.gone(), "it said so"


def test_pauses_grow_and_stay_below_the_cap():
    waits = list(pauses(8, 0.1, 1.0))
    assert len(waits) == 7
    assert all(0.5 * most <= wait <= most for wait, most in zip(waits, [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0]))


def test_retrying_ends_with_the_last_error():
    calls, slept = [], []

    def act():
        calls.append(1)
        raise ValueError(len(calls))

    with pytest.raises(ValueError, match="3"):
        retrying(act, ValueError, pauses(3), slept.append)
    assert len(slept) == 2
    with pytest.raises(ValueError, match="4"):
        retrying(act, KeyError, pauses(3), slept.append)
