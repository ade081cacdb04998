# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store of 200 000 files: what the module needs in memory, and what it returns, do not grow with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

FILES = 200_000
SENT = 2_000
MOST_MEMORY_KIB = 150 * 1024
MOST_RESULT = 20_000


@pytest.fixture
def store(tmp_path):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", "a-secret-of-the-store") as server:
        (server.data / "media").mkdir(parents=True)
        yield server


def fill(root, number):
    """So many tiny files, in folders of 500."""
    for folder in range(number // 500):
        path = root / f"{folder % 26:02d}" / f"{folder // 26:02d}"
        path.mkdir(parents=True)
        for name in range(500):
            (path / f"{name:04d}").write_bytes(b"tiny")


def sync(store, check, **options):
    """Run the module in a process of its own; its result, that result's length, and its peak memory in KiB."""
    options = {**store.connection, "bucket": "media", **options, "_ansible_check_mode": check}
    with subprocess.Popen(
        [sys.executable, "-m", "ansible_collections.mediastore.s3.plugins.modules.sync"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
        process.stdin.close()
        output = process.stdout.read()
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, output
    return json.loads(output), len(output), usage.ru_maxrss


def test_200_000_files_are_planned_in_flat_memory(store, tmp_path):
    fill(tmp_path / "media", FILES)
    result, length, memory = sync(store, True, path=str(tmp_path / "media"))
    assert result["changed"]
    assert result["plan"]["upload"] == {"files": FILES, "bytes": 4 * FILES}
    assert length <= MOST_RESULT
    assert memory <= MOST_MEMORY_KIB
    assert not list((store.data / "media").iterdir())


def test_sending_needs_no_more(store, tmp_path):
    fill(tmp_path / "media", SENT)
    result, length, memory = sync(store, False, path=str(tmp_path / "media"), journal=str(tmp_path / "journal"))
    assert result["transferred"] == {"files": SENT, "bytes": 4 * SENT}
    assert length <= MOST_RESULT
    assert memory <= MOST_MEMORY_KIB
