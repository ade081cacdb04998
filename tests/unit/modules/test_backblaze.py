# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets of Backblaze through its own interface, by the modules that know nothing of it."""

from __future__ import annotations

import sys

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._base import module as base
from ansible_collections.mediastore.s3.plugins.module_utils._store import b2native
from ansible_collections.mediastore.s3.tests.servers.backblaze import Backblaze
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

NAME = "example-media"
#: "Keep only the last version of the file" in Backblaze's web interface
LAST_VERSION = {
    "fileNamePrefix": "",
    "daysFromUploadingToHiding": None,
    "daysFromHidingToDeleting": 1,
    "daysFromStartingToCancelingUnfinishedLargeFiles": None,
}


@pytest.fixture
def store():
    with Backblaze() as running:
        yield running


def run(store, module, check=False, diff=True, **options):
    return run_module(module, {**store.connection, "name": NAME, **options}, check=check, diff=diff)


def twice(store, module, **options):
    """The result of a change that was predicted, and that a second run does not make again."""
    store.calls.clear()
    predicted = run(store, module, check=True, **options)
    assert not {"b2_create_bucket", "b2_update_bucket", "b2_delete_bucket", "b2_delete_file_version"} & set(store.calls)
    done = run(store, module, **options)
    assert done == predicted and done["changed"], done
    again = run(store, module, **options)
    assert not again["changed"] and again["diff"]["before"] == again["diff"]["after"] == done["diff"]["after"]
    return done


def test_a_private_bucket(store):
    done = twice(store, "bucket", acl="private", versioning=True, encryption={"algorithm": "AES256"})
    assert done["diff"]["before"]["state"] == "absent"
    bucket = store.bucket(NAME)
    assert (bucket.bucket_type, bucket.is_file_lock_enabled, bucket.revision) == ("allPrivate", False, 1)


def test_only_what_is_named_is_asked_for(store):
    run(store, "bucket")
    store.calls.clear()
    assert run(store, "bucket", diff=False) == {"changed": False, "bucket": {"name": NAME, "state": "present"}}
    assert store.calls == ["b2_authorize_account", "b2_list_buckets"]


def test_public_and_private_again(store):
    run(store, "bucket")
    assert twice(store, "bucket", acl="public-read")["diff"]["before"]["acl"] == "private"
    assert store.bucket(NAME).bucket_type == "allPublic"
    assert twice(store, "bucket", acl="private")["diff"]["before"]["acl"] == "public-read"
    assert store.bucket(NAME).bucket_type == "allPrivate"


def test_objects_can_be_locked(store):
    assert twice(store, "bucket", object_lock=True)["bucket"]["object_lock"] is True
    assert store.bucket(NAME).is_file_lock_enabled is True
    run(store, "bucket", name="another-bucket")
    assert "switched on when a bucket is made" in run(store, "bucket", name="another-bucket", object_lock=True)["msg"]


def test_the_last_version_only(store):
    run(store, "bucket")
    keep = {"noncurrent_days": 1, "expired_object_delete_marker": True}
    done = twice(store, "lifecycle", rules=[keep])
    assert done["bucket"]["lifecycle"] == [{"enabled": True, "noncurrent_days": 1, "prefix": ""}]
    assert store.bucket(NAME).lifecycle_rules == [LAST_VERSION]
    # What was clicked together in the web interface is the same thing.
    store.bucket(NAME).lifecycle_rules = [{key: value for key, value in LAST_VERSION.items() if value is not None}]
    assert not run(store, "lifecycle", rules=[keep])["changed"]


def test_rules_are_changed_and_removed(store):
    run(store, "bucket")
    run(store, "lifecycle", rules=[{"noncurrent_days": 1}])
    twice(store, "lifecycle", rules=[{"noncurrent_days": 3, "abort_incomplete_multipart_upload_days": 2}])
    twice(
        store,
        "lifecycle",
        rules=[{"prefix": "logs/", "expiration_days": 7, "noncurrent_days": 1}, {"prefix": "tmp/", "expiration_days": 1}],
    )
    kept = {rule["fileNamePrefix"]: rule["daysFromUploadingToHiding"] for rule in store.bucket(NAME).lifecycle_rules}
    assert kept == {"logs/": 7, "tmp/": 1}
    twice(store, "lifecycle", state="absent")
    assert store.bucket(NAME).lifecycle_rules == []
    assert not run(store, "lifecycle", state="absent", name="no-such-bucket")["changed"]


