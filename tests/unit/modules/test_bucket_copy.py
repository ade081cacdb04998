# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module bucket_copy against stores that run: what it asks, what it believes, and what it refuses."""

from __future__ import annotations

import json
import os
from collections import Counter

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.journal import Journal
from ansible_collections.mediastore.s3.plugins.module_utils._store.objects import BotoStore
from ansible_collections.mediastore.s3.tests.servers.liar import LyingS3
from ansible_collections.mediastore.s3.tests.servers.strict import StrictS3
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

MIB = 1024 * 1024


@pytest.fixture
def store(tmp_path):
    with StrictS3() as server:
        for name in ("old", "new"):
            server.client().create_bucket(Bucket=name)
        fill(server, 3)
        server.requests.clear()
        yield server


def fill(server, number, bucket="old"):
    for name in range(number):
        server.client().put_object(Bucket=bucket, Key=f"a/{name}", Body=b"%d" % name, ContentType="image/png")


def copy(store, check=False, diff=False, source=None, **options):
    source = {"bucket": "old", "prefix": "a/", **(source or {})}
    return run_module("bucket_copy", {**store.connection, "bucket": "new", "source": source, **options}, check, diff)


def contents(store, bucket="new"):
    client = store.client()
    listed = client.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {thing["Key"]: client.get_object(Bucket=bucket, Key=thing["Key"])["Body"].read() for thing in listed}


ALL = {"0": b"0", "1": b"1", "2": b"2"}


def test_within_a_store_each_object_is_one_request(store):
    predicted = copy(store, check=True, diff=True)
    assert (predicted["changed"], predicted["complete"], predicted["plan"]["transfer"]["files"]) == (True, False, 3)
    assert "copy: 3 files, 3 B" in predicted["diff"]["prepared"] and "+ 0 (missing)" in predicted["diff"]["prepared"]
    assert {request.split()[0] for request in store.requests} == {"GET"} and contents(store) == {}
    store.requests.clear()
    done = copy(store)
    assert (done["server_side"], done["server_side_reason"]) == (True, "both buckets are at the same store")
    methods = Counter(request.split()[0] for request in store.requests)
    assert methods == {"GET": 2, "PUT": 3}
    assert contents(store) == ALL
    assert not copy(store)["changed"]


def test_through_the_host_each_object_is_two(store):
    done = copy(store, server_side="never")
    assert (done["complete"], done["server_side"]) == (True, False)
    assert Counter(request.split()[0] for request in store.requests) == {"GET": 2 + 3, "PUT": 3}
    assert contents(store) == ALL
    assert store.client().head_object(Bucket="new", Key="0")["ContentType"] == "image/png"


@pytest.mark.parametrize("server_side", ["auto", "never"])
def test_an_object_that_is_replaced_before_its_turn_is_taken_as_it_is_now(store, server_side):
    def replace():
        store.client().put_object(Bucket="old", Key="a/1", Body=b"newer")

    store.before["PUT /new/1"] = replace
    if server_side == "never":
        replace()  # what is read through the host is one version, whichever it is
    done = copy(store, server_side=server_side)
    assert done["complete"] and contents(store) == {**ALL, "1": b"newer"}
    assert done["retaken"] == (1 if server_side == "auto" else 0)


def test_an_object_that_is_gone_is_counted(store):
    store.before["PUT /new/1"] = lambda: store.client().delete_object(Bucket="old", Key="a/1")
    done = copy(store)
    assert (done["complete"], done["vanished"], done["transferred"]["files"]) == (True, 1, 2)


def test_a_store_that_heeds_no_conditions(store):
    store.ignores.add("HTTP_X_AMZ_COPY_SOURCE_IF_MATCH")
    store.before["PUT /new/1"] = lambda: store.client().put_object(Bucket="old", Key="a/1", Body=b"newer")
    done = copy(store)
    assert done["complete"] and contents(store)["1"] == b"newer"
    assert not copy(store)["changed"]


def test_what_cannot_be_copied_is_an_error_with_counts_and_the_next_run_takes_it(store, tmp_path):
    journal = str(tmp_path / "j")
    store.refuses["PUT /new/1"] = (403, "AccessDenied")
    failed = copy(store, journal=journal)
    assert failed["failed"] and "1 of 3 files are not done" in failed["msg"] and "AccessDenied" in failed["msg"]
    assert (failed["failures"], failed["transferred"]["files"], failed["changed"]) == (1, 2, True)
    store.refuses.clear()
    done = copy(store, journal=journal)
    assert (done["complete"], done["transferred"]["files"], done["plan"]["reasons"]) == (True, 1, {"missing": 1, "proved": 2})


def test_where_etags_tell_nothing_the_journal_does(tmp_path):
    with LyingS3() as store:
        for name in ("old", "new"):
            store.client().create_bucket(Bucket=name)
        fill(store, 2)
        store.lies = {"/new/0", "/new/1", "/old/a/0", "/old/a/1"}
        opaque = {"capabilities": {"etag_is_md5": False}, "server_side": "never"}
        journal = str(tmp_path / "j")
        assert copy(store, **opaque, journal=journal)["transferred"]["files"] == 2
        assert copy(store, **opaque, journal=journal)["plan"]["reasons"] == {"proved": 2}
        assert copy(store, **opaque)["plan"]["reasons"] == {"unprovable": 2}
        assert not copy(store, **opaque, compare="size")["changed"]


