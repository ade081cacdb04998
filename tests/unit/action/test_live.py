# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When progress is shown, and what of it."""

from __future__ import annotations

import json
import os
import subprocess
from types import SimpleNamespace

import pytest

from ansible_collections.mediastore.s3.plugins.plugin_utils import _live
from ansible_collections.mediastore.s3.plugins.plugin_utils._live import LiveAction, Screen


def state(files, elapsed=1.0):
    return json.dumps({"phase": "upload", "files": files, "bytes": 0, "files_total": 9, "bytes_total": 0, "elapsed_s": elapsed})


@pytest.mark.parametrize(
    ("args", "terminal", "task", "shown"),
    [
        ({}, True, {}, True),
        ({}, False, {}, False),
        ({"progress": "always"}, False, {}, True),
        ({"progress": "never"}, True, {}, False),
        ({"progress": "always"}, True, {"async_val": 60}, False),
        ({"progress": "always"}, True, {"check_mode": True}, False),
        ({"against": "journal"}, True, {}, False),
        ({"against": "journal", "progress": "always"}, False, {}, True),
        ({"against": "store"}, True, {}, True),
    ],
)
def test_when_it_is_shown(monkeypatch, args, terminal, task, shown):
    monkeypatch.setattr(_live, "STDERR_IS_TERMINAL", terminal)
    action = LiveAction.__new__(LiveAction)
    action._task = SimpleNamespace(**{"args": args, "async_val": 0, "check_mode": False, **task})
    action._connection = SimpleNamespace(has_native_async=False)
    assert action._shown() is shown


def test_lines_come_now_and_then_and_only_if_they_say_something_new(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(_live.time, "monotonic", lambda: now[0])
    screen = Screen("host", alone=True)
    for text in (state(1), state(2), "", "{half", '{"other": 1}'):
        screen.show(text)
    now[0] += _live.LINE_EVERY_S
    screen.show(state(3))
    now[0] += _live.LINE_EVERY_S
    screen.show(state(3))
    screen.end()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "[host] upload: 11 %, 8 s left, 1/9 files, 0 B, 1/s, 0 B/s",
        "[host] upload: 33 %, 2 s left, 3/9 files, 0 B, 3/s, 0 B/s",
    ]


def test_a_terminal_with_one_host_has_one_line(monkeypatch, capsys):
    monkeypatch.setattr(_live, "STDERR_IS_TERMINAL", True)
    screen = Screen("host", alone=True)
    screen.show(state(1))
    screen.show(state(2))
    screen.end()
    err = capsys.readouterr().err
    assert err.count("\r\x1b[2K[host]") == 2
    assert err.endswith("\n") and err.count("\n") == 1


def test_one_look_tells_result_progress_and_whether_the_process_lives(tmp_path):
    result, progress = tmp_path / "it's", tmp_path / "p"
    result.write_text('{"finished": 0}')
    for pid, alive in ((os.getpid(), ["alive"]), (2**22 + 1, [])):
        progress.write_text(json.dumps({"files": 1, "pid": pid}))
        said = subprocess.run(["sh", "-c", _live._look(str(result), str(progress))], capture_output=True, text=True, check=False)
        assert said.stdout.splitlines() == ['{"finished": 0}', progress.read_text(), *alive]
    assert (tmp_path / "p.seen").exists()


@pytest.mark.parametrize(
    ("status", "finished"),
    [('{"started": 1, "finished": 0}', False), ('{"changed": true}', True), ('{"chan', False), ("", False)],
)
def test_a_job_is_finished_when_its_result_is_whole(status, finished):
    assert _live._finished(status) is finished
