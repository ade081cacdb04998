# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both engines: listings end when they end, and uploads in parts leave nothing behind."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import StoreRefused
from ansible_collections.mediastore.s3.plugins.module_utils._store import objects
from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.objects_obstore import ObstoreStore
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

MIB = 1024 * 1024


@pytest.fixture(params=[objects.BotoStore, ObstoreStore], ids=["boto3", "obstore"])
def engine(request):
    """Opens the bucket of a server with one of the engines."""

    def open_bucket(server, bucket="media"):
        connection = Connection.from_params(server.connection)
        profile = profile_for(connection)
        return request.param(make_client(connection, profile), bucket, connection, profile)

    return open_bucket


@pytest.fixture
def moto():
    with MotoS3() as server:
        server.client().create_bucket(Bucket="media")
        server.requests.clear()
        yield server


class EndlessS3(MotoS3):
    """Says of every listing that there is more, and not how to get it."""

    def _counted(self, app):
        honest = super()._counted(app)

        def endless(environ, start_response):
            answer = []
            body = b"".join(honest(environ, lambda *arguments: answer.extend(arguments)))
            body = re.sub(rb"<IsTruncated>false", b"<IsTruncated>true", body)
            headers = [(name, value) for name, value in answer[1] if name.lower() != "content-length"]
            start_response(answer[0], [*headers, ("Content-Length", str(len(body)))])
            return [body]

        return endless


class SilentS3(MotoS3):
    """Completes uploads in parts without saying the ETag, as Ceph 16 does."""

    def _counted(self, app):
        honest = super()._counted(app)

        def silent(environ, start_response):
            answer = []
            body = b"".join(honest(environ, lambda *arguments: answer.extend(arguments)))
            if b"CompleteMultipartUploadResult" in body:
                body = re.sub(rb"<ETag>.*?</ETag>", b"<ETag></ETag>", body)
            headers = [(name, value) for name, value in answer[1] if name.lower() != "content-length"]
            start_response(answer[0], [*headers, ("Content-Length", str(len(body)))])
            return [body]

        return silent


def test_a_listing_goes_through_all_its_pages(moto, monkeypatch, engine):
    monkeypatch.setattr(objects, "PAGE", 3)
    keys = ["a b", "a%20b", "a+b", "a/b", "a.b", "ü", "🎉"]
    for key in keys:
        moto.client().put_object(Bucket="media", Key=key, Body=key.encode())
    moto.requests.clear()
    found = list(engine(moto).listing(""))
    assert [thing.key for thing in found] == sorted(keys, key=lambda key: key.encode())
    assert [thing.etag for thing in found] == [hashlib.md5(thing.key.encode()).hexdigest() for thing in found]
    assert len(moto.requests) == 3
    assert [thing.key for thing in engine(moto).listing("a%")] == ["a%20b"]


def test_a_listing_that_does_not_say_how_to_go_on_is_an_error(engine):
    with EndlessS3() as server:
        server.client().create_bucket(Bucket="media")
        with pytest.raises(StoreRefused, match="there is more and not how to get it"):
            list(engine(server).listing(""))


def test_a_listing_that_breaks_off_is_an_error(moto, monkeypatch, engine):
    monkeypatch.setattr(objects, "PAGE", 2)
    for key in "abc":
        moto.client().put_object(Bucket="media", Key=key, Body=b"")
    listing = engine(moto).listing("")
    assert next(listing).key == "a"
    for key in "abc":
        moto.client().delete_object(Bucket="media", Key=key)
    moto.client().delete_bucket(Bucket="media")
    assert next(listing).key == "b"
    with pytest.raises(StoreRefused, match="NoSuchBucket"):
        next(listing)


def test_what_is_put_is_read(moto, engine):
    store = engine(moto)
    body = os.urandom(3 * MIB)
    receipt = store.put("ü b", body, hashlib.md5(body).digest(), 1_500_000_000_000_000_001)
    assert receipt[:2] == (hashlib.md5(body).hexdigest(), True)
    reading = store.read("ü b")
    assert (reading.size, reading.etag, reading.mtime_ns) == (len(body), receipt.etag, 1_500_000_000_000_000_001)
    assert b"".join(reading.chunks) == body


