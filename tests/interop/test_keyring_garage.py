# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only Garage's keys have: buckets with several names, an owner's rights, and an end that outlives being switched off."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import MediastoreError
from ansible_collections.mediastore.s3.tests.interop.applies import only
from ansible_collections.mediastore.s3.tests.interop.keyholder import until
from ansible_collections.mediastore.s3.tests.interop.test_keyrings import Place
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module


@pytest.fixture
def place(store):
    """A store with a bucket; bucket and keys are gone afterwards."""
    made = Place(store)
    made.name = f"app-{secrets.token_hex(4)}"
    assert not bucket(made).get("failed")
    yield made
    left = made.keyring.find(made.name)
    if left:
        made.keyring.remove(left)
    bucket(made, state="absent", force=True, force_confirm=made.bucket)


def bucket(place, **options):
    return run_module("bucket", {**place.options, "name": place.bucket, **options})


def ask(place, name, query=None, body=None):
    """A call of Garage's own interface."""
    return place.keyring._administration.call(name, query, body)


@only("garage", "garage1")
def test_a_bucket_with_several_names_is_the_same_bucket(place):
    given = place.grants("list", "read")
    key = place.keyring.create(place.name, given, None)
    assert bucket(place, aliases=[f"a-{place.bucket}"])["changed"]
    found = place.keyring.find(place.name)
    assert found.grants[0].bucket == f"a-{place.bucket}" and found.named(given) == found.grants
    place.keyring.regrant(found, given)
    assert place.keyring.find(place.name).grants == found.grants and place.holder(key).may("read")


@only("garage", "garage1")
def test_the_rights_of_an_owner_are_seen_and_taken_away(place):
    given = place.grants("list", "read")
    key = place.keyring.create(place.name, given, None)
    ident = ask(place, "GetBucketInfo", {"globalAlias": place.bucket})["id"]
    owner = {"bucketId": ident, "accessKeyId": key.id, "permissions": {"owner": True}}
    for name, query, body in (
        ("AllowBucketKey", None, owner),
        ("UpdateKey", {"id": key.id}, {"allow": {"createBucket": True}}),
    ):
        ask(place, name, query, body)
        found = place.keyring.find(place.name)
        assert found.grants is None
        place.keyring.regrant(found, given)
        assert place.keyring.find(place.name).grants == given
    assert not place.holder(key).may("create_bucket") and not place.holder(key).may("put_cors")


@only("garage", "garage1")
def test_what_a_key_may_do_beyond_its_grants_is_in_the_profile(place):
    key = place.keyring.create(place.name, place.grants("list", "read", "write", "delete"), None)
    assert place.holder(key).may("put_lifecycle") and place.profile.keys.oversteps == ("put_lifecycle",)
    assert not place.holder(key).may("put_cors") and not place.holder(key).may("create_bucket")


@only("garage", "garage1")
def test_nothing_is_made_when_a_bucket_is_missing(place):
    with pytest.raises(MediastoreError) as refused:
        place.keyring.create(place.name, (*place.grants("list"), *place.grants("list", bucket="no-such-bucket")), None)
    assert refused.value.code == "NoSuchBucket" and place.keyring.find(place.name) is None


@only("garage")
def test_a_key_that_is_switched_off_keeps_its_end(place):
    end = (datetime.now(timezone.utc) + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    key = place.keyring.create(place.name, place.grants("list", "read"), end)
    for _again in range(2):
        place.keyring.switch(place.keyring.find(place.name), key, False)
        found = place.keyring.find(place.name)
        assert (found.keys[0].active, found.keys[0].expires) == (False, end)
    assert not place.holder(key).known()
    place.keyring.switch(found, key, True)
    found = place.keyring.find(place.name)
    assert (found.keys[0].active, found.keys[0].expires) == (True, end) and place.holder(key).may("read")
    assert ask(place, "GetKeyInfo", {"id": key.id})["expiration"] == end


@only("garage")
def test_a_key_that_has_ended_is_not_switched_on(place):
    end = (datetime.now(timezone.utc) + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    key = place.keyring.create(place.name, place.grants("list", "read"), end)
    assert until(lambda: not place.holder(key).known(), 10)
    found = place.keyring.find(place.name)
    assert not found.keys[0].active
    for _before_and_after in range(2):
        with pytest.raises(MediastoreError, match="ended at"):
            place.keyring.switch(found, key, True)
        place.keyring.switch(found, key, False)
    assert place.keyring.find(place.name).keys[0].expires == end


@only("garage1")
def test_garage_1_says_what_it_cannot(place):
    with pytest.raises(MediastoreError, match="Garage 1"):
        place.keyring.create(place.name, place.grants("list"), "2037-01-31T12:00:00Z")
    assert place.keyring.find(place.name) is None
    key = place.keyring.create(place.name, place.grants("list", "read"), None)
    with pytest.raises(MediastoreError, match="Garage 1"):
        place.keyring.switch(place.keyring.find(place.name), key, False)
    assert place.holder(key).may("read")
