# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is particular about keys of MinIO: users of others, the keys' own powers, the administrator's rights, and bad input."""

from __future__ import annotations

import dataclasses
import itertools
import json
import secrets
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, MediastoreError, StoreRefused
from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import RIGHTS, Grant, grants_in, merged, policy_for
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.keyring.minio import MinioKeyring
from ansible_collections.mediastore.s3.plugins.module_utils._store.minioadmin import MinioAdmin
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for
from ansible_collections.mediastore.s3.tests.interop.applies import only

READ = (Grant("media", "", ("list", "read")),)
#: all that an administrator needs who does nothing but this
LEAST = (
    *("admin:CreateUser", "admin:DeleteUser", "admin:GetUser"),
    *("admin:CreatePolicy", "admin:DeletePolicy", "admin:GetPolicy", "admin:AttachUserOrGroupPolicy"),
    *("admin:ListServiceAccounts", "admin:UpdateServiceAccount", "admin:RemoveServiceAccount"),
)


class Place:
    """A MinIO, its keyring, and its administration as somebody else uses it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.keyring = keyring_of(connection)
        self._admin = MinioAdmin(connection)

    def admin(self, method, *args, **kwargs):
        return self._admin.call("do as administrators do", method, *args, **kwargs)

    def acting_as(self, key) -> MinioAdmin:
        return self._admin.acting_as(key.id, key.secret)

    def left(self, name: str) -> tuple[str, ...]:
        """What there is of a name."""
        there = [("user", "user_info", name), ("policy", "policy_info", f"mediastore-{name}")]
        return tuple(what for what, method, called in there if not self._missing(method, called))

    def _missing(self, method: str, name: str) -> bool:
        try:
            self.admin(method, name)
        except StoreRefused as exc:
            assert "NoSuch" in exc.code
            return True
        return False


def keyring_of(connection: Connection) -> MinioKeyring:
    return MinioKeyring(connection, profile_for(connection))


@pytest.fixture
def place(store):
    return Place(Connection.from_params(store.connection))


@pytest.fixture
def name():
    return f"app-{secrets.token_hex(4)}"


@only("minio")
def test_all_rights_but_acl_come_back_as_they_were_given(place, name):
    place.keyring.create(name, READ, None)
    holder = place.keyring.find(name)
    for count in range(1, len(RIGHTS)):
        for rights in itertools.combinations([right for right in RIGHTS if right != "acl"], count):
            given = merged([Grant("media", "", rights), Grant("other", "synapse/", rights)])
            place.keyring.regrant(holder, given)
            assert place.keyring.find(name).grants == given
    with pytest.raises(BadInput, match="no ACLs"):
        place.keyring.regrant(holder, merged([Grant("media", "", ("read", "acl"))]))
    assert place.keyring.find(name).grants == given
    place.keyring.remove(holder)
    assert place.left(name) == ()


@only("minio")
def test_a_key_makes_no_other_keys(place, name):
    key = place.keyring.create(name, READ, None)
    with pytest.raises(StoreRefused) as refused:
        place.acting_as(key).call("stay", "add_service_account", access_key="A" * 20, secret_key="B" * 40)
    assert refused.value.code == "AccessDenied"
    # Without what denies it, it can; so the grants are said not to be as they should, and are put right.
    place.admin("policy_add", f"mediastore-{name}", policy=policy_for(READ))
    assert place.keyring.find(name).grants is None
    place.acting_as(key).call("stay", "add_service_account", access_key="A" * 20, secret_key="B" * 40)
    found = place.keyring.find(name)
    # Of the one that others made nobody knows since when it is there.
    assert [one.id for one in found.keys] == ["A" * 20, key.id] and found.keys[0].created is None
    place.keyring.regrant(found, READ)
    assert place.keyring.find(name).grants == READ
    place.keyring.remove(found)
    assert place.left(name) == ()


@only("minio")
def test_no_rights_at_all_is_something_that_a_key_can_have(place, name):
    key = place.keyring.create(name, (), None)
    found = place.keyring.find(name)
    assert found.grants == () and [one.id for one in found.keys] == [key.id]
    place.keyring.remove(found)


@only("minio")
@pytest.mark.parametrize("policies", [["readwrite"], []])
def test_the_user_of_somebody_else_is_shown_and_left_alone(place, name, policies):
    place.admin("user_add", name, "a-secret-of-theirs")
    if policies:
        place.admin("attach_policy", policies, user=name)
    before = place.admin("user_info", name)
    found = place.keyring.find(name)
    assert (found.keys, found.grants) == ((), None if policies else ())
    for act in (
        lambda: place.keyring.create(name, READ, None),
        lambda: place.keyring.regrant(found, READ),
        lambda: place.keyring.remove(found),
    ):
        with pytest.raises(BadInput, match="not made by this collection") as refused:
            act()
        assert refused.value.code == "NotOurs"
    assert place.admin("user_info", name) == before and place.left(name) == ("user",)
    # It has kept its secret.
    place._admin.acting_as(name, "a-secret-of-theirs").call("look", "account_info")
    place.admin("user_remove", name)


@only("minio")
def test_a_name_that_was_given_more_is_not_what_grants_say(place, name):
    place.keyring.create(name, READ, None)
    place.admin("attach_policy", ["readwrite"], user=name)
    found = place.keyring.find(name)
    assert found.grants is None
    with pytest.raises(BadInput, match="also has the policy readwrite"):
        place.keyring.regrant(found, READ)
    place.admin("detach_policy", ["readwrite"], user=name)
    place.admin("group_add", f"group-{name}", [name])
    assert place.keyring.find(name).grants is None
    with pytest.raises(BadInput, match=f"also has the group group-{name}"):
        place.keyring.remove(found)
    place.admin("group_remove", f"group-{name}", [name])
    assert place.keyring.find(name).grants == READ
    place.keyring.remove(found)
    assert place.left(name) == ()


@only("minio")
def test_a_key_with_a_policy_of_its_own_keeps_it(place, name):
    place.keyring.create(name, (Grant("media", "", ("list", "read", "write", "delete")),), None)
    place.admin("user_add", name, "known-for-a-moment")
    own = place._admin.acting_as(name, "known-for-a-moment").call(
        "make one", "add_service_account", access_key="C" * 20, secret_key="D" * 40, policy=policy_for(READ)
    )["credentials"]
    found = place.keyring.find(name)
    assert found.grants is None
    (key,) = [one for one in found.keys if one.id == own["accessKey"]]
    for active in (False, True):
        place.keyring.switch(found, key, active)
        shown = place.admin("get_service_account", key.id)
        # MinIO shows the actions in another order each time.
        assert grants_in(json.loads(shown["policy"])) == READ
        assert (shown["impliedPolicy"], shown["accountStatus"]) == (False, "on" if active else "off")
    place.keyring.remove(found)


@only("minio")
def test_a_user_that_was_switched_off_is_not_switched_on(place, name):
    place.keyring.create(name, READ, None)
    place.admin("user_disable", name)
    found = place.keyring.find(name)
    assert [one.active for one in found.keys] == [False]
    with pytest.raises(BadInput, match="switched the user"):
        place.keyring.create(name, READ, None)
    assert place.admin("user_info", name)["status"] == "disabled"
    place.keyring.remove(found)
    assert place.left(name) == ()


@only("minio")
@pytest.mark.parametrize("killed_after", ["policy_add", "user_add", "attach_policy"])
def test_a_run_that_was_killed_is_gone_on_with(place, name, killed_after):
    def until_killed():
        document = {**policy_for(READ)}
        for method, args, kwargs in (
            ("policy_add", [f"mediastore-{name}"], {"policy": document}),
            ("user_add", [name, "of-a-killed-run"], {}),
            ("attach_policy", [[f"mediastore-{name}"]], {"user": name}),
        ):
            place.admin(method, *args, **kwargs)
            if method == killed_after:
                return

    until_killed()
    found = place.keyring.find(name)
    assert found.keys == ()
    key = place.keyring.create(name, READ, None)
    again = place.keyring.find(name)
    assert ([one.id for one in again.keys], again.grants) == ([key.id], READ)
    place.keyring.remove(again)
    assert place.left(name) == ()
    until_killed()
    place.keyring.remove(place.keyring.find(name))
    assert place.left(name) == () and place.keyring.find(name) is None


@only("minio")
@pytest.mark.parametrize("away", [timedelta(minutes=10), timedelta(days=366), timedelta(days=-1)])
def test_an_end_that_minio_does_not_take_is_refused_before_anything_is_made(place, name, away):
    end = (datetime.now(timezone.utc) + away).strftime("%Y-%m-%dT%H:%M:%SZ")
    with pytest.raises(BadInput, match="15 minutes to 365 days"):
        place.keyring.create(name, READ, end)
    assert place.left(name) == ()


@only("minio")
def test_a_name_that_is_taken_by_a_key_or_by_root(place, name):
    key = place.keyring.create(name, READ, None)
    with pytest.raises(StoreRefused, match="not the name of the root user or of a key"):
        place.keyring.find(key.id)
    with pytest.raises(StoreRefused, match="not the name of the root user or of a key"):
        place.keyring.create(place.connection.access_key, READ, None)
    left = place.keyring.find(place.connection.access_key)
    assert left.keys == ()
    place.keyring.remove(left)
    assert place.left(place.connection.access_key) == ()
    place.keyring.remove(place.keyring.find(name))


@only("minio")
def test_grants_that_are_too_long_for_one_policy(place, name):
    many = tuple(Grant(f"bucket-{number}", "a-prefix/" * 5, ("list", "read", "write")) for number in range(60))
    with pytest.raises(StoreRefused, match="20 KiB"):
        place.keyring.create(name, many, None)
    assert place.left(name) == ()


@only("minio")
def test_the_least_that_an_administrator_needs(place, name):
    boss = f"boss-{name}"
    place.admin("policy_add", boss, policy={"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(LEAST)}]})
    place.admin("user_add", boss, "secret-of-the-boss")
    place.admin("attach_policy", [boss], user=boss)
    keyring = keyring_of(dataclasses.replace(place.connection, access_key=boss, secret_key="secret-of-the-boss"))
    keys = [keyring.create(name, READ, None) for _number in range(2)]
    keyring.regrant(keyring.find(name), ())
    keyring.switch(keyring.find(name), keys[0], False)
    keyring.delete(keyring.find(name), keys[0])
    found = keyring.find(name)
    assert ([one.id for one in found.keys], found.grants) == ([keys[1].id], ())
    keyring.remove(found)
    assert place.left(name) == ()
    place.admin("user_remove", boss)
    place.admin("policy_remove", boss)


@only("minio")
@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"secret_key": "the-wrong-secret"}, "SignatureDoesNotMatch", "secret_key"),
        ({"access_key": "nobody", "secret_key": "the-wrong-secret"}, "InvalidAccessKeyId", "access_key"),
        ({"ca_path": None}, "SSLError", "ca_path"),
        ({"scheme": "http"}, "NotMinIO", "scheme"),
    ],
)
def test_one_error_for_each_mistake(place, name, change, code, words):
    change = dict(change)
    if change.pop("scheme", None):
        change["endpoint_url"] = place.connection.endpoint_url.replace("https:", "http:")
    keyring = keyring_of(dataclasses.replace(place.connection, **change))
    for act in (lambda: keyring.find(name), lambda: keyring.create(name, READ, None)):
        with pytest.raises(MediastoreError) as refused:
            act()
        assert refused.value.code == code and words in refused.value.remedy
        assert "\n" not in str(refused.value) and "the-wrong-secret" not in str(refused.value)
    assert place.left(name) == ()


@only("minio")
def test_a_key_that_is_no_administrators(place, name):
    key = place.keyring.create(name, READ, None)
    keyring = keyring_of(dataclasses.replace(place.connection, access_key=key.id, secret_key=key.secret))
    with pytest.raises(StoreRefused, match="consoleAdmin"):
        keyring.find("somebody")
    place.keyring.remove(place.keyring.find(name))


@only("minio")
def test_certificates_that_are_not_looked_at_are_not_complained_about(place, name, recwarn):
    keyring = keyring_of(dataclasses.replace(place.connection, ca_path=None, validate_certs=False))
    assert keyring.find(name) is None
    assert [str(one.message) for one in recwarn] == []
