# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small file that is in memory is taken whole, or left to the usual way; never half of it, nor two versions mixed."""

from __future__ import annotations

import errno
import hashlib
import os
import threading

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import cached
from ansible_collections.mediastore.s3.plugins.module_utils._core.cached import LARGEST, MISSES, CachedFiles, stat_of
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import DONE, Todo
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree
from ansible_collections.mediastore.s3.plugins.module_utils._core.transfer import Budget
from ansible_collections.mediastore.s3.plugins.module_utils._core.upload import Uploader

from .memory import MemoryStore

BODY = b"content" * 1000


@pytest.fixture
def path(tmp_path):
    (tmp_path / "x").write_bytes(BODY)
    return os.fsencode(tmp_path / "x")


@pytest.fixture
def anywhere(monkeypatch):
    """Whatever the filesystem of the test tells about its memory, the file is in it."""
    monkeypatch.setattr(cached, "_NO_WAIT", 0)
    files = CachedFiles()
    files._able = True
    return files


def test_the_whole_file_is_taken(path, anywhere):
    taken = anywhere.take(path, "x", len(BODY))
    assert (bytes(taken.body), taken.digest.md5) == (BODY, hashlib.md5(BODY).hexdigest())
    assert taken.file[1:] == stat_of(path)


def test_an_empty_file_too(tmp_path, anywhere):
    (tmp_path / "x").touch()
    assert anywhere.take(os.fsencode(tmp_path / "x"), "x", 0).body == b""


@pytest.mark.parametrize("size", [len(BODY) - 1, len(BODY) + 1])
def test_one_of_another_size_is_left(path, anywhere, size):
    assert anywhere.take(path, "x", size) is None


@pytest.mark.parametrize(
    "make",
    [lambda path: os.symlink("/etc/passwd", path), os.mkfifo, os.mkdir, lambda path: None],
    ids=["link", "pipe", "folder", "none"],
)
def test_what_is_no_file_is_left(path, anywhere, make):
    os.unlink(path)
    make(path)
    assert anywhere.take(path, "x", 0) is None


@pytest.mark.parametrize("change", ["append", "rewrite", "replace", "remove"])
def test_one_that_changes_while_it_is_read_is_left(path, anywhere, monkeypatch, change):
    real = os.preadv

    def preadv(*args):
        read = real(*args)
        if change == "append":
            with open(path, "ab") as other:
                other.write(b"more")
        elif change == "remove":
            os.unlink(path)
        else:
            with open(path if change == "rewrite" else path + b".new", "wb") as other:
                other.write(b"CONTENT" * 1000)
            os.utime(other.name, ns=(1, 1))
            os.replace(other.name, path)
        return read

    monkeypatch.setattr(os, "preadv", preadv)
    assert anywhere.take(path, "x", len(BODY)) is None


@pytest.mark.parametrize("answer", [errno.EAGAIN, errno.EOPNOTSUPP, len(BODY) - 1])
def test_after_one_that_is_not_in_memory_its_neighbours_are_not_tried(path, anywhere, monkeypatch, answer):
    asked = []

    def preadv(_fd, _buffers, _offset, _flags):
        asked.append(answer)
        if answer < len(BODY) - 1:
            raise OSError(answer, os.strerror(answer))
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(os, "preadv", preadv)
        for _one in range(MISSES + 1):
            assert anywhere.take(path, "x", len(BODY)) is None
        assert len(asked) == 1
    assert anywhere.take(path, "x", len(BODY)) is not None


def test_a_count_that_threads_take_below_zero_is_no_end_of_it(path, anywhere):
    anywhere._missing = -1
    assert anywhere.take(path, "x", len(BODY)) is not None


def test_the_kernel_is_asked_not_to_wait(path, monkeypatch):
    flags, real = [], os.preadv

    def preadv(fd, buffers, offset, flag):
        flags.append(flag)
        return real(fd, buffers, offset, 0)

    monkeypatch.setattr(os, "preadv", preadv)
    assert CachedFiles().take(path, "x", len(BODY)) is not None
    assert flags == [os.RWF_NOWAIT]


def test_where_the_system_cannot_be_asked_nothing_is_tried(path, monkeypatch):
    monkeypatch.setattr(cached, "_NO_WAIT", 0)
    files = CachedFiles()
    assert [files.take(path, "x", len(BODY)) for _one in range(3)] == [None] * 3


def test_few_read_at_a_time(path, anywhere, monkeypatch):
    at_once, most, real = [], [0], os.preadv

    def preadv(*args):
        at_once.append(1)
        most[0] = max(most[0], len(at_once))
        threading.Event().wait(0.005)
        at_once.pop()
        return real(*args)

    monkeypatch.setattr(os, "preadv", preadv)
    threads = [threading.Thread(target=anywhere.take, args=(path, "x", len(BODY))) for _one in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == max(1, os.cpu_count() // 2)


def test_an_upload_takes_what_it_sends_from_memory_and_reads_the_rest(tmp_path, path, anywhere, monkeypatch):
    store = MemoryStore()
    uploader = Uploader(store, Tree(str(tmp_path)), LARGEST, Budget(10 * LARGEST), Silent())
    monkeypatch.setattr(uploader, "_cached", anywhere)
    proofs = []
    for size in (len(BODY), len(BODY) - 1):
        outcome = uploader(Todo("x", "upload", "missing", size))
        assert (outcome.state, outcome.size, bytes(store.objects.pop("x"))) == (DONE, len(BODY), BODY)
        proofs.append(outcome.proof)
    assert proofs[0] == proofs[1]
