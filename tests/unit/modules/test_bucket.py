# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bucket module against stores that run."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

BLOCK = {"block_public_acls": True, "ignore_public_acls": True, "block_public_policy": True, "restrict_public_buckets": True}
EVERYTHING = {"versioning": True, "tags": {"service": "synapse", "copies": 2}, "public_access_block": BLOCK}


def bucket(store, **options):
    flags = {name: options.pop(name) for name in ("check", "diff") if name in options}
    return run_module("bucket", {**store.connection, "name": "media", **options}, **flags)


def test_check_mode_predicts_and_changes_nothing(moto):
    predicted = bucket(moto, check=True, diff=True, **EVERYTHING)
    assert [request for request in moto.requests if not request.startswith(("GET", "HEAD"))] == []
    done = bucket(moto, diff=True, **EVERYTHING)
    assert predicted == done
    assert done["changed"]
    assert done["diff"]["before"]["state"] == "absent"
    assert done["bucket"] == {
        "name": "media",
        "state": "present",
        "versioning": True,
        "tags": {"service": "synapse", "copies": "2"},
        "public_access_block": BLOCK,
    }
    client = moto.client()
    assert client.get_bucket_versioning(Bucket="media")["Status"] == "Enabled"
    assert {tag["Key"]: tag["Value"] for tag in client.get_bucket_tagging(Bucket="media")["TagSet"]} == {
        "service": "synapse",
        "copies": "2",
    }
    assert all(client.get_public_access_block(Bucket="media")["PublicAccessBlockConfiguration"].values())


def test_second_run_changes_nothing_and_asks_once_for_each_setting(moto):
    bucket(moto, **EVERYTHING)
    moto.requests.clear()
    again = bucket(moto, diff=True, **EVERYTHING)
    assert not again["changed"]
    assert again["diff"]["before"] == again["diff"]["after"]
    assert moto.requests == ["HEAD /media", "GET /media?publicAccessBlock", "GET /media?versioning", "GET /media?tagging"]


def test_only_what_is_named_is_asked_for(moto):
    bucket(moto)
    moto.requests.clear()
    assert bucket(moto) == {"changed": False, "bucket": {"name": "media", "state": "present"}}
    assert moto.requests == ["HEAD /media"]


def test_versioning_off_means_never_on_or_suspended(moto):
    bucket(moto)
    assert not bucket(moto, versioning=False)["changed"]
    assert bucket(moto, versioning=True)["changed"]
    off = bucket(moto, versioning=False)
    assert off["changed"] and off["bucket"]["versioning"] is False
    assert moto.client().get_bucket_versioning(Bucket="media")["Status"] == "Suspended"
    assert not bucket(moto, versioning=False)["changed"]


def test_tags_are_added_or_replaced(moto):
    bucket(moto, tags={"service": "synapse", "owner": "chat"})
    assert bucket(moto, tags={"owner": "mail"}, purge_tags=False)["bucket"]["tags"] == {"owner": "mail", "service": "synapse"}
    assert not bucket(moto, tags={"service": "synapse"}, purge_tags=False)["changed"]
    assert bucket(moto, tags={"service": "synapse"})["bucket"]["tags"] == {"service": "synapse"}
    gone = bucket(moto, tags={}, diff=True)
    assert gone["changed"] and gone["diff"]["before"]["tags"] == {"service": "synapse"} and gone["diff"]["after"]["tags"] == {}
    moto.requests.clear()
    assert not bucket(moto, tags={})["changed"]
    assert moto.requests == ["HEAD /media", "GET /media?tagging"]


def test_a_part_of_the_public_access_block_leaves_the_others(moto):
    bucket(moto, public_access_block={"block_public_acls": True})
    result = bucket(moto, public_access_block={"block_public_policy": True})
    assert result["changed"]
    assert result["bucket"]["public_access_block"] == {
        "block_public_acls": True,
        "ignore_public_acls": False,
        "block_public_policy": True,
        "restrict_public_buckets": False,
    }


def test_absent_deletes_an_empty_bucket_once(moto):
    bucket(moto)
    assert bucket(moto, state="absent", check=True)["changed"]
    assert moto.client().list_buckets()["Buckets"]
    assert bucket(moto, state="absent")["changed"]
    assert moto.client().list_buckets()["Buckets"] == []
    assert not bucket(moto, state="absent")["changed"]


