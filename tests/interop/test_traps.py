# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traps that stores set: that they are there, for a client that nobody has warned, and that ours walks past them."""

from __future__ import annotations

import datetime
import secrets
import ssl
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.auth
import pytest
from botocore.exceptions import ClientError

from ansible_collections.mediastore.s3.plugins.module_utils._core.policies import public_read
from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.tests.interop.applies import only, where
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

#: moto looks at no signature, but in a mode in which nothing can be public
SIGNED = where(lambda name: name != "moto")


def bucket(store, name, **options):
    return run_module("bucket", {**store.connection, "name": name, **options})


def info(store, name, *gather):
    return run_module("bucket_info", {**store.connection, "name": name, "gather": list(gather)})["buckets"][0]


@pytest.fixture
def name(store):
    """A bucket that no other test uses."""
    name = f"media-{secrets.token_hex(4)}"
    assert bucket(store, name)["changed"]
    yield name
    bucket(store, name, state="absent", force=True, force_confirm=name)


def unwarned(store, **options):
    """A client as anybody would make it."""
    here = store.connection
    return boto3.client(
        "s3",
        endpoint_url=here["endpoint_url"],
        region_name=here.get("region", "us-east-1"),
        aws_access_key_id=here["access_key"],
        aws_secret_access_key=here["secret_key"],
        verify=here["ca_path"],
        **options,
    )


def ours(store, **changes):
    return make_client(Connection.from_params({**store.connection, **changes}), store.profile)


def anonymously(store, path, method="GET", body=None):
    """The status of a request without any key."""
    context = ssl.create_default_context(cafile=store.connection["ca_path"])
    request = urllib.request.Request(f"{store.connection['endpoint_url']}/{path}", body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def there(client, name):
    return name in [found["Name"] for found in client.list_buckets()["Buckets"]]


#: store -> what a DELETE of deletes the whole bucket (measured; MinIO answers 501 to a GET of both)
FALLS_THROUGH = {
    "ceph": ("ownership_controls", "encryption"),
    "rclone": ("ownership_controls", "encryption", "lifecycle", "cors", "policy", "tagging", "website", "replication"),
    "minio": ("ownership_controls",),
}
OPTION = {
    "ownership_controls": {"ownership": "BucketOwnerPreferred"},
    "encryption": {"encryption": {"algorithm": "AES256"}},
    "tagging": {"tags": {"a": "b"}},
    "website": {"website": {}},
}


@where(lambda name, sub_resource: sub_resource in FALLS_THROUGH.get(name, ()))
@pytest.mark.parametrize("sub_resource", FALLS_THROUGH["rclone"])
def test_a_sub_resource_that_is_the_bucket_itself(store, name, sub_resource):
    plain = unwarned(store)
    delete = "delete_bucket_lifecycle" if sub_resource == "lifecycle" else f"delete_bucket_{sub_resource}"
    getattr(plain, delete)(Bucket=name)
    assert not there(plain, name), "the trap is gone: the profile may say more"
    assert bucket(store, name)["changed"]
    # The store as one of which nothing is known: it is asked first, and what it answers keeps us from going on.
    for option in (OPTION.get(sub_resource),) if sub_resource in OPTION else ():
        failed = bucket(store, name, provider="generic", **option)
        assert failed["error"]["code"] == "Unsupported", failed
    for module in ("bucket_policy", "cors", "lifecycle"):
        run_module(module, {**store.connection, "provider": "generic", "name": name, "state": "absent"})
    assert there(plain, name)


def test_uploads_need_no_trailer_where_a_client_of_today_fails(store, name):
    if store.name in ("ceph", "rclone"):
        with pytest.raises(ClientError, match="MissingContentLength|411"):
            unwarned(store).put_object(Bucket=name, Key="a", Body=b"hello")
    ours(store).put_object(Bucket=name, Key="a", Body=b"hello")
    assert ours(store).get_object(Bucket=name, Key="a")["Body"].read() == b"hello"


def test_many_objects_are_deleted_with_the_checksum_that_the_store_knows(store, name):
    client = ours(store)
    for key in ("a", "b"):
        client.put_object(Bucket=name, Key=key, Body=b"x")
    assert client.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]}).get("Errors", []) == []
    assert client.list_objects_v2(Bucket=name).get("Contents", []) == []


def test_presigned_urls_are_of_version_4_and_work(store, name):
    client = ours(store)
    client.put_object(Bucket=name, Key="photo", Body=b"x")
    url = client.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "photo"}, ExpiresIn=600)
    assert parse_qs(urlsplit(url).query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    context = ssl.create_default_context(cafile=store.connection["ca_path"])
    with urllib.request.urlopen(url, timeout=30, context=context) as answer:
        assert answer.read() == b"x"
    # and of version 2 without us, where boto3 takes the region for one of Amazon's
    assert store.name == "garage" or "AWSAccessKeyId" in unwarned(store).generate_presigned_url(
        "get_object", Params={"Bucket": name, "Key": "photo"}
    )


@SIGNED
def test_presigned_urls_live_as_long_as_the_profile_says(store, name):
    client = ours(store)
    client.put_object(Bucket=name, Key="photo", Body=b"x")
    context = ssl.create_default_context(cafile=store.connection["ca_path"])
    longest = store.profile.presign_max_s
    for seconds, works in ((604800, True), (604801, longest is None)):
        url = client.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "photo"}, ExpiresIn=seconds)
        try:
            urllib.request.urlopen(url, timeout=30, context=context).close()
            worked = True
        except urllib.error.HTTPError:
            worked = False
        assert worked == works, seconds


