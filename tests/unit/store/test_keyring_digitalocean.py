# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is peculiar about keys of DigitalOcean Spaces."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import StoreRefused
from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import Grant
from ansible_collections.mediastore.s3.tests.servers.cloudapi import DigitalOceanApi
from ansible_collections.mediastore.s3.tests.unit.store.test_keyring_clouds import ALL, READ, Place


@pytest.fixture
def place():
    with DigitalOceanApi() as cloud:
        yield Place("digitalocean", cloud)


def test_grants_on_several_buckets_and_on_none(place):
    keyring = place.keyring()
    both = (Grant("media", "", ALL), Grant("other", "", READ))
    keyring.create("app", both, None)
    assert keyring.find("app").grants == both
    keyring.regrant(keyring.find("app"), ())
    assert keyring.find("app").grants == ()


def test_a_service_that_keeps_the_old_grants_is_not_believed(place):
    keyring = place.keyring()
    keyring.create("app", place.grants(*ALL), None)
    place.cloud.names_only = True
    with pytest.raises(StoreRefused, match="kept the grants"):
        keyring.regrant(keyring.find("app"), place.grants(*READ))
    assert keyring.find("app").grants == place.grants(*ALL)


def test_a_full_key_may_do_more_than_grants_can_say(place):
    place.keyring().create("app", place.grants(*READ), None)
    place.cloud.keys[0]["grants"] = [{"bucket": "", "permission": "fullaccess"}]
    assert place.keyring().find("app").grants is None


def test_an_empty_permission_is_none(place):
    place.keyring().create("app", place.grants(*READ), None)
    place.cloud.keys[0]["grants"].append({"bucket": "other", "permission": ""})
    assert place.keyring().find("app").grants == place.grants(*READ)


def test_keys_of_one_name_with_different_grants_have_no_common_answer(place):
    keyring = place.keyring()
    keyring.create("app", place.grants(*READ), None)
    keyring.create("app", place.grants(*ALL), None)
    holder = keyring.find("app")
    assert holder.grants is None and [key.grants for key in holder.keys] == [place.grants(*READ), place.grants(*ALL)]
