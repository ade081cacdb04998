# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage_class module against a store that is as strict as Amazon's."""

from __future__ import annotations

import base64
import datetime
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from moto.s3.models import s3_backends

from ansible_collections.mediastore.s3.plugins.module_utils._core import retake
from ansible_collections.mediastore.s3.tests.servers.strict import ACCOUNT, StrictS3
from ansible_collections.mediastore.s3.tests.unit.modules.running import PACKAGE, run_module

MIB = 1024 * 1024
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
#: names that servers, proxies and signatures get wrong
ODD = ["plain", "a b", "a+b", "a%20b", "a&b=c?d#e", "ü/é", "🎉/x", "'\"", "port:8448/x", "back\\slash", "(x)*!", "a//b"]
KEEP = ("ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "Metadata", "ContentLength")


@pytest.fixture
def store(tmp_path):
    with StrictS3() as server:
        server.client().create_bucket(Bucket="media")
        server.requests.clear()
        yield server


@pytest.fixture
def store_tls(tmp_path):
    with StrictS3(tmp_path / "strict", tls=True) as server:
        server.client().create_bucket(Bucket="media")
        yield server


def change(store, to="STANDARD_IA", check=False, diff=False, **options):
    return run_module("storage_class", {**store.connection, "bucket": "media", "storage_class": to, **options}, check, diff)


def client(store):
    """One client for each store: to make one takes longer than most tests."""
    if not hasattr(store, "one_client"):
        store.one_client = store.client()
    return store.one_client


def put(store, key="a", body=b"content", **more):
    return client(store).put_object(Bucket="media", Key=key, Body=body, **more)


def put_parts(store, key, size, part=5 * MIB, **more):
    """A large object, as it is uploaded; its content."""
    body = os.urandom(size)
    upload = {"Bucket": "media", "Key": key}
    # moto fails when it is asked for the ACL of an object in parts that was given none
    upload["UploadId"] = client(store).create_multipart_upload(**upload, **{"ACL": "private", **more})["UploadId"]
    key_only = {name: value for name, value in more.items() if name.startswith("SSECustomer")}
    parts = []
    for number, at in enumerate(range(0, size, part), 1):
        answer = client(store).upload_part(**upload, PartNumber=number, Body=body[at : at + part], **key_only)
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    client(store).complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    return body


def head(store, key="a", **more):
    return client(store).head_object(Bucket="media", Key=key, **more)


def classes(store):
    """Key and class of all objects."""
    listed = client(store).list_objects_v2(Bucket="media").get("Contents", [])
    return {thing["Key"]: thing["StorageClass"] for thing in listed}


def grants(store, key="a"):
    found = client(store).get_object_acl(Bucket="media", Key=key)["Grants"]
    return {(grant["Permission"], grant["Grantee"].get("URI") or grant["Grantee"]["ID"]) for grant in found}


def tags(store, key="a"):
    return {tag["Key"]: tag["Value"] for tag in client(store).get_object_tagging(Bucket="media", Key=key)["TagSet"]}


def uploads(store):
    return client(store).list_multipart_uploads(Bucket="media").get("Uploads", [])


def copies(store):
    """The requests that copied; whatever else a test asked for is none."""
    return [request for request in store.requests if request.startswith("PUT /media/")]


DRESSED = {
    "ContentType": "image/png",
    "CacheControl": "public, max-age=31536000, immutable",
    "ContentDisposition": 'inline; filename="a b.png"',
    "ContentEncoding": "gzip",
    "ContentLanguage": "de",
    "Metadata": {"mtime": "1500000000.5", "origin": "synapse"},
    "Tagging": "kind=avatar&by=a%20b",
    "WebsiteRedirectLocation": "/elsewhere",
    "ACL": "public-read",
}


def assert_dressed(store, key):
    """All that belongs to the object is still there."""
    found = head(store, key)
    assert {name: found[name] for name in DRESSED if name in KEEP} == {name: DRESSED[name] for name in DRESSED if name in KEEP}
    assert found["WebsiteRedirectLocation"] == "/elsewhere"
    assert tags(store, key) == {"kind": "avatar", "by": "a b"}
    assert ("READ", ALL_USERS) in grants(store, key)


def test_objects_change_their_class_and_nothing_else(store):
    put(store, **DRESSED)
    put(store, "plain", b"12345")
    before = head(store, "plain")["ETag"]
    store.requests.clear()
    done = change(store)
    assert (done["changed"], done["complete"], done["copied"]) == (True, True, {"objects": 2, "bytes": 12})
    assert sorted(copies(store)) == ["PUT /media/a", "PUT /media/plain"]
    assert classes(store) == {"a": "STANDARD_IA", "plain": "STANDARD_IA"}
    assert_dressed(store, "a")
    assert head(store, "plain")["ETag"] == before
    assert {permission for permission, _who in grants(store, "plain")} == {"FULL_CONTROL"}


def test_a_second_run_sends_one_request(store):
    put(store)
    change(store)
    store.requests.clear()
    again = change(store)
    assert (again["changed"], again["complete"], again["copied"]["objects"]) == (False, True, 0)
    assert again["plan"]["reasons"] == {"already": 1}
    assert len(store.requests) == 1


def test_check_mode_lists_and_predicts(store):
    put(store, "a", bytes(200_000))
    put(store, "b", b"small")
    put(store, "c", b"cold already", StorageClass="STANDARD_IA")
    store.requests.clear()
    predicted = change(store, check=True, diff=True, min_size="128K")
    assert len(store.requests) == 1 and store.requests[0].startswith("GET /media?list-type=2")
    assert (predicted["changed"], predicted["complete"], predicted["copied"]["objects"]) == (True, False, 0)
    assert predicted["classes"] == {
        "STANDARD": {"objects": 2, "bytes": 200_005},
        "STANDARD_IA": {"objects": 1, "bytes": 12},
    }
    assert predicted["plan"]["reasons"] == {"already": 1, "small": 1}
    assert predicted["estimate"]["requests"] == {"list": 1, "read": 3, "copy": 1}
    assert predicted["estimate"]["once"]["total"] == pytest.approx(0.0000168, abs=1e-6)
    assert predicted["estimate"]["minimum_days"] == 30
    assert predicted["diff"]["prepared"] == (
        "to STANDARD_IA: 1 objects, 195.3 KiB\n- 1 from STANDARD\nestimate: 0.00 USD once\n"
        "estimate: 0.00 USD a month before, 0.00 after\n+ a (STANDARD)\n"
    )
    done = change(store, min_size="128K")
    for same in ("classes", "plan", "estimate"):
        assert done[same] == predicted[same]
    assert set(done) | {"diff"} == set(predicted) | {"diff"}
    assert classes(store) == {"a": "STANDARD_IA", "b": "STANDARD", "c": "STANDARD_IA"}
    assert not change(store, check=True, min_size="128K")["changed"]


def test_only_what_is_asked_for(store):
    put(store, "p/hot")
    put(store, "p/cold", StorageClass="GLACIER_IR")
    put(store, "q")
    assert change(store, prefix="p/", from_classes=["GLACIER_IR"])["plan"]["reasons"] == {"other_class": 1}
    assert classes(store) == {"p/hot": "STANDARD", "p/cold": "STANDARD_IA", "q": "STANDARD"}
    assert change(store, older_than_days=1)["plan"]["reasons"] == {"young": 2, "already": 1}
    assert change(store, older_than_days=0, prefix="q")["copied"]["objects"] == 1


def test_odd_names(store):
    for key in ODD:
        put(store, key, key.encode())
    assert change(store)["copied"]["objects"] == len(ODD)
    assert classes(store) == {key: "STANDARD_IA" for key in ODD}
    assert all(client(store).get_object(Bucket="media", Key=key)["Body"].read() == key.encode() for key in ODD)


def test_an_empty_bucket(store):
    done = change(store)
    assert (done["changed"], done["complete"], done["classes"]) == (False, True, {})


# -- what is kept


def test_grants_are_kept_without_a_moment_without_them(store):
    put(store, GrantRead='id="0123"', GrantFullControl='id="4567"')
    granted = grants(store)
    store.requests.clear()
    assert change(store)["complete"]
    assert grants(store) == granted
    assert "PUT /media/a?acl" not in store.requests


def test_a_store_that_takes_no_acl_with_a_copy_gets_it_afterwards(store):
    put(store, ACL="public-read")
    store.ignores = {"HTTP_X_AMZ_ACL"}
    assert change(store)["complete"]
    assert ("READ", ALL_USERS) in grants(store)
    assert "PUT /media/a?acl" in store.requests


def test_acls_are_not_asked_for_where_there_are_none(store):
    put(store)
    rule = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    client(store).put_bucket_ownership_controls(Bucket="media", OwnershipControls=rule)
    store.requests.clear()
    assert change(store)["complete"]
    assert not [request for request in store.requests if request.endswith("?acl")]


def test_acls_are_not_asked_for_if_nobody_wants_them(store):
    put(store, ACL="public-read")
    store.requests.clear()
    assert change(store, keep_acl=False)["estimate"]["requests"]["read"] == 2
    assert not [request for request in store.requests if "acl" in request or "ownership" in request]
    assert ("READ", ALL_USERS) not in grants(store)


def test_an_unknown_store_is_asked_once_whether_it_has_acls(store):
    put(store, ACL="public-read")
    store.requests.clear()
    assert change(store, provider="generic")["complete"]
    assert "GET /media?acl" in store.requests
    assert ("READ", ALL_USERS) in grants(store)


def test_the_encryption_stays(store):
    put(store, "aes", ServerSideEncryption="AES256")
    put(store, "kms", ServerSideEncryption="aws:kms", SSEKMSKeyId="the-key", BucketKeyEnabled=True)
    assert change(store)["complete"]
    assert head(store, "aes")["ServerSideEncryption"] == "AES256"
    found = head(store, "kms")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"], found["BucketKeyEnabled"]) == ("aws:kms", "the-key", True)


def test_the_customers_key_opens_and_closes(store_tls):
    raw = os.urandom(32)
    text = base64.b64encode(raw).decode()
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": raw}
    put(store_tls, "s", b"secret", **key)
    large = put_parts(store_tls, "large", 11 * MIB, **key)
    options = {"capabilities": {"copy_max": 6 * MIB}, "journal": str(store_tls.ca_path) + ".journal", "part_size": "5M"}
    refused = change(store_tls, **options)
    assert refused["failures"] == 2 and "set sse_customer_key" in refused["msg"]
    done = change(store_tls, sse_customer_key=text, **options)
    assert done["complete"], done
    assert text not in json.dumps(done)
    assert classes(store_tls) == {"large": "STANDARD_IA", "s": "STANDARD_IA"}
    assert client(store_tls).get_object(Bucket="media", Key="s", **key)["Body"].read() == b"secret"
    assert client(store_tls).get_object(Bucket="media", Key="large", **key)["Body"].read() == large
    put(store_tls, "open")
    assert "Leave sse_customer_key out" in change(store_tls, sse_customer_key=text)["msg"]


def test_locks_stay(store):
    there = client(store)
    there.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    later = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=1)
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": later, "ObjectLockLegalHoldStatus": "ON"}
    there.put_object(Bucket="locked", Key="a", Body=b"1", ChecksumAlgorithm="CRC32", **lock)
    done = change(store, bucket="locked")
    assert done["complete"], done
    found = there.head_object(Bucket="locked", Key="a")
    assert {name: found[name] for name in lock} == lock
    assert len(there.list_object_versions(Bucket="locked")["Versions"]) == 2
    assert "stays in its old class" in str(done["warnings"])


