# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lifecycle module against stores that run."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._base import settle as loop
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

KEEP_LAST = {
    "id": "keep-only-the-last-version",
    "noncurrent_days": 1,
    "expired_object_delete_marker": True,
    "abort_incomplete_multipart_upload_days": 1,
}
EXPORTS = {"id": "exports", "prefix": "exports/", "expiration_days": 7}


def lifecycle(store, check=False, diff=False, **options):
    return run_module("lifecycle", {**store.connection, "name": "media", **options}, check=check, diff=diff)


@pytest.fixture
def media(moto):
    moto.client().create_bucket(Bucket="media")
    moto.requests.clear()
    return moto


def kept(store):
    return store.client().get_bucket_lifecycle_configuration(Bucket="media")["Rules"]


def test_check_mode_predicts_and_the_second_run_asks_once(media):
    predicted = lifecycle(media, check=True, diff=True, rules=[KEEP_LAST, EXPORTS])
    assert media.requests == ["GET /media?lifecycle"]
    done = lifecycle(media, diff=True, rules=[KEEP_LAST, EXPORTS])
    assert predicted == done and done["changed"]
    assert {rule["id"] for rule in done["bucket"]["lifecycle"]} == {"exports", "keep-only-the-last-version"}
    media.requests.clear()
    assert not lifecycle(media, rules=[EXPORTS, KEEP_LAST])["changed"]
    assert media.requests == ["GET /media?lifecycle"]


def test_rules_that_are_not_named_stay_or_go(media):
    lifecycle(media, rules=[KEEP_LAST])
    assert lifecycle(media, rules=[EXPORTS], purge_rules=False)["changed"]
    assert sorted(rule["ID"] for rule in kept(media)) == ["exports", "keep-only-the-last-version"]
    assert not lifecycle(media, rules=[EXPORTS], purge_rules=False)["changed"]
    assert lifecycle(media, rules=[EXPORTS])["changed"]
    assert [rule["ID"] for rule in kept(media)] == ["exports"]
    gone = lifecycle(media, state="absent", diff=True)
    assert gone["changed"] and gone["diff"]["after"]["lifecycle"] is None
    assert not lifecycle(media, state="absent")["changed"]


def test_a_filter_that_the_store_drops_costs_no_object(media, monkeypatch):
    # moto drops size filters, as Ceph 16 and 18 do: everything below the prefix would expire.
    monkeypatch.setattr(loop, "STEADY_S", 0.2)
    lifecycle(media, rules=[KEEP_LAST])
    failed = lifecycle(media, rules=[{**EXPORTS, "object_size_greater_than": 4096}], purge_rules=True)
    assert failed["error"]["code"] == "NotKept" and "object_size_greater_than" in failed["msg"]
    assert "former setting was put back" in failed["msg"]
    assert not failed.get("changed")
    assert [rule["ID"] for rule in kept(media)] == ["keep-only-the-last-version"]


@pytest.mark.parametrize(
    ("provider", "rule", "words"),
    [
        ("minio", KEEP_LAST, "rule 1 has abort_incomplete_multipart_upload_days, which MinIO does not have"),
        ("garage", {"noncurrent_days": 1}, "rule 1 has noncurrent_days, which Garage does not have"),
        ("b2", {"tags": {"a": "b"}, "expiration_days": 1}, "rule 1 has tags"),
        ("b2", {"expiration_days": 1, "enabled": False}, "is switched off"),
        ("rclone", EXPORTS, "has no lifecycle rules"),
        ("aws", {"transitions": [{"days": 1, "storage_class": "COLD"}]}, "no storage class COLD"),
    ],
)
def test_what_the_provider_lacks_is_refused_before_the_first_request(media, provider, rule, words):
    failed = lifecycle(media, provider=provider, rules=[rule])
    assert failed["error"]["code"] == "Unsupported" and words in failed["msg"]
    assert media.requests == []


def test_two_rules_for_one_prefix_that_b2_cannot_tell_apart(media):
    failed = lifecycle(media, provider="b2", rules=[{"id": "a", "expiration_days": 1}, {"id": "b", "expiration_days": 2}])
    assert "one rule for each prefix" in failed["msg"] and media.requests == []


def test_the_rule_of_the_matrix_guide_on_b2(media):
    # moto stands for B2's S3 interface: what is sent must be what B2's documentation shows.
    assert lifecycle(media, provider="b2", rules=[{"noncurrent_days": 1, "expired_object_delete_marker": True}])["changed"]
    rule = kept(media)[0]
    assert {name: rule[name] for name in ("Status", "Filter", "NoncurrentVersionExpiration")} == {
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    assert "Expiration" not in rule
    assert not lifecycle(media, provider="b2", rules=[{"noncurrent_days": 1}])["changed"]


def test_a_malformed_rule_is_refused_before_the_first_request(media):
    assert "does nothing" in lifecycle(media, rules=[{"id": "x"}])["msg"]
    assert "use state absent" in lifecycle(media, rules=[])["msg"]
    assert "rules" in lifecycle(media)["msg"]
    assert media.requests == []


def test_a_bucket_that_an_earlier_task_would_make(moto):
    predicted = lifecycle(moto, check=True, rules=[EXPORTS])
    assert predicted["changed"] and "does not exist yet" in str(predicted["warnings"])
    assert lifecycle(moto, rules=[EXPORTS])["error"]["code"] == "NoSuchBucket"
    assert not lifecycle(moto, state="absent")["changed"]


def test_a_store_that_falls_through_keeps_its_bucket(naive):
    naive.buckets.add("media")
    assert lifecycle(naive, rules=[EXPORTS])["error"]["code"] == "Unsupported"
    assert not lifecycle(naive, state="absent")["changed"]
    assert naive.buckets == {"media"} and all(request.startswith("GET") for request in naive.requests)
