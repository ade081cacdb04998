# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What strangers may do is found out by trying, nothing stays behind, and what proves nothing is no proof."""

from __future__ import annotations

import functools
import http.server
import threading

import pytest
from botocore.exceptions import ClientError

from ansible_collections.mediastore.s3.plugins.module_utils._base import access as tries
from ansible_collections.mediastore.s3.plugins.module_utils._core import retry
from ansible_collections.mediastore.s3.plugins.module_utils._store import scratch
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.tests.servers.gate import CLOSED, OPEN, GatedS3, Word, closed
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

LISTING = Word("200 OK", b'<?xml version="1.0"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>')
MOVED = Word("301 Moved Permanently", location="http://elsewhere.invalid/")
BROKEN = Word("503 Service Unavailable", b"<Error><Code>SlowDown</Code></Error>")
PAGE = Word("200 OK", b"<html>Please log in</html>")
PRIVATE = {"read": "refused", "list": "refused", "write": "refused"}
PUBLIC = {"read": "allowed", "list": "refused", "write": "refused"}


@pytest.fixture(scope="module")
def one_store():
    with GatedS3() as store:
        store.secret_key = "a-secret-that-must-not-show"
        yield store


@pytest.fixture
def store(one_store):
    """A store with an empty bucket; nobody without a key may do anything until a test says otherwise."""
    one_store.reset()
    one_store.gate = closed
    one_store.client().create_bucket(Bucket="media")
    one_store.requests.clear()
    one_store.strangers.clear()
    return one_store


def readers(method, path, query):
    """What a policy of public reading does."""
    return OPEN if method == "GET" and "mediastore-access-" in path else CLOSED


def below_avatars(method, path, query):
    """The same for a prefix."""
    return OPEN if method == "GET" and path.startswith("/media/avatars/") else CLOSED


def prove(store, expect, *, check=False, timeout=0, **options):
    return run_module(
        "anonymous_access",
        {**store.connection, "max_attempts": 1, "name": "media", "expect": expect, "timeout": timeout, **options},
        check=check,
    )


def everything(store):
    """All versions and delete markers that the bucket holds."""
    found = store.client().list_object_versions(Bucket="media")
    return [thing["Key"] for thing in found.get("Versions", []) + found.get("DeleteMarkers", [])]


def test_private_is_proved_and_leaves_nothing(store):
    result = prove(store, "private")
    assert result == {
        "changed": False,
        "bucket": {"name": "media"},
        "expected": "private",
        "proved": True,
        "access": PRIVATE,
        "statuses": {"read": [403], "list": [403, 403], "write": [403]},
    }
    assert everything(store) == []


def test_the_stranger_carries_no_key(store):
    prove(store, "private", prefix="ü b+c/", session_token="a-session-token")
    assert [(method, path.rpartition("access-")[0] or path, query) for method, path, query, _headers in store.strangers] == [
        ("GET", "/media/ü b+c/mediastore-".encode().decode("latin1"), ""),
        ("GET", "/media", "max-keys=1"),
        ("GET", "/media", "list-type=2&max-keys=1"),
        ("GET", "/media", "list-type=2&max-keys=1&prefix=%C3%BC%20b%2Bc%2F"),
        ("PUT", "/media/ü b+c/mediastore-".encode().decode("latin1"), ""),
    ]
    sent = str([headers for *_request, headers in store.strangers])
    assert "testing" not in sent and "AMZ" not in sent and "a-session-token" not in sent


def test_public_read_is_proved(store):
    store.gate = readers
    result = prove(store, "public_read")
    assert (result["proved"], result["access"]) == (True, PUBLIC)
    assert result["statuses"]["read"] == [200]
    assert everything(store) == []


def test_with_a_prefix_the_rest_of_the_bucket_must_be_closed(store):
    store.gate = below_avatars
    result = prove(store, "public_read", prefix="avatars/")
    assert result["access"] == {**PUBLIC, "read_outside_prefix": "refused"}

    store.gate = readers
    failed = prove(store, "public_read", prefix="avatars/")
    assert failed["access"] == {**PUBLIC, "read_outside_prefix": "allowed"}
    assert "EVERYBODY CAN READ objects outside the prefix (200)" in failed["msg"]
    assert everything(store) == []


