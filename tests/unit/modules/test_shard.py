# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several runs of sync and verify, each about a part of one directory."""

from __future__ import annotations

import pytest

from .running import run_module

BUCKET = "media"
COUNT = 4


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "source"
    for number in range(80):
        path = root / f"{number % 3}" / f"{number:03d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * number)
    return root


@pytest.fixture
def run(moto, source, tmp_path):
    """One run about one part, or about the whole."""
    moto.client().create_bucket(Bucket=BUCKET)

    def run(module, index=None, count=COUNT, **options):
        part = {"shard": {"index": index, "count": count}} if index is not None else {}
        journal = {"journal": str(tmp_path / "state" / f"journal{index}")}
        return run_module(module, {**moto.connection, "path": str(source), "bucket": BUCKET, **journal, **part, **options})

    return run


def sent(moto):
    return [request.partition("?")[0] for request in moto.requests if request.startswith("PUT ")]


def test_four_runs_are_the_whole_and_each_key_is_sent_once(moto, run, source):
    moto.requests.clear()
    results = [run("sync", index) for index in range(COUNT)]
    assert all(result["complete"] for result in results)
    assert [result["shard"] for result in results] == [{"index": index, "count": COUNT} for index in range(COUNT)]
    assert sum(result["transferred"]["files"] for result in results) == 80
    assert all(5 < result["transferred"]["files"] < 40 for result in results)
    assert sorted(sent(moto)) == sorted(f"PUT /{BUCKET}/{path.relative_to(source)}" for path in source.rglob("*.txt"))
    moto.client().put_object(Bucket=BUCKET, Key="not-of-ours", Body=b"")
    parts = [run("verify", index) for index in range(COUNT)]
    assert all(part["verified"] for part in parts)
    assert sum(part["counts"]["extra"] for part in parts) == 1, "an object without a file is counted by one of them"
    whole = run("verify")
    assert (whole["verified"], whole["files"], "shard" in whole) == (True, 80, False)
    moto.requests.clear()
    again = [run("sync", index, against=against) for index in range(COUNT) for against in ("store", "journal")]
    assert not any(result["changed"] for result in again) and sent(moto) == []


def test_the_way_back(run, source):
    for index in range(COUNT):
        run("sync", index)
    was = {path: path.read_bytes() for path in source.rglob("*.txt")}
    for path in was:
        path.unlink()
    back = [run("sync", index, direction="download")["transferred"]["files"] for index in range(COUNT)]
    assert sum(back) == 80 and {path: path.read_bytes() for path in source.rglob("*.txt")} == was


def test_a_journal_of_one_part_is_refused_for_another(run, tmp_path):
    run("sync", 0)
    journal = str(tmp_path / "state" / "journal0")
    for others in ({"index": 1}, {"index": 0, "count": 5}, {}):
        refused = run("sync", journal=journal, **others)
        assert refused["failed"] and "written for shard '0 of 4', and this run is for" in refused["msg"]
        assert run("verify", journal=journal, **others)["failed"]


def test_what_cannot_be_is_refused_before_anything_is_sent(moto, run):
    moto.requests.clear()
    for module in ("sync", "verify"):
        refused = run(module, 4)
        assert "shard.index is 4 and shard.count is 4" in refused["msg"] and "0 to 3" in refused["msg"]
        assert "(shard 4 of 4)" in refused["msg"]
    assert moto.requests == []


def test_what_is_wrong_fails_the_part_that_it_is_in(run, source):
    (source / "link").symlink_to("nowhere")
    results = [run("sync", index) for index in range(COUNT)]
    (refused,) = [result for result in results if result.get("failed")]
    assert "link" in refused["msg"]
    assert sum(result["complete"] for result in results if not result.get("failed")) == COUNT - 1
