# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is peculiar about keys of Linode Object Storage."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, StoreRefused
from ansible_collections.mediastore.s3.tests.servers.cloudapi import LinodeApi
from ansible_collections.mediastore.s3.tests.unit.store.test_keyring_clouds import READ, Place


@pytest.fixture
def place():
    with LinodeApi() as cloud:
        yield Place("linode", cloud)


def test_the_region_is_the_one_that_has_the_endpoint(place):
    place.keyring().create("app", place.grants(*READ), None)
    assert place.cloud.keys[0]["bucket_access"][0]["region"] == "us-mia"


def test_an_endpoint_that_the_account_does_not_have(place):
    with pytest.raises(BadInput, match=r"mars-1\.linodeobjects\.com is none of .*fr-par-1"):
        place.keyring(region="mars-1").create("app", place.grants(*READ), None)
    assert place.cloud.keys == []


def test_a_key_without_grants_is_for_no_bucket_and_not_for_all(place):
    keyring = place.keyring()
    keyring.create("app", (), None)
    assert place.cloud.keys[0]["limited"] is True and keyring.find("app").grants == ()


def test_an_unlimited_key_may_do_more_than_grants_can_say(place):
    place.cloud.create({"label": "app"})
    assert place.keyring().find("app").grants is None


def test_the_bucket_of_the_same_name_in_another_region_is_another_one(place):
    access = {"region": "fr-par", "bucket_name": "media", "permissions": "read_only"}
    place.cloud.create({"label": "app", "bucket_access": [access]})
    assert place.keyring().find("app").grants is None
    assert place.keyring(region="fr-par-1").find("app").grants == place.grants(*READ)


def test_a_bucket_that_is_not_there(place):
    with pytest.raises(StoreRefused) as caught:
        place.keyring().create("app", place.grants(*READ, bucket="nowhere"), None)
    assert caught.value.code == "400" and "bucket_access: Bucket nowhere does not exist" in caught.value.said
    assert caught.value.remedy.startswith("Make the buckets first")
