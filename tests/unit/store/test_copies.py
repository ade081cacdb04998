# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine that copies objects onto themselves: what it asks, what it refuses, and how it cuts large objects."""

from __future__ import annotations

import datetime
import os

import pytest
from botocore.exceptions import ClientError

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import StoreRefused
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import Attributes
from ansible_collections.mediastore.s3.plugins.module_utils._core.recopy import ARCHIVED, TOO_LARGE, Barred, Stored
from ansible_collections.mediastore.s3.plugins.module_utils._core.retake import Replaced
from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.copies import BotoCopies
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for
from ansible_collections.mediastore.s3.tests.servers.strict import StrictS3

MIB = 1024 * 1024


@pytest.fixture
def store():
    with StrictS3() as server:
        server.client().create_bucket(Bucket="media")
        server.requests.clear()
        yield server


def engine(store, to="STANDARD_IA", **more):
    connection = Connection.from_params({**store.connection, **more})
    profile = profile_for(connection)
    return BotoCopies(make_client(connection, profile), "media", connection, profile, Attributes(storage_class=to))


def put(store, key="a", body=b"content", **more):
    return store.client().put_object(Bucket="media", Key=key, Body=body, **more)


def put_parts(store, sizes, **more):
    client, upload, parts = store.client(), {"Bucket": "media", "Key": "large"}, []
    upload["UploadId"] = client.create_multipart_upload(**upload, ACL="private", **more)["UploadId"]
    for number, size in enumerate(sizes, 1):
        answer = client.upload_part(**upload, PartNumber=number, Body=os.urandom(size))
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    return client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})["ETag"].strip('"')