def test_a_lock_that_has_run_out_is_none(store):
    there = client(store)
    there.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": past}
    there.put_object(Bucket="locked", Key="a", Body=b"1", ChecksumAlgorithm="CRC32", **lock)
    assert change(store, bucket="locked")["complete"]
    assert "ObjectLockMode" not in there.head_object(Bucket="locked", Key="a")


def test_old_versions_are_warned_of(store):
    client(store).put_bucket_versioning(Bucket="media", VersioningConfiguration={"Status": "Enabled"})
    put(store)
    assert "warnings" not in change(store, check=True)
    assert "stays in its old class" in str(change(store)["warnings"])
    assert "warnings" not in change(store)


def test_archives_are_warned_of(store):
    put(store)
    assert "cannot be read before they are restored" in str(change(store, to="DEEP_ARCHIVE", check=True)["warnings"])


# -- what cannot be copied


def test_archived_objects_are_named_after_all_others_are_done(store):
    for key in ("b", "c"):
        put(store, key, StorageClass="GLACIER")
    put(store, "restored", StorageClass="DEEP_ARCHIVE")
    client(store).restore_object(Bucket="media", Key="restored", RestoreRequest={"Days": 1})
    put(store, "z")
    store.requests.clear()
    failed = change(store)
    assert failed["failed"] and failed["error"]["code"] == "Incomplete"
    assert (failed["archived"], failed["failures"], failed["copied"]["objects"]) == (2, 0, 2)
    assert sorted(failed["samples"]["archived"]) == ["b", "c"]
    assert "Restore the archived objects" in failed["error"]["remedy"]
    assert sorted(copies(store)) == ["PUT /media/restored", "PUT /media/z"]
    assert classes(store) == {"b": "GLACIER", "c": "GLACIER", "restored": "STANDARD_IA", "z": "STANDARD_IA"}


