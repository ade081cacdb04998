# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache_advice module against stores that run."""

from __future__ import annotations

from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module


def advise(store, check=False, **options):
    return run_module("cache_advice", {**store.connection, "bucket": "media", **options}, check=check)


def fill(store, **sizes):
    for name, size in sizes.items():
        store.client().put_object(Bucket="media", Key=f"uploads/{name}", Body=b"x" * size)


def test_the_histogram_is_the_stores(moto, tmp_path):
    moto.client().create_bucket(Bucket="media")
    fill(moto, empty=0, small=1000, photo=100_000, video=3_000_000)
    moto.client().put_object(Bucket="media", Key="elsewhere", Body=b"x" * 50)
    said = advise(moto, prefix="/uploads/", slice_size="1M", cache_path=str(tmp_path / "not" / "yet"))
    assert (said["changed"], said["objects"], said["bytes"], said["entries"]) == (False, 4, 3_101_000, 1 + 1 + 1 + 3)
    assert said["recent"] == {"objects": 4, "bytes": 3_101_000, "entries": 6}
    assert [(one["up_to"], one["objects"]) for one in said["histogram"]] == [(16384, 2), (262144, 1), (4194304, 1)]
    assert said["sizes"] == {"s3_memory_cache_size": "1M", "s3_disk_cache_size": "200M", "s3_cache_inactive_time": "1y"}
    assert "4 objects of 3.0 MiB" in said["reasons"][0] and said["latency_ms"] > 0


def test_it_only_lists_and_looks(moto):
    moto.client().create_bucket(Bucket="media")
    fill(moto, **{f"n{number}": 1 for number in range(5)})
    moto.requests.clear()
    assert advise(moto, check=True)["objects"] == 5
    assert {request.split()[0] for request in moto.requests} == {"GET", "HEAD"}


def test_a_real_store(rclone):
    (rclone.data / "media").mkdir()
    (rclone.data / "media" / "photo.jpg").write_bytes(b"x" * 70_000)
    assert [(one["up_to"], one["bytes"]) for one in advise(rclone)["histogram"]] == [(262144, 70_000)]


def test_what_cannot_be_meant(moto):
    assert "slice_size is many" in advise(moto, slice_size="many")["msg"]
    assert "days is 0" in advise(moto, days=0)["msg"]
    assert advise(moto)["error"]["code"] == "NoSuchBucket"
