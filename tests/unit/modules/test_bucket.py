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
    assert "use force and force_confirm" in failed["msg"]
    assert moto.client().head_object(Bucket="media", Key="photo")


def test_everything_in_it_is_deleted_only_when_the_name_is_said_twice(moto):
    bucket(moto, versioning=True)
    client = moto.client()
    for body in (b"old", b"new"):
        client.put_object(Bucket="media", Key="photo", Body=body)
    client.put_object(Bucket="media", Key="gone", Body=b"")
    client.delete_object(Bucket="media", Key="gone")
    client.create_multipart_upload(Bucket="media", Key="half")
    moto.requests.clear()
    for confirm in ({}, {"force_confirm": "other"}):
        assert "Repeat the name of the bucket" in bucket(moto, state="absent", force=True, **confirm)["msg"]
    assert moto.requests == []
    sure = {"state": "absent", "force": True, "force_confirm": "media"}
    predicted = bucket(moto, check=True, **sure)
    assert predicted["deleted"] == {"objects": 1, "versions": 3, "uploads": 1}
    assert client.head_object(Bucket="media", Key="photo")
    assert bucket(moto, **sure) == predicted
    assert client.list_buckets()["Buckets"] == []
    assert not bucket(moto, **sure)["changed"]


def test_a_bucket_of_more_than_one_page_is_emptied(moto):
    bucket(moto)
    client = moto.client()
    for number in range(1100):
        client.put_object(Bucket="media", Key=f"photo {number}", Body=b"")
    done = bucket(moto, state="absent", force=True, force_confirm="media")
    assert done["deleted"] == {"objects": 1100, "versions": 0, "uploads": 0}


def test_a_poor_store_is_emptied_too(rclone):
    bucket(rclone)
    (rclone.data / "media" / "folder").mkdir()
    (rclone.data / "media" / "folder" / "photo").write_bytes(b"x")
    done = bucket(rclone, state="absent", force=True, force_confirm="media")
    assert done.get("deleted", done) == {"objects": 1, "versions": 0, "uploads": 0}
    assert not (rclone.data / "media").exists()


MORE = {
    "ownership": "BucketOwnerPreferred",
    "encryption": {"algorithm": "aws:kms", "kms_key_id": "a-key", "bucket_key": True},
    "object_lock": True,
    "website": {"error_document": "404.html"},
    "acl": "private",
}


def test_the_other_settings_are_predicted_and_kept(moto):
    predicted = bucket(moto, check=True, diff=True, **MORE)
    done = bucket(moto, diff=True, **MORE)
    assert predicted == done
    assert done["bucket"]["website"] == {"index_document": "index.html", "error_document": "404.html"}
    moto.requests.clear()
    assert not bucket(moto, **MORE)["changed"]
    assert len(moto.requests) == 1 + len(MORE)
    client = moto.client()
    rule = client.get_bucket_encryption(Bucket="media")["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "a-key"}
    assert client.get_object_lock_configuration(Bucket="media")["ObjectLockConfiguration"]["ObjectLockEnabled"] == "Enabled"


def test_settings_are_changed_and_taken_away(moto):
    bucket(moto, **MORE)
    done = bucket(moto, ownership="ObjectWriter", encryption={"algorithm": "AES256"}, website={"enabled": False}, diff=True)
    assert done["changed"]
    assert done["bucket"]["encryption"] == {"algorithm": "AES256"} and done["bucket"]["website"] is None
    assert done["diff"]["before"]["ownership"] == "BucketOwnerPreferred"
    assert not bucket(moto, website={"enabled": False})["changed"]


def test_object_lock_belongs_to_the_making_of_a_bucket(moto):
    bucket(moto)
    for check in (True, False):
        assert "switched on when a bucket is made" in bucket(moto, object_lock=True, check=check)["msg"]
    assert not bucket(moto, object_lock=False)["changed"]


def test_an_acl_that_opens_the_listing_is_warned_of(moto):
    done = bucket(moto, acl="public-read")
    assert done["changed"] and "lets others list the names of all objects" in str(done["warnings"])
    assert bucket(moto, acl="private")["changed"]
    client = moto.client()
    client.put_bucket_acl(Bucket="media", GrantWrite="uri=http://acs.amazonaws.com/groups/global/AllUsers")
    found = run_module("bucket_info", {**moto.connection, "name": "media", "gather": ["acl"]})
    assert found["buckets"][0]["acl"] == "custom"
    assert bucket(moto, acl="private")["changed"]


@pytest.mark.parametrize(
    ("provider", "option", "words"),
    [
        ("aws", {"encryption": {"algorithm": "none"}}, "encrypts every bucket"),
        ("aws", {"encryption": {"algorithm": "AES256", "kms_key_id": "a"}}, "has a key, and its algorithm is AES256"),
        ("b2", {"encryption": {"algorithm": "aws:kms"}}, "cannot encrypt with aws:kms"),
        ("b2", {"acl": "authenticated-read"}, "does not take the ACL authenticated-read on buckets"),
        ("garage", {"quota": {"max_size": "10G"}}, "admin_url or admin_token is empty"),
        ("aws", {"quota": {"max_objects": 1}}, "has no quota"),
        ("ceph", {"ownership": "ObjectWriter"}, "has no object ownership"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_the_first_request(moto, provider, option, words):
    assert words in bucket(moto, provider=provider, **option)["msg"]
    assert moto.requests == []


def test_a_block_that_does_more_than_it_should_is_warned_of(moto):
    done = bucket(moto, provider="ceph", public_access_block={"block_public_acls": True, "ignore_public_acls": True})
    assert len(done["warnings"]) == 1 and "refuses every upload" in str(done["warnings"])
    assert "warnings" not in bucket(moto, public_access_block={"block_public_acls": True})


def test_the_user_may_know_better_than_the_profile(moto):
    assert "has no bucket tags" in bucket(moto, provider="minio", capabilities={"facets": {"tagging": "none"}}, tags={})["msg"]
    assert bucket(moto, provider="rclone", capabilities={"facets": {"tagging": "store"}}, tags={"a": "b"})["changed"]
    assert "there is no colour among them" in bucket(moto, capabilities={"colour": 1})["msg"]


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
    assert "so HTTPS would fail" in failed["msg"] and "a name without dots" in failed["msg"]
    assert moto_with_keys.requests == []
    assert bucket(moto_with_keys, name="media.example.org")["changed"]


def test_a_tag_of_the_provider_is_refused(moto):
    assert "belongs to the provider" in bucket(moto, tags={"aws:created": "x"})["msg"]
    assert moto.requests == []