def test_where_classes_are_the_stores_own_the_store_says_what_is_archived(store):
    put(store, "a", StorageClass="GLACIER")
    store.requests.clear()
    failed = change(store, provider="generic", keep_acl=False)
    assert (failed["archived"], failed["failures"]) == (1, 0)
    assert copies(store) == ["PUT /media/a"]


def test_a_store_that_cannot_copy_so_much(store):
    put(store, "large", bytes(2000))
    put(store, "small")
    failed = change(store, capabilities={"copy_max": 1000, "multipart_copy": False})
    assert (failed["too_large"], failed["copied"]["objects"], failed["samples"]["too_large"]) == (1, 1, ["large"])
    assert "Upload the large ones again" in failed["error"]["remedy"]


def test_a_store_that_takes_no_notice_of_the_class(store):
    put(store)
    store.ignores = {"HTTP_X_AMZ_STORAGE_CLASS"}
    # or moto would refuse to copy an object onto itself
    client(store).put_bucket_encryption(
        Bucket="media",
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
    )
    failed = change(store)
    assert "the store accepted STANDARD_IA and shows the object in STANDARD" in failed["msg"]
    assert (failed["failures"], failed["copied"]["objects"]) == (1, 0)


def test_a_class_that_only_the_store_knows_not_to_have(store):
    put(store)
    store.refuses = {"PUT /media/a": (400, "InvalidStorageClass")}
    failed = change(store, to="NONE_SUCH", provider="generic")
    assert "Check that the store has the storage class NONE_SUCH" in failed["msg"]