def test_a_location_is_sent_only_where_it_is_wanted(store):
    """A bucket is made with the region in the connection, whatever the store thinks of location constraints."""
    regions = [store.connection.get("region", "us-east-1")]
    # these two sign with any region
    regions += ["eu-west-1"] if store.name in ("ceph", "rclone") else []
    for region in regions:
        name = f"media-{secrets.token_hex(4)}"
        assert bucket(store, name, region=region)["changed"]
        assert bucket(store, name, region=region, state="absent")["changed"]
    if store.name in ("ceph", "versitygw"):
        with pytest.raises(ClientError, match="LocationConstraint"):
            where = {"LocationConstraint": "eu-west-1"}
            unwarned(store).create_bucket(Bucket=f"media-{secrets.token_hex(4)}", CreateBucketConfiguration=where)


@only("ceph")  # the one that has ACLs and acts on them by itself
def test_a_public_acl_opens_the_listing_and_not_the_objects(store, name):
    ours(store).put_object(Bucket=name, Key="photo", Body=b"x")
    done = bucket(store, name, acl="public-read")
    assert "lets others list the names of all objects" in str(done["warnings"])
    assert (anonymously(store, f"{name}/"), anonymously(store, f"{name}/photo")) == (200, 403)
    assert bucket(store, name, acl="private")["changed"]
    assert anonymously(store, f"{name}/") == 403
    # what is meant
    run_module("bucket_policy", {**store.connection, "name": name, "policy": public_read(name)})
    assert (anonymously(store, f"{name}/"), anonymously(store, f"{name}/photo")) == (403, 200)
    assert anonymously(store, f"{name}/evil", "PUT", b"x") == 403


@only("ceph")
def test_a_block_that_shuts_out_the_owner_is_warned_of(store, name):
    done = bucket(store, name, public_access_block={"block_public_acls": True})
    assert "refuses every upload in one request" in str(done["warnings"])
    with pytest.raises(ClientError, match="AccessDenied"):
        ours(store).put_object(Bucket=name, Key="photo", Body=b"x")
    assert bucket(store, name, public_access_block={"block_public_acls": False})["changed"]
    ours(store).put_object(Bucket=name, Key="photo", Body=b"x")


@only("ceph", "moto")  # the others keep size filters or have no rules
def test_a_lifecycle_filter_that_is_dropped_costs_no_object(store, name):
    keep = {"id": "keep", "noncurrent_days": 1}
    small = {"id": "small", "prefix": "a/", "object_size_less_than": 4096, "expiration_days": 1}
    here = {**store.connection, "name": name}
    assert run_module("lifecycle", {**here, "rules": [keep]})["changed"]
    failed = run_module("lifecycle", {**here, "rules": [keep, small]})
    assert failed["error"]["code"] == "NotKept" and "former setting was put back" in failed["msg"]
    assert [rule["id"] for rule in info(store, name, "lifecycle")["lifecycle"]] == ["keep"]


def test_a_dotted_name_is_refused_unless_the_path_is_used(store):
    failed = bucket(store, "media.example.org", addressing_style="virtual", endpoint_url="https://s3.example.org")
    assert failed["error"]["code"] == "BadInput" and "so HTTPS would fail" in failed["msg"]
    name = f"media.{secrets.token_hex(4)}.example.org"
    assert bucket(store, name, addressing_style="path")["changed"]
    assert bucket(store, name, addressing_style="path", state="absent")["changed"]


class TestWrongInput:
    """One readable error each: what was tried, what came back, what to do."""

    def failed(self, store, **options):
        result = run_module("bucket", {**store.connection, "name": "media", "max_attempts": 1, "connect_timeout": 2, **options})
        error = result["error"]
        assert result["failed"] and error["tried"] and error["said"] and error["remedy"]
        assert result["msg"] == f"Could not {error['tried']}: {error['said']}. {error['remedy']}"
        return result

    @SIGNED
    def test_wrong_key(self, store):
        assert "access_key" in self.failed(store, access_key="GK" + "0" * 24)["msg"]
        assert "secret_key" in self.failed(store, secret_key="f" * 64)["msg"]

    def test_unreachable(self, store):
        assert "Check endpoint_url" in self.failed(store, endpoint_url="https://127.0.0.1:1")["msg"]
        assert "Check endpoint_url" in self.failed(store, endpoint_url="https://nowhere.invalid")["msg"]

    def test_untrusted_certificate(self, store):
        assert "set ca_path" in self.failed(store, ca_path="")["msg"]

    def test_plain_http_to_a_store_that_speaks_tls(self, store):
        self.failed(store, endpoint_url=store.connection["endpoint_url"].replace("https:", "http:"))

    @where(lambda name: name not in ("moto", "rclone"))  # the one looks at no signature, the other at no clock
    def test_clock_skew(self, store, monkeypatch):
        late = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=3)
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: late.replace(tzinfo=None))
        assert "Check this host's clock" in self.failed(store)["msg"]

    @where(lambda profile: profile.facets.policy != "none")
    def test_malformed_policy(self, store, name):
        for policy in ("{", {"Statement": []}, public_read("other")):
            result = run_module("bucket_policy", {**store.connection, "name": name, "policy": policy})
            assert result["error"]["code"] == "BadInput" and result["error"]["remedy"], result
