# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is peculiar about keys of Cloudflare R2."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, StoreRefused
from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import Grant
from ansible_collections.mediastore.s3.tests.servers.cloudapi import R2Api
from ansible_collections.mediastore.s3.tests.unit.store.test_keyring_clouds import ALL, READ, Place


@pytest.fixture
def place():
    with R2Api() as cloud:
        yield Place("r2", cloud)


def test_the_secret_is_the_digest_of_the_token(place):
    key = place.keyring().create("app", place.grants(*READ), None)
    assert key.secret == place.cloud.expected_secret and key.id == place.cloud.tokens[0]["id"]


def test_buckets_with_different_rights(place):
    keyring = place.keyring()
    given = (Grant("a-bucket", "", READ), Grant("media", "", ALL), Grant("other", "", READ))
    keyring.create("app", given, None)
    assert keyring.find("app").grants == given


def test_one_key_is_switched_off_and_on_again_and_keeps_what_else_it_has(place):
    keyring = place.keyring()
    old, new = (keyring.create("app", place.grants(*READ), "2037-01-31T12:00:00Z") for _number in range(2))
    place.cloud.tokens[0]["condition"] = {"request_ip": {"in": ["192.0.2.1/32"]}}
    holder = keyring.find("app")
    keyring.switch(holder, holder.keys[0], False)
    assert [(key.id, key.active) for key in keyring.find("app").keys] == [(old.id, False), (new.id, True)]
    assert keyring.find("app").grants == place.grants(*READ)
    keyring.regrant(keyring.find("app"), place.grants(*ALL))
    assert [key.active for key in keyring.find("app").keys] == [False, True]
    keyring.switch(keyring.find("app"), keyring.find("app").keys[0], True)
    found = keyring.find("app")
    assert [(key.active, key.expires, key.grants) for key in found.keys] == [
        (True, "2037-01-31T12:00:00Z", place.grants(*ALL)) for _key in found.keys
    ]
    assert place.cloud.tokens[0]["condition"] == {"request_ip": {"in": ["192.0.2.1/32"]}}


def test_a_bucket_of_a_jurisdiction_is_another_one(place):
    keyring = place.keyring(endpoint_url=f"https://{place.cloud.account}.eu.r2.cloudflarestorage.com")
    keyring.create("app", place.grants(*READ), None)
    assert list(place.cloud.tokens[0]["policies"][0]["resources"]) == [
        f"com.cloudflare.edge.r2.bucket.{place.cloud.account}_eu_media"
    ]
    assert keyring.find("app").grants == place.grants(*READ)
    assert place.keyring().find("app").grants is None


def test_a_token_for_something_else_may_do_more_than_grants_can_say(place):
    keyring = place.keyring()
    keyring.create("app", place.grants(*READ), None)
    policy = place.cloud.tokens[0]["policies"][0]
    policy["permission_groups"].append({"id": "bf7481a1826f439697cb59a20b22293e"})
    assert keyring.find("app").grants is None
    policy["permission_groups"].pop()
    policy["resources"] = {f"com.cloudflare.api.account.{place.cloud.account}": {"com.cloudflare.edge.r2.bucket.*": "*"}}
    assert keyring.find("app").grants is None


def test_a_token_for_nothing_is_not_asked_for(place):
    with pytest.raises(BadInput, match="no grants"):
        place.keyring().create("app", (), None)
    assert place.cloud.tokens == []


@pytest.mark.parametrize("url", ["https://files.example.org", "https://r2.cloudflarestorage.com"])
def test_an_endpoint_without_an_account(place, url):
    with pytest.raises(BadInput, match="which account"):
        place.keyring(endpoint_url=url)


def test_an_account_without_r2(place):
    place.cloud.groups = {"bf7481a1826f439697cb59a20b22293e": "Workers R2 Storage Write"}
    with pytest.raises(StoreRefused, match="Switch R2 on"):
        place.keyring().create("app", place.grants(*READ), None)
