# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the quick way sends is what the client would have sent, and what it does not manage the client does."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import MediastoreError
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import Attributes
from ansible_collections.mediastore.s3.plugins.module_utils._store import quickput
from ansible_collections.mediastore.s3.plugins.module_utils._store.objects import BotoStore
from ansible_collections.mediastore.s3.tests.servers.troubled import RESET, TroubledS3
from ansible_collections.mediastore.s3.tests.unit.store.test_objects_obstore import open_with, put

#: what is different in every request, or says who sends it
OWN = {"authorization", "x-amz-date", "user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "accept-encoding"}
ALL = Attributes(
    cache_control="public, max-age=31536000",
    content_disposition="attachment",
    metadata={"origin": "matrix", "Two-Words": "a b"},
    acl="public-read",
    storage_class="STANDARD_IA",
    encryption="aws:kms",
    kms_key_id="arn:aws:kms:eu-west-1:1:key/2",
)
KEYS = ["a.png", "a b/c+d%20.txt", "ü/🎉.jpg", "a//b/../c", "~._-!*'()", "/first", "ends/"]


@pytest.fixture(params=[True, False], ids=["tls", "plain"])
def troubled(tmp_path, request):
    with TroubledS3(tmp_path if request.param else None) as store:
        yield store


def fails(*arguments, **options):
    raise AssertionError("the client was asked")


def seen(request):
    kept = {name: value for name, value in request.headers.items() if name not in OWN}
    signed = set(request.signed) - OWN
    return request.method, request.host, request.path, request.query, kept, signed, request.region, request.body


@pytest.mark.parametrize("options", [{}, {"session_token": "a-token"}, {"region": "eu-west-1"}], ids=["key", "token", "region"])
@pytest.mark.parametrize("attributes", [None, ALL], ids=["plain", "all"])
def test_it_sends_what_the_client_sends(troubled, attributes, options, monkeypatch):
    by_client = open_with(BotoStore, troubled, attributes=attributes, **options, max_attempts=1)
    receipts = [put(by_client, key) for key in KEYS]
    expected, troubled.requests[:] = [seen(request) for request in troubled.requests], []
    quick = open_with(BotoStore, troubled, attributes=attributes, **options)
    monkeypatch.setattr(quick._client, "put_object", fails)
    assert [put(quick, key) for key in KEYS] == receipts
    assert [seen(request) for request in troubled.requests] == expected


def test_the_name_of_the_bucket_may_come_before_the_hosts(tmp_path):
    with TroubledS3() as server:
        options = {"endpoint_url": "http://store.example", "proxy_url": server.endpoint_url, "addressing_style": "virtual"}
        for attempts in (1, 5):
            put(open_with(BotoStore, server, **options, max_attempts=attempts), "a b.png")
        first, second = (seen(request) for request in server.requests)
        assert first == second
        assert first[1:3] == ("media.store.example", "/a b.png")


@pytest.mark.parametrize("trouble", [(500, "InternalError"), (503, "SlowDown"), RESET])
def test_a_failure_that_passes_costs_one_attempt(troubled, trouble):
    troubled.trouble = lambda request, number: trouble if number == 0 else None
    store = open_with(BotoStore, troubled)
    assert put(store).etag_is_md5
    put(store, "b.png")
    assert len(troubled.requests) == 3
    assert store.busy == (trouble == (503, "SlowDown"))
    # and is sent quickly from then on
    assert ["Botocore" in request.headers["user-agent"] for request in troubled.requests] == [False, True, False]


def test_what_only_the_client_manages_it_does_from_then_on(troubled):
    troubled.trouble = lambda request, number: (418, "IAmATeapot") if "Botocore" not in request.headers["user-agent"] else None
    store = open_with(BotoStore, troubled)
    for key in ("a", "b", "c"):
        assert put(store, key).etag_is_md5
    assert len(troubled.requests) == 4


def test_a_refusal_is_told_in_the_words_of_the_client(troubled):
    troubled.trouble = lambda request, number: (403, "AccessDenied")
    said = []
    for attempts in (1, 5):
        with pytest.raises(MediastoreError) as caught:
            put(open_with(BotoStore, troubled, max_attempts=attempts))
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "AccessDenied" in said[0]


def test_the_client_has_words_for_what_no_header_can_say(troubled):
    attributes = Attributes(metadata={"name": "ü"})
    with pytest.raises(MediastoreError, match="ü"):
        put(open_with(BotoStore, troubled, attributes=attributes))
    assert not troubled.requests


def test_no_handler_of_the_client_is_touched_once_there_are_threads(troubled, monkeypatch):
    """Others would have their own HeadObject answered by whoever looks for the bucket's place."""
    store = open_with(BotoStore, troubled)
    for name in ("register", "register_first", "register_last", "unregister"):
        monkeypatch.setattr(store._client.meta.events, name, fails)
    assert put(store).etag_is_md5
    assert "Botocore" not in troubled.requests[0].headers["user-agent"]


def test_a_client_that_is_made_in_another_way_does_it_itself(troubled):
    store = open_with(BotoStore, troubled)
    found = quickput.quick_put(store._client, "media", store._connection)
    assert isinstance(found, quickput.QuickPut)

    class Other:
        def __getattr__(self, name):
            if name == "_endpoint":
                raise AttributeError(name)
            return getattr(store._client, name)

    assert quickput.quick_put(Other(), "media", store._connection) is None


def test_an_object_encrypted_with_a_key_of_ones_own_is_left_to_the_client(tmp_path):
    with TroubledS3(tmp_path) as server:
        put(open_with(BotoStore, server, customer_key="MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="))
        (request,) = server.requests
        assert "Botocore" in request.headers["user-agent"]
        assert request.headers["x-amz-server-side-encryption-customer-key-md5"]
