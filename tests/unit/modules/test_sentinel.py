# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentinel asks as a stranger, and takes neither silence nor an empty place for private."""

from __future__ import annotations

import os
import time

import pytest

from ansible_collections.mediastore.s3.tests.servers.gate import CLOSED, OPEN, GatedS3, Word, closed
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

PAGE = Word("200 OK", b"<html>Please log in</html>")
BROKEN = Word("503 Service Unavailable", b"<Error><Code>SlowDown</Code></Error>")
MOVED = Word("301 Moved Permanently", location="http://elsewhere.invalid/")
MISSING = Word("404 Not Found", b"<Error><Code>NoSuchKey</Code></Error>")
KEYS = [f"uploads/{number}.png" for number in range(8)]


@pytest.fixture(scope="module")
def one_store():
    with GatedS3() as store:
        store.secret_key = "a-secret-that-must-not-show"
        yield store


@pytest.fixture
def store(one_store):
    """A store with some media; nobody without a key may do anything until a test says otherwise."""
    one_store.reset()
    one_store.gate = closed
    client = one_store.client()
    client.create_bucket(Bucket="media")
    for key in [*KEYS, "avatars/1.png", "backups/1.tar.gz"]:
        client.put_object(Bucket="media", Key=key, Body=key.encode() * 100)
    client.put_object(Bucket="media", Key="uploads/empty/", Body=b"")
    one_store.requests.clear()
    one_store.strangers.clear()
    return one_store


def ask(store, *buckets, check=False, **options):
    buckets = list(buckets) or [{"name": "media"}]
    return run_module(
        "sentinel", {**store.connection, "max_attempts": 1, "timeout": 0, "buckets": buckets, **options}, check=check
    )


def kinds(result):
    return [finding["kind"] for finding in result["findings"]]


def reading(method, path, query):
    """What a policy does that lets everybody read."""
    return OPEN if "list-type" not in query and "max-keys" not in query else CLOSED


def listing(method, path, query):
    return OPEN if path.rstrip("/") == "/media" else CLOSED


def test_what_is_private_is_asked_for_and_nothing_is_found(store):
    result = ask(store)
    assert (result["private"], result["findings"], result["changed"]) == (True, [], False)
    assert result["asked"] == {"requests": 7, "objects": 5, "places": 1}
    asked = [(method, path) for method, path, _query, _headers in store.strangers]
    assert len({path for _method, path in asked}) == 6 and {method for method, _path in asked} == {"GET"}
    assert not any(path.endswith("/empty/") for _method, path in asked)


@pytest.mark.parametrize("gate, words", [(reading, "EVERYBODY CAN READ"), (listing, "EVERYBODY CAN LIST")])
def test_what_is_public_is_named_with_what_to_do(store, gate, words):
    store.gate = gate
    result = ask(store)
    assert result["failed"] and kinds(result) == ["public"] and result["exit_status"] == 10
    finding = result["findings"][0]
    assert finding["line"].startswith(f"PUBLIC: {words} bucket media (") and "bucket_policy" in finding["remedy"]
    if gate is reading:
        assert finding["key"] and f"key {finding['key']}: 206" in finding["line"] and "4 more of 5" in finding["line"]
    assert finding["line"] in str(result["warnings"])


def test_one_object_that_is_public_by_its_acl_is_enough(store):
    store.gate = lambda method, path, query: OPEN if path == f"/media/{KEYS[3]}" else CLOSED
    result = ask(store, samples=100)
    assert kinds(result) == ["public"] and result["findings"][0]["key"] == KEYS[3]


def test_only_the_folders_that_are_named_must_be_private(store):
    store.gate = lambda method, path, query: OPEN if path.startswith("/media/avatars/") else CLOSED
    bucket = {"name": "media", "prefixes": ["uploads/", "backups/"]}
    result = ask(store, bucket)
    assert result["private"] and [place["objects"] for place in result["places"]] == [5, 1]
    store.gate = lambda method, path, query: OPEN if path.startswith("/media/backups/") else CLOSED
    assert [finding["prefix"] for finding in ask(store, bucket)["findings"]] == ["backups/"]


def test_what_is_public_on_purpose_is_left_out_however_much_there_is(store, monkeypatch):
    client = store.client()
    for number in range(1100):
        client.put_object(Bucket="media", Key=f"avatars/{number:05d}.png", Body=b"x")
    store.gate = lambda method, path, query: OPEN if path.startswith("/media/avatars/") else CLOSED
    result = ask(store, {"name": "media", "apart": ["avatars/"]}, samples=100)
    assert result["private"] and result["asked"]["objects"] == 9


def test_of_a_bucket_that_everybody_reads_only_the_list_is_asked_for(store):
    store.gate = reading
    result = ask(store, {"name": "media", "read": False})
    assert result["private"] and result["asked"]["objects"] == 0
    store.gate = listing
    assert kinds(ask(store, {"name": "media", "read": False})) == ["public"]


@pytest.mark.parametrize("word", [BROKEN, MOVED, PAGE], ids=["503", "redirect", "login page"])
def test_what_proves_nothing_is_neither_public_nor_private(store, word):
    store.gate = lambda method, path, query: word
    result = ask(store)
    assert result["failed"] and kinds(result) == ["unanswered", "unanswered"] and result["exit_status"] == 11
    assert all("NOT ANSWERED" in finding["line"] and "EVERYBODY CAN" not in finding["line"] for finding in result["findings"])


