# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One bucket into another on each store, by the store itself and through the host: all arrives, and a second run does nothing."""

from __future__ import annotations

import base64
import os
import secrets

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.tests.interop.applies import where
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

MIB = 1024 * 1024
NAMES = [
    "plain.png",
    "a b",
    "a+b",
    "a%20b",
    "a&b=c?d#e",
    "ü/é",
    "🎉/x",
    "~",
    "'\"",
    "port:8448/x",
    "(x)*!",
    "%",
    "{x}^`|<>[]",
    "a-b",
]
HEADERS = {
    "ContentType": "image/png",
    "CacheControl": "public, max-age=60",
    "ContentDisposition": 'inline; filename="a b"',
    "ContentLanguage": "de",
    "Metadata": {"mtime": "1500000000.5", "origin": "x y"},
}


@pytest.fixture(params=["auto", "never"], ids=["store", "host"])
def server_side(request):
    return request.param


def client_of(store):
    return make_client(Connection.from_params(store.connection), store.profile)


@pytest.fixture
def buckets(store):
    """A bucket with objects below two prefixes, and an empty one."""
    names = [f"{name}-{secrets.token_hex(4)}" for name in ("source", "target")]
    for name in names:
        assert run_module("bucket", {**store.connection, "name": name})["changed"]
    client = client_of(store)
    for number, name in enumerate(NAMES):
        client.put_object(Bucket=names[0], Key=f"exports/{name}", Body=name.encode() * number, **HEADERS)
    client.put_object(Bucket=names[0], Key="private/x", Body=b"not to be copied")
    yield names
    for name in names:
        sure = {"name": name, "state": "absent", "force": True, "force_confirm": name}
        assert not run_module("bucket", {**store.connection, **sure}).get("failed")


