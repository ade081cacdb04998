# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store of 200 000 files: what the module needs in memory, and what it returns, do not grow with it."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.tests.e2e import measured
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
    return measured.finish(measured.start("sync", options))


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


def test_evicting_needs_no_more(store, tmp_path):
    fill(tmp_path / "media", FILES // 5)
    fill(store.data / "media", FILES // 5)
    options = {**store.connection, "bucket": "media", "path": str(tmp_path / "media"), "journal": str(tmp_path / "journal")}
    options |= {"max_bytes": 4 * SENT, "min_age": "0s"}
    result, length, memory = measured.finish(measured.start("evict", options))
    assert result["evicted"] == {"files": FILES // 5 - SENT, "bytes": 4 * (FILES // 5 - SENT)}
    assert length <= MOST_RESULT
    assert memory <= MOST_MEMORY_KIB