def test_a_private_bucket_that_is_open_is_said_loudly(store):
    store.gate = lambda method, path, query: OPEN
    failed = prove(store, "private")
    assert failed["failed"] and failed["error"]["code"] == "Public"
    assert failed["access"] == {"read": "allowed", "list": "allowed", "write": "allowed"}
    assert failed["error"]["said"] == (
        "EVERYBODY CAN READ its objects (200); EVERYBODY CAN LIST its objects (200); EVERYBODY CAN PUT objects into it (200)"
    )
    assert "mediastore.s3.bucket_policy" in failed["error"]["remedy"]
    assert not failed["changed"] and "\n" not in failed["msg"]
    # also the object that the stranger has put
    assert everything(store) == []


@pytest.mark.parametrize(
    ("provider", "remedy"),
    [("b2", "Set its acl to private"), ("garage", "Switch its website off"), ("rclone", "look at what stands in front of it")],
)
def test_the_remedy_is_the_providers(store, provider, remedy):
    store.gate = readers
    assert remedy in prove(store, "private", provider=provider)["error"]["remedy"]


@pytest.mark.parametrize(
    ("provider", "remedy"),
    [
        ("aws", "block_public_policy and restrict_public_buckets"),
        ("b2", "Set its acl to public-read"),
        ("garage", "set public_url to the URL that the website has"),
        ("rclone", "Put a proxy in front of it"),
    ],
)
def test_a_public_bucket_that_is_closed(store, provider, remedy):
    failed = prove(store, "public_read", provider=provider)
    assert failed["error"]["code"] == "NotPublic"
    assert "nobody without a key can read its objects (403 AccessDenied)" in failed["msg"]
    assert remedy in failed["error"]["remedy"]


def test_a_list_is_found_in_the_old_way_in_the_new_way_and_below_the_prefix(store):
    for telling in ("max-keys=1", "list-type=2&max-keys=1", "list-type=2&max-keys=1&prefix=a%2F"):
        store.gate = lambda method, path, query, telling=telling: LISTING if query == telling else CLOSED
        failed = prove(store, "private", prefix="a/")
        assert failed["access"] == {**PRIVATE, "list": "allowed"}, telling
        assert "is private: EVERYBODY CAN LIST its objects (200). Take out" in failed["msg"]


def test_what_a_stranger_puts_is_removed_with_its_versions(store):
    store.client().put_bucket_versioning(Bucket="media", VersioningConfiguration={"Status": "Enabled"})
    store.gate = lambda method, path, query: OPEN if method == "PUT" else CLOSED
    failed = prove(store, "private", timeout=1)
    assert failed["access"] == {**PRIVATE, "write": "allowed"}
    assert len([True for method, *_rest in store.strangers if method == "PUT"]) > 1
    assert everything(store) == []


@pytest.mark.parametrize("expect", ["private", "public_read"])
@pytest.mark.parametrize(
    ("word", "shown"),
    [
        (MOVED, "301, a redirect"),
        (BROKEN, "503 SlowDown"),
        (PAGE, "200 with other content"),
        (Word("404 Not Found"), "404"),
        (Word("400 Bad Request", b"<html>plain HTTP was sent to an HTTPS port</html>"), "400"),
        (
            Word("400 Bad Request", b"<Error><Code>InvalidArgument</Code><Message>max-keys</Message></Error>"),
            "400 InvalidArgument",
        ),
    ],
)
def test_what_proves_nothing_is_no_proof(store, expect, word, shown):
    store.gate = lambda method, path, query: word
    failed = prove(store, expect)
    assert failed["error"]["code"] == "Unclear"
    assert set(failed["access"].values()) == {"unclear"}
    assert f"whether everybody can read its objects is unclear ({shown})" in failed["msg"]
    assert "Nothing may redirect or fail on the way" in failed["error"]["remedy"]


@pytest.mark.parametrize(
    "word",
    [
        CLOSED,
        Word("401 Unauthorized"),
        Word("400 Bad Request", b"<Error><Code>UnsupportedAlgorithm</Code></Error>"),
        Word("400 Bad Request", b"<Error><Code>InvalidArgument</Code><Message>Authorization</Message></Error>"),
    ],
)
def test_the_ways_in_which_stores_ask_for_a_key(store, word):
    store.gate = lambda method, path, query: word
    assert prove(store, "private")["access"] == PRIVATE


def test_policies_may_take_a_while(store):
    asked = []

    def slowly(method, path, query):
        asked.append(method)
        return OPEN if method == "GET" and "access-" in path and len(asked) > 8 else CLOSED

    store.gate = slowly
    assert prove(store, "public_read", timeout=10)["proved"]
    assert len(asked) > 8