def test_one_failure_does_not_keep_the_others(store):
    for key in "abc":
        put(store, key)
    store.refuses = {"PUT /media/b": (403, "AccessDenied")}
    failed = change(store)
    assert (failed["failures"], failed["copied"]["objects"]) == (1, 2)
    assert "b: Could not copy b onto itself" in failed["samples"]["failed"][0]
    store.refuses = {}
    assert change(store)["copied"]["objects"] == 1


# -- what changes meanwhile


def test_what_is_replaced_meanwhile_is_taken_anew(store):
    put(store, "a", b"old")
    store.before["PUT /media/a"] = lambda: put(store, "a", b"new one", ContentType="text/plain")
    done = change(store)
    assert (done["complete"], done["retaken"], done["copied"]) == (True, 1, {"objects": 1, "bytes": 7})
    assert client(store).get_object(Bucket="media", Key="a")["Body"].read() == b"new one"
    assert (head(store)["StorageClass"], head(store)["ContentType"]) == ("STANDARD_IA", "text/plain")


def test_what_is_replaced_all_the_time_is_left(store, monkeypatch):
    monkeypatch.setattr(retake.time, "sleep", lambda seconds: None)
    put(store)
    put(store, "b")
    store.refuses = {"PUT /media/a": (412, "PreconditionFailed")}
    done = change(store)
    assert "failed" not in done
    assert (done["unsettled"], done["retaken"], done["complete"]) == (1, retake.RETAKES - 1, False)
    assert done["samples"]["unsettled"] == ["a"]
    assert "left for the next run" in str(done["warnings"])


def test_what_is_deleted_meanwhile_stays_deleted(store):
    put(store)
    store.before["PUT /media/a"] = lambda: client(store).delete_object(Bucket="media", Key="a")
    done = change(store)
    assert (done["complete"], done["vanished"], done["copied"]["objects"]) == (True, 1, 0)
    assert classes(store) == {}


