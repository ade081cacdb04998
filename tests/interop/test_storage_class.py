# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On stores that have classes, an object changes its class and nothing else; the others are refused before the first request."""

from __future__ import annotations

import base64
import os

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.tests.interop.stores import Store
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

MIB = 1024 * 1024
PLACE = ("--placement-id", "default-placement", "--storage-class", "COLD")
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
HEADERS = {"ContentType": "image/png", "CacheControl": "max-age=60", "Metadata": {"mtime": "1500000000.5"}}


def add_class(server):
    """A class that an administrator of Ceph defines; the gateway reads it when it starts."""
    server.admin("zonegroup", "placement", "add", "--rgw-zonegroup", "default", *PLACE)
    server.admin("zone", "placement", "add", "--rgw-zone", "default", *PLACE, "--data-pool", "default.rgw.cold")
    gateway = server._processes.pop()
    gateway.stop()
    server._daemon("radosgw", "-n", "client.rgw.a")
    server._wait_until(server._listens)
    return "COLD"


@pytest.fixture(scope="session")
def other_class(store):
    """A class beside the usual one; nothing where there is none."""
    if store.name == "ceph":
        return add_class(store.server)
    known = store.profile.storage_classes or ()
    return next((name for name in ("STANDARD_IA", "REDUCED_REDUNDANCY") if name in known), "")


@pytest.fixture(scope="session")
def bucket(store):
    client_of(store).create_bucket(Bucket="classes")
    return "classes"


def client_of(store):
    return make_client(Connection.from_params(store.connection), store.profile)


def assert_refused(store, bucket):
    assert "has one storage class" in change(store, bucket, "STANDARD_IA", "")["msg"]


def change(store: Store, bucket, to, prefix, **options):
    capabilities = {**store.connection.get("capabilities", {}), **options.pop("capabilities", {})}
    where = {"bucket": bucket, "prefix": prefix, "storage_class": to}
    return run_module("storage_class", {**store.connection, "capabilities": capabilities, **where, **options})


def look(store, bucket, key):
    """All that a store tells about an object, but for the class and what changes with every write."""
    client, place = client_of(store), {"Bucket": bucket, "Key": key}
    head = client.head_object(**place)
    found = {name: head.get(name) for name in (*HEADERS, "ContentLength", "ETag", "WebsiteRedirectLocation")}
    if store.profile.object_tagging:
        found["tags"] = sorted(tag["Key"] + "=" + tag["Value"] for tag in client.get_object_tagging(**place).get("TagSet", []))
    if store.profile.has("acl"):
        grants = client.get_object_acl(**place)["Grants"]
        found["acl"] = sorted(grant["Permission"] + " " + str(sorted(grant["Grantee"].values())) for grant in grants)
    return found, head.get("StorageClass", "STANDARD")


def dressed(store):
    """What an object can have on this store."""
    more = {"Tagging": "kind=avatar&by=a%20b"} if store.profile.object_tagging else {}
    return {**HEADERS, **more, **({"ACL": "public-read"} if "public-read" in store.profile.object_acls else {})}


def there_and_back(store, bucket, prefix, key, other, **options):
    before, _usual = look(store, bucket, key)
    for to in (other, "STANDARD"):
        done = change(store, bucket, to, prefix, **options)
        assert done.get("complete"), done
        assert done["copied"]["objects"] == 1
        assert not change(store, bucket, to, prefix, **options)["changed"]
        assert look(store, bucket, key) == (before, to)


def test_an_object_changes_its_class_and_nothing_else(store, bucket, other_class):
    if not other_class:
        return assert_refused(store, bucket)
    client_of(store).put_object(Bucket=bucket, Key="one/a b+ü", Body=b"content", **dressed(store))
    there_and_back(store, bucket, "one/", "one/a b+ü", other_class)


def test_a_large_object_is_copied_in_the_same_parts(store, bucket, other_class, tmp_path):
    if not other_class:
        return assert_refused(store, bucket)
    client, body = client_of(store), os.urandom(11 * MIB)
    upload = {"Bucket": bucket, "Key": "large/film"}
    upload["UploadId"] = client.create_multipart_upload(**upload, **{"ACL": "private", **dressed(store)})["UploadId"]
    parts = []
    for number in (1, 2, 3):
        answer = client.upload_part(**upload, PartNumber=number, Body=body[(number - 1) * 5 * MIB : number * 5 * MIB])
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    options = {"capabilities": {"copy_max": 6 * MIB}, "part_size": "5M", "journal": str(tmp_path / "journal")}
    there_and_back(store, bucket, "large/", "large/film", other_class, **options)
    assert client.get_object(Bucket=bucket, Key="large/film")["Body"].read() == body
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)


def test_an_object_with_the_customers_key(store, bucket, other_class):
    if not other_class:
        return assert_refused(store, bucket)
    assert "SSE-C" in store.profile.sse
    raw = os.urandom(32)
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": raw}
    client_of(store).put_object(Bucket=bucket, Key="secret/a", Body=b"secret", **key)
    done = change(store, bucket, other_class, "secret/", sse_customer_key=base64.b64encode(raw).decode())
    if store.name == "ceph":  # it answers 501 NotImplemented to every copy of such an object
        assert (done["failures"], done["copied"]["objects"]) == (1, 0)
    else:
        assert done["copied"]["objects"] == 1
    assert client_of(store).get_object(Bucket=bucket, Key="secret/a", **key)["Body"].read() == b"secret"
