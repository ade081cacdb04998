# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only a complete and proved object gets its name, and nothing local is lost."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.download import Downloader
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import DAMAGED, DONE, FAILED, NEWER, Todo
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree

from .memory import TIME_NS, MemoryStore

BODY = bytes(range(256)) * 20


def bring(root, store, key="a/b/x", keep=None, etag_is_md5=True, only_rewritten=False):
    keep = str(keep) if keep else None
    downloader = Downloader(store, Tree(str(root)), keep, etag_is_md5, 8 << 20, Silent(), only_rewritten)
    outcome = downloader(Todo(key, "download", "missing", 0))
    downloader.settle()
    return outcome


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def names(root):
    return sorted(os.path.relpath(os.path.join(where, name), root) for where, _folders, files in os.walk(root) for name in files)


def test_an_object_arrives_with_its_time_and_a_proof(root):
    outcome = bring(root, MemoryStore({"a/b/x": BODY}))
    assert (outcome.state, outcome.size) == (DONE, len(BODY))
    assert (root / "a/b/x").read_bytes() == BODY
    found = os.stat(root / "a/b/x")
    assert found.st_mtime_ns == outcome.proof.mtime_ns == 1_600_000_000_123_456_789
    assert outcome.proof.inode == found.st_ino
    assert names(root) == ["a/b/x"]


def test_an_object_that_ends_early_is_read_again(root):
    store = MemoryStore({"a/b/x": BODY})
    store.cut["a/b/x"] = 1
    assert bring(root, store).state == DONE
    assert (root / "a/b/x").read_bytes() == BODY


def test_an_object_that_stays_cut_leaves_the_local_file_alone(root):
    (root / "a/b").mkdir(parents=True)
    (root / "a/b/x").write_bytes(b"the old one")
    store = MemoryStore({"a/b/x": BODY})
    store.cut["a/b/x"] = 99
    outcome = bring(root, store)
    assert outcome.state == FAILED
    assert (root / "a/b/x").read_bytes() == b"the old one"
    assert names(root) == ["a/b/x"]


def test_an_object_that_is_not_what_its_etag_says_is_refused(root):
    store = MemoryStore({"a/b/x": BODY})
    store.etags["a/b/x"] = "0" * 32
    assert bring(root, store).state == FAILED
    assert names(root) == []


def test_where_the_etag_tells_nothing_it_must_come_twice(root):
    store = MemoryStore({"a/b/x": BODY})
    store.etags["a/b/x"] = "opaque"
    assert bring(root, store, etag_is_md5=False).state == DONE
    assert store.reads == ["a/b/x", "a/b/x"]


def test_a_replaced_file_keeps_its_mode_and_a_new_one_the_folders_owner(root):
    (root / "a").mkdir(mode=0o750)
    os.chmod(root / "a", 0o2750)
    (root / "a/x").write_bytes(b"old")
    os.chmod(root / "a/x", 0o640)
    store = MemoryStore({"a/x": BODY, "a/new/y": BODY})
    assert bring(root, store, "a/x").state == bring(root, store, "a/new/y").state == DONE
    assert os.stat(root / "a/x").st_mode & 0o7777 == 0o640
    assert os.stat(root / "a/new").st_mode & 0o7777 == 0o2750


def test_folders_that_several_workers_make_at_once_take_after_the_one_above(root, monkeypatch):
    """The moment between a folder and its owner and mode is long here, and nobody may look at it."""
    os.chmod(root, 0o2750)
    given = os.chmod
    monkeypatch.setattr(os, "chmod", lambda *arguments: (time.sleep(0.02), given(*arguments)))
    keys = [f"a/{number % 3}/{number}/x" for number in range(12)]
    downloader = Downloader(MemoryStore(dict.fromkeys(keys, BODY)), Tree(str(root)), None, True, 8 << 20, Silent(), False)
    with ThreadPoolExecutor(12) as workers:
        outcomes = list(workers.map(lambda key: downloader(Todo(key, "download", "missing", 0)).state, keys))
    assert outcomes == [DONE] * 12
    assert {path.stat().st_mode & 0o7777 for path in root.rglob("*") if path.is_dir()} == {0o2750}


def test_replaced_files_are_kept_every_one_of_them(root, tmp_path):
    kept = tmp_path / "kept"
    for number in range(3):
        (root / "x").write_bytes(b"version %d" % number)
        assert bring(root, MemoryStore({"x": BODY}), "x", keep=kept).state == DONE
    assert (root / "x").read_bytes() == BODY
    assert {(kept / name).read_bytes() for name in names(kept)} == {b"version 0", b"version 1", b"version 2"}


