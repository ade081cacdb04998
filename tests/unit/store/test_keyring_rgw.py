# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of Ceph, where the gateway of the tests is too old to show it."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import Unsupported
from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import Grant
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.keyring.rgw import RgwKeyring
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for

OPTIONS = {"provider": "ceph", "endpoint_url": "https://127.0.0.1:1", "access_key": "A", "secret_key": "B"}


@pytest.fixture
def keyring(monkeypatch):
    """A keyring whose Admin Ops API is the table `answers`."""
    connection = Connection.from_params(OPTIONS)
    made = RgwKeyring(connection, profile_for(connection))
    made.answers, made.asked = {}, []

    def call(method, path, query=None, body=None):
        asked = tuple(sorted((name, value) for name, value in query.items() if name != "format"))
        made.asked.append((method, path, asked))
        return made.answers[method, path, asked]

    monkeypatch.setattr(made._rest, "call", call)
    monkeypatch.setattr(made, "_policies", lambda uid: [])
    return made


def user(uid, **more):
    return {"user_id": uid, "suspended": 0, "keys": [{"access_key": uid.upper(), "secret_key": "SECRET", **more}]}


def test_a_key_that_a_newer_gateway_has_switched_off_by_itself(keyring):
    uid = "chat-19a00000001"
    keyring.answers["GET", "admin/user", (("list", ""), ("max-entries", "1000"))] = {"keys": [uid], "truncated": False}
    keyring.answers["GET", "admin/user", (("uid", uid),)] = user(uid, active=False)
    assert [key.active for key in keyring.find("chat").keys] == [False]


def test_a_bucket_of_an_account_is_refused_before_anything_is_made(keyring):
    keyring.answers["GET", "admin/bucket", (("bucket", "media"),)] = {"owner": "RGW12345678901234567"}
    with pytest.raises(Unsupported, match="keyring: iam"):
        keyring.create("chat", (Grant("media", "", ("write",)),), None)
    assert [method for method, _path, _query in keyring.asked] == ["GET"]
