# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sync and verify with places: folders of one directory in several buckets, there and back, each object with its headers."""

from __future__ import annotations

import hashlib
import json
import time

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.objects import BotoStore
from ansible_collections.mediastore.s3.plugins.module_utils._store.places import Place, PlacedStore
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for
from ansible_collections.mediastore.s3.tests.servers.troubled import TroubledS3
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

PLACES = [
    {"folder": "files/", "bucket": "uploads"},
    {"folder": "avatars/", "bucket": "avatars", "cache_control": "public"},
    {"folder": "avatars/exports/", "bucket": "exports", "prefix": "old/"},
]
FILES = {
    "files/1/a.txt": b"a" * 9_000_000,
    "files/1.txt": b"1",
    "avatars/1/b.png": b"b",
    "avatars/exports/1/c.tar": b"c",
    "avatars/exports.png": b"d",
}


@pytest.fixture
def site(moto, tmp_path):
    for bucket in ("uploads", "avatars", "exports"):
        assert run_module("bucket", {**moto.connection, "name": bucket})["changed"]
    for name, body in FILES.items():
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_bytes(body)
    return tmp_path


def run(name, store, site, folder="source", check=False, **options):
    given = {"path": str(site / folder), "bucket": "uploads", "places": PLACES, "journal": str(site / "state" / "journal")}
    return run_module(name, {**store.connection, **given, **options}, check=check)


def client_of(store):
    connection = Connection.from_params(store.connection)
    return make_client(connection, profile_for(connection))


@pytest.mark.parametrize("engine", ["boto3", "obstore"])
def test_there_and_back(moto, site, engine):
    client = client_of(moto)

    def keys(bucket):
        return [thing["Key"] for thing in client.list_objects_v2(Bucket=bucket).get("Contents", [])]

    headers = site / "headers"
    line = {"path": "files/1.txt", "content_type": "x/y", "content_disposition": "inline", "metadata": {"realm_id": "1"}}
    headers.write_text(json.dumps(line) + "\n")
    mine = {"owned_by": "zulip 1", "engine": engine, "headers": str(headers)}
    assert run("sync", moto, site, check=True, **mine)["plan"]["upload"]["files"] == 5
    assert keys("uploads") == []
    assert run("sync", moto, site, **mine)["transferred"]["files"] == 5
    mark = ".mediastore-owner"
    assert keys("uploads") == [mark, "1.txt", "1/a.txt"]
    assert keys("avatars") == [mark, "1/b.png", "exports.png"]
    assert keys("exports") == ["old/" + mark, "old/1/c.tar"]
    head = client.head_object(Bucket="uploads", Key="1.txt")
    assert (head["ContentType"], head["ContentDisposition"], head["Metadata"]["realm_id"]) == ("x/y", "inline", "1")
    assert client.head_object(Bucket="avatars", Key="1/b.png")["CacheControl"] == "public"
    assert "CacheControl" not in client.head_object(Bucket="uploads", Key="1/a.txt")
    assert not run("sync", moto, site, **mine)["changed"]
    assert run("verify", moto, site)["counts"]["matched"] == 5
    # what is appended is known in the next run, and only new objects are sent
    (site / "source" / "files" / "2.txt").write_bytes(b"2")
    with headers.open("a") as out:
        out.write(json.dumps({"path": "files/2.txt", "metadata": {"realm_id": "2"}}) + "\n")
    assert run("sync", moto, site, against="journal", **mine)["transferred"]["files"] == 1
    assert client.head_object(Bucket="uploads", Key="2.txt")["Metadata"]["realm_id"] == "2"
    # an object where the folder of another place is belongs to nobody
    client.put_object(Bucket="avatars", Key="exports/hidden", Body=b"x")
    client.put_object(Bucket="exports", Key="old/2/new.tar", Body=b"new")
    (site / "back").mkdir()
    back = run("sync", moto, site, "back", direction="download", journal=str(site / "state" / "other"))
    assert back["transferred"]["files"] == 7
    found = {str(path.relative_to(site / "back")): path.read_bytes() for path in (site / "back").rglob("*") if path.is_file()}
    assert found == {**FILES, "files/2.txt": b"2", "avatars/exports/2/new.tar": b"new"}
    client.delete_object(Bucket="exports", Key="old/1/c.tar")
    assert run("verify", moto, site)["counts"]["missing"] == 1


def test_what_came_after_the_question_for_headers_waits_for_the_next_one(moto, site):
    headers = site / "headers"
    line = json.dumps({"path": "files/1.txt", "metadata": {"realm_id": "1"}})
    headers.write_text(f'{line}\n{{"complete_until": {time.time() - 600}}}\n')
    mine = {"headers": str(headers), "prefix": "x/", "places": []}
    first = run("sync", moto, site, **mine)
    assert (first["transferred"]["files"], first["unsettled"]) == (1, 4)
    assert "after their headers were asked for" in str(first["warnings"])
    # against the journal the application is meant to be down, so that nothing may come any more
    strict = run("sync", moto, site, against="journal", **mine)
    assert strict["failed"] and strict["unsettled"] == 4
    with headers.open("a") as out:
        out.write(f'{{"complete_until": {time.time() + 1}}}\n')
    assert run("sync", moto, site, against="journal", **mine)["transferred"]["files"] == 4
    assert client_of(moto).head_object(Bucket="uploads", Key="x/files/1.txt")["Metadata"]["realm_id"] == "1"