@pytest.mark.parametrize("source", [lambda store, said: {}, lambda store, said: {**store.connection, **said}])
def test_listings_that_are_in_no_order_are_sorted_first(store, tmp_path, monkeypatch, source):
    honest = BotoStore.entries
    monkeypatch.setattr(BotoStore, "entries", lambda self, prefix: reversed(list(honest(self, prefix))))
    refused = copy(store)
    assert refused["failed"] and "after" in refused["msg"] and contents(store) == {}
    shuffled = {"capabilities": {"list_sorted": False}}
    for changed in (True, False):
        done = copy(store, **shuffled, source=source(store, shuffled), journal=str(tmp_path / "j"))
        assert (done.get("complete"), done["changed"]) == (True, changed), done


def test_two_stores_with_secrets_of_their_own(tmp_path, rclone, store):
    (rclone.data / "old" / "a").mkdir(parents=True)
    body = os.urandom(21 * MIB)
    (rclone.data / "old" / "a" / "film").write_bytes(body)
    (rclone.data / "old" / "a" / "note").write_bytes(b"note")
    journal = str(tmp_path / "j")
    done = copy(store, source=rclone.connection, journal=journal)
    assert done.get("complete"), done
    assert done["server_side_reason"] == "the buckets are at different stores"
    assert rclone.secret_key not in json.dumps(done)
    assert contents(store) == {"film": body, "note": b"note"}
    assert not copy(store, source=rclone.connection, journal=journal)["changed"]
    foreign = copy(store, journal=journal)
    assert foreign["error"]["code"] == "ForeignJournal" and "source" in foreign["msg"]


def test_nothing_of_the_destinations_connection_goes_to_another_store(store):
    other = copy(store, source={"endpoint_url": "http://127.0.0.1:9", "max_attempts": 1, "connect_timeout": 1})
    assert other["failed"] and ("127.0.0.1:9" in other["msg"] or "credentials" in other["msg"].lower())
    assert store.access_key not in json.dumps(other)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"source": {"bucket": "new", "prefix": "p/"}, "prefix": "p/"}, "same bucket with the same prefix"),
        ({"source": {"prefix": "/a"}}, "source.prefix begins with '/'"),
        ({"prefix": "/a"}, "prefix begins with '/'"),
        ({"source": {"endpoint_url": "https://s3.example.org"}, "server_side": "always"}, "at different stores"),
        ({"source": {"access_key": "x"}}, "access_key is set and secret_key is empty"),
        ({"acl": "nonsense"}, "does not take the ACL"),
        ({"storage_class": "NONSENSE"}, "has no storage class"),
        ({"concurrency": 0}, "concurrency is 0"),
        ({"source": {"sse_customer_key": "x"}}, "not 32 bytes"),
        ({"sse_customer_key": "x"}, "not 32 bytes"),
        ({"part_size": "1M"}, "part_size is 1048576 bytes"),
    ],
)
def test_what_cannot_be_meant(store, options, said):
    failed = copy(store, **options)
    assert failed["failed"] and said in failed["msg"], failed["msg"]
    assert store.requests == []


def test_another_key_at_the_same_store_means_the_host_unless_the_user_insists(store):
    other = {**store.connection, "access_key": "another", "secret_key": "of-its-own"}
    assert copy(store, check=True, source=other)["server_side"] is False
    assert copy(store, check=True, source=other, server_side="always")["server_side"] is True
    assert copy(store, check=True, source=store.connection)["server_side"] is True


def test_a_class_an_acl_and_an_encryption_that_are_asked_for(store):
    asked = {"storage_class": "STANDARD_IA", "acl": "public-read", "encryption": "AES256"}
    for server_side in ("auto", "never"):
        assert copy(store, server_side=server_side, prefix=f"{server_side}/", **asked)["complete"]
        head = store.client().head_object(Bucket="new", Key=f"{server_side}/0")
        assert (head["StorageClass"], head["ServerSideEncryption"]) == ("STANDARD_IA", "AES256")
        grants = store.client().get_object_acl(Bucket="new", Key=f"{server_side}/0")["Grants"]
        assert any("AllUsers" in grant["Grantee"].get("URI", "") for grant in grants)


def test_what_a_killed_run_began_is_taken_back(store, tmp_path):
    journal = str(tmp_path / "j")
    assert copy(store, journal=journal)["complete"]
    left = store.client().create_multipart_upload(Bucket="new", Key="film")["UploadId"]
    kept = Journal(journal)
    kept.begun("film", left)
    kept.close()
    assert not copy(store, journal=journal)["changed"]
    assert "Uploads" not in store.client().list_multipart_uploads(Bucket="new")