def test_an_object_without_a_time_of_its_own_has_the_stores(moto, engine):
    moto.client().put_object(Bucket="media", Key="x", Body=b"", Metadata={"mtime": "yesterday"})
    modified = moto.client().head_object(Bucket="media", Key="x")["LastModified"]
    assert engine(moto).read("x").mtime_ns == int(modified.timestamp()) * 10**9


def test_damaged_on_the_way_is_noticed(tmp_path, engine):
    with RcloneS3(tmp_path, "ACCESSKEY", "a-secret-key") as server:
        (server.data / "media").mkdir()
        store = engine(server)
        if store.engine == "obstore":  # which leaves it to TLS, and to whoever compares
            receipt = store.put("x", b"content", hashlib.md5(b"other").digest(), 0)
            assert receipt[:2] == (hashlib.md5(b"content").hexdigest(), True)
            return
        with pytest.raises(StoreRefused, match="BadDigest|InvalidDigest"):
            store.put("x", b"content", hashlib.md5(b"other").digest(), 0)
        assert list(store.listing("")) == []


def test_one_client_serves_many_threads(moto, engine):
    store = engine(moto)
    etags = {str(number): hashlib.md5(b"%d" % number).hexdigest() for number in range(20)}

    def put(key):
        store.put(key, key.encode(), bytes.fromhex(etags[key]), 0)

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(put, etags))
    assert {thing.key: thing.etag for thing in store.listing("")} == etags


class Ledger:
    """Remembers in a dictionary."""

    def __init__(self):
        self.open = {}

    def begun(self, key, upload_id):
        self.open[upload_id] = key

    def ended(self, upload_id):
        del self.open[upload_id]


def uploads(moto):
    return [upload["UploadId"] for upload in moto.client().list_multipart_uploads(Bucket="media").get("Uploads", [])]


def test_parts_become_one_object(moto, engine):
    store, seen = engine(moto), []
    store.ledger = Ledger()

    def parts():
        yield bytes(5 * MIB)
        seen.append(dict(store.ledger.open))
        yield b"end"

    receipt = store.put_parts("x", parts(), 0)
    assert receipt.etag.endswith("-2") and receipt.etag_is_md5
    assert [*seen[0].values()] == ["x"] and store.ledger.open == {}
    assert next(iter(store.listing(""))).size == 5 * MIB + 3


def test_parts_go_several_at_once_and_are_put_together_in_order(moto, engine):
    store, given = engine(moto), []
    bodies = [bytes([number]) * 5 * MIB for number in range(7)]
    meeting = threading.Barrier(store.parts_at_once)

    def together(**kwargs):
        # Broken if fewer come than are said to come at once; the last one comes alone.
        if len(given) < len(bodies):
            meeting.wait(20)

    store._client.meta.events.register("before-send.s3.UploadPart", together)

    def parts():
        for body in bodies:
            given.append(len(body))
            yield body

    receipt = store.put_parts("x", parts(), 0)
    sums = [hashlib.md5(body).digest() for body in bodies]
    assert receipt.etag == receipt.cut == f"{hashlib.md5(b''.join(sums)).hexdigest()}-7"
    assert b"".join(store.read("x").chunks) == b"".join(bodies)


def test_an_etag_that_is_not_said_is_asked_for(engine):
    with SilentS3() as server:
        server.client().create_bucket(Bucket="media")
        receipt = engine(server).put_parts("x", iter([bytes(5 * MIB), b"end"]), 0)
        assert receipt.etag == next(engine(server).listing("")).etag and receipt.etag.endswith("-2")


def test_parts_that_break_off_leave_nothing(moto, engine):
    store = engine(moto)
    store.ledger = Ledger()

    def parts():
        yield bytes(5 * MIB)
        assert len(uploads(moto)) == 1
        raise OSError("changed")

    with pytest.raises(OSError, match="changed"):
        store.put_parts("x", parts(), 0)
    assert uploads(moto) == [] and store.ledger.open == {}
    assert list(store.listing("")) == []


def test_an_upload_that_is_gone_already_is_forgotten(moto, engine):
    store = engine(moto)
    store.ledger = Ledger()
    store.ledger.begun("x", "no-such-upload")
    store.abort("x", "no-such-upload")
    assert store.ledger.open == {}


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("a/b.jpg", "image/jpeg"),
        ("a.jpg/b", "application/octet-stream"),
        ("x.svg.gz", "application/octet-stream"),
        ("x.webp", "image/webp"),
    ],
)
def test_guessed_types(key, kind):
    assert objects.guess_type(key) == kind
