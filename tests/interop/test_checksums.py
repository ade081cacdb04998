# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A checksum that a store compares is the proof of an upload whose ETag tells nothing; whether it compares is tried here."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets

import pytest
from botocore.exceptions import ClientError

from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.objects import BotoStore
from ansible_collections.mediastore.s3.tests.interop.applies import where
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

MIB = 1024 * 1024
SENT, OTHER = b"what is sent", b"what is not sent"
HEADERS = {"md5": ("ContentMD5", hashlib.md5), "sha256": ("ChecksumSHA256", hashlib.sha256)}


def header(name: str, body: bytes) -> dict[str, str]:
    option, of = HEADERS[name]
    return {option: base64.b64encode(of(body).digest()).decode()}


@pytest.fixture
def bucket(store):
    """A bucket that no other test uses."""
    name = f"media-{secrets.token_hex(4)}"
    assert run_module("bucket", {**store.connection, "name": name})["changed"]
    yield name
    sure = {"name": name, "state": "absent", "force": True, "force_confirm": name}
    assert not run_module("bucket", {**store.connection, **sure}).get("failed")


@pytest.mark.parametrize("name", HEADERS)
def test_what_the_profile_says_is_compared_is_compared_and_nothing_else(store, bucket, name):
    # A refusal is final here; botocore would try it four times.
    client = make_client(Connection.from_params({**store.connection, "max_attempts": 1}), store.profile)
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": os.urandom(32)}
    ways = [{}, *([key] if "SSE-C" in store.profile.sse and store.name != "moto" else [])]
    for encrypted in ways:
        client.put_object(Bucket=bucket, Key="right", Body=SENT, **header(name, SENT), **encrypted)
        if name in store.profile.checks:
            with pytest.raises(ClientError, match="Digest|Checksum"):
                client.put_object(Bucket=bucket, Key="wrong", Body=SENT, **header(name, OTHER), **encrypted)
        else:
            client.put_object(Bucket=bucket, Key="ignored", Body=SENT, **header(name, OTHER), **encrypted)
        where = {"Bucket": bucket, "Key": "parts"}
        where["UploadId"] = client.create_multipart_upload(**where, **encrypted)["UploadId"]
        if name in store.profile.checks:
            with pytest.raises(ClientError, match="Digest|Checksum"):
                client.upload_part(**where, PartNumber=1, Body=SENT, **header(name, OTHER), **encrypted)
        with contextlib.suppress(client.exceptions.NoSuchUpload):  # rclone ends an upload with the first part that it refuses
            client.abort_multipart_upload(**where)
    there = {thing["Key"] for thing in client.list_objects_v2(Bucket=bucket)["Contents"]}
    assert there == ({"right"} if name in store.profile.checks else {"right", "ignored"})


@where(lambda profile: "SSE-C" in profile.sse)
@pytest.mark.parametrize("engine", ["boto3", "obstore"])
def test_nothing_is_read_back_where_the_checksum_is_the_proof(store, bucket, tmp_path, monkeypatch, engine):
    read = []
    real = BotoStore.read  # the other engine's too
    monkeypatch.setattr(BotoStore, "read", lambda store, key: read.append(key) or real(store, key))
    source = tmp_path / "source"
    source.mkdir()
    for name, size in (("small", 1000), ("middling", 3 * MIB), ("large", 11 * MIB)):
        (source / name).write_bytes(os.urandom(size))
    common = {**store.connection, "path": str(source), "bucket": bucket, "engine": engine, "journal": str(tmp_path / "journal")}
    common["sse_customer_key"] = base64.b64encode(os.urandom(32)).decode()
    done = run_module("sync", {**common, "part_size": "5M"})
    assert (done.get("complete"), done["transferred"]["files"], done["engine"]) == (True, 3, engine), done
    assert read == []
    # by the journal, and by content
    assert run_module("verify", common)["read_back"] == 0
    assert read == []
    assert run_module("verify", {**common, "read_back": "all"})["counts"]["matched"] == 3
    assert sorted(read) == ["large", "middling", "small"]
