# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an ETag tells nothing, an upload is proved by a checksum that the store compares, or else by reading it back."""

from __future__ import annotations

import base64
import hashlib

import pytest

from ansible_collections.mediastore.s3.tests.servers.troubled import LIE, TroubledS3

from .running import run_module

BODY = b"the content"


@pytest.fixture
def send(tmp_path):
    """Sync one file to a store whose ETags tell nothing, and which compares these checksums; the result and the requests."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").write_bytes(BODY)
    with TroubledS3(tmp_path) as store:
        store.trouble = lambda request, number: LIE if request.method == "PUT" else None

        def send(engine, **facts):
            store.requests.clear()
            store.objects.clear()
            common = {**store.connection, "path": str(source), "bucket": "media", "engine": engine}
            result = run_module("sync", {**common, "capabilities": facts})
            return result, [request for request in store.requests if request.path == "/media/file"]

        yield send


@pytest.mark.parametrize("engine, checks", [("boto3", ["md5"]), ("boto3", ["md5", "sha256"]), ("obstore", ["md5", "sha256"])])
def test_nothing_is_read_back_where_the_store_compares(send, engine, checks):
    result, requests = send(engine, etag_is_md5=False, checks=checks)
    assert (result["complete"], result["engine"]) == (True, engine)
    (put,) = requests
    assert put.method == "PUT"
    if engine == "boto3":
        assert put.headers["content-md5"] == base64.b64encode(hashlib.md5(BODY).digest()).decode()
    else:
        assert put.headers["x-amz-checksum-sha256"] == base64.b64encode(hashlib.sha256(BODY).digest()).decode()
        assert "x-amz-checksum-sha256" in put.signed


@pytest.mark.parametrize("engine, checks", [("boto3", []), ("boto3", ["sha256"]), ("obstore", []), ("obstore", ["md5"])])
def test_where_nobody_measured_that_it_compares_it_is_read_back(send, engine, checks):
    result, requests = send(engine, etag_is_md5=False, checks=checks)
    assert result["complete"]
    assert [request.method for request in requests] == ["PUT", "GET"]
    assert "x-amz-checksum-sha256" not in requests[0].headers


@pytest.mark.parametrize("engine", ["boto3", "obstore"])
def test_a_checksum_does_not_excuse_a_wrong_etag(send, engine):
    result, requests = send(engine, etag_is_md5=True, checks=["md5", "sha256"])
    assert result["failed"] and "answered the ETag" in result["msg"]
    assert "x-amz-checksum-sha256" not in requests[0].headers, "an MD5 in the ETag costs nothing"
