# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody who has no right to anything tries in vain: one test for each."""

from __future__ import annotations

import re
import time
from urllib.parse import quote

import pytest

from ansible_collections.mediastore.s3.extensions.molecule.nginx_cache.default.tests.site import (
    STORE,
    WEB,
    get,
    media,
    noted,
    put,
    run,
)

OPEN = ("social", "vault")
MODES = ("chat", *OPEN)
QUERIES = [
    "response-content-type=text/html",
    "response-content-disposition=attachment",
    "versionId=null",
    "X-Amz-Signature=x&X-Amz-Algorithm=AWS4-HMAC-SHA256",
    "acl",
    "partNumber=1",
]
HEADERS = [
    "X-Forwarded-Host: evil.example.org",
    "Authorization: AWS4-HMAC-SHA256 Credential=x",
    "Cookie: session=x",
    "Origin: https://evil.example.org",
    "Accept-Encoding: br;q=1",
    'If-None-Match: "0"',
    "If-Modified-Since: Fri, 27 Nov 2076 00:00:00 GMT",
    "Range: bytes=0-1,5-6",
    "Range: bytes=900-1",
    'If-Range: "0"',
    "x-amz-server-side-encryption-customer-key: x",
]


@pytest.fixture(scope="module")
def targets():
    """What is attacked: an object for each try, in each bucket."""
    names = [
        "visible",
        "mine",
        "photo",
        *(f"query{n}" for n in range(len(QUERIES))),
        *(f"header{n}" for n in range(len(HEADERS))),
    ]
    return {mode: put(f"{mode}-media", **dict.fromkeys(names, 1000)) for mode in MODES}


@pytest.fixture(scope="module")
def secret():
    """What is in another bucket."""
    return put("other-media", secret=1000)["secret.jpg"]


@pytest.mark.parametrize("mode", OPEN)
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "//",
        "/?list-type=2",
        "/?prefix=",
        "/?location",
        "/?policy",
        "/.",
        "/a/..",
        "/a/../",
        "/%2e",
        "/%2F",
        "/folder/",
        "/?uploads",
    ],
)
def test_a_listing(targets, mode, path):
    noted()
    answer = get(mode, path)
    assert answer.status in (400, 404) and b"visible" not in answer.body and b"<Contents>" not in answer.body
    assert noted() == [], "the store is not even asked"


@pytest.mark.parametrize("mode", OPEN)
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "OPTIONS"])
def test_another_method(targets, mode, method):
    run(STORE, "sh", "-c", ": > /var/log/nginx/noted.log")
    assert get(mode, "/mine.jpg", "-X", method, "-d", "overwritten").status == 405
    assert get(mode, "/new.jpg", "-X", method, "-d", "new").status == 405
    assert run(STORE, "cat", "/var/log/nginx/noted.log") == b"", "the store is not even asked"
    assert media(mode, "mine.jpg").digest == targets[mode]["mine.jpg"]


@pytest.mark.parametrize("mode", MODES)
def test_to_see_what_the_store_says_of_itself(targets, mode):
    for answer in (
        media(mode, "photo.jpg"),
        media(mode, "photo.jpg"),
        media(mode, "missing.jpg"),
        media(mode, "photo.jpg", "-r", "1-2"),
    ):
        told = [name for name in answer.headers if re.match(r"x-(amz|rgw|minio|goog|garage)", name)]
        assert told == [] and b"<?xml" not in answer.body and b"-media" not in answer.body
        assert "s3.test" not in str(answer.headers) and "web.test" not in str(answer.headers)
        assert answer.headers.get("set-cookie", "session=theirs") == "session=theirs"
        if answer.status != 404:
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_headers_of_the_applications_site_still_count(targets):
    assert media("chat", "photo.jpg").headers["strict-transport-security"] == "max-age=15768000"