def put_parts(store, bucket, key, body, part, **more):
    client, upload, parts = client_of(store), {"Bucket": bucket, "Key": key}, []
    upload["UploadId"] = client.create_multipart_upload(**upload, **more)["UploadId"]
    for number in range(1, -(-len(body) // part) + 1):
        answer = client.upload_part(**upload, PartNumber=number, Body=body[(number - 1) * part : number * part])
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def copy(store, buckets, server_side, check=False, **options):
    source = {"bucket": buckets[0], "prefix": "exports/", **options.pop("source", {})}
    return run_module(
        "bucket_copy", {**store.connection, "bucket": buckets[1], "source": source, "server_side": server_side, **options}, check
    )


def contents(store, bucket, **key):
    client = client_of(store)
    listed = client.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {thing["Key"]: client.get_object(Bucket=bucket, Key=thing["Key"], **key)["Body"].read() for thing in listed}


def assert_dressed(store, bucket, key):
    head = client_of(store).head_object(Bucket=bucket, Key=key)
    assert head["ContentType"] == "image/png"
    assert {name.lower(): text for name, text in head["Metadata"].items()} == HEADERS["Metadata"]
    if store.name != "rclone":  # it forgets the others
        assert {name: head[name] for name in HEADERS if name != "Metadata"} == {
            name: text for name, text in HEADERS.items() if name != "Metadata"
        }


def test_a_prefix_is_stripped_and_another_added(store, buckets, server_side):
    expected = {f"new/{name}": name.encode() * number for number, name in enumerate(NAMES)}
    predicted = copy(store, buckets, server_side, check=True, prefix="new/")
    assert predicted["plan"]["transfer"] == {"files": len(NAMES), "bytes": sum(map(len, expected.values()))}
    assert contents(store, buckets[1]) == {}
    done = copy(store, buckets, server_side, prefix="new/")
    assert done.get("complete"), done
    assert (done["plan"], done["server_side"]) == (predicted["plan"], server_side == "auto")
    assert contents(store, buckets[1]) == expected
    for key in ("new/plain.png", "new/ü/é"):
        assert_dressed(store, buckets[1], key)
    again = copy(store, buckets, server_side, prefix="new/")
    assert (again["changed"], again["plan"]["unchanged"]["files"]) == (False, len(NAMES))


def test_large_objects(store, buckets, server_side, tmp_path):
    body, other = os.urandom(11 * MIB), os.urandom(11 * MIB)
    put_parts(store, buckets[0], "exports/film", body, 5 * MIB, **HEADERS)
    client_of(store).put_object(Bucket=buckets[0], Key="exports/whole", Body=other, **HEADERS)
    options = {"part_size": "5M", "journal": str(tmp_path / "journal")}
    done = copy(store, buckets, server_side, **options)
    assert done.get("complete"), done
    found = contents(store, buckets[1])
    assert (found["film"], found["whole"]) == (body, other)
    for key in ("film", "whole"):
        assert_dressed(store, buckets[1], key)
    assert not copy(store, buckets, server_side, **options)["changed"]
    if store.name != "rclone":  # its list is broken
        assert "Uploads" not in client_of(store).list_multipart_uploads(Bucket=buckets[1])
    if store.profile.multipart_etag == "s3":
        heads = [client_of(store).head_object(Bucket=name, Key=key) for name, key in zip(buckets, ("exports/film", "film"))]
        assert heads[0]["ETag"] == heads[1]["ETag"]


@where(lambda profile: profile.object_tagging)
def test_tags_and_acl(store, buckets, server_side):
    client = client_of(store)
    client.put_object(Bucket=buckets[0], Key="exports/tagged", Body=b"x", Tagging="kind=avatar&by=a%20b")
    asked = {"acl": "public-read"} if "public-read" in store.profile.object_acls else {}
    assert copy(store, buckets, server_side, **asked).get("complete")
    tags = client.get_object_tagging(Bucket=buckets[1], Key="tagged")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"kind": "avatar", "by": "a b"}
    if asked:
        grants = client.get_object_acl(Bucket=buckets[1], Key="tagged")["Grants"]
        assert any("AllUsers" in grant["Grantee"].get("URI", "") for grant in grants)


def test_what_differs_is_replaced_or_left_and_what_is_more_is_left(store, buckets, server_side):
    client = client_of(store)
    client.put_object(Bucket=buckets[1], Key="a b", Body=b"other")
    client.put_object(Bucket=buckets[1], Key="more", Body=b"more")
    left = copy(store, buckets, server_side, replace=False, exclude=["ü/"])
    assert left["complete"] and left["plan"]["reasons"] == {
        "excluded": 1, "kept": 1, "missing": len(NAMES) - 2, "only_in_destination": 1,
    }  # fmt: skip
    assert contents(store, buckets[1])["a b"] == b"other"
    done = copy(store, buckets, server_side)
    assert done["complete"] and done["transferred"]["files"] == 2
    found = contents(store, buckets[1])
    assert (found["a b"], found["more"]) == (b"a b", b"more")


def test_within_one_bucket(store, buckets, server_side):
    bucket, expected = buckets[0], {name: name.encode() * number for number, name in enumerate(NAMES)}
    for _time in range(2):
        done = copy(store, [bucket, bucket], server_side, prefix="exports/copy/", exclude=["ü/", "🎉/"])
        assert done.get("complete"), done
    assert not done["changed"]
    found = contents(store, bucket)
    assert {key for key in found if key.startswith("exports/copy/")} == {
        f"exports/copy/{name}" for name in expected if name[0] not in "ü🎉"
    }
    assert copy(store, [bucket, bucket], server_side, prefix="exports/")["failed"]


@where(lambda profile: "SSE-C" in profile.sse)
def test_with_the_customers_keys(store, buckets):
    old, new = os.urandom(32), os.urandom(32)
    texts = [base64.b64encode(key).decode() for key in (old, new)]
    algorithm = {"SSECustomerAlgorithm": "AES256"}
    client_of(store).put_object(Bucket=buckets[0], Key="secret/x", Body=b"secret", **algorithm, SSECustomerKey=old)
    done = copy(store, buckets, "auto", source={"prefix": "secret/", "sse_customer_key": texts[0]}, sse_customer_key=texts[1])
    assert done.get("complete"), done
    assert not done["server_side"]
    assert contents(store, buckets[1], **algorithm, SSECustomerKey=new) == {"x": b"secret"}
