# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that makes buckets, run as a user runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.e2e.provisioning import UNPROVED, changed, differences, provision
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

SECRET = "a-secret-that-must-not-show"
GUIDE = Path(__file__).parents[2] / "docs" / "buckets.md"
BUCKETS = [
    {"name": "media", "versioning": True, "tags": {"service": "synapse"}, "preset": "private"},
    {"name": "avatars", "preset": "public_read", "prefix": "public/"},
    {"name": "team", "preset": "private", "principals": ["arn:aws:iam:::user/synapse"]},
    {"name": "old-media", "state": "absent"},
]
EVERYTHING = [
    {
        "name": "uploads",
        "preset": "private",
        "versioning": True,
        "ownership": "BucketOwnerEnforced",
        "encryption": {"algorithm": "AES256"},
        "tags": {"service": "chat", "owner": "team"},
        "lifecycle": [
            {"id": "last-version", "noncurrent_days": 1, "expired_object_delete_marker": True},
            {"id": "exports", "prefix": "exports/", "expiration_days": 7},
        ],
        "cors": [{"allowed_origins": ["https://chat.example.org"], "allowed_methods": ["GET"], "max_age_seconds": 3600}],
    },
    {"name": "locked", "object_lock": True, "acl": "private", "website": {"index_document": "start.html"}},
    {"name": "plain", "policy": {}, "cors": [], "lifecycle": []},
    {"name": "gone", "state": "absent", "force": True, "force_confirm": "gone"},
]


@pytest.fixture
def moto():
    with MotoS3() as store:
        store.secret_key = SECRET
        yield store


@pytest.fixture
def rclone(tmp_path):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", SECRET) as store:
        yield store


def test_check_predicts_the_run_and_the_second_run_changes_nothing(moto, tmp_path):
    status, output = provision(tmp_path, moto.connection, BUCKETS, "--check", "--diff", **UNPROVED)
    assert status == 0, output
    predicted = changed(output)
    assert moto.client().list_buckets()["Buckets"] == []

    status, output = provision(tmp_path, moto.connection, BUCKETS, "--diff", "-vvv", **UNPROVED)
    assert status == 0 and changed(output) == predicted == 2, output
    client = moto.client()
    assert sorted(bucket["Name"] for bucket in client.list_buckets()["Buckets"]) == ["avatars", "media", "team"]
    assert client.get_bucket_versioning(Bucket="media")["Status"] == "Enabled"
    policy = json.loads(client.get_bucket_policy(Bucket="avatars")["Policy"])
    assert policy["Statement"][0]["Resource"] == ["arn:aws:s3:::avatars/public/*"]
    blocks = {
        name: client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] for name in ("media", "avatars")
    }
    assert set(blocks["media"].values()) == {True}
    assert [name for name, closed in blocks["avatars"].items() if not closed] == ["BlockPublicPolicy", "RestrictPublicBuckets"]

    status, output = provision(tmp_path, moto.connection, BUCKETS, **UNPROVED)
    assert status == 0 and changed(output) == 0, output


def test_every_setting_is_predicted_line_by_line_and_made(moto, tmp_path):
    client = moto.client()
    client.create_bucket(Bucket="gone")
    client.put_object(Bucket="gone", Key="a", Body=b"a")
    status, predicted = provision(tmp_path, moto.connection, EVERYTHING, "--check", "--diff", **UNPROVED)
    assert status == 0, predicted
    moto.requests.clear()
    status, made = provision(tmp_path, moto.connection, EVERYTHING, "--diff", **UNPROVED)
    assert status == 0 and differences(made) == differences(predicted), made
    assert len(differences(made)) > 40

    assert sorted(bucket["Name"] for bucket in client.list_buckets()["Buckets"]) == ["locked", "plain", "uploads"]
    rules = client.get_bucket_lifecycle_configuration(Bucket="uploads")["Rules"]
    assert sorted(rule["ID"] for rule in rules) == ["exports", "last-version"]
    assert client.get_bucket_cors(Bucket="uploads")["CORSRules"][0]["AllowedOrigins"] == ["https://chat.example.org"]
    assert client.get_bucket_website(Bucket="locked")["IndexDocument"] == {"Suffix": "start.html"}
    assert client.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"]["ObjectLockEnabled"] == "Enabled"
    assert [request for request in moto.requests if request.startswith("PUT /plain?")] == []

    status, output = provision(tmp_path, moto.connection, EVERYTHING, **UNPROVED)
    assert status == 0 and changed(output) == 0, output


