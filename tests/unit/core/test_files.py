# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Atomic writes, readable JSON and locks that name their holder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import files
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, Busy, MediastoreError

HOLD = """
import sys, time
from ansible_collections.mediastore.s3.plugins.module_utils._core.files import Lock
with Lock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=":".join(sys.path))
    )
    assert process.stdout.readline() == b"held\n"
    return process


def test_write_atomic_replaces_content_and_mode(tmp_path):
    path = tmp_path / "state"
    path.write_bytes(b"old")
    files.write_atomic(str(path), b"new", mode=0o640)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["state"]


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "state"
    path.write_bytes(b"old")

    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="No space left on device") as caught:
        files.write_atomic(str(path), b"new")
    assert caught.value.code == "ENOSPC"
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["state"]


def test_the_content_is_on_disk_before_the_name_points_at_it(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os, "fsync", lambda fd: (order.append("dir" if os.path.isdir(f"/proc/self/fd/{fd}") else "file"), fsync(fd))
    )
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append("replace"), replace(a, b)))
    files.write_atomic(str(tmp_path / "state"), b"x")
    assert order == ["file", "replace", "dir"]


def test_json_round_trip_and_default(tmp_path):
    path = str(tmp_path / "m.json")
    assert files.read_json(path, default={}) == {}
    files.write_json(path, {"b": "é", "a": [1]})
    assert files.read_json(path) == {"b": "é", "a": [1]}
    with open(path, encoding="utf-8") as source:
        assert list(json.load(source)) == ["b", "a"]


def test_damaged_json_is_named(tmp_path):
    path = tmp_path / "m.json"
    path.write_text("{")
    with pytest.raises(MediastoreError, match="not valid JSON"):
        files.read_json(str(path))


def test_missing_directory_is_one_clear_error(tmp_path):
    with pytest.raises(BadInput, match="No such file or directory.*Create it"):
        files.write_atomic(str(tmp_path / "none" / "state"), b"x")


def test_a_second_holder_is_refused_and_told_who(tmp_path):
    path = str(tmp_path / "lock")
    process = holder(path)
    try:
        with pytest.raises(Busy, match=rf"process {process.pid}, since \d{{4}}-"):
            files.Lock(path).acquire()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_killed_holder_leaves_no_lock(tmp_path):
    path = str(tmp_path / "lock")
    process = holder(path)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with files.Lock(path, wait_s=5):
        pass


def test_waiting_ends_when_the_holder_lets_go(tmp_path):
    path = str(tmp_path / "lock")
    first = files.Lock(path)
    first.acquire()
    started = time.monotonic()
    with pytest.raises(Busy, match=r"waited 0\.3 s"):
        files.Lock(path, wait_s=0.3).acquire()
    assert 0.25 <= time.monotonic() - started < 5
    first.release()
    first.release()
    with files.Lock(path):
        pass


def test_free_bytes_of_a_path_that_does_not_exist_yet(tmp_path):
    there = files.free_bytes(str(tmp_path))
    assert there > 0
    assert abs(files.free_bytes(str(tmp_path / "a" / "b")) - there) < there
