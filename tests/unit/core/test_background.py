# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a copy is under way is told by its process, and how it ended by what Ansible's wrapper left."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.background import JOBS, PROGRESS, look
from ansible_collections.mediastore.s3.plugins.module_utils._core.claim import started
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import ToFile


@pytest.fixture
def directory(tmp_path):
    (tmp_path / JOBS).mkdir()
    return tmp_path


def job(directory, text, name="1"):
    (directory / JOBS / name).write_text(text)


def progress(directory, pid=None, **said):
    shown = ToFile(str(directory / PROGRESS))
    shown.phase("upload", 10, 1000)
    state = json.loads((directory / PROGRESS).read_text())
    its = {} if pid is None else {"pid": pid, "started": started(pid)}
    (directory / PROGRESS).write_text(json.dumps({**state, **its, **said}))


def test_there_never_was_one(tmp_path):
    assert look(str(tmp_path)) == (False, 0, "")
    assert look(str(tmp_path / "nothing")) == (False, 0, "")


def test_one_is_under_way(directory):
    progress(directory)
    job(directory, '{"started": 1, "finished": 0}')
    found = look(str(directory))
    assert (found.running, found.pid) == (True, os.getpid())
    assert found.said.startswith("upload: 0 %")


def test_a_process_that_was_given_its_number_later_is_not_it(directory):
    progress(directory, started="1")
    assert not look(str(directory)).running


def test_one_is_under_way_whatever_was_done_to_the_clock(directory):
    progress(directory)
    os.utime(directory / PROGRESS, (1, 1))
    assert look(str(directory)).running


def test_its_process_has_ended(directory):
    child = subprocess.Popen([sys.executable, "-c", ""])
    progress(directory, child.pid)
    # also as long as nobody has asked how
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not look(str(directory)).running
    child.wait()
    assert not look(str(directory)).running


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ('{"transferred": {"files": 12}, "duration_s": 3.4}', "it is complete: 12 files in 3 s"),
        ('{"failed": true, "msg": "the bucket is gone"}', "it failed: the bucket is gone"),
        ('{"failed": true}', "it failed: no reason was given"),
        ('{"started": 1, "finished": 0}', "it was cut short"),
        ('{"failed": true, "cmd": "module", "msg": "Traceback: no JSON"}', "it was cut short"),
        ("", "it was cut short"),
    ],
)
def test_how_it_ended(directory, result, said):
    progress(directory, 0)
    job(directory, result)
    assert look(str(directory)).said.startswith(said)


def test_the_last_one_counts(directory):
    job(directory, '{"failed": true, "msg": "old"}', "1")
    os.utime(directory / JOBS / "1", (1, 1))
    job(directory, '{"failed": true, "msg": "new"}', "0")
    assert look(str(directory)).said == "it failed: new"
