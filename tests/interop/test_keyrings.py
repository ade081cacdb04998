# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a key on each store that makes keys. Every step is proved by S3 calls with the key, not by what the store says."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError

from ansible_collections.mediastore.s3.plugins.module_utils._core import grants
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.keyring.registry import keyring_for
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for
from ansible_collections.mediastore.s3.tests.interop.applies import where
from ansible_collections.mediastore.s3.tests.interop.keyholder import KeyHolder, client, until
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

#: stores whose keys can be managed and that look at what a key may do
KEYS = where(lambda profile: profile.keys.keyring != "none")


class Place:
    """A store with two buckets, and the keyring that is tried."""

    def __init__(self, store) -> None:
        self.options = {**store.keys_connection, **store.administration}
        self.connection = profile_for(Connection.from_params(self.options)).complete(Connection.from_params(self.options))
        self.profile = profile_for(self.connection)
        self.keyring = keyring_for(self.connection, self.profile, "try the keyring")
        self.owner = client(self.options, self.options["access_key"], self.options["secret_key"])
        self.bucket, self.other = (f"{word}-{secrets.token_hex(4)}" for word in ("media", "other"))

    def grants(self, *rights: str, bucket: str = "", prefix: str = ""):
        """The grant in the words of the store: the least that it can give."""
        said = [{"bucket": bucket or self.bucket, "prefix": prefix, "rights": list(rights)}]
        if self.profile.keys.levels:
            levels = [set(level.split("+")) for level in self.profile.keys.levels]
            least = min((level for level in levels if set(rights) <= level), key=len)
            said = [{**said[0], "rights": sorted(least)}]
        return grants.understood(said, "try", self.profile.keys.levels, self.profile.keys.prefixes)

    def holder(self, key, bucket: str = "", prefix: str = "") -> KeyHolder:
        """Whoever has the key."""
        return KeyHolder(self.owner, client(self.options, key.id, key.secret), bucket or self.bucket, prefix)


@pytest.fixture
def place(store):
    """Two buckets that no other test uses, and that are gone afterwards."""
    made = Place(store)
    for name in (made.bucket, made.other):
        assert not run_module("bucket", {**made.options, "name": name}).get("failed")
    yield made
    for name in (made.bucket, made.other):
        run_module("bucket", {**made.options, "name": name, "state": "absent", "force": True, "force_confirm": name})


@pytest.fixture
def name(place):
    """The name of a key that nobody has, and nobody has afterwards."""
    name = f"app-{secrets.token_hex(4)}"
    yield name
    left = place.keyring.find(name)
    if left:
        place.keyring.remove(left)
    assert place.keyring.find(name) is None


@KEYS
def test_a_key_may_do_what_is_granted_and_nothing_else(place, name):
    assert place.keyring.find(name) is None
    key = place.keyring.create(name, place.grants("list", "read"), None)
    assert key.secret and key.active
    holder = place.holder(key)
    assert holder.waits_for("read", True)
    assert holder.may("list")
    assert not holder.may("write") and not holder.may("delete")
    assert not place.holder(key, place.other).may("list")
    assert not place.holder(key, place.other).may("read")
    found = place.keyring.find(name)
    assert (found.name, [one.id for one in found.keys], found.grants) == (name, [key.id], place.grants("list", "read"))
    assert found.keys[0].active and found.keys[0].secret is None


@KEYS
def test_names_that_begin_alike_are_not_mixed_up(place, name):
    key = place.keyring.create(name, place.grants("list", "read"), None)
    longer = place.keyring.create(f"{name}-2", place.grants("list", "read"), None)
    try:
        assert [one.id for one in place.keyring.find(name).keys] == [key.id]
        assert [one.id for one in place.keyring.find(f"{name}-2").keys] == [longer.id]
        assert place.keyring.find(name[:-1]) is None
    finally:
        place.keyring.remove(place.keyring.find(f"{name}-2"))
    assert place.holder(key).waits_for("read", True)


@where(lambda profile: profile.keys.keyring != "none" and profile.keys.regrants)
def test_rights_are_widened_and_narrowed_and_taken_away(place, name):
    key = place.keyring.create(name, place.grants("list", "read"), None)
    holder = place.holder(key)
    assert holder.waits_for("read", True)
    everything = place.grants("list", "read", "write", "delete")
    place.keyring.regrant(place.keyring.find(name), everything)
    assert place.keyring.find(name).grants == everything
    assert holder.waits_for("write", True) and holder.waits_for("delete", True)
    assert holder.may("write_parts") and holder.may("abort")
    both = everything + place.grants("list", "read", bucket=place.other)
    place.keyring.regrant(place.keyring.find(name), grants.merged(both))
    assert place.keyring.find(name).grants == grants.merged(both)
    assert place.holder(key, place.other).waits_for("read", True)
    assert not place.holder(key, place.other).may("write")
    place.keyring.regrant(place.keyring.find(name), place.grants("list", "read"))
    assert holder.waits_for("write", False) and not holder.may("delete")
    assert place.holder(key, place.other).waits_for("read", False)
    assert holder.may("read")
    place.keyring.regrant(place.keyring.find(name), ())
    assert place.keyring.find(name).grants == ()
    assert holder.waits_for("read", False) and not holder.may("list")


