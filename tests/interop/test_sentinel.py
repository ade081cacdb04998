# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real stores say to strangers is understood: a bucket or an object made public by policy or ACL is found, and no other."""

from __future__ import annotations

import secrets

import pytest

from ansible_collections.mediastore.s3.plugins.filter.public_read_policy import public_read_policy
from ansible_collections.mediastore.s3.tests.interop.applies import only, where
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

KEYS = [f"uploads/{number}.png" for number in range(4)] + ["exports/all.tar.gz"]
#: those that ask strangers for a key, and have policies
CLOSED = only("ceph", "minio", "versitygw")


@pytest.fixture
def bucket(store):
    name = f"guarded-{secrets.token_hex(4)}"
    assert not run_module("bucket", {**store.connection, "name": name, **store.administration}).get("failed")
    for key in KEYS:
        store.server.client().put_object(Bucket=name, Key=key, Body=key.encode())
    yield name
    sure = {"state": "absent", "force": True, "force_confirm": name}
    assert not run_module("bucket", {**store.connection, "name": name, **sure, **store.administration}).get("failed")


def ask(store, bucket, **more):
    guarded = {"name": bucket, "prefixes": ["uploads/", "exports/"], **more}
    return run_module("sentinel", {**store.connection, "buckets": [guarded], "timeout": 0})


def found(result):
    return [(finding["kind"], finding["prefix"]) for finding in result["findings"]]


@CLOSED
def test_a_policy_is_found_where_it_opens_something(store, bucket):
    assert ask(store, bucket)["private"]
    policy = public_read_policy(bucket, prefix="exports/")
    assert run_module("bucket_policy", {**store.connection, "name": bucket, "policy": policy})["changed"]
    result = ask(store, bucket)
    assert found(result) == [("public", "exports/")] and result["findings"][0]["key"] == "exports/all.tar.gz"
    assert run_module("bucket_policy", {**store.connection, "name": bucket, "state": "absent"})["changed"]
    assert ask(store, bucket)["private"]


@CLOSED
@where(lambda profile: "public-read" in profile.object_acls)
def test_the_acl_of_a_single_object_is_found(store, bucket):
    client = store.server.client()
    client.put_object_acl(Bucket=bucket, Key=KEYS[2], ACL="public-read")
    result = ask(store, bucket)
    assert found(result) == [("public", "uploads/")] and result["findings"][0]["key"] == KEYS[2]
    client.put_object_acl(Bucket=bucket, Key=KEYS[2], ACL="private")
    assert ask(store, bucket)["private"]


@CLOSED
@where(lambda profile: "public-read" in profile.object_acls)
def test_the_acl_of_a_bucket_is_found_by_its_list(store, bucket):
    client = store.server.client()
    client.put_bucket_acl(Bucket=bucket, ACL="public-read")
    result = ask(store, bucket)
    assert {finding["kind"] for finding in result["findings"]} == {"public"}
    assert all("EVERYBODY CAN LIST" in finding["subject"] for finding in result["findings"])
    client.put_bucket_acl(Bucket=bucket, ACL="private")
    assert ask(store, bucket)["private"]


@CLOSED
def test_objects_that_are_deleted_meanwhile_do_not_make_it_cry(store, bucket):
    """Whatever the store tells strangers of what is not there."""
    assert ask(store, bucket, prefixes=[])["private"]
    url = f"{store.server.endpoint_url}/{bucket}"
    things = [{"key": key, "size": len(key), "url": f"{url}/{key}", "public_url": ""} for key in KEYS]
    target = {"bucket": bucket, "prefix": "", "listings": [f"{url}?max-keys=1"], "things": things}
    keyless = {name: value for name, value in store.connection.items() if name not in ("access_key", "secret_key")}
    store.server.client().delete_object(Bucket=bucket, Key=KEYS[0])
    assert run_module("sentinel", {**keyless, "targets": [target], "timeout": 0})["private"]