def test_absent_keeps_a_bucket_that_holds_something(moto):
    bucket(moto)
    moto.client().put_object(Bucket="media", Key="photo", Body=b"x")
    failed = bucket(moto, state="absent")
    assert failed["error"]["code"] == "BucketNotEmpty"
    assert "never deletes objects" in failed["msg"]
    assert moto.client().head_object(Bucket="media", Key="photo")


def test_the_location_is_the_region_where_the_store_wants_it(moto):
    assert bucket(moto, name="here", region="eu-west-1")["changed"]
    assert moto.client().get_bucket_location(Bucket="here")["LocationConstraint"] == "eu-west-1"


def test_the_location_is_left_out_where_the_store_refuses_it(moto):
    # Ceph refuses any. This store behaves as Amazon's, and misses it: the proof that it was not sent.
    failed = bucket(moto, region="eu-west-1", provider="ceph")
    assert failed["error"]["code"] == "IllegalLocationConstraintException"
    assert "Set region" in failed["msg"]


def test_a_failure_says_what_was_changed_before_it(naive):
    failed = bucket(naive, tags={"a": "b"})
    assert failed["failed"] and failed["changed"]
    assert naive.buckets == {"media"}


@pytest.mark.parametrize("option", [{"tags": {}}, {"versioning": True}, {"public_access_block": {"block_public_acls": True}}])
def test_what_the_provider_lacks_is_refused_before_the_first_request(moto, option):
    failed = bucket(moto, provider="rclone", **option)
    assert failed["error"]["code"] == "Unsupported"
    assert "rclone serve s3 has no" in failed["msg"]
    assert moto.requests == []


def test_the_refusal_names_the_alternative(moto):
    assert "Keep old versions in the storage below it" in bucket(moto, provider="rclone", versioning=True)["msg"]
    assert "lifecycle rule" in bucket(moto, provider="b2", versioning=False)["msg"]


@pytest.mark.parametrize("option", [{"tags": {}}, {"tags": {"a": "b"}}, {"public_access_block": {"block_public_acls": False}}])
def test_a_sub_resource_that_falls_through_costs_no_bucket(naive, option):
    naive.buckets.add("media")
    failed = bucket(naive, **option)
    assert failed["error"]["code"] == "Unsupported"
    assert "answered with a listing" in failed["msg"]
    assert not failed["changed"]
    assert naive.buckets == {"media"}
    assert all(request.startswith(("HEAD", "GET")) for request in naive.requests)


def test_versioning_that_falls_through_is_not_taken_for_off(naive):
    naive.buckets.add("media")
    assert "answered with a listing" in bucket(naive, versioning=False)["msg"]
    assert "answered with a listing" in bucket(naive, versioning=True)["msg"]


def test_a_real_store_that_falls_through_keeps_its_bucket(rclone):
    assert bucket(rclone)["changed"]
    assert not bucket(rclone)["changed"]
    failed = bucket(rclone, provider="generic", tags={})
    assert failed["error"]["code"] == "Unsupported"
    assert (rclone.data / "media").is_dir()
    assert bucket(rclone, state="absent")["changed"]
    assert not (rclone.data / "media").exists()


NAMES = [
    "ab",
    "UPPER",
    "under_score",
    "two..dots",
    "-start",
    "end-",
    "192.168.1.1",
    "a" * 64,
    "xn--name",
    "name-s3alias",
    "sl/ash",
    "",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_name_is_refused_before_the_first_request(moto, name):
    failed = bucket(moto, name=name)
    assert failed["error"]["code"] == "BadInput"
    assert f"{name!r} is not a name for a bucket" in failed["msg"]
    assert moto.requests == []


def test_dots_need_the_path_over_https(moto_with_keys):
    failed = bucket(moto_with_keys, name="media.example.org", addressing_style="virtual")
    assert "no certificate covers" in failed["msg"]
    assert moto_with_keys.requests == []
    assert bucket(moto_with_keys, name="media.example.org")["changed"]


def test_a_tag_of_the_provider_is_refused(moto):
    assert "belongs to the provider" in bucket(moto, tags={"aws:created": "x"})["msg"]
    assert moto.requests == []