def test_a_kept_file_is_not_kept_twice_after_a_kill(root, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (root / "x").write_bytes(b"old")
    os.link(root / "x", kept / "x")
    assert bring(root, MemoryStore({"x": BODY}), "x", keep=kept).state == DONE
    assert names(kept) == ["x"]
    assert (kept / "x").read_bytes() == b"old"


def test_without_hard_links_the_file_is_moved(root, tmp_path, monkeypatch):
    def no_links(*args, **kwargs):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    kept = tmp_path / "kept"
    for number in range(2):
        (root / "x").write_bytes(b"version %d" % number)
        assert bring(root, MemoryStore({"x": BODY}), "x", keep=kept).state == DONE
    assert {(kept / name).read_bytes() for name in names(kept)} == {b"version 0", b"version 1"}


def test_a_damaged_upload_does_not_replace_its_file_and_a_new_version_does(root):
    (root / "a/b").mkdir(parents=True)
    (root / "a/b/x").write_bytes(b"whole")
    os.utime(root / "a/b/x", ns=(TIME_NS, TIME_NS))
    store = MemoryStore({"a/b/x": BODY, "a/b/new": BODY})
    outcome = bring(root, store, only_rewritten=True)
    assert (outcome.state, outcome.proof) == (DAMAGED, None)
    assert (root / "a/b/x").read_bytes() == b"whole"
    assert names(root) == ["a/b/x"]
    assert bring(root, store, "a/b/new", only_rewritten=True).state == DONE
    store.times["a/b/x"] = 1_600_000_000 * 10**9  # as some stores remember it
    assert bring(root, store, only_rewritten=True).state == DAMAGED
    store.times["a/b/x"] = TIME_NS + 1
    assert bring(root, store, only_rewritten=True).state == DONE
    assert (root / "a/b/x").read_bytes() == BODY


def test_what_was_written_since_the_object_stays(root):
    store = MemoryStore({"x": BODY})
    (root / "x").write_bytes(b"of the disk")
    assert bring(root, store, "x", only_rewritten=True).state == NEWER
    assert (root / "x").read_bytes() == b"of the disk"
    assert names(root) == ["x"]
    os.utime(root / "x", ns=(TIME_NS - 10**9, TIME_NS - 10**9))
    assert bring(root, store, "x", only_rewritten=True).state == DONE
    assert (root / "x").read_bytes() == BODY
    # a time in the future is one that somebody has set
    ahead = time.time_ns() + 10**12
    os.utime(root / "x", ns=(ahead + 10**9, ahead + 10**9))
    store.times["x"] = ahead
    assert bring(root, store, "x", only_rewritten=True).state == DONE


def test_what_is_written_while_its_object_comes_stays(root, monkeypatch):
    store = MemoryStore({"x": BODY})
    (root / "x").write_bytes(b"older")
    os.utime(root / "x", ns=(TIME_NS - 10**9, TIME_NS - 10**9))
    utime = os.utime

    def meanwhile(fd, **times):
        utime(fd, **times)
        (root / "x").write_bytes(b"just now")

    monkeypatch.setattr(os, "utime", meanwhile)
    assert bring(root, store, "x", only_rewritten=True).state == NEWER
    assert (root / "x").read_bytes() == b"just now"
    assert names(root) == ["x"]


def test_what_a_killed_run_left_is_overwritten(root):
    store = MemoryStore({"x": BODY})
    store.cut["x"] = 99
    real_unlink, os.unlink = os.unlink, lambda path: None
    try:
        bring(root, store, "x")
    finally:
        os.unlink = real_unlink
    [left] = names(root)
    assert left.endswith(".mediastore-partial")
    store.cut.clear()
    assert bring(root, store, "x").state == DONE
    assert names(root) == ["x"]


def test_a_folder_in_the_way_is_a_failure(root):
    (root / "x").mkdir()
    outcome = bring(root, MemoryStore({"x": BODY}), "x")
    assert outcome.state == FAILED
    assert names(root) == []


def test_what_the_store_refuses_is_a_failure_with_its_words(root):
    store = MemoryStore({"x": BODY})
    store.refuses.add("x")
    assert bring(root, store, "x").error == "Could not read x: no answer. Wait."


@pytest.mark.parametrize(("link", "key"), [("out", "out/x"), ("in/out", "in/out/deep/x")])
def test_a_link_does_not_lead_out_of_the_tree(root, tmp_path, link, key):
    (tmp_path / "elsewhere").mkdir()
    (root / "in").mkdir()
    (root / link).symlink_to(tmp_path / "elsewhere")
    outcome = bring(root, MemoryStore({key: BODY}), key)
    assert outcome.state == FAILED
    assert "symbolic link" in outcome.error
    assert names(tmp_path / "elsewhere") == []


def test_a_link_in_the_place_of_a_file_stays(root, tmp_path):
    (root / "x").symlink_to("nowhere")
    assert bring(root, MemoryStore({"x": BODY}), "x", keep=tmp_path / "kept").state == FAILED
    assert (root / "x").is_symlink()
