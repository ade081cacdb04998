# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read is what is stored, or it is not called done."""

from __future__ import annotations

import hashlib
import os

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import upload
from ansible_collections.mediastore.s3.plugins.module_utils._core.digest import Digest, digest_of_file
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import DONE, FAILED, UNSETTLED, VANISHED, LocalFile, Todo
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree
from ansible_collections.mediastore.s3.plugins.module_utils._core.transfer import Budget
from ansible_collections.mediastore.s3.plugins.module_utils._core.upload import Uploader

from .memory import MemoryStore

PART = 100


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(upload, "RETAKES", 3)


def as_seen(tmp_path):
    found = os.lstat(tmp_path / "x")
    return LocalFile("x", found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def send(tmp_path, store, key="x"):
    uploader = Uploader(store, Tree(str(tmp_path)), PART, Budget(1000), Silent())
    outcome = uploader(Todo(key, "upload", "missing", 0))
    assert uploader._budget._free == 1000
    return outcome


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 5 * PART + 7])
def test_every_size_arrives_and_is_proved(tmp_path, size):
    body = os.urandom(size)
    (tmp_path / "x").write_bytes(body)
    os.utime(tmp_path / "x", ns=(1, 1_500_000_000_123_456_789))
    store = MemoryStore()
    outcome = send(tmp_path, store)
    assert (outcome.state, outcome.size, store.objects) == (DONE, size, {"x": body})
    # a file in parts is summed up once, which is by parts
    md5 = f"{store.etags['x']}/{PART}" if size > PART else hashlib.md5(body).hexdigest()
    assert (outcome.proof.md5, outcome.proof.etag) == (md5, store.etags["x"])
    assert digest_of_file(os.fsencode(tmp_path / "x"), as_seen(tmp_path), Digest.like(md5)).gives(outcome.proof.md5)
    assert outcome.proof.mtime_ns == 1_500_000_000_123_456_789
    assert outcome.proof.part_size == (PART if size > PART else 0)
    assert store.reads == []


def test_parts_grow_where_the_store_takes_few(tmp_path):
    (tmp_path / "x").write_bytes(bytes(3_000_000))
    store = MemoryStore()
    store.max_parts = 2
    outcome = send(tmp_path, store)
    assert outcome.state == DONE
    assert store.part_counts["x"] == 2
    assert outcome.proof.part_size == 2 * 1024 * 1024


def test_a_damaged_object_is_sent_again(tmp_path):
    (tmp_path / "x").write_bytes(b"content")
    store = MemoryStore()
    store.damage["x"] = 1
    assert send(tmp_path, store).state == DONE
    assert store.puts == ["x", "x"]
    assert store.objects["x"] == b"content"


@pytest.mark.parametrize("opaque", [False, True])
def test_an_object_that_stays_damaged_is_a_failure(tmp_path, opaque):
    (tmp_path / "x").write_bytes(b"content")
    store = MemoryStore(opaque=opaque)
    store.damage["x"] = 99
    outcome = send(tmp_path, store)
    assert (outcome.state, outcome.proof) == (FAILED, None)
    assert hashlib.md5(b"content").hexdigest() in outcome.error


def test_an_etag_that_tells_nothing_is_replaced_by_reading_back(tmp_path):
    (tmp_path / "x").write_bytes(b"content")
    store = MemoryStore(opaque=True)
    assert send(tmp_path, store).state == DONE
    assert store.reads == ["x"]


@pytest.mark.parametrize("size", [50, 350])
def test_a_file_that_grows_while_it_is_read_is_taken_again(tmp_path, monkeypatch, size):
    path = tmp_path / "x"
    path.write_bytes(b"a" * size)
    grown = []
    real = upload._read

    def read(source, wanted):
        if len(grown) < 2:
            grown.append(1)
            with open(path, "ab") as other:
                other.write(b"b")
        return real(source, wanted)

    monkeypatch.setattr(upload, "_read", read)
    store = MemoryStore()
    outcome = send(tmp_path, store)
    assert outcome.state == DONE
    assert outcome.retaken >= 1
    assert store.objects == {"x": b"a" * size + b"bb"}
    assert outcome.proof.size == size + 2


def test_a_file_rewritten_in_place_with_the_same_size_is_taken_again(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    os.utime(path, (1, 1))
    real, times = upload._read, []

    def read(source, wanted):
        body = real(source, wanted)
        if not times:
            times.append(1)
            path.write_bytes(b"new")
        return body

    monkeypatch.setattr(upload, "_read", read)
    store = MemoryStore()
    assert send(tmp_path, store).retaken == 1
    assert store.objects == {"x": b"new"}


def test_a_file_replaced_by_rename_is_taken_again(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    real, times = upload._read, []

    def read(source, wanted):
        body = real(source, wanted)
        if not times:
            times.append(1)
            (tmp_path / "y").write_bytes(b"new")
            os.rename(tmp_path / "y", path)
        return body

    monkeypatch.setattr(upload, "_read", read)
    store = MemoryStore()
    assert send(tmp_path, store).retaken == 1
    assert store.objects == {"x": b"new"}


def test_a_file_that_never_rests_is_left_and_nothing_of_it_is_stored(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(b"a" * 350)
    real = upload._read

    def read(source, wanted):
        with open(path, "ab") as other:
            other.write(b"b")
        return real(source, wanted)

    monkeypatch.setattr(upload, "_read", read)
    store = MemoryStore()
    outcome = send(tmp_path, store)
    assert (outcome.state, outcome.proof, outcome.retaken) == (UNSETTLED, None, 2)
    assert store.objects == {}


def test_a_file_that_has_gone_is_no_error(tmp_path):
    assert send(tmp_path, MemoryStore()).state == VANISHED


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/etc/passwd"), os.mkfifo, lambda path: path.mkdir()])
def test_what_took_the_place_of_a_file_is_not_read(tmp_path, make):
    make(tmp_path / "x")
    store = MemoryStore()
    assert send(tmp_path, store).state == FAILED
    assert store.objects == {}


def test_what_the_store_refuses_is_a_failure_with_its_words(tmp_path):
    (tmp_path / "x").write_bytes(b"content")
    store = MemoryStore()
    store.refuses.add("x")
    outcome = send(tmp_path, store)
    assert (outcome.state, outcome.error) == (FAILED, "Could not upload x: no answer. Wait.")