@pytest.mark.parametrize("engine", ["boto3", "obstore"])
def test_what_is_private_among_public_media_gets_no_acl(site, tmp_path, engine):
    headers = site / "headers"
    headers.write_text(json.dumps({"path": "files/1/a.txt", "cache_control": "no-store"}) + "\n")
    with TroubledS3(tmp_path / "store") as server:
        client_of(server).create_bucket(Bucket="uploads")
        options = {"acl": "public-read", "private": ["files/1/"], "engine": engine, "places": [], "headers": str(headers)}
        assert run("sync", server, site, part_size="16M", **options)["transferred"]["files"] == 5
        sent = {seen.path.partition("/uploads/")[2]: seen.headers for seen in server.requests if seen.method == "PUT"}
    assert {name: sent[name].get("x-amz-acl") for name in FILES} == {
        name: None if name == "files/1/a.txt" else "public-read" for name in FILES
    }
    assert sent["files/1/a.txt"]["cache-control"] == "no-store"


def test_several_hosts_take_a_part_of_each_place(moto, site):
    parts = []
    for index in range(2):
        mine = {"shard": {"index": index, "count": 2}, "journal": str(site / "state" / str(index)), "owned_by": "zulip 1"}
        parts.append(run("sync", moto, site, **mine)["transferred"]["files"])
    assert sum(parts) == 5
    assert 0 < parts[0] < 5
    assert run("verify", moto, site)["counts"]["matched"] == 5
    assert not run("sync", moto, site, owned_by="zulip 1")["transferred"]["files"]


def test_what_the_client_of_all_places_hears_is_counted_once(tmp_path):
    with TroubledS3(tmp_path) as server:
        connection = Connection.from_params(server.connection)
        profile = profile_for(connection)
        complete = profile.complete(connection)
        client = make_client(complete, profile)
        places = [Place("a/", "uploads", ""), Place("b/", "avatars", ""), Place("c/", "exports", "")]
        store = PlacedStore([(place, BotoStore(client, place.bucket, complete, profile)) for place in places])
        server.trouble = lambda request, number: (503, "SlowDown") if number in (0, 2, 4) else None
        body = b"content"
        store.put("b/1", body, hashlib.md5(body).digest(), 1)
        store.put("c/1", body, hashlib.md5(body).digest(), 1)
        assert b"".join(store.read("b/1").chunks) == body
        assert (store.busy, len(server.requests)) == (3, 6)


def test_what_cannot_be_meant_is_refused(moto, site):
    (site / "source" / "stray").write_bytes(b"x")
    (site / "source" / "other").mkdir()
    (site / "source" / "other" / "y").write_bytes(b"y")
    refused = run("sync", moto, site)
    assert "stray: is in none" in refused["msg"]
    assert "other/: is in none" in refused["msg"]
    assert run("sync", moto, site, exclude=["stray", "other/"])["transferred"]["files"] == 5
    for places, said in (
        ([{"folder": "files", "bucket": "uploads"}], "the folder 'files' of places is none"),
        ([PLACES[0], {"folder": "x/", "bucket": "uploads", "prefix": "x/"}], "would be in one place, uploads/"),
    ):
        assert said in run("sync", moto, site, places=places)["msg"]
    assert "prefix is set, and places, too" in run("sync", moto, site, prefix="x/")["msg"]
    moved = [{"folder": "files/", "bucket": "avatars"}, {"folder": "avatars/", "bucket": "uploads"}]
    assert "journal" in run("sync", moto, site, places=moved, exclude=["stray", "other/"])["msg"]
    (site / "headers").write_text('{"path": "files/9", "metadata": {"a": "\\u00e4"}}\n')
    (site / "source" / "files" / "9").write_bytes(b"9")
    before = client_of(moto).list_objects_v2(Bucket="uploads")["KeyCount"]
    refused = run("sync", moto, site, headers=str(site / "headers"), exclude=["stray", "other/"])
    assert "has a line that is none of headers" in refused["msg"]
    assert client_of(moto).list_objects_v2(Bucket="uploads")["KeyCount"] == before
    (site / "headers").write_text('{"path": 9}\n')
    assert "has a line that is none of headers" in run("sync", moto, site, headers=str(site / "headers"))["msg"]
    (site / "headers.index").write_text("no database, whatever its name says")
    refused = run("sync", moto, site, headers=str(site / "headers"))
    assert "headers.index: file is not a database" in refused["msg"]