def test_rules_that_nobody_named_stay_or_go(moto, tmp_path):
    def rules(buckets):
        status, output = provision(tmp_path, moto.connection, buckets, **UNPROVED)
        assert status == 0, output
        found = moto.client().get_bucket_lifecycle_configuration(Bucket="media")["Rules"]
        return sorted(rule["ID"] for rule in found)

    one, two = {"id": "one", "expiration_days": 1}, {"id": "two", "prefix": "a/", "expiration_days": 2}
    assert rules([{"name": "media", "lifecycle": [one]}]) == ["one"]
    assert rules([{"name": "media", "lifecycle": [two], "purge_lifecycle_rules": False}]) == ["one", "two"]
    assert rules([{"name": "media", "lifecycle": [], "purge_lifecycle_rules": False}]) == ["one", "two"]
    assert rules([{"name": "media", "lifecycle": [two]}]) == ["two"]


def test_a_store_that_lets_everybody_in_is_found_out(moto, tmp_path):
    status, output = provision(tmp_path, moto.connection, [{"name": "media", "preset": "private"}], mediastore_prove_timeout=0)
    assert status == 2 and "failed=1" in output
    assert "Could not prove that bucket media is private: EVERYBODY CAN LIST its objects (200)" in output
    assert "EVERYBODY CAN PUT objects into it (200)" in output
    assert "Contents" not in moto.client().list_objects_v2(Bucket="media")


def test_what_is_not_proved_is_said(moto, tmp_path):
    buckets = [{"name": "media", "preset": "private", "prove": False}, {"name": "plain"}]
    status, output = provision(tmp_path, moto.connection, buckets)
    assert status == 0, output
    assert "Not proved, because mediastore_prove_access or prove is false, that bucket media is private." in output
    assert "that bucket plain" not in output


def test_a_store_of_objects_only_is_provisioned_proved_and_refuses_the_rest(rclone, tmp_path):
    plain = [{"name": "media", "preset": "private"}]
    status, output = provision(tmp_path, rclone.connection, plain, "--check")
    assert status == 0 and changed(output) == 1 and not (rclone.data / "media").exists(), output
    status, output = provision(tmp_path, rclone.connection, plain, "-v")
    assert status == 0 and changed(output) == 1, output
    assert '"access": {"list": "refused", "read": "refused", "write": "refused"}' in output and '"proved": true' in output
    status, output = provision(tmp_path, rclone.connection, plain)
    assert status == 0 and changed(output) == 0, output
    status, output = provision(tmp_path, rclone.connection, [{"name": "media", "tags": {"a": "b"}}])
    assert status == 2
    assert "rclone serve s3 has no bucket tags" in output
    assert list((rclone.data / "media").iterdir()) == []


def test_what_the_store_cannot_do_for_one_bucket_is_refused_before_any_is_made(rclone, tmp_path):
    buckets = [{"name": "media", "preset": "private"}, {"name": "avatars", "preset": "public_read"}]
    status, output = provision(tmp_path, rclone.connection, buckets)
    assert status == 2
    assert "Bucket avatars: preset is public_read, and rclone serve s3 cannot let everybody read a bucket" in output
    assert "Put a proxy in front of it" in output
    assert list(rclone.data.iterdir()) == []


@pytest.mark.parametrize(
    ("buckets", "words"),
    [
        ([{"name": "media"}, {"name": "media"}], "names a bucket twice"),
        ([{"name": "media", "policy": {"Statement": []}, "preset": "private"}], "Bucket media: it has both policy and preset"),
        ([{"name": "media", "acl": "public-read", "preset": "private"}], "acl is public-read, and preset is private"),
        ([{"name": "media", "principals": ["me"], "preset": "public_read"}], "preset public_read has no principals"),
        ([{"name": "media", "versionning": True}], "versionning"),
        ([{"name": "media", "preset": "public"}], "public_read"),
        ([{"name": "media", "lifecycle": [{"expiration_day": 1}]}], "expiration_day"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_made(moto, tmp_path, buckets, words):
    status, output = provision(tmp_path, moto.connection, buckets)
    assert status == 2
    assert words in output
    assert moto.requests == []


def guide() -> list:
    """The blocks of the guide that are host_vars with buckets."""
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    found = [yaml.safe_load(block) for block in blocks]
    return [block for block in found if isinstance(block, dict) and "mediastore_buckets" in block]


def test_the_guide_has_examples():
    assert len(guide()) > 4


@pytest.mark.parametrize("variables", guide(), ids=lambda block: block["mediastore_buckets"][0]["name"])
def test_the_examples_of_the_guide(moto, tmp_path, variables):
    """In check mode, on moto in the place of each example's store: the profile is the one that the example names."""
    variables = {**variables, **UNPROVED, "mediastore_hosts": "all"}
    buckets = variables.pop("mediastore_buckets")
    store = {**moto.connection, "provider": variables.pop("mediastore_store", {}).get("provider", "aws")}
    status, output = provision(tmp_path, store, buckets, "--check", **variables)
    assert status == 0, output