def test_a_store_that_is_away_is_neither_public_nor_private(store):
    result = ask(store, endpoint_url="http://127.0.0.1:9")
    assert result["failed"] and set(kinds(result)) == {"unanswered"} and result["exit_status"] == 11
    assert result["places"] == [{"bucket": "media", "prefix": "", "objects": 0, "public": False, "known": False}]


def test_an_empty_place_is_a_finding_unless_it_may_be_empty(store):
    store.client().create_bucket(Bucket="empty")
    result = ask(store, {"name": "empty"})
    assert kinds(result) == ["blind"] and result["exit_status"] == 12 and "no object to ask for" in result["msg"]
    assert ask(store, {"name": "empty", "may_be_empty": True})["private"]
    store.gate = lambda method, path, query: OPEN
    assert kinds(ask(store, {"name": "empty", "may_be_empty": True})) == ["public"]


def test_a_sample_that_is_gone_is_a_finding_but_not_if_only_some_of_it_is(store):
    gone = {f"/media/{key}" for key in KEYS[:4]}
    store.gate = lambda method, path, query: MISSING if path in gone else CLOSED
    bucket = {"name": "media", "prefixes": ["uploads/"]}
    assert ask(store, bucket, samples=100)["private"]
    gone |= {f"/media/{key}" for key in KEYS}
    result = ask(store, bucket, samples=100)
    assert kinds(result) == ["blind"] and "8 objects of the sample are gone" in result["msg"]


def test_the_public_url_is_asked_too_and_a_page_for_everything_is_no_proof(store):
    bucket = {"name": "media", "public_url": f"{store.endpoint_url}/cdn"}
    store.gate = lambda method, path, query: MISSING if path.startswith("/cdn/") else CLOSED
    result = ask(store, bucket)
    assert result["private"] and result["asked"]["requests"] == 13
    store.gate = lambda method, path, query: PAGE if path.startswith("/cdn/") else CLOSED
    assert kinds(ask(store, bucket)) == ["unanswered"]


def test_the_alarm_is_there_while_somebody_has_to_be_told(store, tmp_path):
    alarm, told = tmp_path / "alarm", tmp_path / "alarm.told"
    ask(store, alarm=str(alarm))
    assert not alarm.exists()
    store.gate = reading
    ask(store, alarm=str(alarm), check=True)
    assert not alarm.exists()
    ask(store, alarm=str(alarm))
    assert alarm.read_text().startswith("PUBLIC: EVERYBODY CAN READ bucket media") and alarm.stat().st_mode & 0o777 == 0o600
    os.replace(alarm, told)
    # other objects of the same bucket are the same thing
    ask(store, alarm=str(alarm), samples=1)
    assert not alarm.exists()
    past = time.time() - 2 * 86400
    os.utime(told, (past, past))
    ask(store, alarm=str(alarm))
    assert alarm.exists()
    os.replace(alarm, told)
    store.gate = lambda method, path, query: OPEN
    ask(store, alarm=str(alarm))
    assert "EVERYBODY CAN LIST" in alarm.read_text()
    store.gate = closed
    ask(store, alarm=str(alarm))
    assert list(tmp_path.iterdir()) == []


def test_what_the_monitoring_reads(store, tmp_path):
    told = tmp_path / "sentinel.prom"
    store.gate = lambda method, path, query: OPEN if path.startswith("/media/backups/") else CLOSED
    ask(store, {"name": "media", "prefixes": ["uploads/", "backups/", "exports/"]}, metrics=str(told))
    lines = told.read_text().splitlines()
    values = {key: float(value) for key, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    def of(name, **labels):
        inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
        return values[f"mediastore_sentinel_{name}" + (f"{{{inside}}}" if inside else "")]

    assert [of("findings", kind=kind) for kind in ("public", "unanswered", "blind")] == [1, 0, 1]
    assert [of("public", bucket="media", prefix=prefix) for prefix in ("uploads/", "backups/", "exports/")] == [0, 1, 0]
    assert [of("known", bucket="media", prefix=prefix) for prefix in ("uploads/", "backups/", "exports/")] == [1, 1, 0]
    assert [of("sampled_objects", bucket="media", prefix=prefix) for prefix in ("uploads/", "backups/", "exports/")] == [5, 1, 0]
    assert of("last_run_success") == 0 and abs(of("sample_timestamp_seconds") - time.time()) < 60


@pytest.mark.parametrize(
    "options, said",
    [
        ({"buckets": []}, "buckets is empty"),
        ({"buckets": [{"name": "media"}, {"name": "media"}]}, "named twice"),
        ({"buckets": [{"name": "media", "prefixes": ["/a"]}]}, "begins with '/'"),
        ({"buckets": [{"name": "media", "public_url": "ftp://x"}]}, "public_url is not a URL"),
        ({"buckets": [{"name": "No Bucket"}]}, "No Bucket"),
        ({"samples": 0}, "samples is 0"),
        ({"timeout": -1}, "timeout is -1"),
        ({"max_age": "2 months"}, "max_age is '2 months'"),
        ({"remind": "1m"}, "remind is '1m'"),
        ({"metrics": "/tmp/x"}, "does not end in .prom"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anybody_is_asked(store, options, said):
    result = run_module("sentinel", {**store.connection, "buckets": [{"name": "media"}], **options})
    assert result["failed"] and said in result["msg"]
    assert store.requests == [] and store.strangers == []
