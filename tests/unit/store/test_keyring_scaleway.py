# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is peculiar about keys of Scaleway Object Storage: a key is for a project."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import Unsupported
from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import Grant
from ansible_collections.mediastore.s3.plugins.module_utils._store.keyring import scaleway
from ansible_collections.mediastore.s3.tests.servers.cloudapi import ScalewayApi
from ansible_collections.mediastore.s3.tests.unit.store.test_keyring_clouds import ALL, READ, Place


@pytest.fixture
def place():
    with ScalewayApi() as cloud:
        yield Place("scaleway", cloud)


def test_a_key_for_one_bucket_of_several_is_refused_before_anything_is_made(place):
    place.cloud.buckets = ["media", "secret-plans"]
    with pytest.raises(Unsupported) as caught:
        place.keyring().create("app", place.grants(*ALL), None)
    assert "also has the bucket secret-plans" in caught.value.said and "a project of its own" in caught.value.remedy
    assert [method for method, _path in place.cloud.asked if method != "GET"] == []


def test_the_same_rights_on_every_bucket_of_the_project(place):
    place.cloud.buckets = ["media", "other"]
    both = (Grant("media", "", ALL), Grant("other", "", ALL))
    place.keyring().create("app", both, None)
    assert place.keyring().find("app").grants == both
    with pytest.raises(Unsupported, match="the rights on media and other differ"):
        place.keyring().create("app-2", (Grant("media", "", ALL), Grant("other", "", READ)), None)


def test_a_bucket_that_came_later_is_in_the_grants_too(place):
    keyring = place.keyring()
    keyring.create("app", place.grants(*READ), None)
    place.cloud.buckets.append("newcomer")
    assert [grant.bucket for grant in keyring.find("app").grants] == ["media", "newcomer"]


def test_a_bucket_of_another_project(place):
    with pytest.raises(Unsupported, match="has no bucket elsewhere"):
        place.keyring().create("app", place.grants(*READ, bucket="elsewhere"), None)


def test_the_buckets_of_all_regions_count(place, monkeypatch):
    asked = []

    class Client:
        def __init__(self, connection):
            self.region = connection.region
            asked.append(connection.endpoint_url)

        def list_buckets(self):
            return {"Buckets": [{"Name": f"in-{self.region}"}]}

    monkeypatch.setattr(scaleway, "make_client", lambda connection, profile: Client(connection))
    with pytest.raises(Unsupported, match="has no bucket media"):
        place.keyring(endpoint_url=None).create("app", place.grants(*READ), None)
    assert sorted(set(asked)) == [f"https://s3.{region}.scw.cloud" for region in ("fr-par", "it-mil", "nl-ams", "pl-waw")]


def test_rights_are_taken_away_with_the_policy_and_the_keys_stay(place):
    keyring = place.keyring()
    key = keyring.create("app", place.grants(*READ), None)
    keyring.regrant(keyring.find("app"), ())
    holder = keyring.find("app")
    assert holder.grants == () and [one.id for one in holder.keys] == [key.id] and place.cloud.things["policies"] == []


def test_nothing_is_left_of_a_name_that_is_removed(place):
    keyring = place.keyring()
    keyring.create("app", place.grants(*READ), None)
    keyring.delete(keyring.find("app"), keyring.find("app").keys[0])
    assert keyring.find("app").keys == ()
    again = keyring.create("app", place.grants(*READ), None)
    assert [key.id for key in keyring.find("app").keys] == [again.id]
    keyring.remove(keyring.find("app"))
    left = {kind: len(things) for kind, things in place.cloud.things.items()}
    assert left == {"applications": 0, "policies": 0, "api_keys": 1}  # the administrator's


def test_a_rule_that_grants_cannot_say(place):
    keyring = place.keyring()
    keyring.create("app", place.grants(*READ), None)
    (rules,) = place.cloud.rules_of.values()
    rules[0]["permission_set_names"].append("ObjectStorageFullAccess")
    assert keyring.find("app").grants is None
    rules[0]["permission_set_names"] = ["ObjectStorageBucketsRead", "ObjectStorageObjectsRead"]
    assert keyring.find("app").grants == place.grants(*READ)
    rules[0]["condition"] = 'request.user_agent == "app"'
    assert keyring.find("app").grants is None


def test_what_somebody_added_by_hand_is_put_right(place):
    keyring = place.keyring()
    keyring.create("app", place.grants(*READ), None)
    policy = place.cloud.things["policies"][0]
    more = {"permission_set_names": ["ObjectStorageFullAccess"], "project_ids": [place.cloud.project]}
    place.cloud.create_policy(
        {**{name: policy[name] for name in ("name", "organization_id", "application_id", "description")}, "rules": [more]}
    )
    assert keyring.find("app").grants is None
    keyring.regrant(keyring.find("app"), place.grants(*READ))
    assert keyring.find("app").grants == place.grants(*READ) and len(place.cloud.things["policies"]) == 1


def test_a_key_that_has_ended_is_not_active(place):
    keyring = place.keyring()
    keyring.create("app", place.grants(*READ), "2020-01-01T00:00:00Z")
    assert [key.active for key in keyring.find("app").keys] == [False]


def test_an_access_key_with_a_project(place):
    place.cloud.project = "50a526f2-c070-4dca-8f51-fe611a17abb2"
    keyring = place.keyring(access_key=f"{place.cloud.access_key}@{place.cloud.project}")
    keyring.create("app", place.grants(*READ), None)
    assert place.cloud.things["api_keys"][-1]["default_project_id"] == place.cloud.project