def refusing(method, code, status=403):
    """A method of a client that answers with this error."""

    def refuse(**kwargs):
        raise ClientError({"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}, method)

    return refuse


def test_a_listing_tells_class_and_time(store):
    put(store, "a", StorageClass="GLACIER_IR")
    put(store, "b/ü", b"12")
    found = list(engine(store).things(""))
    assert [(thing.key, thing.size, thing.storage_class) for thing in found] == [("a", 7, "GLACIER_IR"), ("b/ü", 2, "STANDARD")]
    modified = store.client().head_object(Bucket="media", Key="a")["LastModified"]
    assert int(found[0].modified_s) == int(modified.timestamp())


def test_what_is_there_and_what_is_not(store):
    put(store)
    found = engine(store).look("a")
    assert found.thing.storage_class == "STANDARD" and found.hurdle == ""
    assert engine(store).look("b") is None


@pytest.mark.parametrize(
    ("said", "hurdle"),
    [
        ({"StorageClass": "GLACIER"}, ARCHIVED),
        ({"StorageClass": "DEEP_ARCHIVE", "Restore": 'ongoing-request="true"'}, ARCHIVED),
        ({"StorageClass": "GLACIER", "Restore": 'ongoing-request="false", expiry-date="Fri, 1 Jan 2027"'}, ""),
        ({"StorageClass": "GLACIER_IR"}, ""),
        ({"StorageClass": "INTELLIGENT_TIERING", "ArchiveStatus": "ARCHIVE_ACCESS"}, ARCHIVED),
        ({"StorageClass": "INTELLIGENT_TIERING"}, ""),
        ({"ContentLength": 10**13, "StorageClass": "STANDARD"}, ""),
    ],
)
def test_what_stands_in_the_way(store, said, hurdle):
    copies = engine(store)
    head = {"ContentLength": 1, "ETag": '"e"', "LastModified": datetime.datetime.now(datetime.timezone.utc), **said}
    copies._client.head_object = lambda **kwargs: head
    assert copies.look("a").hurdle == hurdle


def test_a_name_of_an_archive_means_nothing_where_classes_are_the_stores_own(store):
    put(store, StorageClass="GLACIER")
    copies = engine(store, provider="ceph")
    assert copies.look("a").hurdle == ""
    with pytest.raises(Barred):
        copies.copy(copies.look("a"))


def test_what_is_too_large_where_there_are_no_copies_in_parts(store):
    put(store)
    copies = engine(store, capabilities={"copy_max": 5, "multipart_copy": False})
    assert copies.look("a").hurdle == TOO_LARGE
    assert copies.parts_of(copies.look("a").thing) == 0


@pytest.mark.parametrize(
    ("size", "etag", "parts"),
    [
        (100 * MIB, "e", 0),
        (100 * MIB + 1, "e", 13),
        (100 * MIB + 1, "e-7", 7),
        # so large that parts of 8 MiB would be more than the store takes
        (90_000 * MIB, "e", 10_000),
        (100_001 * MIB, "e", 9_091),
    ],
)
def test_the_number_of_parts(store, size, etag, parts):
    copies = engine(store, capabilities={"copy_max": 100 * MIB})
    copies.part_size = 8 * MIB
    assert copies.parts_of(Stored("x", size, etag, "STANDARD", 0.0)) == parts


@pytest.mark.parametrize(
    ("sizes", "same"), [((5 * MIB, 5 * MIB, 100), True), ((6 * MIB, 5 * MIB, 100), False), ((5 * MIB, 6 * MIB, 100), False)]
)
def test_parts_are_cut_as_they_came_if_that_can_be_told(store, sizes, same):
    etag = put_parts(store, sizes)
    copies = engine(store, capabilities={"copy_max": 6 * MIB})
    copies.part_size = 6 * MIB
    found = copies.look("large")
    copied = copies.copy(found)
    assert (copied.etag == etag, copied.must_stay) == (same, same)
    assert store.client().head_object(Bucket="media", Key="large")["ContentLength"] == sum(sizes)


def test_encrypted_by_a_key_server_the_etag_may_change(store):
    put(store, "plain")
    put(store, "kms", ServerSideEncryption="aws:kms")
    copies = engine(store)
    assert copies.copy(copies.look("plain")).must_stay
    assert not copies.copy(copies.look("kms")).must_stay
    put_parts(store, (5 * MIB, 100))
    assert not copies.copy(copies.look("large")).must_stay, "of an object in parts CopyObject makes one without"


def test_metadata_that_cannot_be_read_is_not_dropped(store):
    put_parts(store, (5 * MIB, 2 * MIB))
    copies = engine(store, capabilities={"copy_max": 6 * MIB})
    found = copies.look("large")
    for more in ({"MissingMeta": 1}, {"ExpiresString": "never"}):
        with pytest.raises(StoreRefused, match="would be lost"):
            copies.copy(found._replace(head={**found.head, **more}))
    assert not [request for request in store.requests if request.startswith("POST /media/large?uploads")][1:]


def test_overtaken_in_every_way(store):
    put(store)
    for code, status in (("PreconditionFailed", 412), ("ConditionalRequestConflict", 409), ("NoSuchKey", 404), ("", 412)):
        copies = engine(store)
        copies._client.copy_object = refusing("CopyObject", code, status)
        with pytest.raises(Replaced):
            copies.copy(copies.look("a"))


@pytest.mark.parametrize(("code", "status"), [("AccessControlListNotSupported", 400), ("NotImplemented", 501), ("", 405)])
def test_no_acl_to_be_read_is_no_acl(store, code, status):
    put(store)
    copies = engine(store)
    copies._client.get_object_acl = refusing("GetObjectAcl", code, status)
    copies.copy(copies.look("a"))
    assert copies.look("a").thing.storage_class == "STANDARD_IA"


def test_an_acl_that_may_not_be_read_is_not_lost(store):
    put(store, ACL="public-read")
    copies = engine(store)
    copies._client.get_object_acl = refusing("GetObjectAcl", "AccessDenied")
    with pytest.raises(StoreRefused, match="or set keep_acl to false"):
        copies.copy(copies.look("a"))
    assert copies.look("a").thing.storage_class == "STANDARD"


def test_an_acl_that_the_store_will_not_keep_is_an_error(store):
    put(store, ACL="public-read")
    store.ignores = {"HTTP_X_AMZ_ACL"}
    copies = engine(store)
    copies._client.put_object_acl = lambda **kwargs: {}
    with pytest.raises(StoreRefused, match="keep the ACL of a"):
        copies.copy(copies.look("a"))


def test_whether_there_are_acls_is_asked_once(store):
    for owned in ("BucketOwnerEnforced", "BucketOwnerPreferred"):
        rules = {"Rules": [{"ObjectOwnership": owned}]}
        store.client().put_bucket_ownership_controls(Bucket="media", OwnershipControls=rules)
        copies = engine(store)
        copies.prepare()
        assert copies.keeps_acl == (owned != "BucketOwnerEnforced")
    copies = engine(store, provider="minio")
    store.requests.clear()
    copies.prepare()
    assert (copies.keeps_acl, store.requests) == (False, [])


@pytest.mark.parametrize(("code", "keeps"), [("NotImplemented", False), ("AccessDenied", True)])
def test_an_unknown_store_is_asked_about_its_bucket(store, code, keeps):
    copies = engine(store, provider="generic")
    copies._client.get_bucket_acl = refusing("GetBucketAcl", code)
    copies.prepare()
    assert copies.keeps_acl == keeps


def test_versions(store):
    assert not engine(store).keeps_versions()
    store.client().put_bucket_versioning(Bucket="media", VersioningConfiguration={"Status": "Enabled"})
    assert engine(store).keeps_versions()
    denied = engine(store)
    denied._client.get_bucket_versioning = refusing("GetBucketVersioning", "AccessDenied")
    assert not denied.keeps_versions()
    store.requests.clear()
    assert not engine(store, provider="rclone").keeps_versions()
    assert store.requests == []
