# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lifecycle rules by meaning, and the spellings in which stores give them back."""

from __future__ import annotations

import datetime
import random

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import lifecycle
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput
from ansible_collections.mediastore.s3.plugins.module_utils._core.lifecycle import (
    canonical,
    check,
    decode,
    encode,
    flat,
    merged,
    parts,
)

WHOLE = {
    "id": "everything",
    "prefix": "tmp/",
    "tags": {"kind": "draft", "copies": 2},
    "object_size_greater_than": 0,
    "object_size_less_than": 1024,
    "expiration_days": 30,
    "noncurrent_days": 7,
    "newer_noncurrent_versions": 3,
    "transitions": [{"days": 20, "date": None, "storage_class": "GLACIER"}, {"days": 10, "storage_class": "STANDARD_IA"}],
    "noncurrent_transitions": [{"noncurrent_days": 3, "storage_class": "GLACIER_IR"}],
}
RULES = [
    WHOLE,
    {"expiration_days": 1},
    {"prefix": "a/", "abort_incomplete_multipart_upload_days": 1},
    {"noncurrent_days": 1, "expired_object_delete_marker": True, "abort_incomplete_multipart_upload_days": 1},
    {"tags": {"a": ""}, "expiration_date": "2027-01-31"},
    {"object_size_less_than": 10, "expiration_days": 1, "enabled": False},
    {"transitions": [{"date": "2027-01-31", "storage_class": "GLACIER"}]},
]


@pytest.mark.parametrize("rule", RULES)
def test_there_and_back(rule):
    assert decode(encode(flat(rule))) == flat(rule)


def test_what_s3_is_sent():
    assert encode(flat({"id": "old", "noncurrent_days": 1, "expired_object_delete_marker": True})) == {
        "ID": "old",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
    }
    assert encode(flat({"prefix": "a/", "object_size_greater_than": 5, "expiration_date": "2027-01-31"})) == {
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "a/", "ObjectSizeGreaterThan": 5}},
        "Expiration": {"Date": datetime.datetime(2027, 1, 31, tzinfo=datetime.timezone.utc)},
    }


@pytest.mark.parametrize(
    "spelling",
    [{"Filter": {}}, {"Filter": {"Prefix": ""}}, {"Prefix": ""}, {}, {"Filter": {"And": {"Prefix": ""}}}, {"Filter": None}],
)
def test_one_empty_filter_in_all_its_spellings(spelling):
    # Ceph RGW turns the first two into the third.
    assert decode({"Status": "Enabled", "Expiration": {"Days": 1}, **spelling}) == flat({"expiration_days": 1})


def test_the_order_of_rules_and_tags_and_transitions_means_nothing():
    shuffled = [dict(random.sample(sorted(rule.items()), len(rule))) for rule in random.sample(RULES, len(RULES))]
    for rule in shuffled:
        if "transitions" in rule:
            rule["transitions"] = rule["transitions"][::-1]
    assert canonical(shuffled) == canonical(RULES)


@pytest.mark.parametrize(
    "change",
    [
        {"prefix": "tmp"},
        {"tags": {"kind": "draft"}},
        {"expiration_days": 31},
        {"enabled": False},
        {"object_size_greater_than": None},
    ],
)
def test_another_meaning_is_another_rule(change):
    assert canonical([WHOLE]) != canonical([{**WHOLE, **change}])


def test_parts_are_what_a_store_may_lack():
    assert parts(flat(WHOLE)) == {
        *("prefix", "tags", "object_size", "expiration_days", "noncurrent_days", "newer_noncurrent_versions"),
        *("transitions", "noncurrent_transitions"),
    }
    assert parts(flat({"expiration_days": 1})) == {"expiration_days"}


