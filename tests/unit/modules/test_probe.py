# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe module against stores that run, that lie, and that fail in the middle."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from ansible_collections.mediastore.s3.plugins.module_utils._core import retry
from ansible_collections.mediastore.s3.plugins.module_utils._store.capabilities import capabilities_of, with_capabilities
from ansible_collections.mediastore.s3.plugins.module_utils._store.guard import OPERATIONS
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import PROFILES
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.naive import NaiveS3
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

#: sub-resource -> facet
SETTINGS = {
    "policy": "policy",
    "acl": "acl",
    "publicAccessBlock": "public_access_block",
    "ownershipControls": "ownership",
    "cors": "cors",
    "tagging": "tagging",
    "versioning": "versioning",
    "encryption": "encryption",
    "lifecycle": "lifecycle",
    "object-lock": "object_lock",
    "website": "website",
}
SETTING = re.compile(rf"^(\w+) /([^/?]+)\?({'|'.join(SETTINGS)})\b")
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"

Environ = dict[str, Any]


class FilteredS3(MotoS3):
    """Moto, with somebody between it and the network who answers, changes or cuts off some of the requests."""

    def __init__(self) -> None:
        super().__init__()
        self.secret_key = "a-secret-that-must-not-show"
        #: a request -> the answer in its place, if any: status and body
        self.instead: Callable[[Environ], tuple[str, bytes] | None] = lambda environ: None

    def _counted(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        honest = super()._counted(app)

        def filtered(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            answer = self.instead(environ)
            if answer is None:
                return honest(environ, start_response)
            start_response(answer[0], [("Content-Type", "application/xml"), ("Content-Length", str(len(answer[1])))])
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer[1]]

        return filtered

    def bucket_names(self) -> list[str]:
        return [bucket["Name"] for bucket in self.client().list_buckets()["Buckets"]]


@pytest.fixture(scope="module")
def one_filtered():
    with FilteredS3() as store:
        yield store


@pytest.fixture
def filtered(one_filtered):
    """A store that a test can make behave badly."""
    one_filtered.instead = lambda environ: None
    one_filtered.reset()
    return one_filtered


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """What waits for an effect is told that the time is over, without waiting."""

    class Clock:
        now = 0.0

        def monotonic(self) -> float:
            return self.now

        def sleep(self, seconds: float) -> None:
            self.now += seconds

    monkeypatch.setattr(retry, "time", Clock())


def probe(store, check=False, **options):
    return run_module("probe", {**store.connection, "provider": "generic", **options}, check=check)


def is_setting(environ: Environ, *names: str) -> bool:
    asked = environ["QUERY_STRING"].partition("&")[0].partition("=")[0]
    return environ["PATH_INFO"].strip("/").count("/") == 0 and asked in (names or SETTINGS)


def lose(bucket: str) -> None:
    """Delete a bucket of moto's with all that is in it."""
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    backend.buckets[bucket].keys.clear()
    backend.delete_bucket(bucket)


# -- what is measured


def test_everything_is_removed_and_nothing_else_is_touched(filtered):
    filtered.client().create_bucket(Bucket="media")
    filtered.client().put_object(Bucket="media", Key="photo", Body=b"photo")
    filtered.requests.clear()
    result = probe(filtered)
    assert not result["changed"]
    assert result["requests"] == len(filtered.requests)
    assert (result["removed"], result["leftovers"], result["differs"]) == (True, [], [])
    assert re.fullmatch(r"mediastore-probe-[0-9a-f]{12}", result["scratch_bucket"])
    assert not [request for request in filtered.requests if re.search(r"/media\b(?!-)", request)]
    assert filtered.bucket_names() == ["media"]
    every_write_comes_after_a_look_and_before_another(filtered.requests)
    what_moto_can(result["capabilities"])
    what_the_other_modules_take(filtered, result["capabilities"])


def what_moto_can(can: dict[str, Any]) -> None:
    # Moto serves policies to strangers, and also what no policy allows; so the effect of one is not shown.
    assert {name: can["facets"][name] for name in SETTINGS.values()} == {
        "policy": "store",
        "acl": "enforce",
        "public_access_block": "store",
        "ownership": "store",
        "cors": "store",
        "tagging": "store",
        "versioning": "enforce",
        "encryption": "enforce",
        "lifecycle": "store",
        "object_lock": "store",
        "website": "store",
    }
    # It drops these two without a word.
    assert not {"newer_noncurrent_versions", "object_size"} & {*can["lifecycle"]["actions"], *can["lifecycle"]["filters"]}
    assert {"transitions", "expiration_date"} < {*can["lifecycle"]["actions"]}
    assert can["lifecycle"]["filters"] == ["prefix", "tags"]
    assert can["multipart_etag"] == "s3"
    assert can["multipart_copy"] and can["conditional_put"] and can["object_tagging"] and can["multi_delete"]
    assert "GLACIER" in can["storage_classes"]
    # It repeats any kind of encryption, and encrypts nothing.
    assert can["sse"] == []


def what_the_other_modules_take(store, can: dict[str, Any]) -> None:
    assert capabilities_of(with_capabilities(PROFILES["generic"], can)) == can
    asked = {**store.connection, "provider": "generic", "capabilities": can, "name": "measured"}
    assert run_module("bucket", {**asked, "versioning": True, "tags": {"service": "synapse"}})["changed"]
    assert not run_module("bucket", {**asked, "versioning": True, "tags": {"service": "synapse"}})["changed"]
    lacking = {**can, "facets": {**can["facets"], "tagging": "none"}}
    assert run_module("bucket", {**asked, "capabilities": lacking, "tags": {}})["error"]["code"] == "Unsupported"


def every_write_comes_after_a_look_and_before_another(requests: list[str]) -> None:
    seen: set[tuple[str, str]] = set()
    for number, request in enumerate(requests):
        found = SETTING.match(request)
        if not found:
            continue
        method, bucket, setting = found.groups()
        if method == "GET":
            seen.add((bucket, setting))
        else:
            assert (bucket, setting) in seen, request
            assert requests[number + 1] == f"HEAD /{bucket}", request
    assert len({setting for _bucket, setting in seen}) == len(SETTINGS) == len(OPERATIONS)


def test_over_tls_with_keys_where_the_region_has_to_be_told(moto_with_keys):
    result = probe(moto_with_keys, provider="aws", region="eu-west-1")
    assert result["capabilities"]["location_constraint"] == "region"
    assert result["removed"] and moto_with_keys.client().list_buckets()["Buckets"] == []
    assert {"fact": "sse", "profile": ["AES256", "aws:kms", "SSE-C"], "measured": [], "kind": "less"} in result["differs"]
    # With keys, moto breaks down when somebody comes without.
    assert result["capabilities"]["public_read"] == "none"


def test_a_store_that_knows_objects_only(rclone):
    run_module("bucket", {**rclone.connection, "name": "media"})
    (rclone.data / "media" / "photo").write_bytes(b"photo")
    result = probe(rclone)
    can = result["capabilities"]
    assert set(can["facets"].values()) == {"none"}
    assert (can["multipart_etag"], can["key_segment_max_bytes"], can["key_empty_segments"]) == ("md5", 255, False)
    # It takes the customer's key, and gives the object to anybody.
    assert (can["sse"], can["storage_classes"], can["public_read"]) == ([], ["STANDARD"], "none")
    assert result["removed"] and [path.name for path in rclone.data.iterdir()] == ["media"]
    assert (rclone.data / "media" / "photo").read_bytes() == b"photo"
    assert probe(rclone, provider="rclone")["differs"] == []


# -- settings that a store does not know


def test_a_store_that_loses_objects_is_no_store(naive):
    naive.buckets.add("media")
    failed = probe(naive)
    assert failed["error"]["code"] == "NotS3"
    assert failed["removed"] and "media" in naive.buckets
    assert not [request for request in naive.requests if "?" in request and not request.startswith("GET")]


def test_what_is_answered_with_a_listing_is_never_written(filtered):
    def falls_through(environ):
        if is_setting(environ):
            environ["QUERY_STRING"] = ""

    filtered.instead = falls_through
    result = probe(filtered)
    facets = result["capabilities"]["facets"]
    assert {facets[name] for name in SETTINGS.values()} == {"none"}
    methods = [request.partition(" ")[0] for request in filtered.requests if request.endswith(result["scratch_bucket"])]
    assert [method for method in methods if method not in ("GET", "HEAD")] == ["PUT", "DELETE"]
    assert filtered.bucket_names() == []


def test_a_setting_that_deletes_the_bucket_is_none_and_the_rest_is_measured(filtered):
    def deletes(environ):
        if environ["REQUEST_METHOD"] == "DELETE" and is_setting(environ, "tagging"):
            lose(environ["PATH_INFO"].strip("/"))
            return "204 No Content", b""
        return None

    filtered.instead = deletes
    result = probe(filtered)
    facets = result["capabilities"]["facets"]
    assert (facets["tagging"], facets["cors"], facets["lifecycle"], facets["versioning"]) == ("none", "store", "store", "enforce")
    assert result["removed"] and filtered.bucket_names() == []


def test_a_setting_whose_delete_would_delete_the_bucket_is_none(filtered):
    def falls_through(environ):
        if environ["REQUEST_METHOD"] == "DELETE" and is_setting(environ, "cors"):
            environ["QUERY_STRING"] = ""

    filtered.instead = falls_through
    assert probe(filtered)["capabilities"]["facets"]["cors"] == "none"


def test_what_is_accepted_and_not_kept_is_none(filtered):
    def forgets(environ):
        if environ["REQUEST_METHOD"] == "PUT" and is_setting(environ, "encryption", "publicAccessBlock", "website"):
            return "200 OK", b""
        return None

    filtered.instead = forgets
    facets = probe(filtered)["capabilities"]["facets"]
    assert (facets["encryption"], facets["public_access_block"], facets["website"]) == ("none", "none", "none")
    assert not [request for request in filtered.requests if request.startswith("DELETE") and request.endswith("?website")]


def test_what_the_key_may_not_ask_for_is_unmeasured(filtered):
    filtered.instead = lambda environ: ("403 Forbidden", DENIED) if is_setting(environ, "policy", "acl") else None
    result = probe(filtered, provider="aws")
    assert result["capabilities"]["facets"]["policy"] == result["capabilities"]["facets"]["acl"] == "ask"
    assert {"facets.policy", "facets.acl", "public_read", "bucket_acls"} <= {*result["unmeasured"]}
    assert not {"facets.policy", "public_read"} & {entry["fact"] for entry in result["differs"]}


# -- in somebody's bucket


def test_a_key_that_may_not_create_buckets_is_told_what_to_do(filtered):
    filtered.instead = lambda environ: (
        ("403 Forbidden", DENIED) if environ["REQUEST_METHOD"] == "PUT" and environ["PATH_INFO"].count("/") == 1 else None
    )
    failed = probe(filtered)
    assert failed["error"]["code"] == "AccessDenied"
    assert "name one that is there with bucket" in failed["msg"]
    assert failed["removed"]


@pytest.mark.parametrize("versions", [False, True])
def test_in_a_bucket_that_is_there_only_objects_are_tried(moto, versions):
    client = moto.client()
    client.create_bucket(Bucket="media")
    if versions:
        client.put_bucket_versioning(Bucket="media", VersioningConfiguration={"Status": "Enabled"})
    for key in ("photo", "mediastore-probe/of-somebody"):
        client.put_object(Bucket="media", Key=key, Body=b"photo")
    before = client.list_object_versions(Bucket="media")["Versions"]
    moto.requests.clear()
    result = probe(moto, bucket="media")
    facets = result["capabilities"]["facets"]
    assert {facets[name] for name in SETTINGS.values()} == {"ask"}
    assert result["capabilities"]["multipart_etag"] == "s3"
    assert (result["scratch_bucket"], result["removed"]) == ("media", True)
    for request in moto.requests:
        method, path = request.split(" ", 1)
        target, _mark, query = path.partition("?")
        ours = re.match(r"/media/mediastore-probe/[0-9a-f]{12}/", target)
        assert ours or method in ("GET", "HEAD") or query == "delete" or target == "/", request
    after = client.list_object_versions(Bucket="media")
    assert after["Versions"] == before and "DeleteMarkers" not in after
    assert client.list_multipart_uploads(Bucket="media").get("Uploads", []) == []


def test_in_a_bucket_that_is_there_what_falls_through_is_none(rclone):
    run_module("bucket", {**rclone.connection, "name": "media"})
    (rclone.data / "media" / "photo").write_bytes(b"photo")
    result = probe(rclone, bucket="media", prefix="tried/")
    facets = result["capabilities"]["facets"]
    # The one that it answers, and would not keep.
    assert facets.pop("versioning") == "ask" and set(facets.values()) == {"none"}
    assert result["removed"]
    assert [path for path in (rclone.data / "media").rglob("*") if path.is_file()] == [rclone.data / "media" / "photo"]


def test_a_bucket_that_is_not_there_is_not_made(moto):
    failed = probe(moto, bucket="media")
    assert "does not exist" in failed["msg"]
    assert moto.client().list_buckets()["Buckets"] == []


# -- what goes wrong


def cut_off(environ):
    """End the connection without an answer."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return "200 OK", b""


def test_a_store_that_dies_leaves_a_bucket_and_the_next_run_says_so(filtered):
    filtered.instead = lambda environ: cut_off(environ) if len(filtered.requests) > 60 else None
    failed = probe(filtered)
    assert failed["failed"] and failed["removed"] is False
    assert failed["leftovers"] == [failed["scratch_bucket"]]
    assert failed["scratch_bucket"] in str(failed["warnings"])
    filtered.instead = lambda environ: None
    assert filtered.bucket_names() == failed["leftovers"]
    again = probe(filtered)
    assert (again["removed"], again["leftovers"]) == (True, failed["leftovers"])
    assert "Left by an earlier run" in str(again["warnings"])
    # It may be in use by another run, so it is not touched.
    assert filtered.bucket_names() == failed["leftovers"]


def test_a_store_that_stumbles_is_left_clean(filtered):
    stumbles = iter(range(4))
    filtered.instead = lambda environ: (
        cut_off(environ) if is_setting(environ, "cors") and next(stumbles, None) is not None else None
    )
    failed = probe(filtered)
    assert failed["failed"] and failed["removed"] and failed["leftovers"] == []
    assert filtered.bucket_names() == []


def test_a_signal_does_not_keep_it_from_tidying_up(filtered):
    def interrupts(environ):
        if environ["REQUEST_METHOD"] == "PUT" and is_setting(environ, "tagging"):
            os.kill(os.getpid(), signal.SIGTERM)
            # until the main thread has noticed
            time.sleep(0.2)

    filtered.instead = interrupts
    failed = probe(filtered)
    assert failed["error"]["code"] == "Ended" and "SIGTERM" in failed["msg"]
    assert failed["removed"] and filtered.bucket_names() == []
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_bucket_that_cannot_be_removed_is_named(filtered):
    filtered.instead = lambda environ: (
        ("403 Forbidden", DENIED) if environ["REQUEST_METHOD"] == "DELETE" and environ["PATH_INFO"].count("/") == 1 else None
    )
    result = probe(filtered)
    assert not result["removed"] and result["scratch_bucket"] in result["leftovers"]
    assert "Could not be removed" in str(result["warnings"])
    assert result["capabilities"]["etag_is_md5"]


def test_a_wrong_key_is_named(moto_with_keys):
    failed = probe(moto_with_keys, secret_key="wrong")
    assert failed["error"]["code"] == "SignatureDoesNotMatch"
    assert failed["removed"]


def test_a_store_that_is_not_there_is_said_so():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        options = {"endpoint_url": f"http://127.0.0.1:{taken.getsockname()[1]}", "access_key": "a", "secret_key": "bcdefgh"}
        failed = run_module("probe", options)
    assert failed["error"]["code"] == "EndpointConnectionError"


def test_a_wrong_region_is_told_with_the_right_one():
    with NaiveS3(region="garage") as store:
        failed = probe(store)
    assert failed["error"]["remedy"].startswith("Set region to garage")


def test_check_mode_sends_nothing(moto):
    result = probe(moto, check=True, provider="ceph")
    assert moto.requests == []
    assert result["capabilities"] == capabilities_of(PROFILES["ceph"]) and not result["changed"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bucket_prefix": "Probe-"}, "not a name for a bucket"),
        ({"bucket_prefix": "x" * 52}, "not a name for a bucket"),
        ({"bucket": "a/b"}, "not a name for a bucket"),
        ({"bucket": "media", "prefix": "/tried"}, "begins with '/'"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_first_request(moto, options, words):
    assert words in probe(moto, **options)["msg"]
    assert moto.requests == []