@pytest.mark.parametrize("mode", OPEN)
@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("/../other-media/secret.jpg", ()),
        ("/%2e%2e/other-media/secret.jpg", ()),
        ("/..%2fother-media/secret.jpg", ()),
        ("/a/%2e%2e/%2e%2e/other-media/secret.jpg", ()),
        ("/..%5cother-media/secret.jpg", ()),
        ("/%252e%252e/other-media/secret.jpg", ()),
        ("/other-media/secret.jpg", ()),
        ("/@other-media.s3.test/secret.jpg", ()),
        ("/secret.jpg", ("-H", "X-Forwarded-Host: other-media.s3.test")),
        ("/secret.jpg", ("-H", "X-Original-URL: /other-media/secret.jpg")),
        ("/secret.jpg", ("--request-target", "https://other-media.s3.test/secret.jpg")),
    ],
)
def test_another_bucket(secret, mode, path, options):
    answer = get(mode, path, *options)
    assert answer.status in (400, 404) and answer.digest != secret


@pytest.mark.parametrize(
    "path",
    [
        "/internal/s3/s3.test/other-media/secret.jpg",
        "/internal/s3/s3.test/chat-media/",
        "/internal/s3/s3.test/",
        "/internal/s3/s3.test.example.org/chat-media/photo.jpg",
        "/internal/s3/s3.test/chat-media/../other-media/secret.jpg",
    ],
)
def test_another_bucket_by_an_application_that_was_broken_into(path):
    noted()
    assert get("chat", f"/raw?to={quote(path, safe='')}").status in (404, 502, 500)
    assert noted() == [], "the store is not even asked"


def test_an_old_signature_for_what_is_cached():
    digest = put("chat-media", private=1000)["private.jpg"]
    url = run(WEB, "curl", "-s", "http://127.0.0.1:9000/tell/private.jpg?lasts=1").decode()
    assert media("chat", "private.jpg").digest == digest, "somebody who may see it has"
    assert media("chat", "private.jpg").cache == "HIT"
    time.sleep(2)
    direct = "https://s3.test" + url[len("/internal/s3/s3.test") :]
    status = run(WEB, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", "/etc/ssl/store.pem", direct)
    assert status in (b"400", b"403"), "the store refuses it by now"
    for path in (url, url.partition("?")[0], "/internal/s3/s3.test/chat-media/private.jpg"):
        answer = get("chat", path)
        assert answer.status == 404 and answer.digest != digest, (
            "and nginx whatever the signature, since it is not the application"
        )
    assert get("chat", "/media/private.jpg").status == 403, "who may see what is said by the application each time"


def test_a_signature_is_no_part_of_the_key_and_what_changes_the_answer_is():
    put("chat-media", named=1000)
    noted()
    assert media("chat", "named.jpg").cache == "MISS"
    time.sleep(1.1)
    assert media("chat", "named.jpg").cache == "HIT", "with another signature, of another second"
    saved = media("chat", "named.jpg?download=b.jpg")
    assert saved.headers["content-disposition"] == 'attachment; filename="b.jpg"'
    assert "content-disposition" not in media("chat", "named.jpg").headers
    assert media("chat", "named.jpg?download=b.jpg").headers["content-disposition"] == 'attachment; filename="b.jpg"'
    assert len({asked["uri"] for asked in noted()}) == 2


@pytest.mark.parametrize("mode", OPEN)
@pytest.mark.parametrize("query", QUERIES)
def test_to_poison_the_cache_with_a_query_string(targets, mode, query):
    name = f"query{QUERIES.index(query)}.jpg"
    digest = targets[mode][name]
    noted()
    first, second = get(mode, f"/{name}?{query}"), media(mode, name)
    assert (first.digest, second.digest, second.cache) == (digest, digest, "HIT")
    assert second.headers["content-type"] == "image/jpeg" and "content-disposition" not in second.headers
    (asked,) = noted()
    assert query not in asked["uri"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("header", HEADERS)
def test_to_poison_the_cache_with_a_header(targets, mode, header):
    name = f"header{HEADERS.index(header)}.jpg"
    digest = targets[mode][name]
    noted()
    media(mode, name, "-H", header)
    clean = media(mode, name)
    assert (clean.status, clean.digest) == (200, digest)
    assert "evil" not in str(clean.headers)
    for asked in noted():
        assert (asked["cookie"], asked["forwarded"], asked["encoding"], asked["agent"], asked["authorization"]) == ("",) * 5
