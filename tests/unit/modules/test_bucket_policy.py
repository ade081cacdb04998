# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bucket_policy module against stores that run."""

from __future__ import annotations

import json

import pytest

from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

READ_ONE = {"Sid": "A", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/a/*"}
READ_TWO = {
    "Sid": "B",
    "Effect": "Allow",
    "Principal": {"AWS": ["*"]},
    "Action": ["s3:GetObject"],
    "Resource": ["arn:aws:s3:::media/b/*"],
}
POLICY = {"Version": "2012-10-17", "Statement": [READ_ONE, READ_TWO]}
SAME = {
    "Statement": [{**READ_TWO, "Principal": "*", "Action": "s3:GetObject"}, {**READ_ONE, "Resource": ["arn:aws:s3:::media/a/*"]}],
    "Version": "2012-10-17",
}


def policy(store, check=False, diff=False, **options):
    return run_module("bucket_policy", {**store.connection, "name": "media", **options}, check=check, diff=diff)


@pytest.fixture
def media(moto):
    moto.client().create_bucket(Bucket="media")
    moto.requests.clear()
    return moto


def test_check_mode_predicts_and_changes_nothing(media):
    predicted = policy(media, check=True, diff=True, policy=POLICY)
    assert media.requests == ["GET /media?policy"]
    done = policy(media, diff=True, policy=POLICY)
    assert predicted == done and done["changed"]
    assert done["diff"]["before"] == {"policy": None}
    assert json.loads(media.client().get_bucket_policy(Bucket="media")["Policy"]) == POLICY


def test_the_same_meaning_is_no_change_and_one_request(media):
    policy(media, policy=POLICY)
    media.requests.clear()
    assert not policy(media, policy=POLICY)["changed"]
    assert not policy(media, policy=SAME)["changed"]
    assert not policy(media, policy=json.dumps(SAME))["changed"]
    assert media.requests == ["GET /media?policy"] * 3


def test_another_meaning_is_a_change(media):
    policy(media, policy=POLICY)
    narrower = {**POLICY, "Statement": [READ_ONE]}
    result = policy(media, policy=narrower, diff=True)
    assert result["changed"]
    assert len(result["diff"]["before"]["policy"]["Statement"]) == 2
    assert len(result["diff"]["after"]["policy"]["Statement"]) == 1


def test_a_policy_may_say_anything(media):
    odd = {**POLICY, "Id": "<html>", "Statement": [{**READ_ONE, "Sid": "<ListBucketResult>"}]}
    assert policy(media, policy=odd)["changed"]
    assert not policy(media, policy=odd)["changed"]


def test_absent_removes_it_once(media):
    policy(media, policy=POLICY)
    assert policy(media, state="absent", check=True)["changed"]
    assert media.client().get_bucket_policy(Bucket="media")
    assert policy(media, state="absent")["changed"]
    media.requests.clear()
    assert policy(media, state="absent") == {"changed": False, "bucket": {"name": "media", "policy": None}}
    assert media.requests == ["GET /media?policy"]


def test_where_there_are_no_policies_absent_is_true_without_a_request(media):
    assert policy(media, state="absent", provider="rclone")["changed"] is False
    assert media.requests == []


def test_where_there_are_no_policies_present_is_refused_without_a_request(media):
    failed = policy(media, policy=POLICY, provider="garage", region="garage")
    assert failed["error"]["code"] == "Unsupported"
    assert "garage bucket allow" in failed["msg"]
    assert media.requests == []


def test_a_policy_that_falls_through_costs_no_bucket(naive):
    naive.buckets.add("media")
    assert policy(naive, policy=POLICY)["error"]["code"] == "Unsupported"
    assert policy(naive, state="absent")["changed"] is False
    assert naive.buckets == {"media"}
    assert naive.requests == ["GET /media?policy"] * 2


def test_the_real_store_that_falls_through_keeps_its_bucket(rclone):
    (rclone.data / "media").mkdir()
    assert policy(rclone, provider="generic", policy=POLICY)["error"]["code"] == "Unsupported"
    assert policy(rclone, provider="generic", state="absent")["changed"] is False
    assert (rclone.data / "media").is_dir()


def test_a_missing_bucket_fails_but_not_in_check_mode(moto):
    failed = policy(moto, policy=POLICY)
    assert failed["error"]["code"] == "NoSuchBucket"
    assert "Create the bucket first" in failed["msg"]
    predicted = policy(moto, policy=POLICY, check=True)
    assert predicted["changed"] and "does not exist yet" in json.dumps(predicted["warnings"])
    assert not policy(moto, state="absent")["changed"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("{", "not JSON"),
        ({}, "no Statement"),
        ([], "no Statement"),
        ({"Statement": []}, "no Statement"),
        ({"Statement": ["x"]}, "statement 1 of the policy is not a dictionary"),
        ({"Statement": [READ_ONE, {**READ_ONE, "Effect": "allow"}]}, "statement 2 of the policy has the Effect 'allow'"),
        ({"Statement": {**READ_ONE, "Action": []}}, "has no Action"),
        ({"Statement": {**READ_ONE, "Principal": {}}}, "has no Principal"),
        (
            {"Statement": {**READ_ONE, "Resource": "arn:aws:s3:::other/*"}},
            "names arn:aws:s3:::other/*, which is not in bucket media",
        ),
        ({"Statement": {**READ_ONE, "Condition": "x"}}, "a Condition that is not a dictionary"),
        ({"Statement": {**READ_ONE, "Condition": {"StringLike": "x"}}}, "a Condition that is not a dictionary"),
    ],
)
def test_a_policy_that_cannot_be_meant(media, wrong, words):
    failed = policy(media, policy=wrong)
    assert failed["error"]["code"] == "BadInput"
    assert words in failed["msg"]
    assert media.requests == []


def test_present_needs_a_policy(media):
    assert "policy" in policy(media)["msg"]
    assert media.requests == []
