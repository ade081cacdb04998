# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A preset is spelled out by the means of the store, the user's own word wins, and what contradicts it is named beforehand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.policies import private, public_read
from ansible_collections.mediastore.s3.plugins.module_utils._core.presets import spell_out
from ansible_collections.mediastore.s3.plugins.module_utils._store.capabilities import capabilities_of
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import PROFILES

GUIDE = Path(__file__).parents[3] / "docs" / "buckets.md"
WAYS = {"a policy": "policy", "the bucket's ACL": "bucket_acl", "the bucket's website": "website", "none": "none"}
CLOSED = {"ignore_public_acls": True, "block_public_policy": True, "restrict_public_buckets": True}
POLICY_ONLY = {"ignore_public_acls": True, "block_public_policy": False, "restrict_public_buckets": False}
NO_ACLS = {"block_public_acls": True}
WEB = {"public_url": "https://media.web.example.org"}


def provider(name):
    """What provider_info returns of it, as far as presets go."""
    profile = PROFILES[name]
    return {"title": profile.title, "capabilities": capabilities_of(profile)}


def spelled(name, **entry):
    plan = spell_out([{"name": "media", **entry}], provider(name))
    assert plan.problems == []
    return plan.buckets[0]


def problem(name, **entry):
    plan = spell_out([{"name": "media", **entry}], provider(name))
    (only,) = plan.problems
    assert only.startswith("Bucket media: ") and only.endswith(".") and "\n" not in only
    return only


def proof(expect, **more):
    return {"expect": expect, "prefix": "", **more}


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("aws", {"public_access_block": {**NO_ACLS, **CLOSED}}),
        # block_public_acls stops all uploads there
        ("ceph", {"public_access_block": CLOSED}),
        # nobody knows whether it has one, and the user has not named it
        ("generic", {}),
        ("minio", {}),
        ("rclone", {}),
        ("b2", {"acl": "private"}),
        ("garage", {"website": {"enabled": False}}),
    ],
)
def test_private(name, means):
    assert spelled(name, preset="private") == {"name": "media", "policy": {}, **means, "proof": proof("private")}


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("aws", {"public_access_block": {**NO_ACLS, **POLICY_ONLY}, "policy": public_read("media")}),
        ("ceph", {"public_access_block": POLICY_ONLY, "policy": public_read("media")}),
        ("generic", {"policy": public_read("media")}),
        ("minio", {"policy": public_read("media")}),
        ("b2", {"acl": "public-read"}),
    ],
)
def test_public_read(name, means):
    assert spelled(name, preset="public_read") == {"name": "media", **means, "proof": proof("public_read")}


def test_public_read_by_website_is_proved_at_the_websites_url():
    assert spelled("garage", preset="public_read", **WEB) == {
        "name": "media",
        "website": {"enabled": True},
        "proof": proof("public_read", **WEB),
    }
    assert "Set public_url to it, or prove to false" in problem("garage", preset="public_read")
    assert spelled("garage", preset="public_read", prove=False)["waived"] == "public_read"


@pytest.mark.parametrize("name", [name for name, profile in PROFILES.items() if profile.public_read == "none"])
def test_public_read_where_it_cannot_be_says_what_to_do_instead(name):
    said = problem(name, preset="public_read")
    assert PROFILES[name].title in said and PROFILES[name].instead["public_read"] in said


@pytest.mark.parametrize("name", PROFILES)
def test_every_store_can_be_private(name):
    assert spelled(name, preset="private")["proof"] == proof("private")


def test_the_prefix_and_the_principals_go_into_the_policy():
    users = ["arn:aws:iam:::user/synapse"]
    found = spelled("ceph", preset="private", principals=users, prefix="a/")
    assert found["policy"] == private("media", users, "a/") and "principals" not in found
    # Ceph takes every policy that allows something for a public one
    assert found["public_access_block"] == POLICY_ONLY
    assert spelled("aws", preset="private", principals=users)["public_access_block"] == {**NO_ACLS, **CLOSED}
    found = spelled("ceph", preset="public_read", prefix="public/")
    assert found["policy"] == public_read("media", "public/")
    assert found["proof"] == {"expect": "public_read", "prefix": "public/"}


def test_the_users_word_wins_part_by_part():
    found = spelled("aws", preset="private", public_access_block={"block_public_acls": False}, acl="private", versioning=True)
    assert found["public_access_block"] == {"block_public_acls": False, **CLOSED}
    assert found["acl"] == "private" and found["versioning"] is True
    website = {"index_document": "start.html"}
    assert spelled("garage", preset="public_read", website=website, **WEB)["website"] == website
    # a website on AWS is readable for nobody without a policy
    assert spelled("aws", preset="private", website=website)["website"] == website


