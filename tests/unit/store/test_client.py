# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients that everything else uses."""

from __future__ import annotations

import io

import boto3
import botocore.config
import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import MediastoreError, StoreRefused, Unsupported
from ansible_collections.mediastore.s3.plugins.module_utils._store.client import _config, make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.faults import explaining
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.naive import NaiveS3
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3


def client_for(options, **more):
    connection = Connection.from_params({**options, **more})
    return make_client(connection, profile_for(connection))


@pytest.fixture
def client():
    return client_for(
        {"endpoint_url": "https://127.0.0.1:1", "access_key": "A", "secret_key": "B"}, read_timeout=7, max_attempts=2
    )


def test_its_configuration(client):
    config = client.meta.config
    assert config.signature_version == "s3v4"
    assert config.request_checksum_calculation == config.response_checksum_validation == "when_required"
    assert (config.connect_timeout, config.read_timeout) == (10, 7)
    assert config.retries == {"mode": "standard", "total_max_attempts": 1}, "see patience.py"
    assert config.s3["addressing_style"] == "path"
    assert "mediastore.s3" in config.user_agent


def test_settings_of_a_bucket_are_sent_with_the_checksum_that_all_stores_know():
    sent = []
    with MotoS3() as store:
        client = client_for(store.connection)
        client.meta.events.register("before-send.s3", lambda request, **kwargs: sent.append(dict(request.headers.items())))
        client.create_bucket(Bucket="media")
        client.put_bucket_tagging(Bucket="media", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
        client.delete_objects(Bucket="media", Delete={"Objects": [{"Key": "a"}]})
    for headers in sent[1:]:
        assert "Content-MD5" in headers
        assert [name for name in headers if "checksum" in name.lower()] == []


def test_presigned_urls_are_signature_v4(client):
    url = client.generate_presigned_url("get_object", Params={"Bucket": "media", "Key": "a"})
    assert "X-Amz-Signature=" in url and "AWSAccessKeyId" not in url


@pytest.mark.parametrize(("known", "sent"), [(True, {"when_required"}), (False, set())])
def test_an_old_botocore_is_not_told_what_it_refuses(monkeypatch, known, sent):
    class Config:
        """Before 1.36 the option is a TypeError."""

    if known:
        Config.request_checksum_calculation = None
    monkeypatch.setattr(botocore.config, "Config", Config)
    options = _config(Connection("generic"), pool=16)
    assert {value for name, value in options.items() if "checksum" in name} == sent


def test_an_upload_over_tls_needs_no_trailer_and_no_second_question(tmp_path):
    sent = []
    with RcloneS3(tmp_path, "KEY", "secret") as store:
        client = client_for(store.connection)
        client.meta.events.register("before-send.s3", lambda request, **kwargs: sent.append(dict(request.headers.items())))
        client.create_bucket(Bucket="media")
        client.put_object(Bucket="media", Key="a", Body=io.BytesIO(b"hello"))
        assert (store.data / "media" / "a").read_bytes() == b"hello"
    assert "Expect" not in sent[-1]
    assert "x-amz-trailer" not in {name.lower() for name in sent[-1]}


@pytest.mark.parametrize("call", ["delete_bucket_tagging", "delete_bucket_policy", "delete_bucket_cors", "delete_bucket_website"])
def test_no_client_sends_what_the_provider_lacks(call):
    with NaiveS3() as store:
        store.buckets.add("media")
        client = client_for(store.connection, provider="rclone")
        with pytest.raises(Unsupported, match="rclone serve s3 has no"):
            getattr(client, call)(Bucket="media")
        assert store.requests == []


def test_the_trap_is_real(tmp_path):
    """Without the guard the same call deletes the bucket: the reason for the guard."""
    with RcloneS3(tmp_path, "KEY", "secret") as store:
        plain = boto3.client(
            "s3",
            endpoint_url=store.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="KEY",
            aws_secret_access_key="secret",
            verify=store.ca_path,
        )
        plain.create_bucket(Bucket="media")
        plain.delete_bucket_tagging(Bucket="media")
        assert not (store.data / "media").exists()
        client_for(store.connection).create_bucket(Bucket="media")
        with pytest.raises(Unsupported):
            client_for(store.connection).delete_bucket_tagging(Bucket="media")
        assert (store.data / "media").is_dir()


@pytest.mark.parametrize(
    "call",
    [
        "get_bucket_tagging",
        "get_bucket_policy",
        "get_bucket_versioning",
        "get_public_access_block",
        "get_bucket_cors",
        "get_bucket_acl",
    ],
)
def test_no_listing_is_taken_for_an_answer(call):
    with NaiveS3() as store:
        store.buckets.add("media")
        with pytest.raises(Unsupported, match="answered with a listing"):
            getattr(client_for(store.connection), call)(Bucket="media")


class WebSite(NaiveS3):
    """Has a page for every path, as a store's console does."""

    content_type = "text/html; charset=utf-8"

    def answer(self, method, path, signed_for):
        return 200, "<!DOCTYPE html>\n<html><body>Welcome</body></html>"


@pytest.mark.parametrize(
    "call", ["list_objects_v2", "list_objects", "get_bucket_tagging", "get_bucket_versioning", "get_bucket_policy"]
)
def test_a_web_page_is_no_answer(call):
    with WebSite() as site, pytest.raises(MediastoreError, match="which is not S3|answered 500"):
        connection = Connection.from_params(site.connection)
        with explaining("look", connection):
            getattr(client_for(site.connection), call)(Bucket="media")


def test_nothing_is_no_listing():
    class Silent(NaiveS3):
        def answer(self, method, path, signed_for):
            return 200, ""

    with Silent() as store, pytest.raises(StoreRefused, match="is no listing"):
        client_for(store.connection).list_objects_v2(Bucket="media")


def test_a_listing_that_was_asked_for_is_one():
    with NaiveS3() as store:
        store.buckets.add("media")
        assert client_for(store.connection).list_objects_v2(Bucket="media")["Name"] == "media"


def test_an_object_that_looks_like_a_listing_is_an_object():
    with MotoS3() as store:
        client = client_for(store.connection)
        client.create_bucket(Bucket="media")
        client.put_object(Bucket="media", Key="a", Body=b"<ListBucketResult></ListBucketResult>")
        assert client.get_object(Bucket="media", Key="a")["Body"].read() == b"<ListBucketResult></ListBucketResult>"