def test_the_condition_is_sent_where_store_and_botocore_know_it(store):
    members = client(store).meta.service_model.operation_model("CopyObject").input_shape.members
    assert "IfMatch" in members, "the tests run with a botocore that knows it"
    seen = []
    honest = store._refused_copy
    store._refused_copy = lambda request, environ: (
        seen.append((environ["HTTP_X_AMZ_COPY_SOURCE_IF_MATCH"], environ.get("HTTP_IF_MATCH"))) or honest(request, environ)
    )
    etag = put(store)["ETag"]
    change(store)
    assert seen == [(etag, etag)]
    change(store, to="ONEZONE_IA", capabilities={"conditional_put": False})
    assert seen[1] == (etag, None)


# -- large objects


LARGE = {"capabilities": {"copy_max": 6 * MIB}, "part_size": "6M"}


def test_large_objects_are_copied_in_the_parts_in_which_they_came(store, tmp_path):
    body = put_parts(store, "large", 11 * MIB + 5, **{**DRESSED, "Expires": datetime.datetime(2030, 1, 1)})
    before = head(store, "large")
    assert before["ETag"].endswith('-3"')
    store.requests.clear()
    done = change(store, journal=str(tmp_path / "j"), **LARGE)
    assert done["complete"], done
    assert len([request for request in copies(store) if "partNumber" in request]) == 3
    found = head(store, "large")
    assert (found["StorageClass"], found["ETag"], found["Expires"]) == ("STANDARD_IA", before["ETag"], before["Expires"])
    assert client(store).get_object(Bucket="media", Key="large")["Body"].read() == body
    assert_dressed(store, "large")
    assert uploads(store) == []
    assert not change(store, journal=str(tmp_path / "j"), **LARGE)["changed"]


def test_a_large_object_that_was_put_at_once_is_cut_by_part_size(store, tmp_path):
    put(store, "large", bytes(13 * MIB))
    done = change(store, journal=str(tmp_path / "j"), **LARGE)
    assert done["estimate"]["requests"]["copy"] == 5
    assert head(store, "large")["ETag"].endswith('-3"') and head(store, "large")["ContentLength"] == 13 * MIB


@pytest.mark.parametrize("check", [True, False])
def test_large_objects_need_a_journal_before_anything_is_copied(store, check):
    put(store, "large", bytes(7 * MIB))
    put(store, "small")
    store.requests.clear()
    failed = change(store, check=check, **LARGE)
    assert failed["error"]["code"] == "NoJournal" and "Set journal" in failed["msg"]
    assert (failed["changed"], failed["plan"]["change"]["objects"]) == (False, 2)
    assert len(store.requests) == 1


def test_a_large_object_that_is_replaced_meanwhile_is_not_put_back(store, tmp_path):
    put_parts(store, "large", 11 * MIB)
    store.before["PUT /media/large"] = lambda: put(store, "large", b"new")
    done = change(store, journal=str(tmp_path / "j"), **LARGE)
    assert (done["complete"], done["retaken"], done["copied"]["bytes"]) == (True, 1, 3)
    assert client(store).get_object(Bucket="media", Key="large")["Body"].read() == b"new"
    assert uploads(store) == []


def test_an_upload_that_fails_leaves_nothing(store, tmp_path):
    put_parts(store, "large", 11 * MIB)
    store.refuses = {"PUT /media/large": (403, "AccessDenied")}
    assert change(store, journal=str(tmp_path / "j"), **LARGE)["failures"] == 1
    assert uploads(store) == []
    assert classes(store) == {"large": "STANDARD"}


def start(store, **options):
    """The module in a process of its own, as on a host."""
    args = {**store.connection, "bucket": "media", "storage_class": "STANDARD_IA", "_ansible_remote_tmp": "/tmp", **options}
    process = subprocess.Popen(
        [sys.executable, "-m", f"{PACKAGE}.storage_class"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=":".join(sys.path)),
    )
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode())
    process.stdin.close()
    return process


def wait_for(condition, process):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline and process.poll() is None, process.communicate()
        time.sleep(0.005)


def end(process):
    process.stdout.close()
    process.stderr.close()
    return process.wait(30)