class TestIds:
    before = canonical([{"id": "mine", "prefix": "a/", "expiration_days": 1}, {"id": "other", "expiration_days": 9}])

    def test_a_rule_without_a_name_keeps_the_one_it_has(self):
        assert merged(self.before, [{"prefix": "a/", "expiration_days": 1}], purge=True) == [
            flat({"id": "mine", "prefix": "a/", "expiration_days": 1})
        ]

    def test_a_new_rule_without_a_name_gets_one_that_stays(self):
        once = merged([], [{"expiration_days": 3}], purge=True)
        assert once[0]["id"].startswith("mediastore-")
        assert merged(once, [{"expiration_days": 3}], purge=True) == once

    def test_what_is_not_named_stays_only_if_asked_for(self):
        given = [{"id": "mine", "prefix": "a/", "expiration_days": 2}]
        assert canonical(merged(self.before, given, purge=False)) == canonical([*given, {"id": "other", "expiration_days": 9}])
        assert canonical(merged(self.before, given, purge=True)) == canonical(given)

    def test_a_store_without_ids_knows_rules_by_what_they_are_for(self):
        before = canonical(self.before, keeps_ids=False)
        after = merged(before, [{"id": "mine", "prefix": "a/", "expiration_days": 2}], purge=False)
        assert canonical(after, keeps_ids=False) == canonical(
            [{"prefix": "a/", "expiration_days": 2}, {"expiration_days": 9}], keeps_ids=False
        )


class TestBackblaze:
    def test_a_rule_that_hides_comes_back_as_two(self):
        sent = [{"expiration_days": 7, "noncurrent_days": 1}]
        shown = [{"id": "x", "expiration_days": 7, "noncurrent_days": 1}, {"id": "y", "expired_object_delete_marker": True}]
        assert canonical(shown, "b2") == canonical(sent, "b2")

    def test_the_rule_of_the_matrix_guide(self):
        # "Days Till Delete: 1" of the web interface; the marker vanishes there by itself.
        assert canonical([{"noncurrent_days": 1, "expired_object_delete_marker": True}], "b2") == [
            {"enabled": True, "prefix": "", "noncurrent_days": 1}
        ]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({}, "does nothing"),
        ({"prefix": "a/"}, "does nothing"),
        ({"expiration_days": 0}, "expiration_days 0"),
        ({"noncurrent_days": -1}, "noncurrent_days -1"),
        ({"expiration_days": 1, "expiration_date": "2027-01-31"}, "both expiration_days and expiration_date"),
        ({"expiration_days": 1, "expired_object_delete_marker": True}, "make it two rules"),
        ({"tags": {"a": "b"}, "abort_incomplete_multipart_upload_days": 1}, "no tags to look at"),
        ({"object_size_greater_than": 9, "object_size_less_than": 9, "expiration_days": 1}, "between which there is nothing"),
        ({"newer_noncurrent_versions": 2}, "without noncurrent_days"),
        ({"expiration_date": "31.1.2027"}, "not a day"),
        ({"transitions": [{"storage_class": "GLACIER"}]}, "either days or date"),
        ({"transitions": [{"days": 1, "date": "2027-01-31", "storage_class": "GLACIER"}]}, "either days or date"),
        ({"transitions": [{"date": "soon", "storage_class": "GLACIER"}]}, "not a day"),
        ({"noncurrent_transitions": [{"noncurrent_days": 0, "storage_class": "GLACIER"}]}, "noncurrent_days of 1 or more"),
        ({"id": "x" * 256, "expiration_days": 1}, "more than 255 characters"),
    ],
)
def test_what_no_store_could_carry_out(rule, words):
    with pytest.raises(BadInput, match=words) as caught:
        check([{"expiration_days": 1}, rule], "set the rules")
    assert "rule 2" in str(caught.value)


def test_an_id_twice_and_no_rule_at_all():
    with pytest.raises(BadInput, match="of an earlier one"):
        check([{"id": "a", "expiration_days": 1}, {"id": "a", "expiration_days": 2}], "set the rules")
    with pytest.raises(BadInput, match="use state absent"):
        check([], "set the rules")


def test_good_rules_pass():
    check(RULES, "set the rules")
    assert lifecycle.ID_MAX == 255