def test_one_rule_is_added_to_another(store):
    run(store, "bucket")
    run(store, "lifecycle", rules=[{"prefix": "logs/", "expiration_days": 7}])
    twice(store, "lifecycle", rules=[{"prefix": "tmp/", "expiration_days": 1}], purge_rules=False)
    assert {rule["fileNamePrefix"] for rule in store.bucket(NAME).lifecycle_rules} == {"logs/", "tmp/"}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([{"newer_noncurrent_versions": 2, "noncurrent_days": 1}], "rule 1 has newer_noncurrent_versions"),
        ([{"tags": {"a": "b"}, "expiration_days": 1}], "rule 1 has tags"),
        ([{"noncurrent_days": 1}, {"noncurrent_days": 2}], "one rule for each prefix"),
        ([{"noncurrent_days": 1}, {"prefix": "logs/", "expiration_days": 2}], "both for objects that begin with 'logs/'"),
    ],
)
def test_what_backblaze_lacks_is_refused_before_anything_is_sent(store, rules, said):
    failed = run(store, "lifecycle", rules=rules)
    assert failed["error"]["code"] == "Unsupported" and said in failed["msg"]
    assert store.calls == []


@pytest.mark.parametrize(
    "options",
    [{"tags": {"a": "b"}}, {"ownership": "ObjectWriter"}, {"acl": "authenticated-read"}, {"encryption": {"algorithm": "none"}}],
)
def test_settings_that_backblaze_lacks_are_refused_before_anything_is_sent(store, options):
    assert run(store, "bucket", **options)["failed"]
    assert store.calls == []


def test_cors(store):
    run(store, "bucket")
    rules = [
        {"allowed_origins": ["https://chat.example.org"], "allowed_methods": ["GET", "HEAD"], "expose_headers": ["ETag"]},
        {"allowed_origins": ["*"], "allowed_methods": ["GET"], "allowed_headers": ["range"], "max_age_seconds": 0},
    ]
    done = twice(store, "cors", rules=rules)
    assert [rule.get("max_age_seconds") for rule in done["bucket"]["cors"]] == [None, 0]
    kept = store.bucket(NAME).cors_rules
    assert [(rule["allowedOperations"], rule["maxAgeSeconds"]) for rule in kept] == [(["s3_get", "s3_head"], 5), (["s3_get"], 0)]
    twice(store, "cors", rules=[{**rules[0], "max_age_seconds": 5}])
    twice(store, "cors", state="absent")
    assert store.bucket(NAME).cors_rules == []


def test_cors_rules_of_the_web_interface_are_shown_as_they_are(store):
    run(store, "bucket")
    store.bucket(NAME).cors_rules = [
        {
            "corsRuleName": "downloadFromAnyOrigin",
            "allowedOrigins": ["https"],
            "allowedHeaders": ["range"],
            "allowedOperations": ["b2_download_file_by_id", "s3_get"],
            "exposeHeaders": None,
            "maxAgeSeconds": 3600,
        }
    ]
    found = run_module("bucket_info", {**store.connection, "name": NAME, "gather": ["cors"]})["buckets"][0]["cors"]
    assert found == [
        {
            "allowed_origins": ["https"],
            "allowed_headers": ["range"],
            "allowed_methods": ["GET", "b2_download_file_by_id"],
            "max_age_seconds": 3600,
        }
    ]
    changed = run(store, "cors", rules=[{"allowed_origins": ["https://chat.example.org"], "allowed_methods": ["GET"]}])
    assert changed["changed"] and changed["diff"]["before"]["cors"] == found


def test_two_who_change_a_bucket_at_once(store):
    run(store, "bucket")

    def somebody_else():
        store.bucket(NAME).lifecycle_rules = [dict(LAST_VERSION, daysFromHidingToDeleting=30)]
        store.bucket(NAME).revision += 1

    store.meanwhile = somebody_else
    failed = run(store, "lifecycle", rules=[{"noncurrent_days": 1}])
    assert failed["error"]["code"] == "OperationAborted" and "run again" in failed["msg"]
    assert store.bucket(NAME).lifecycle_rules[0]["daysFromHidingToDeleting"] == 30
    assert run(store, "lifecycle", rules=[{"noncurrent_days": 1}])["changed"]


def test_the_endpoint_and_all_settings_are_shown(store):
    run(store, "bucket", acl="public-read")
    options = {**store.connection, "gather": ["endpoint", "location", "acl", "encryption", "versioning", "lifecycle", "cors"]}
    assert run_module("bucket_info", options)["buckets"] == [
        {
            "name": NAME,
            "endpoint": "https://s3.us-west-004.backblazeb2.com",
            "location": "us-west-004",
            "acl": "public-read",
            "encryption": {"algorithm": "AES256"},
            "versioning": True,
            "lifecycle": None,
            "cors": None,
        }
    ]
    assert run_module("bucket_info", {**store.connection, "name": "no-such-bucket"})["buckets"] == []


