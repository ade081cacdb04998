# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of an application key of Backblaze. Every step is proved by calls with the key, not by what a list of keys says."""

from __future__ import annotations

import base64
import datetime
import json
import sys
import time
import urllib.error
import urllib.request

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import (
    BadInput,
    LibraryMissing,
    StoreRefused,
    StoreUnreachable,
    Unsupported,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import Grant, understood
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.keyring.registry import keyring_for
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for
from ansible_collections.mediastore.s3.tests.servers.backblaze import Backblaze
from ansible_collections.mediastore.s3.tests.servers.tls import make_certificates
from ansible_collections.mediastore.s3.tests.servers.tlsproxy import TlsProxy

ALL = ("list", "read", "write", "delete")


class Refused(Exception):
    """The store said no."""


class KeyInHand:
    """Whoever has a key, without any library."""

    def __init__(self, store: Backblaze, key_id: str, secret: str, bucket: str, prefix: str = "") -> None:
        self._store = store
        self._basic = "Basic " + base64.b64encode(f"{key_id}:{secret}".encode()).decode()
        self._bucket = bucket
        self._prefix = prefix

    def may(self, name: str) -> bool:
        """Whether the try is allowed; what it leaves behind is whole."""
        try:
            getattr(self, f"_try_{name}")(self._send("b2api/v4/b2_authorize_account", self._basic)["authorizationToken"])
        except Refused:
            return False
        return True

    def can(self) -> set[str]:
        """All that is allowed."""
        return {name for name in ("list", "read", "write", "hide", "delete", "make_keys", "make_buckets") if self.may(name)}

    def known(self) -> bool:
        """Whether the key is let in."""
        try:
            self._send("b2api/v4/b2_authorize_account", self._basic)
        except Refused:
            return False
        return True

    def _send(self, path: str, token: str, said=None, body: bytes | None = None, name: str = ""):
        data = json.dumps(said or {}).encode() if body is None else body
        headers = {"Authorization": token, **({"X-Bz-File-Name": name} if name else {})}
        request = urllib.request.Request(
            f"{self._store.url}/{path}", data, headers, method="GET" if path[:4] == "file" else "POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                found = answer.read()
        except urllib.error.HTTPError as exc:
            assert exc.code in (401, 403), exc.read()
            raise Refused from exc
        return found if path[:4] == "file" else json.loads(found)

    @property
    def _id(self) -> str:
        return self._store.bucket(self._bucket).bucket_id

    def _left(self) -> tuple[str, str]:
        owner = self._store.simulator.authorize_account("", self._store.access_key, self._store.secret_key)["authorizationToken"]
        name = f"{self._prefix}photo"
        return name, self._store.simulator.upload(owner, self._id, name, b"content")["fileId"]

    def _try_list(self, token: str) -> None:
        self._send("b2api/v4/b2_list_file_names", token, {"bucketId": self._id, "prefix": self._prefix})

    def _try_read(self, token: str) -> None:
        assert self._send(f"file/{self._bucket}/{self._left()[0]}", token) == b"content"

    def _try_write(self, token: str) -> None:
        place = self._send("b2api/v4/b2_get_upload_url", token, {"bucketId": self._id})
        self._send(f"upload/{self._id}", place["authorizationToken"], body=b"written", name=f"{self._prefix}written")

    def _try_hide(self, token: str) -> None:
        self._send("b2api/v4/b2_hide_file", token, {"bucketId": self._id, "fileName": self._left()[0]})

    def _try_delete(self, token: str) -> None:
        name, version = self._left()
        self._send("b2api/v4/b2_delete_file_version", token, {"fileId": version, "fileName": name})

    def _try_make_keys(self, token: str) -> None:
        said = {"accountId": self._store.access_key, "capabilities": ["listFiles"], "keyName": "intruder"}
        self._send("b2api/v4/b2_create_key", token, said)

    def _try_make_buckets(self, token: str) -> None:
        said = {"accountId": self._store.access_key, "bucketName": "intruder", "bucketType": "allPublic"}
        self._send("b2api/v4/b2_create_bucket", token, said)


@pytest.fixture
def store():
    with Backblaze() as running:
        token = running.simulator.authorize_account("", running.access_key, running.secret_key)["authorizationToken"]
        for name in ("media", "other", "third"):
            running.simulator.create_bucket(running.url, token, running.access_key, name, "allPrivate")
        yield running


def keyring(store, **changes):
    connection = Connection.from_params({**store.connection, **changes})
    return keyring_for(connection, profile_for(connection), "try the keyring")


def grants(*rights, bucket="media", prefix=""):
    said = [{"bucket": bucket, "prefix": prefix, "rights": list(rights)}]
    return understood(said, "try", profile_for(Connection("b2")).keys.levels)


def in_hand(store, key, bucket="media", prefix=""):
    return KeyInHand(store, key.id, key.secret, bucket, prefix)


def in_seconds(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("rights", "allowed"),
    [
        (("list",), {"list"}),
        (("read",), {"read"}),
        (("list", "read"), {"list", "read"}),
        # To delete by name is to hide, which is to write.
        (("list", "read", "write"), {"list", "read", "write", "hide"}),
        (ALL, {"list", "read", "write", "hide", "delete"}),
    ],
)
def test_a_key_may_do_what_is_granted_and_nothing_else(store, rights, allowed):
    ring = keyring(store)
    assert ring.find("synapse") is None
    key = ring.create("synapse", grants(*rights), None)
    assert in_hand(store, key).can() == allowed
    assert in_hand(store, key, "other").can() == set()
    found = ring.find("synapse")
    assert (found.name, found.grants) == ("synapse", grants(*rights))
    assert [(one.id, one.active, one.secret, one.expires, one.grants) for one in found.keys] == [
        (key.id, True, None, None, grants(*rights))
    ]


def test_a_right_that_needs_another_is_refused_without_it():
    with pytest.raises(BadInput, match=r"cannot give delete on media and no more.*Give one of: list; read; write; list, read;"):
        grants("delete")


def test_a_prefix_holds(store):
    ring = keyring(store)
    key = ring.create("synapse", grants(*ALL, prefix="synapse/"), None)
    assert in_hand(store, key, prefix="synapse/").can() == {"list", "read", "write", "hide", "delete"}
    assert in_hand(store, key, prefix="zulip/").can() == set()
    assert ring.find("synapse").grants == (Grant("media", "synapse/", ALL),)


def test_one_key_for_several_buckets_with_the_same_rights(store):
    ring = keyring(store)
    both = grants("list", "read") + grants("list", "read", bucket="other")
    key = ring.create("backup", both, None)
    for bucket in ("media", "other"):
        assert in_hand(store, key, bucket).can() == {"list", "read"}
    assert in_hand(store, key, "third").can() == set()
    assert ring.find("backup").grants == both


@pytest.mark.parametrize("second", [grants("read", bucket="other"), grants("list", "read", bucket="other", prefix="a/")])
def test_different_rights_are_a_key_each(store, second):
    with pytest.raises(Unsupported, match=r"the grants for media, other.* differ\. Make one key for each"):
        keyring(store).create("backup", grants("list", "read") + second, None)
    assert "b2_create_key" not in store.calls


def test_more_and_fewer_rights_are_another_key_and_the_old_one_stays_what_it_was(store):
    ring = keyring(store)
    old = ring.create("synapse", grants(*ALL), None)
    new = ring.create("synapse", grants("list", "read"), None)
    assert old.id != new.id
    assert in_hand(store, old).can() == {"list", "read", "write", "hide", "delete"}
    assert in_hand(store, new).can() == {"list", "read"}
    found = ring.find("synapse")
    assert [key.grants for key in found.keys] == [grants(*ALL), grants("list", "read")]
    assert found.grants is None, "which of the two would it be?"
    ring.delete(found, found.keys[0])
    assert not in_hand(store, old).known()
    assert in_hand(store, new).can() == {"list", "read"}
    assert ring.find("synapse").grants == grants("list", "read")
    ring.delete(found, found.keys[0])  # gone already
    ring.remove(found)
    assert ring.find("synapse") is None
    assert not in_hand(store, new).known()


def test_what_cannot_be_changed_is_not(store):
    ring = keyring(store)
    key = ring.create("synapse", grants(*ALL), None)
    found = ring.find("synapse")
    for act in (lambda: ring.regrant(found, ()), lambda: ring.switch(found, key, False), lambda: ring.reveal(key)):
        with pytest.raises(Unsupported, match="Make another key"):
            act()


def test_names_that_begin_alike_are_not_mixed_up(store):
    ring = keyring(store)
    ring.create("app-2", grants("list"), None)
    assert ring.find("app") is None
    key = ring.create("app", grants("list"), None)
    ring.remove(ring.find("app"))
    assert not in_hand(store, key).known()
    assert len(ring.find("app-2").keys) == 1


def test_a_key_ends_by_itself(store):
    ring = keyring(store)
    end = in_seconds(3600)
    key = ring.create("courier", grants("read"), end)
    ends = datetime.datetime.strptime(key.expires, "%Y-%m-%dT%H:%M:%SZ") - datetime.datetime.strptime(end, "%Y-%m-%dT%H:%M:%SZ")
    assert abs(ends.total_seconds()) <= 1
    assert in_hand(store, key).can() == {"read"} and ring.find("courier").keys[0].active
    store.wait(3601)
    assert not in_hand(store, key).known()
    found = ring.find("courier")
    assert [one.active for one in found.keys] == [False] and found.grants == ()


@pytest.mark.parametrize("seconds", [-5, 1001 * 24 * 3600])
def test_an_end_that_cannot_be(store, seconds):
    with pytest.raises(BadInput, match="within 1000 days"):
        keyring(store).create("courier", grants("read"), in_seconds(seconds))
    assert "b2_create_key" not in store.calls


@pytest.mark.parametrize(
    ("capabilities", "buckets"),
    [
        (["listBuckets", "readBuckets", "listAllBucketNames", "listFiles", "writeKeys"], ["media"]),
        (["listFiles"], ["media"]),
        (["listBuckets", "readBuckets", "listAllBucketNames", "listFiles"], None),
        (["listBuckets", "readBuckets", "listAllBucketNames", "listFiles"], ["media", "gone"]),
    ],
)
def test_a_key_of_somebody_else_is_shown_as_something_that_grants_cannot_say(store, capabilities, buckets):
    token = store.simulator.authorize_account("", store.access_key, store.secret_key)["authorizationToken"]
    store.simulator.create_bucket(store.url, token, store.access_key, "gone", "allPrivate")
    ids = [store.bucket(name).bucket_id for name in buckets] if buckets else None
    store.simulator.create_key(store.url, token, store.access_key, capabilities, "console", None, ids, None)
    store.simulator.delete_bucket(store.url, token, store.access_key, store.bucket("gone").bucket_id)
    found = keyring(store).find("console")
    assert len(found.keys) == 1 and found.grants is None and found.keys[0].grants is None


def test_a_name_that_the_store_would_not_take(store):
    with pytest.raises(BadInput, match="Use letters, digits and hyphens"):
        keyring(store).create("sy_napse", grants("read"), None)


def test_a_bucket_that_is_not_there(store):
    with pytest.raises(BadInput, match="make a key for bucket missing.*Create the bucket first"):
        keyring(store).create("synapse", grants("read", bucket="missing"), None)
    assert "b2_create_key" not in store.calls


def test_nothing_is_sent_before_there_is_something_to_ask(store):
    ring = keyring(store)
    assert store.calls == []
    ring.find("synapse")
    ring.find("synapse")
    assert store.calls == ["b2_authorize_account", "b2_list_keys", "b2_list_keys"]
    assert all("mediastore.s3" in agent for agent in store.agents)


def test_a_wrong_secret(store):
    with pytest.raises(StoreRefused, match="list the keys named synapse.*Check access_key and secret_key") as caught:
        keyring(store, secret_key="wrong-secret").find("synapse")
    assert caught.value.code == "InvalidSecurity" and "wrong-secret" not in str(caught.value)


def test_a_key_that_may_not_make_keys(store):
    weak = keyring(store).create("synapse", grants(*ALL), None)
    with pytest.raises(
        StoreRefused, match=r"unauthorized for application key with capabilities.*Give the key the right"
    ) as caught:
        keyring(store, access_key=weak.id, secret_key=weak.secret).find("synapse")
    assert caught.value.code == "AccessDenied"


def test_keys_are_looked_for_nowhere_else(store):
    with pytest.raises(BadInput, match="Set them to the account's master key"):
        keyring(store, access_key="", secret_key="")


def test_the_library_may_be_missing(store, monkeypatch):
    monkeypatch.setitem(sys.modules, "b2sdk", None)
    with pytest.raises(LibraryMissing, match=r"pip install 'b2sdk>=2.9.1'") as caught:
        keyring(store)
    assert caught.value.library == "b2sdk"


def test_the_proxy_is_used_whatever_the_environment_says(store, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    # Nobody has such a name, so only a proxy can lead there.
    store.simulator.API_URL = store.url = "http://b2.invalid"
    assert keyring(store, proxy_url=f"http://127.0.0.1:{store.port}").find("synapse") is None


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
def test_the_certificate_is_looked_at(store, tmp_path, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/at/all.pem")
    certificates = make_certificates(tmp_path)
    with TlsProxy(certificates, store.port) as proxy:
        store.simulator.API_URL = store.url = proxy.url
        assert keyring(store, ca_path=str(certificates.ca)).find("synapse") is None
        assert keyring(store, validate_certs=False).find("synapse") is None
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        with pytest.raises(StoreUnreachable, match=r"certificate verify failed.*ca_path"):
            keyring(store).find("synapse")


def test_nobody_answers(store, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with pytest.raises(StoreUnreachable, match=r"reach Backblaze's own interface: .*refused.*Check name resolution"):
        keyring(store, admin_url="http://127.0.0.1:9").find("synapse")