def test_patience_ends(store, monkeypatch):
    monkeypatch.setattr(retry.time, "sleep", lambda seconds: None)
    moments = iter(range(0, 1000, 10))
    monkeypatch.setattr(retry.time, "monotonic", lambda: next(moments))
    failed = prove(store, "public_read", timeout=30)
    assert "(403 AccessDenied), after 30 s of trying. Give it a policy" in failed["msg"]
    assert len([True for method, path, _query, _headers in store.strangers if "access-" in path and method == "GET"]) == 3


class Site(http.server.BaseHTTPRequestHandler):
    """What stands in front of the store: it has a few pages of its own, and fetches the rest with a key."""

    def do_GET(self):
        self.server.seen.append(self.path)
        status, body = self.server.pages(self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """A test's output is not an access log."""


@pytest.fixture
def site(store):
    """A public URL below which the objects of the bucket can be read, unless a test says otherwise."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.seen = []

    def from_store(path):
        if path == "/files/":
            return 200, b"<html>Welcome</html>"
        try:
            return 200, store.client().get_object(Bucket="media", Key=path.removeprefix("/files/"))["Body"].read()
        except ClientError:
            return 404, b""

    server.pages = from_store
    server.url = f"http://127.0.0.1:{server.server_address[1]}/files"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_public_reads_under_a_url_of_its_own(store, site):
    result = prove(store, "public_read", public_url=site.url)
    assert result["access"] == PUBLIC and result["statuses"] == {"read": [200], "list": [403, 403, 200], "write": [403]}
    assert [path.rpartition("access-")[0] for path in site.seen] == ["/files/mediastore-", ""]
    assert prove(store, "public_read", public_url=site.url + "/")["proved"]


def test_a_public_url_that_shows_nothing(store, site):
    site.pages = lambda path: (404, b"")
    failed = prove(store, "public_read", public_url=site.url)
    assert "nobody without a key can read its objects (404)" in failed["msg"]
    assert prove(store, "private", public_url=site.url)["access"] == PRIVATE


def test_a_private_bucket_is_not_served_under_the_public_url_either(store, site):
    failed = prove(store, "private", public_url=site.url)
    assert failed["access"] == {**PRIVATE, "read": "allowed"}
    assert failed["statuses"]["read"] == [403, 200]


def test_a_public_url_that_lists(store, site):
    pages = site.pages
    site.pages = lambda path: (200, LISTING.body) if path == "/files/" else pages(path)
    assert prove(store, "public_read", public_url=site.url)["access"] == {**PUBLIC, "list": "allowed"}


def test_a_public_url_where_nobody_is(store, site):
    site.shutdown()
    site.server_close()
    failed = prove(store, "public_read", public_url=site.url)
    assert "whether everybody can read its objects is unclear (no answer ([Errno 111] Connection refused))" in failed["msg"]
    assert failed["statuses"]["read"] == [0]


def test_check_mode_puts_nothing_and_tries_the_rest(store):
    result = prove(store, "private", check=True)
    assert result["access"] == {"read": "not_tried", "list": "refused", "write": "not_tried"}
    assert result["proved"] is False and "warnings" not in result
    assert {request.partition(" ")[0] for request in store.requests} == {"HEAD"}
    assert {method for method, *_rest in store.strangers} == {"GET"}


def test_check_mode_warns_of_what_the_real_run_may_put_right(store):
    store.gate = lambda method, path, query: OPEN
    result = prove(store, "private", check=True)
    assert result["access"] == {"read": "unclear", "list": "allowed", "write": "not_tried"} and not result["changed"]
    (warning,) = result["warnings"]
    assert "EVERYBODY CAN LIST its objects (200); whether everybody can read its objects is unclear (404 NoSuchKey)" in str(
        warning
    )


def test_check_mode_of_a_bucket_that_is_still_to_be_made(store):
    result = prove(store, "public_read", check=True, name="later")
    assert result["access"] == dict.fromkeys(PUBLIC, "not_tried")
    assert "Bucket later does not exist yet" in str(result["warnings"])
    assert store.strangers == []


def test_a_missing_bucket(store):
    failed = prove(store, "private", name="missing")
    assert failed["error"]["code"] == "NoSuchBucket" and "warnings" not in failed
    assert store.strangers == []


@pytest.mark.parametrize("versions", [False, True])
def test_what_a_killed_run_has_left_is_removed_by_the_next(store, monkeypatch, versions):
    client = store.client()
    if versions:
        client.put_bucket_versioning(Bucket="media", VersioningConfiguration={"Status": "Enabled"})
    ours = ["a/mediastore-access-0123456789abcdef", "mediastore-access-0123456789abcdef"]
    theirs = ["a/mediastore-access-of-mine", "a/mediastore-access-0123456789abcdef.png", "b/mediastore-access-0123456789abcdef"]
    for key in ours + theirs:
        client.put_object(Bucket="media", Key=key, Body=b"left")
    client.put_object(Bucket="media", Key="a/mediastore-access-fedcba9876543210", Body=b"large" * 1000)
    store.gate = lambda method, path, query: OPEN if method == "GET" and path.startswith("/media/a/") else CLOSED

    assert prove(store, "public_read", prefix="a/")["proved"]
    assert set(ours) < set(everything(store))
    monkeypatch.setattr(scratch, "OLD_S", -60.0)
    assert prove(store, "public_read", prefix="a/")["proved"]
    assert sorted(everything(store)) == sorted([*theirs, "a/mediastore-access-fedcba9876543210"])


def test_a_key_that_may_not_list_can_do_without(store, monkeypatch):
    def refuse(self, **arguments):
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectVersions")

    monkeypatch.setattr(scratch.Scratch, "sweep", with_client(scratch.Scratch.sweep, list_object_versions=refuse))
    assert prove(store, "private")["proved"]


def with_client(method, **replaced):
    """The method of a Scratch whose client answers some calls otherwise."""

    def patched(self, *arguments):
        for name, function in replaced.items():
            setattr(self._client, name, functools.partial(function, self._client))
        return method(self, *arguments)

    return patched


def test_what_cannot_be_removed_is_named(store, monkeypatch):
    def refuse(self, **arguments):
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "DeleteObject")

    monkeypatch.setattr(scratch.Scratch, "sweep", with_client(scratch.Scratch.sweep, delete_object=refuse))
    result = prove(store, "private")
    assert result["proved"]
    (left,) = everything(store)
    assert left in str(result["warnings"]) and "by hand" in str(result["warnings"])


def test_an_interrupted_proof_leaves_nothing(store, monkeypatch):
    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(tries.Knocking, "once", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prove(store, "private")
    assert everything(store) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "a/b"}, "is not a name for a bucket"),
        ({"prefix": "/a"}, "prefix begins with '/'"),
        ({"timeout": -1}, "timeout is -1"),
        ({"public_url": "cdn.example.org"}, "public_url is not a URL"),
        ({"public_url": "https://me:pw@cdn.example.org"}, "public_url is not a URL"),
        ({"public_url": "https://cdn.example.org/?key="}, "public_url is not a URL"),
        ({"expect": "open"}, "must be one of: private, public_read"),
    ],
)
def test_what_cannot_be_meant(store, wrong, words):
    failed = prove(store, "private", **wrong) if "expect" not in wrong else prove(store, wrong["expect"])
    assert failed["failed"] and words in failed["msg"] and "me:pw" not in failed["msg"]
    assert store.requests == [] and store.strangers == []


def test_a_web_site_is_no_store(naive):
    class Console(type(naive)):
        content_type = "text/html"

        def answer(self, method, path, signed_for):
            return 200, "<html>Welcome</html>"

    with Console() as site:
        failed = prove(site, "private")
    assert failed["error"]["code"] == "NotS3" and "Check endpoint_url" in failed["error"]["remedy"]


def test_a_wrong_key_is_no_proof(moto_with_keys):
    failed = prove(moto_with_keys, "private", access_key="NOBODY")
    assert failed["error"]["code"] == "InvalidAccessKeyId" and "access" not in failed


def test_over_tls_the_stranger_trusts_the_stores_ca(rclone):
    rclone.data.joinpath("media").mkdir()
    assert prove(rclone, "private")["statuses"] == {"read": [400], "list": [400, 400], "write": [400]}
    assert list(rclone.data.joinpath("media").iterdir()) == []


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_over_tls_without_checking(rclone):
    rclone.data.joinpath("media").mkdir()
    assert prove(rclone, "private", ca_path="", validate_certs=False)["proved"]


def test_through_a_proxy(site):
    connection = Connection("generic", endpoint_url="http://store.invalid", proxy_url=site.url.removesuffix("/files"))
    assert tries.Stranger(connection).get("http://store.invalid/media").status == 404
    assert site.seen == ["http://store.invalid/media"]
