# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets that the role makes are as closed and as open as it says: tried without a key, on stores that ask for one."""

from __future__ import annotations

import json
import secrets

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.policies import public_read
from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.tests.e2e.provisioning import UNPROVED, changed, provision
from ansible_collections.mediastore.s3.tests.interop.applies import only, where
from ansible_collections.mediastore.s3.tests.interop.website import public_url
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

CLOSED = {"read": "refused", "list": "refused", "write": "refused"}
READABLE = {**CLOSED, "read": "allowed"}
NOTHING_BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)


def connection(store):
    """The options of a module, with those for the store's administration if it has one."""
    return {**store.connection, **store.administration}


@pytest.fixture
def name(store):
    """A bucket that no other test uses, and that is gone afterwards."""
    name = f"media-{secrets.token_hex(4)}"
    yield name
    sure = {"name": name, "state": "absent", "force": True, "force_confirm": name}
    assert not run_module("bucket", {**connection(store), **sure}).get("failed")


@pytest.fixture
def client(store):
    """Somebody else with a key, at work on the same store."""
    said = Connection.from_params(store.connection)
    return make_client(said, store.profile)


def prove(store, name, expect, **options):
    return run_module("anonymous_access", {**connection(store), "name": name, "expect": expect, "timeout": 10, **options})


def held(client, store, name):
    """All that the bucket holds, old versions and delete markers as well."""
    if not store.profile.has("versioning"):
        return client.list_objects_v2(Bucket=name).get("Contents", [])
    found = client.list_object_versions(Bucket=name)
    return found.get("Versions", []) + found.get("DeleteMarkers", [])


def test_private_is_made_and_proved_and_stays(store, name, client, tmp_path):
    buckets = [{"name": name, "preset": "private"}]
    if store.name == "moto":
        status, output = provision(tmp_path, connection(store), buckets, mediastore_prove_timeout=0)
        assert status == 2 and "EVERYBODY CAN LIST its objects (200)" in output
        return
    status, output = provision(tmp_path, connection(store), buckets)
    assert status == 0 and changed(output) >= 1, output
    status, output = provision(tmp_path, connection(store), buckets, "--diff")
    assert status == 0 and changed(output) == 0, output
    assert prove(store, name, "private")["access"] == CLOSED
    assert held(client, store, name) == []


def test_public_read_is_made_and_proved_or_refused_with_a_way_out(store, name, client, tmp_path):
    profile = store.profile
    prefix = {"prefix": "public/"} if profile.public_read == "policy" else {}
    with public_url(store, name) as url:
        buckets = [{"name": name, "preset": "public_read", **prefix, **url}]
        variables = UNPROVED if store.name == "moto" else {}
        status, output = provision(tmp_path, connection(store), buckets, **variables)
        if profile.public_read == "none":
            assert status == 2 and profile.instead["public_read"] in output
            assert name not in [found["Name"] for found in client.list_buckets()["Buckets"]]
            return
        assert status == 0, output
        status, output = provision(tmp_path, connection(store), buckets, **variables)
        assert status == 0 and changed(output) == 0, output
        if store.name != "moto":
            outside = {"read_outside_prefix": "refused"} if prefix else {}
            assert prove(store, name, "public_read", **prefix, **url)["access"] == {**READABLE, **outside}
            assert prove(store, name, "private", **prefix, **url, timeout=0)["error"]["code"] == "Public"
    assert held(client, store, name) == []


def test_a_proof_in_a_bucket_that_keeps_versions_leaves_none(store, name, client):
    versions = {"versioning": True} if store.profile.has("versioning") else {}
    assert run_module("bucket", {**connection(store), "name": name, **versions})["changed"]
    found = prove(store, name, "private", timeout=0)
    assert found["access"]["read"] == "refused"
    assert held(client, store, name) == []


@where(lambda profile: profile.public_read != "none")
def test_what_is_opened_behind_our_back_is_found_out_and_closed_again(store, name, client, tmp_path):
    with public_url(store, name) as url:
        buckets = [{"name": name, "preset": "private", **url}]
        status, output = provision(tmp_path, connection(store), buckets, **UNPROVED)
        assert status == 0, output
        open_to_all(store, name, client)
        failed = prove(store, name, "private", **url)
        assert failed["access"]["read"] == "allowed" and failed["error"]["code"] == "Public"
        assert "EVERYBODY CAN READ its objects" in failed["msg"]

        variables = UNPROVED if store.name == "moto" else {}
        status, output = provision(tmp_path, connection(store), buckets, **variables)
        assert status == 0 and changed(output) >= 1, output
    assert held(client, store, name) == []


def open_to_all(store, name, client):
    """Let everybody read, as somebody in a hurry would."""
    if store.profile.public_read == "website":
        client.put_bucket_website(Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
        return
    if store.profile.has("public_access_block"):
        client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=NOTHING_BLOCKED)
    client.put_bucket_policy(Bucket=name, Policy=json.dumps(public_read(name)))


@where(lambda name, profile: "public-read" in profile.bucket_acls and name != "moto")
def test_an_acl_that_lists_is_found_out(store, name, client):
    run_module("bucket", {**connection(store), "name": name})
    if store.profile.has("ownership"):
        # or the store takes no ACLs at all
        run_module("bucket", {**connection(store), "name": name, "ownership": "BucketOwnerPreferred"})
    client.put_bucket_acl(Bucket=name, ACL="public-read")
    failed = prove(store, name, "private")
    assert failed["access"]["list"] == "allowed"
    assert "EVERYBODY CAN LIST its objects" in failed["msg"]


@only("ceph")  # which has a second user here who is nobody without the policy of a bucket
def test_the_principals_of_a_private_bucket_are_let_in(store, name, client, tmp_path):
    buckets = [{"name": name, "preset": "private", "principals": ["arn:aws:iam:::user/other"]}]
    status, output = provision(tmp_path, connection(store), buckets)
    assert status == 0, output
    other = store.server.client(store.server.other)
    other.put_object(Bucket=name, Key="theirs", Body=b"theirs")
    assert other.get_object(Bucket=name, Key="theirs")["Body"].read() == b"theirs"
    assert [found["Key"] for found in client.list_objects_v2(Bucket=name)["Contents"]] == ["theirs"]
