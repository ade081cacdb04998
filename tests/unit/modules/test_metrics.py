# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sync, verify and evict tell the monitoring of a run, and what of a run that fails."""

from __future__ import annotations

import time

import pytest

from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

#: what is written even if nothing else is known
ALWAYS = {"last_run_timestamp_seconds", "last_run_success", "last_run_duration_seconds"}


@pytest.fixture
def media(tmp_path):
    root = tmp_path / "media"
    root.mkdir()
    for number in range(3):
        (root / f"{number}.png").write_bytes(b"x" * 1000)
    return root


@pytest.fixture
def run(rclone, media, tmp_path):
    """Runs a module that tells the monitoring what it does; its result, and what it has told by name and labels."""
    (rclone.data / "site").mkdir()

    def run(module, check=False, **options):
        told = tmp_path / f"{module}.prom"
        told.unlink(missing_ok=True)
        common = {**rclone.connection, "max_attempts": 1, "path": str(media), "bucket": "site", "engine": "boto3"}
        result = run_module(module, {**common, "metrics": str(told), **options}, check=check)
        lines = told.read_text().splitlines() if told.exists() else []
        return result, {key: float(value) for key, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    return run


def plain(values, module):
    """By the part of the name that is the metric's own, of those without labels of their own."""
    start, labels = f"mediastore_{module}_", {key.partition("{")[2] for key in values if "," in key}
    assert all(key.startswith(start) for key in values) and labels
    return {key.partition("{")[0][len(start) :]: value for key, value in values.items()}


def test_a_sync_tells_what_it_did_and_what_the_store_holds(run, media):
    assert run("sync", check=True)[1] == {}
    values = run("sync")[1]
    assert values[f'mediastore_sync_transferred_files{{path="{media}",bucket="site"}}'] == 3
    told = plain(values, "sync")
    assert abs(told.pop("last_run_timestamp_seconds") - time.time()) < 60 and told.pop("last_run_duration_seconds") > 0
    # the listing is that from which it was planned
    assert told == {
        "last_run_success": 1,
        "transferred_files": 3,
        "transferred_bytes": 3000,
        "failed_files": 0,
        "unsettled_files": 0,
        "store_objects": 0,
        "store_bytes": 0,
    }
    again = plain(run("sync")[1], "sync")
    assert (again["transferred_files"], again["store_objects"], again["store_bytes"]) == (0, 3, 3000)


def test_a_sync_that_asks_the_store_for_nothing_says_nothing_of_it(run, tmp_path):
    journal = str(tmp_path / "state" / "journal")
    assert "store_objects" in plain(run("sync", journal=journal)[1], "sync")
    assert "store_objects" not in plain(run("sync", journal=journal, against="journal")[1], "sync")


def test_a_part_of_the_keys_has_its_labels(run, media):
    values = run("sync", prefix="a/", shard={"index": 1, "count": 2})[1]
    assert f'mediastore_sync_last_run_success{{path="{media}",bucket="site",prefix="a/",shard="1/2"}}' in values


def test_a_verification_tells_the_verdicts_whether_it_fails_or_only_reports(run, media, rclone):
    run("sync")
    whole = plain(run("verify")[1], "verify")
    assert (whole["last_run_success"], whole["verified"], whole["files"], whole["bytes"]) == (1, 1, 3, 3000)
    rclone.client().delete_object(Bucket="site", Key="0.png")
    rclone.client().put_object(Bucket="site", Key="other", Body=b"12345")
    for options, success in (({}, 0), ({"on_difference": "report"}, 1)):
        result, values = run("verify", **options)
        assert bool(result.get("failed")) != bool(success)
        told = plain(values, "verify")
        assert (told["last_run_success"], told["verified"], told["store_objects"], told["store_bytes"]) == (success, 0, 3, 2005)
        labels = f'path="{media}",bucket="site"'
        assert values[f'mediastore_verify_keys{{{labels},verdict="missing"}}'] == 1
        assert values[f'mediastore_verify_keys{{{labels},verdict="extra"}}'] == 1


@pytest.mark.parametrize("module", ["sync", "verify"])
def test_of_a_run_that_could_not_begin_only_that_it_failed(run, module, rclone):
    rclone.stop()
    result, values = run(module)
    assert result["failed"]
    told = plain(values, module)
    assert set(told) == ALWAYS and told["last_run_success"] == 0


@pytest.mark.parametrize("module", ["sync", "verify", "evict"])
def test_a_file_that_nobody_would_read_is_refused(run, module, media, tmp_path):
    more = {"journal": str(tmp_path / "journal"), "max_age": "1d"} if module == "evict" else {}
    for path, said in ((tmp_path / "metrics.txt", "does not end in .prom"), (media / "x.prom", "is inside")):
        result, values = run(module, metrics=str(path), **more)
        assert said in result["msg"] and not path.exists()
