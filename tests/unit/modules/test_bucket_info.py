# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bucket_info module against stores that run."""

from __future__ import annotations

from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

EVERYTHING = ["versioning", "tags", "policy", "public_access_block", "location"]


def info(store, check=False, **options):
    return run_module("bucket_info", {**store.connection, **options}, check=check)


def test_what_the_bucket_module_returned(moto):
    settings = {"versioning": True, "tags": {"a": "b"}, "public_access_block": {"block_public_policy": True}}
    made = run_module("bucket", {**moto.connection, "name": "media", **settings})["bucket"]
    made.pop("state")
    assert info(moto, name="media", gather=["versioning", "tags", "public_access_block"])["buckets"] == [made]


def test_everything_about_a_bare_bucket(moto):
    moto.client().create_bucket(Bucket="media")
    nothing = dict.fromkeys(("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets"), False)
    assert info(moto, name="media", gather=EVERYTHING) == {
        "changed": False,
        "buckets": [
            {"name": "media", "versioning": False, "tags": {}, "policy": None, "public_access_block": nothing, "location": None}
        ],
    }


def test_only_what_is_named_is_asked_for(moto):
    moto.client().create_bucket(Bucket="media")
    moto.requests.clear()
    assert info(moto, name="media", check=True)["buckets"] == [{"name": "media"}]
    assert moto.requests == ["HEAD /media"]


def test_a_missing_bucket_is_an_empty_list(moto):
    assert info(moto, name="media", gather=EVERYTHING)["buckets"] == []


def test_all_buckets_by_name(moto):
    for name in ("zebra", "aardvark"):
        moto.client().create_bucket(Bucket=name)
    moto.requests.clear()
    assert info(moto)["buckets"] == [{"name": "aardvark"}, {"name": "zebra"}]
    assert [request.partition("?")[0] for request in moto.requests] == ["GET /"]


def test_all_buckets_of_a_real_store(rclone):
    (rclone.data / "media").mkdir()
    assert info(rclone)["buckets"] == [{"name": "media"}]


def test_what_the_provider_lacks_is_refused_before_the_first_request(moto):
    failed = info(moto, name="media", gather=["tags"], provider="minio")
    assert failed["buckets"] == []
    failed = info(moto, name="media", gather=["public_access_block"], provider="minio")
    assert failed["error"]["code"] == "Unsupported" and "mediastore.s3.bucket_policy" in failed["msg"]
    assert moto.requests == ["HEAD /media"]


def test_what_is_no_part_of_s3_needs_its_own_interface(moto):
    failed = run_module("bucket_info", {**moto.connection, "provider": "garage", "name": "media", "gather": ["quota"]})
    assert "admin_url or admin_token is empty" in failed["msg"]
    assert moto.requests == []
