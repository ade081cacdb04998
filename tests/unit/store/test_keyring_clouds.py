# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a key at the clouds that no test can reach, against interfaces as strict as their documents."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import grants as rights
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, StoreRefused, StoreUnreachable
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.keyring.registry import keyring_for
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import PROFILES, profile_for
from ansible_collections.mediastore.s3.tests.servers.cloudapi import DigitalOceanApi, LinodeApi, R2Api, ScalewayApi

CLOUDS = {"digitalocean": DigitalOceanApi, "linode": LinodeApi, "r2": R2Api, "scaleway": ScalewayApi}
READ, ALL = ("list", "read"), ("list", "read", "write", "delete")


class Place:
    """A cloud, and how its keyring is reached."""

    def __init__(self, name, cloud):
        self.cloud = cloud
        self.said = {"provider": name, "admin_url": cloud.url, "admin_token": cloud.token, "max_attempts": 2}
        self.said["region"] = {"linode": "us-mia-1", "digitalocean": "fra1"}.get(name)
        if name == "r2":
            self.said["endpoint_url"] = f"https://{cloud.account}.r2.cloudflarestorage.com"
        if name == "scaleway":
            # The secret key is the token, and S3 is beside the interface.
            del self.said["admin_token"]
            self.said.update(access_key=cloud.access_key, secret_key=cloud.token, endpoint_url=cloud.url, region="fr-par")
            cloud.buckets = ["media"]
        self.profile = profile_for(Connection.from_params(self.said))

    def keyring(self, **changes):
        return keyring_for(Connection.from_params({**self.said, **changes}), self.profile, "try")

    def grants(self, *said, bucket="media"):
        return rights.understood([{"bucket": bucket, "rights": list(said)}], "try", self.profile.keys.levels, False)


def clouds(which):
    """For tests of what only some clouds have."""
    return pytest.mark.parametrize("place", [name for name in sorted(CLOUDS) if which(PROFILES[name].keys)], indirect=True)


@pytest.fixture(params=sorted(CLOUDS))
def place(request, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with CLOUDS[request.param]() as cloud:
        yield Place(request.param, cloud)


def test_a_key_is_made_found_and_removed(place):
    keyring = place.keyring()
    assert keyring.find("app") is None
    key = keyring.create("app", place.grants(*READ), None)
    assert key.id and key.secret and key.active and key.secret not in repr(key)
    holder = keyring.find("app")
    assert (holder.name, [one.id for one in holder.keys], holder.grants) == ("app", [key.id], place.grants(*READ))
    assert holder.keys[0].secret is None and holder.keys[0].created == key.created
    assert keyring.reveal(holder.keys[0]) is None
    keyring.remove(holder)
    assert keyring.find("app") is None
    keyring.remove(holder)  # gone already


def test_names_that_begin_alike_are_not_mixed_up(place):
    keyring = place.keyring()
    made = {name: keyring.create(name, place.grants(*READ), None).id for name in ("app", "app-2", "an-app")}
    assert {name: [key.id for key in keyring.find(name).keys] for name in made} == {name: [key] for name, key in made.items()}
    assert keyring.find("ap") is None
    keyring.remove(keyring.find("app"))
    assert keyring.find("app-2") and keyring.find("an-app")


def test_two_keys_live_side_by_side_oldest_first_and_end_one_by_one(place):
    keyring = place.keyring()
    old, new = (keyring.create("app", place.grants(*ALL), None) for _number in range(2))
    holder = keyring.find("app")
    assert [key.id for key in holder.keys] == [old.id, new.id] and holder.grants == place.grants(*ALL)
    keyring.delete(holder, holder.keys[0])
    keyring.delete(holder, holder.keys[0])  # gone already
    assert [key.id for key in keyring.find("app").keys] == [new.id]


@clouds(lambda keys: keys.regrants)
def test_rights_are_changed(place):
    keyring = place.keyring()
    for _number in range(2):
        keyring.create("app", place.grants(*READ), None)
    keyring.create("other", place.grants(*READ), None)
    keyring.regrant(keyring.find("app"), place.grants(*ALL))
    assert keyring.find("app").grants == place.grants(*ALL) and len(keyring.find("app").keys) == 2
    assert keyring.find("other").grants == place.grants(*READ)
    keyring.regrant(keyring.find("app"), place.grants(*READ))
    assert keyring.find("app").grants == place.grants(*READ)


def test_every_level_is_given_and_told(place):
    keyring = place.keyring()
    for level in place.profile.keys.levels:
        given = place.grants(*level.split("+"))
        keyring.create(level, given, None)
        assert keyring.find(level).grants == given


def test_a_key_of_many_is_found_on_whatever_page_it_is(place):
    keyring = place.keyring()
    made = [keyring.create(f"app-{number}", place.grants(*READ), None).id for number in range(7)]
    assert [keyring.find(f"app-{number}").keys[0].id for number in range(7)] == made


@clouds(lambda keys: keys.expires and keys.regrants)
def test_an_end_is_kept(place):
    keyring = place.keyring()
    assert keyring.create("app", place.grants(*READ), "2037-01-31T12:00:00Z").expires == "2037-01-31T12:00:00Z"
    keyring.regrant(keyring.find("app"), place.grants(*ALL))
    assert keyring.find("app").keys[0].expires == "2037-01-31T12:00:00Z"


def test_a_wrong_token_says_what_to_do_and_nothing_secret(place):
    changes = {"admin_token": "s3cr3t-and-wrong"}
    with pytest.raises(StoreRefused) as caught:
        place.keyring(**changes).find("app")
    said = str(caught.value)
    assert "401" in said and "admin_token" in said and "s3cr3t" not in said and place.cloud.token not in said


def test_without_a_token_nothing_is_asked(place):
    changes = {"admin_token": None, "access_key": None, "secret_key": None}
    with pytest.raises(BadInput, match=r"admin_token|access_key"):
        place.keyring(**changes)
    assert place.cloud.asked == []


def test_a_token_without_the_right_is_told_which_one(place):
    keyring = place.keyring()
    place.cloud.trouble = [403]
    with pytest.raises(StoreRefused) as caught:
        keyring.find("app")
    assert "Give the " in caught.value.remedy and "something is wrong" in caught.value.said


def test_too_many_requests_are_waited_out(place):
    keyring = place.keyring()
    place.cloud.trouble = [429]
    assert keyring.find("app") is None


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_key_that_may_have_been_made_is_not_made_twice(place, status):
    keyring = place.keyring()
    keyring.create("first", place.grants(*READ), None)  # whatever is asked before is asked again below
    before = len(place.cloud.asked)
    keyring.create("second", place.grants(*READ), None)
    asked = place.cloud.asked[before:]
    last = max(number for number, (method, _path) in enumerate(asked) if method == "POST")
    place.cloud.trouble, place.cloud.half_done = [0] * last + [status], True
    before = len(place.cloud.asked)
    with pytest.raises(StoreRefused):
        keyring.create("app", place.grants(*READ), None)
    assert place.cloud.asked[before:] == asked[: last + 1]
    # The next run sees the key, whose secret nobody has, and can remove it.
    (left,) = keyring.find("app").keys
    keyring.delete(keyring.find("app"), left)
    assert keyring.find("app") is None or keyring.find("app").keys == ()


def test_nobody_there(place):
    with pytest.raises(StoreUnreachable, match="admin_url"):
        place.keyring(admin_url="http://127.0.0.1:9").find("app")
