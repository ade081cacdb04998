# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is Ceph's alone: objects belong to whoever wrote them, and old gateways forget the policies of a user that is changed."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import StoreRefused
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.keyring import rgw
from ansible_collections.mediastore.s3.plugins.module_utils._store.keyring.registry import keyring_for
from ansible_collections.mediastore.s3.tests.interop.applies import only
from ansible_collections.mediastore.s3.tests.interop.keyholder import client
from ansible_collections.mediastore.s3.tests.interop.test_keyrings import name, place

__all__ = ["name", "place"]


def refused(call, **said):
    with pytest.raises(ClientError) as caught:
        call(**said)
    return caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@only("ceph")
def test_what_the_gateway_forgets_is_noticed_and_put_back(store, place, name):
    given = place.grants("list", "read", "write")
    key = place.keyring.create(name, given, None)
    written = {"Bucket": place.bucket, "Key": "written"}
    client(place.options, key.id, key.secret).put_object(**written, Body=b"content")
    place.owner.get_object(**written)
    store.server.admin("user", "modify", "--uid", "admin", "--display-name", "the same again")
    assert refused(place.owner.get_object, **written), "if this gateway remembers, the keyring could be simpler"
    found = place.keyring.find(name)
    assert found.grants is None and [one.id for one in found.keys] == [key.id]
    place.keyring.regrant(found, given)
    assert place.keyring.find(name).grants == given
    place.owner.get_object(**written)


@only("ceph")
def test_a_key_neither_opens_nor_tags_what_it_wrote(place, name):
    given = place.grants("list", "read", "write")
    key = place.keyring.create(name, given, None)
    writer, own = client(place.options, key.id, key.secret), {"Bucket": place.bucket, "Key": "own"}
    writer.put_object(**own, Body=b"content")
    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    assert refused(writer.put_object_acl, **own, ACL="public-read") and refused(writer.get_object_acl, **own)
    assert refused(writer.put_object_tagging, **own, Tagging=tags) and refused(writer.get_object_tagging, **own)
    place.keyring.regrant(place.keyring.find(name), place.grants("read", "tags", "acl"))
    assert place.keyring.find(name).grants == place.grants("read", "tags", "acl")
    place.owner.put_object(Bucket=place.bucket, Key="theirs", Body=b"content")
    for there in (own, {"Bucket": place.bucket, "Key": "theirs"}):
        writer.put_object_acl(**there, ACL="private")
        writer.put_object_tagging(**there, Tagging=tags)
        assert writer.get_object_acl(**there)["Grants"] and writer.get_object_tagging(**there)["TagSet"]


@only("ceph")
def test_one_user_of_a_name_says_something_else(store, place, name):
    place.keyring.create(name, place.grants("list", "read"), None)
    place.keyring.create(name, place.grants("list", "read", "delete"), None)
    assert place.keyring.find(name).grants is None
    place.keyring.regrant(place.keyring.find(name), place.grants("list"))
    assert place.keyring.find(name).grants == place.grants("list")


@only("ceph")
def test_who_may_not_manage_users_is_told_what_is_missing(store, place):
    other = keyring_for(Connection.from_params({**place.options, **store.server.other}), place.profile, "try")
    for call in (lambda: other.find("chat"), lambda: other.create("chat", place.grants("list"), None)):
        with pytest.raises(StoreRefused, match="radosgw-admin caps add") as caught:
            call()
        assert caught.value.code == "AccessDenied"


@only("ceph")
def test_no_user_is_made_for_a_bucket_that_is_not_there(place, name):
    with pytest.raises(StoreRefused, match="Create the bucket first"):
        place.keyring.create(name, place.grants("write", bucket="no-such-bucket"), None)
    assert place.keyring.find(name) is None


@only("ceph")
def test_more_users_than_there_are_in_one_answer(monkeypatch, place, name):
    made = [place.keyring.create(name, place.grants("list"), None) for _number in range(3)]
    monkeypatch.setattr(rgw, "_PAGE", 1)
    found = place.keyring.find(name).keys
    assert [key.id for key in found] == [key.id for key in made] and [key.created for key in found] == [
        key.created for key in made
    ]