@KEYS
def test_what_a_key_writes_is_everybodys_who_may_read_the_bucket(place, name):
    """On some stores an object belongs to whoever wrote it, and not to the bucket's owner or to the application's next key."""
    given = place.grants("list", "read", "write", "delete")
    old = place.keyring.create(name, given, None)
    assert place.holder(old).waits_for("write", True)
    new, writer = (place.keyring.create(name, given, None), client(place.options, old.id, old.secret))
    assert place.holder(new).waits_for("write", True)
    reader = client(place.options, new.id, new.secret)
    for number in range(2):
        writer.put_object(Bucket=place.bucket, Key=f"left-{number}", Body=b"content")
    place.keyring.delete(place.keyring.find(name), old)
    assert until(lambda: not place.holder(old).known())
    for who in (place.owner, reader):
        assert who.get_object(Bucket=place.bucket, Key="left-0")["Body"].read() == b"content"
        assert who.head_object(Bucket=place.bucket, Key="left-1")["ContentLength"] == 7
        copied = {"Bucket": place.bucket, "Key": "left-0"}
        who.copy_object(Bucket=place.bucket, Key="copy", CopySource=copied)
    reader.delete_object(Bucket=place.bucket, Key="left-0")
    place.owner.delete_object(Bucket=place.bucket, Key="left-1")


@where(lambda profile: profile.keys.keyring != "none" and profile.keys.regrants)
def test_a_key_that_may_no_longer_read_does_not_read_what_it_wrote(place, name):
    key = place.keyring.create(name, place.grants("list", "read", "write"), None)
    holder, writer = place.holder(key), client(place.options, key.id, key.secret)
    assert holder.waits_for("write", True)
    writer.put_object(Bucket=place.bucket, Key="own", Body=b"content")
    place.keyring.regrant(place.keyring.find(name), ())
    assert holder.waits_for("read", False)
    with pytest.raises(ClientError):
        writer.get_object(Bucket=place.bucket, Key="own")


# moto looks for the right on the bucket, where Amazon looks for it on each object.
@where(lambda name, profile: name != "moto" and profile.keys.keyring != "none" and profile.multi_delete)
def test_the_right_to_delete_is_to_delete_many_at_once_too(place, name):
    key = place.keyring.create(name, place.grants("list", "read", "write", "delete"), None)
    assert place.holder(key).waits_for("delete", True) and place.holder(key).may("delete_many")


@KEYS
def test_two_keys_of_one_name_live_side_by_side_and_end_one_by_one(place, name):
    given = place.grants("list", "read", "write", "delete")
    old = place.keyring.create(name, given, None)
    assert place.holder(old).waits_for("write", True)
    new = place.keyring.create(name, given, None)
    assert new.id != old.id
    assert place.holder(new).waits_for("write", True) and place.holder(old).may("write")
    found = place.keyring.find(name)
    assert [one.id for one in found.keys] == [old.id, new.id] and found.grants == given
    place.keyring.delete(found, found.keys[0])
    assert until(lambda: not place.holder(old).known())
    assert place.holder(new).may("read") and place.holder(new).may("write")
    place.keyring.delete(found, found.keys[0])  # gone already
    place.keyring.remove(place.keyring.find(name))
    assert place.keyring.find(name) is None
    assert until(lambda: not place.holder(new).known())


@where(lambda profile: profile.keys.keyring != "none" and profile.keys.disables)
def test_one_key_is_switched_off_and_on_again(place, name):
    given = place.grants("list", "read")
    old, new = (place.keyring.create(name, given, None) for _number in range(2))
    assert place.holder(old).waits_for("read", True) and place.holder(new).waits_for("read", True)
    found = place.keyring.find(name)
    place.keyring.switch(found, found.keys[0], False)
    assert [one.active for one in place.keyring.find(name).keys] == [False, True]
    assert place.keyring.find(name).grants == given
    assert until(lambda: not place.holder(old).known()) and place.holder(new).may("read")
    place.keyring.switch(place.keyring.find(name), place.keyring.find(name).keys[0], True)
    assert place.holder(old).waits_for("read", True)


@where(lambda profile: profile.keys.keyring != "none" and profile.keys.secret_readable)
def test_the_secret_can_be_read_again(place, name):
    key = place.keyring.create(name, place.grants("list", "read"), None)
    (found,) = place.keyring.find(name).keys
    assert found.secret is None and place.keyring.reveal(found) == key.secret


@where(lambda profile: profile.keys.keyring != "none" and profile.keys.prefixes)
def test_a_prefix_is_the_end_of_the_world(place, name):
    given = place.grants("list", "read", "write", "delete", prefix="synapse/")
    key = place.keyring.create(name, given, None)
    inside, outside = place.holder(key, prefix="synapse/"), place.holder(key, prefix="mastodon/")
    assert inside.waits_for("write", True)
    assert inside.may("read") and inside.may("list") and inside.may("delete")
    assert not outside.may("read") and not outside.may("write") and not outside.may("delete") and not outside.may("list")
    assert place.keyring.find(name).grants == given


@where(lambda profile: profile.keys.keyring != "none" and profile.keys.expires)
def test_a_key_can_end_by_itself(place, name):
    # Far enough for the least that a store takes, and near enough for the most.
    end = (datetime.now(timezone.utc) + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    key = place.keyring.create(name, place.grants("list", "read"), end)
    assert key.expires == end
    assert place.keyring.find(name).keys[0].expires == end
    assert place.holder(key).waits_for("read", True)


@KEYS
def test_a_holder_without_keys_is_found_used_and_removed(place, name):
    key = place.keyring.create(name, place.grants("list", "read"), None)
    place.keyring.delete(place.keyring.find(name), key)
    left = place.keyring.find(name)
    assert left is None or left.keys == ()
    again = place.keyring.create(name, place.grants("list", "read"), None)
    assert place.holder(again).waits_for("read", True)
    assert [one.id for one in place.keyring.find(name).keys] == [again.id]
