# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cors module against stores that run."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

CHAT = {
    "allowed_origins": ["https://chat.example.org", "https://app.example.org"],
    "allowed_methods": ["GET", "HEAD"],
    "allowed_headers": ["Range", "Authorization"],
    "expose_headers": ["ETag"],
    "max_age_seconds": 3600,
}
ANYONE = {"allowed_origins": ["*"], "allowed_methods": ["GET"]}


def cors(store, check=False, diff=False, **options):
    return run_module("cors", {**store.connection, "name": "media", **options}, check=check, diff=diff)


@pytest.fixture
def media(moto):
    moto.client().create_bucket(Bucket="media")
    moto.requests.clear()
    return moto


def test_check_mode_predicts_and_the_second_run_asks_once(media):
    predicted = cors(media, check=True, diff=True, rules=[CHAT, ANYONE])
    assert media.requests == ["GET /media?cors"]
    done = cors(media, diff=True, rules=[CHAT, ANYONE])
    assert predicted == done and done["changed"]
    media.requests.clear()
    assert not cors(media, rules=[CHAT, ANYONE])["changed"]
    assert media.requests == ["GET /media?cors"]


def test_the_order_of_rules_is_everything_and_within_a_rule_nothing(media):
    cors(media, rules=[CHAT, ANYONE])
    same = {**CHAT, "allowed_origins": CHAT["allowed_origins"][::-1], "allowed_headers": ["authorization", "RANGE"]}
    assert not cors(media, rules=[same, ANYONE])["changed"]
    assert cors(media, rules=[ANYONE, CHAT])["changed"]
    assert media.client().get_bucket_cors(Bucket="media")["CORSRules"][0]["AllowedOrigins"] == ["*"]


def test_none(media):
    cors(media, rules=[CHAT])
    assert cors(media, state="absent")["changed"]
    assert not cors(media, state="absent")["changed"]
    assert not cors(media, state="absent", provider="minio")["changed"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({**ANYONE, "allowed_origins": []}, "has no allowed_origins"),
        ({**ANYONE, "allowed_methods": []}, "has no allowed_methods"),
        ({**ANYONE, "allowed_origins": ["https://*.*"]}, "more than one *"),
        ({**ANYONE, "allowed_origins": ["chat.example.org"]}, "not the beginning of a URL"),
        ({**ANYONE, "allowed_origins": ["https://chat.example.org/"]}, "without a slash at the end"),
        ({**ANYONE, "allowed_headers": ["x-*-*"]}, "more than one *"),
        ({**ANYONE, "allowed_methods": ["PATCH"]}, "PATCH"),
        ({**ANYONE, "max_age_seconds": -1}, "max_age_seconds -1"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused_before_the_first_request(media, rule, words):
    assert words in cors(media, rules=[rule])["msg"]
    assert media.requests == []


def test_no_rules_and_too_many(media):
    assert "use state absent" in cors(media, rules=[])["msg"]
    assert "1 to 100" in cors(media, rules=[ANYONE] * 101)["msg"]
    assert media.requests == []


def test_the_alternative_is_named(media):
    assert "MINIO_API_CORS_ALLOW_ORIGIN" in cors(media, provider="minio", rules=[ANYONE])["msg"]
    assert media.requests == []


def test_a_store_that_falls_through_keeps_its_bucket(naive):
    naive.buckets.add("media")
    assert cors(naive, rules=[ANYONE])["error"]["code"] == "Unsupported"
    assert not cors(naive, state="absent")["changed"]
    assert naive.buckets == {"media"} and all(request.startswith("GET") for request in naive.requests)