def test_an_upload_that_was_killed_is_taken_back_by_the_next_run(store, tmp_path):
    put_parts(store, "large", 60 * MIB)
    options = {**LARGE, "journal": str(tmp_path / "j"), "concurrency": 1}
    store.requests.clear()
    process = start(store, **options)
    wait_for(lambda: any("partNumber=3" in request for request in store.requests), process)
    process.send_signal(signal.SIGKILL)
    end(process)
    assert len(uploads(store)) == 1
    assert change(store, **options)["complete"]
    assert uploads(store) == []
    assert head(store, "large")["StorageClass"] == "STANDARD_IA"


def test_it_stops_when_nobody_waits_for_the_result(store):
    for number in range(600):
        s3_backends[ACCOUNT]["aws"].put_object("media", f"{number:03d}", b"%d" % number)
    store.requests.clear()
    process = start(store, concurrency=1)
    wait_for(lambda: len(copies(store)) >= 5, process)
    end(process)
    done = [name for name in classes(store).values() if name == "STANDARD_IA"]
    assert 5 <= len(done) < 600


# -- what is refused


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"storage_class": "COLD"}, "Amazon S3 has no storage class COLD"),
        ({"from_classes": ["STANDRAD"]}, "Amazon S3 has no storage class STANDRAD"),
        ({"provider": "rclone"}, "rclone serve s3 has one storage class, in which all objects are.*sync the media to a store"),
        ({"provider": "rclone", "storage_class": "STANDARD"}, "has one storage class"),
        ({"provider": "minio"}, "MinIO has no storage class STANDARD_IA.*REDUCED_REDUNDANCY"),
        ({"concurrency": 0}, "concurrency is 0. Use 1 to 256"),
        ({"concurrency": 257}, "concurrency is 257"),
        ({"samples": 51}, "samples is 51"),
        ({"prefix": "/x"}, "begins with '/'"),
        ({"part_size": "1M"}, "part_size is 1048576 bytes"),
        ({"min_size": "-1"}, "min_size"),
        ({"older_than_days": -1}, "older_than_days is -1"),
        ({"prices": {"copy_per_1000": -1}}, "the price copy_per_1000 is -1.0"),
        ({"prices": {"storage_per_gib_month": {"STANDARD": "cheap"}}}, "the price STANDARD is 'cheap'"),
        ({"prices": {"copy": 1}}, "copy"),
        ({"sse_customer_key": "c2hvcnQ="}, "not 32 bytes"),
        ({"sse_customer_key": base64.b64encode(bytes(32)).decode()}, "plain HTTP"),
        ({"journal": "/proc"}, "is a directory"),
        ({"storage_class": None}, "storage_class is empty"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_first_request(store, options, words):
    failed = change(store, **options)
    assert failed["failed"]
    assert re.search(words, failed["msg"]), failed["msg"]
    assert store.requests == []


def test_no_such_bucket(store):
    assert change(store, bucket="nowhere")["error"]["code"] == "NoSuchBucket"


def test_prices_of_the_task(store):
    put(store, body=bytes(1024))
    said = {"currency": "EUR", "copy_per_1000": 1000, "get_per_1000": 0, "list_per_1000": 0, "retrieval_per_gib": 0}
    found = change(store, provider="generic", check=True, prices=said)["estimate"]
    assert (found["once"]["requests"], found["once"]["total"], found["currency"]) == (1.0, None, "EUR")
    found = change(store, provider="generic", check=True)["estimate"]
    assert (found["requests"], found["once"]["total"]) == ({"list": 1, "read": 3, "copy": 1}, None)


def test_the_progress_file(store, tmp_path):
    put(store, "a", b"1")
    put(store, "b", b"22")
    change(store, progress_file=str(tmp_path / "p"))
    state = json.loads((tmp_path / "p").read_text())
    assert (state["phase"], state["files_total"], state["bytes_total"]) == ("to STANDARD_IA", 2, 3)


def test_the_journal_is_made_and_belongs_to_one_place(store, tmp_path):
    put(store)
    done = change(store, journal=str(tmp_path / "state" / "j"))
    assert (done["complete"], done["journal"]) == (True, str(tmp_path / "state" / "j"))
    assert change(store, journal=str(tmp_path / "state" / "j"), prefix="x/")["error"]["code"] == "ForeignJournal"
