# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets copied by ansible-playbook, within a store and between two, killed on the way, and the examples of the manual."""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.e2e import measured
from ansible_collections.mediastore.s3.tests.e2e.test_storage_class import play
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

ROOT = Path(__file__).parents[2]
OBJECTS = 300
#: the most requests that are under way at a time
UNDER_WAY = 128
MOST_MEMORY_KIB = 150 * 1024


@pytest.fixture
def store(tmp_path):
    with MotoS3(tmp_path / "moto", tls=True) as server:
        server.client().create_bucket(Bucket="example-zulip-avatars")
        yield server


@pytest.fixture
def old(tmp_path):
    """Another store, which has its files in a directory."""
    with RcloneS3(tmp_path / "old", "OLDKEY", "a-secret-of-the-old-store") as server:
        (server.data / "example-media").mkdir()
        yield server


def contents(store, bucket):
    client, token, found = store.client(), {}, {}
    while True:
        page = client.list_objects_v2(Bucket=bucket, **token)
        found.update((thing["Key"], thing["ETag"].strip('"')) for thing in page.get("Contents", []))
        if not page["IsTruncated"]:
            return found
        token = {"ContinuationToken": page["NextContinuationToken"]}


def manual():
    """The playbooks that the manual prints."""
    text = (ROOT / "docs" / "copy.md").read_text(encoding="utf-8")
    return [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)]


def test_the_examples_of_the_manual(store, old, tmp_path):
    for key in ("exports/2/abc/export.tar.gz", "2/avatar.png"):
        store.client().put_object(Bucket="example-zulip-avatars", Key=key, Body=key.encode())
    exports, moving = manual()
    done = play(store, tmp_path, exports)
    assert "1 copied, 0 were there" in done, done
    assert set(contents(store, "example-zulip-exports")) == {"2/abc/export.tar.gz"}
    again = play(store, tmp_path, manual()[0])
    assert "0 copied, 1 were there" in again and "changed=0 " in again
    predicted = play(store, tmp_path, manual()[0], "--check", "--diff")
    assert "changed=0 " in predicted

    (old.data / "example-media" / "ü").mkdir()
    (old.data / "example-media" / "ü" / "a b").write_bytes(b"photo")
    store.client().create_bucket(Bucket="example-media")
    moving[0]["mediastore.s3.bucket_copy"]["journal"] = str(tmp_path / "state" / "move.sqlite")
    moving[0]["vars"] = {"old_store": old.connection}
    before = play(store, tmp_path, moving, "--check", "--diff")
    assert "copy: 1 files" in before and contents(store, "example-media") == {}
    told = play(store, tmp_path, moving, "-vvv")
    assert "changed=1 " in told and set(contents(store, "example-media")) == {"ü/a b"}
    assert old.secret_key not in told
    assert "changed=0 " in play(store, tmp_path, moving)


def test_the_progress_is_shown(store, tmp_path):
    fill(store, OBJECTS)
    store.client().create_bucket(Bucket="new")
    source = {"bucket": "example-zulip-avatars", "prefix": "exports/"}
    task = {"bucket": "new", "prefix": "old/", "source": source, "concurrency": 1, "progress": "always"}
    told = play(store, tmp_path, [{"name": "Copy", "mediastore.s3.bucket_copy": task}])
    assert re.search(rf"\[localhost\] transfer: \d+ %, (\d+ s left, )?\d+/{OBJECTS} files", told), told
    assert len(contents(store, "new")) == OBJECTS


def fill(store, number):
    for name in range(number):
        store.client().put_object(Bucket="example-zulip-avatars", Key=f"exports/{name % 7}/{name}", Body=b"%d" % name)


def puts(store, bucket):
    return Counter(request for request in list(store.requests) if request.startswith(f"PUT /{bucket}/"))


@pytest.mark.parametrize("server_side", ["auto", "never"])
def test_killed_on_the_way_nothing_is_copied_twice(store, tmp_path, server_side):
    fill(store, OBJECTS)
    store.client().create_bucket(Bucket="new")
    options = {
        **store.connection,
        "bucket": "new",
        "source": {"bucket": "example-zulip-avatars", "prefix": "exports/"},
        "server_side": server_side,
        "journal": str(tmp_path / "state" / "j"),
        "_ansible_remote_tmp": str(tmp_path),
    }
    store.requests.clear()
    for number in (1, OBJECTS // 2):
        process = measured.start("bucket_copy", options)
        deadline = time.monotonic() + 120
        while sum(puts(store, "new").values()) < number:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        process.wait(30)
    seen = -1
    while seen != len(store.requests):  # requests that were sent as a whole before a kill are still answered
        seen = len(store.requests)
        time.sleep(0.5)
    there = len(contents(store, "new"))
    assert OBJECTS // 2 - UNDER_WAY < there < OBJECTS
    result, length, memory = measured.finish(measured.start("bucket_copy", options))
    assert (result["complete"], result["transferred"]["files"]) == (True, OBJECTS - there)
    assert dict(contents(store, "new")) == {
        key[len("exports/") :]: etag for key, etag in contents(store, "example-zulip-avatars").items()
    }
    # what was under way at a kill is copied, and its answer lost at most, so that a listing may come before its end
    assert set(puts(store, "new").values()) <= {1, 2} and sum(puts(store, "new").values()) <= OBJECTS + 2 * UNDER_WAY
    assert length <= 20_000 and 0 < memory <= MOST_MEMORY_KIB
    again, _length, _memory = measured.finish(measured.start("bucket_copy", options))
    assert not again["changed"]