def fill(store, files=3):
    """Current files, old versions, one that is hidden, and an upload that was never finished."""
    simulator = store.simulator
    token = simulator.authorize_account("", store.access_key, store.secret_key)["authorizationToken"]
    bucket = store.bucket(NAME).bucket_id
    for number in range(files):
        simulator.upload(token, bucket, f"photo {number:04}", b"old")
        simulator.upload(token, bucket, f"photo {number:04}", b"new")
    simulator.hide_file(store.url, token, bucket, "photo 0000")
    simulator.start_large_file(store.url, token, bucket, "half", "text/plain", {})


@pytest.mark.filterwarnings("ignore:bad request exception")
def test_a_bucket_that_holds_something(store):
    run(store, "bucket")
    fill(store)
    failed = run(store, "bucket", state="absent")
    assert failed["error"]["code"] == "BucketNotEmpty" and "use force and force_confirm" in failed["msg"]
    sure = {"state": "absent", "force": True, "force_confirm": NAME}
    predicted = run(store, "bucket", check=True, **sure)
    assert predicted["deleted"] == {"objects": 2, "versions": 5, "uploads": 1}
    assert len(store.bucket(NAME).file_id_to_file) == 8
    assert run(store, "bucket", **sure) == predicted
    assert store.simulator.bucket_name_to_bucket == {}
    assert not run(store, "bucket", **sure)["changed"]


def test_more_than_one_page(store, monkeypatch):
    monkeypatch.setattr(b2native, "PAGE", 4)
    run(store, "bucket")
    fill(store, 9)
    sure = {"state": "absent", "force": True, "force_confirm": NAME}
    predicted = run(store, "bucket", check=True, **sure)
    assert predicted["deleted"] == {"objects": 8, "versions": 11, "uploads": 1}
    assert run(store, "bucket", **sure) == predicted


def test_a_name_that_somebody_else_has(store):
    stranger, secret = store.simulator.create_account()
    token = store.simulator.authorize_account("", stranger, secret)["authorizationToken"]
    store.simulator.create_bucket(store.url, token, stranger, NAME, "allPrivate")
    failed = run(store, "bucket")
    assert failed["error"]["code"] == "BucketAlreadyExists" and "choose another one" in failed["msg"]


def test_a_bucket_that_is_not_there(store):
    failed = run(store, "lifecycle", rules=[{"noncurrent_days": 1}])
    assert failed["error"]["code"] == "NoSuchBucket" and "Create the bucket first" in failed["msg"]


def test_a_key_that_may_not_change_buckets(store):
    run(store, "bucket")
    token = store.simulator.authorize_account("", store.access_key, store.secret_key)["authorizationToken"]
    ids = [store.bucket(NAME).bucket_id]
    key = store.simulator.create_key(store.url, token, store.access_key, ["listBuckets", "listFiles"], "weak", None, ids, None)
    weak = {"access_key": key["applicationKeyId"], "secret_key": key["applicationKey"]}
    assert run(store, "lifecycle", rules=[{"noncurrent_days": 1}], **weak)["error"]["code"] == "AccessDenied"
    for options in ({"encryption": {"algorithm": "AES256"}}, {"object_lock": True}):
        failed = run(store, "bucket", **options, **weak)
        assert failed["error"]["code"] == "AccessDenied" and "the key has no readBucket" in failed["msg"]
    assert "restricted to buckets" in run(store, "bucket", name="another-bucket", **weak)["msg"]


def test_a_wrong_secret(store):
    failed = run(store, "bucket", secret_key="wrong-secret")
    assert failed["error"]["code"] == "InvalidSecurity" and "Check access_key and secret_key" in failed["msg"]


def test_no_boto_is_needed(store, monkeypatch):
    monkeypatch.setattr(base.clients, "HAS_BOTO3", False)
    assert run(store, "bucket")["changed"]


def test_without_the_library(store, monkeypatch):
    monkeypatch.setitem(sys.modules, "b2sdk", None)
    asked = []
    monkeypatch.setattr(base, "has_respawned", lambda: False)
    monkeypatch.setattr(base, "probe_interpreters_for_module", lambda interpreters, library: asked.append(library))
    assert "pip install 'b2sdk>=" in run(store, "bucket")["msg"]
    assert asked == ["b2sdk"]


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("sync", {"path": "/", "bucket": NAME}),
        ("verify", {"path": "/", "bucket": NAME}),
        ("probe", {}),
        ("anonymous_access", {"name": NAME, "expect": "private"}),
    ],
)
def test_whoever_needs_objects_needs_s3(store, tmp_path, module, options):
    if "path" in options:
        options = {**options, "path": str(tmp_path)}
    failed = run_module(module, {**store.connection, **options})
    assert failed["error"]["code"] == "Unsupported" and "Leave api out of this task" in failed["msg"]
    assert store.calls == []


def test_only_backblaze_has_such_an_interface(store):
    failed = run(store, "bucket", provider="ceph")
    assert "Ceph" in failed["msg"] and "Leave api out" in failed["msg"]
    assert store.calls == []
