# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent again, how often, and what is made of answers that are lost or not whole."""

from __future__ import annotations

import hashlib
import os

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.digest import MIB
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import MediastoreError
from ansible_collections.mediastore.s3.plugins.module_utils._core.retry import pause_before_next
from ansible_collections.mediastore.s3.plugins.module_utils._store.objects import BotoStore
from ansible_collections.mediastore.s3.tests.servers.faultproxy import CUT_HEADERS, RESET_AFTER, TRUNCATE, WRONG_ETAG, FaultProxy
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3
from ansible_collections.mediastore.s3.tests.servers.tls import make_certificates
from ansible_collections.mediastore.s3.tests.servers.troubled import TroubledS3
from ansible_collections.mediastore.s3.tests.unit.store.test_objects_obstore import ENGINES, open_with, put


def pauses_of(most, busy):
    """The middle of each pause."""
    found = []
    while pause_before_next(len(found) + 1, most, busy) is not None:
        found.append(sum(pause_before_next(len(found) + 1, most, busy) for _number in range(500)) / 500)
    return found


def test_five_attempts_take_six_seconds_and_a_busy_store_gets_a_minute():
    assert [round(pause, 1) for pause in pauses_of(5, busy=False)] == pytest.approx([0.1, 0.3, 1.2, 4.8], rel=0.2, abs=0.1)
    assert (len(pauses_of(5, busy=True)), 55 < sum(pauses_of(5, busy=True)) < 75) == (8, True)
    assert pauses_of(1, busy=True) == pauses_of(1, busy=False) == []


@pytest.mark.parametrize("kind", ENGINES, ids=["boto3", "obstore"])
def test_it_counts_how_often_the_store_asked_for_less(tmp_path, kind):
    answers = {0: (503, "SlowDown"), 1: (500, "InternalError"), 2: (429, "TooManyRequests"), 4: (503, "ServiceUnavailable")}
    with TroubledS3(tmp_path) as server:
        server.trouble = lambda request, number: answers.get(number)
        store = open_with(kind, server)
        put(store)
        assert (store.busy, len(server.requests)) == (2, 4)
        assert b"".join(store.read("a.png").chunks) == b"content"
        assert (store.busy, len(server.requests)) == (3, 6)


class Way:
    """A bad way to rclone's server, on which something happens to the first requests of one operation."""

    def __init__(self, proxy, server):
        self.proxy, self.data = proxy, server.data
        self.connection = {**server.connection, "endpoint_url": proxy.url, "ca_path": str(server.directory / "tls" / "ca.pem")}

    def befall(self, kind, operation, times=1):
        left = [True] * times
        self.proxy.rate, self.proxy.kinds = 1, (kind,)
        self.proxy.spares = lambda asked: asked.operation != operation or not left or not left.pop()


@pytest.fixture
def way(tmp_path):
    with RcloneS3(tmp_path, "ACCESSKEY", "a-secret-key", tls=False) as server:
        (server.data / "media").mkdir()
        with FaultProxy(make_certificates(tmp_path / "tls"), server.port) as proxy:
            yield Way(proxy, server)


def test_a_listing_that_breaks_off_is_asked_for_again_and_never_believed(way):
    for name in ("a", "b"):
        (way.data / "media" / name).write_text(name)
    # Whether it ends before it begins or in its middle. urllib3 keeps the connection, which makes the next attempt fail, too.
    way.befall(TRUNCATE, "ListObjects", 3)
    assert [thing.key for thing in open_with(BotoStore, way, max_attempts=7).listing("")] == ["a", "b"]
    assert way.proxy.faults[TRUNCATE] == 3
    way.befall(TRUNCATE, "ListObjects", 100)
    with pytest.raises(MediastoreError) as failed:
        list(open_with(BotoStore, way, max_attempts=3).listing(""))
    assert failed.value.code == "BrokenOff"


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        (RESET_AFTER, "CreateMultipartUpload"),
        (CUT_HEADERS, "CreateMultipartUpload"),
        (RESET_AFTER, "UploadPart"),
        (CUT_HEADERS, "UploadPart"),
        (RESET_AFTER, "CompleteMultipartUpload"),
        (CUT_HEADERS, "CompleteMultipartUpload"),
        (TRUNCATE, "CompleteMultipartUpload"),
        (WRONG_ETAG, "UploadPart"),
    ],
)
def test_what_was_done_unheard_is_found_out(way, kind, operation):
    store, body = open_with(BotoStore, way), os.urandom(6 * MIB)
    way.befall(kind, operation)
    receipt = store.put_parts("large", iter([body[: 5 * MIB], body[5 * MIB :]]), 0)
    assert way.proxy.faults[kind] == 1
    assert receipt.etag in (hashlib.md5(body).hexdigest(), receipt.cut)
    assert (way.data / "media" / "large").read_bytes() == body
    assert not store._client.list_multipart_uploads(Bucket="media").get("Uploads")


@pytest.mark.parametrize("kind", ENGINES, ids=["boto3", "obstore"])
def test_reading_goes_on_where_it_broke_off(way, kind):
    body = os.urandom(3 * MIB)
    (way.data / "media" / "large").write_bytes(body)
    store = open_with(kind, way)
    way.befall(TRUNCATE, "GetObject", 2)
    assert b"".join(store.read("large").chunks) == body
    assert way.proxy.faults[TRUNCATE] == 2


@pytest.mark.parametrize("kind", ENGINES, ids=["boto3", "obstore"])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_headers_that_are_not_whole_are_no_answer(way, kind, share):
    """Wherever they end, and whatever is asked."""
    (way.data / "media" / "a").write_bytes(b"content")
    way.proxy.cut_at = share
    for operation in ("ListObjects", "GetObject", "HeadObject", "PutObject"):
        store = open_with(kind, way)
        way.befall(CUT_HEADERS, operation)
        way.proxy.forget()
        assert [thing.key for thing in store.listing("")] == ["a"]
        assert b"".join(store.read("a").chunks) == b"content"
        assert store._client.head_object(Bucket="media", Key="a")["ContentLength"] == 7
        put(store, "a", b"content")
        assert way.proxy.faults[CUT_HEADERS] == 1