def test_what_is_not_said_is_not_asked_for():
    entry = {"versioning": False, "tags": {}, "cors": [], "lifecycle": [], "quota": {"max_objects": 3}, "policy": {}}
    assert spelled("ceph", **entry, acl=None, website=None) == {"name": "media", **entry}
    assert spelled("ceph") == {"name": "media"}


def test_no_rules_and_none_to_remove_is_nothing_to_do():
    assert "lifecycle" not in spelled("ceph", lifecycle=[], purge_lifecycle_rules=False)
    assert spelled("ceph", lifecycle=[], purge_lifecycle_rules=True)["lifecycle"] == []


def test_a_bucket_that_goes_needs_no_preset():
    entry = {"state": "absent", "force": True, "force_confirm": "media"}
    assert spelled("rclone", preset="public_read", tags={"a": "b"}, **entry) == {"name": "media", **entry}


def test_a_policy_of_ones_own_is_proved_if_it_says_what_it_is_for():
    found = spelled("ceph", policy={"Statement": []}, expect="public_read", prefix="a/")
    assert found == {"name": "media", "policy": {"Statement": []}, "proof": {"expect": "public_read", "prefix": "a/"}}
    assert "proof" not in spelled("ceph", policy={"Statement": []})


@pytest.mark.parametrize("no", [False, "false", "no", "False"])
def test_a_proof_is_waived(no):
    assert spelled("ceph", preset="private", prove=no)["waived"] == "private"
    assert "proof" not in spelled("ceph", preset="private", prove=no)


def test_all_proofs_are_waived():
    plan = spell_out([{"name": "media", "preset": "private", "prove": True}], provider("ceph"), False)
    assert plan.buckets[0]["waived"] == "private" and "proof" not in plan.buckets[0]


@pytest.mark.parametrize(
    ("name", "entry", "words"),
    [
        ("aws", {"preset": "private", "policy": {}}, "both policy and preset"),
        ("aws", {"preset": "private", "acl": "public-read"}, "acl is public-read, and preset is private"),
        ("b2", {"preset": "private", "acl": "public-read"}, "acl is public-read, and preset is private"),
        ("garage", {"preset": "private", "website": {"error_document": "e.html"}}, "its website lets everybody read on Garage"),
        ("garage", {"preset": "private", "principals": ["a"]}, "Access is granted per key and bucket there"),
        ("aws", {"preset": "private", "principals": ["*"]}, "principals holds *, which is everybody"),
        ("aws", {"preset": "private", "expect": "public_read"}, "preset is private and expect is public_read"),
        ("aws", {"preset": "public_read", "principals": ["a"]}, "preset public_read has no principals"),
        ("aws", {"preset": "public_read", "public_access_block": {"block_public_policy": True}}, "block_public_policy"),
        ("aws", {"preset": "public_read", "public_access_block": {"restrict_public_buckets": "yes"}}, "restrict_public_buckets"),
        ("aws", {"preset": "public_read", "acl": "public-read"}, "everybody could list its objects"),
        ("b2", {"preset": "public_read", "acl": "private"}, "which Backblaze B2 does by its ACL"),
        ("b2", {"preset": "public_read", "prefix": "a/"}, "opens a bucket to everybody as a whole"),
        ("garage", {"preset": "public_read", "prefix": "a/", **WEB}, "opens a bucket to everybody as a whole"),
        ("garage", {"preset": "public_read", "website": {"enabled": "false"}, **WEB}, "that is switched off"),
        ("aws", {"principals": ["a"]}, "principals does nothing without a preset"),
        ("aws", {"expect": "private", "principals": ["a"]}, "principals does nothing without a preset"),
        ("aws", {"prefix": "a/"}, "prefix does nothing without a preset"),
        ("aws", WEB, "public_url does nothing without a preset"),
    ],
)
def test_what_cannot_be_meant(name, entry, words):
    assert words in problem(name, **entry)


def test_a_policy_needs_policies():
    store = provider("ceph")
    store["capabilities"]["facets"]["policy"] = "none"
    plan = spell_out([{"name": "media", "preset": "public_read"}], store)
    assert "preset public_read needs a bucket policy, which Ceph RGW does not have" in plan.problems[0]


def test_all_problems_are_named_at_once():
    entries = [
        {"name": "media", "preset": "private", "policy": {}},
        {"name": "media"},
        {"name": "avatars", "prefix": "a/"},
        {"name": "good", "preset": "private"},
    ]
    plan = spell_out(entries, provider("ceph"))
    assert [words.partition(":")[0] for words in plan.problems] == [
        "mediastore_buckets names a bucket twice",
        "Bucket media",
        "Bucket avatars",
    ]


@pytest.mark.parametrize(("words", "means"), WAYS.items())
def test_the_guide_says_of_each_provider_how_everybody_reads(words, means):
    row = next(line for line in GUIDE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {words} | `"))
    said = re.findall(r"`(\w+)`", row.split("|")[2])
    assert said == sorted(name for name, profile in PROFILES.items() if profile.public_read == means)
