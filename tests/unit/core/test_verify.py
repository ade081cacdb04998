# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every verdict, and what each of them is based on."""

from __future__ import annotations

import hashlib
import os

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.compare import proof_of
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, Disordered, MediastoreError
from ansible_collections.mediastore.s3.plugins.module_utils._core.keys import Exclude
from ansible_collections.mediastore.s3.plugins.module_utils._core.problems import Problems
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree
from ansible_collections.mediastore.s3.plugins.module_utils._core.verify import Verifier

from .memory import TIME_NS, MemoryStore

FILES = {"a": b"1", "b/c": b"22", "d": b"333"}


@pytest.fixture
def tree(tmp_path):
    for name, body in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(body)
    return Tree(str(tmp_path))


def check(tree, store, proofs=(), read_back="none", sample=2, etag_is_md5=True, listing=None, abandoned=False, **may):
    verifier = Verifier(tree, store, etag_is_md5, 8 << 20, read_back, sample, 3, Silent(), **may)
    return verifier.run(store.listing("") if listing is None else listing, proofs, 5, lambda: abandoned)


def proofs_of(tree, **changes):
    return [
        proof_of(
            file,
            hashlib.md5(FILES[file.key]).hexdigest(),
            changes.get("etag") or hashlib.md5(FILES[file.key]).hexdigest(),
            0,
            1 << 62,
        )
        for file in tree.files(Problems("x"))
    ]


def test_all_is_well(tree):
    findings = check(tree, MemoryStore(FILES))
    assert findings.verified(extra_fails=True)
    assert findings.as_dict() == {
        "counts": {"matched": 3, "missing": 0, "different": 0, "extra": 0, "unreadable": 0, "rewritten": 0, "pending": 0},
        "samples": {},
        "files": 3,
        "bytes": 6,
        "read_back": 0,
        "vanished": 0,
    }


def test_everything_wrong_is_named(tree):
    store = MemoryStore({"a": b"2", "b/c": b"longer", "e": b"x"})
    findings = check(tree, store)
    assert findings.as_dict()["counts"] == {
        "matched": 0,
        "missing": 1,
        "different": 2,
        "extra": 1,
        "unreadable": 0,
        "rewritten": 0,
        "pending": 0,
    }
    assert findings.samples == {
        "missing": ["d"],
        "different": ["a (same size, other content)", "b/c (6 bytes in the store, 2 here)"],
        "extra": ["e"],
    }
    assert not findings.verified(extra_fails=False)


def test_extra_objects_are_a_difference_only_if_asked(tree):
    findings = check(tree, MemoryStore({**FILES, "e": b"x"}))
    assert findings.verified(extra_fails=False)
    assert not findings.verified(extra_fails=True)


def test_a_proof_saves_reading_the_file(tree, monkeypatch):
    monkeypatch.setattr("ansible_collections.mediastore.s3.plugins.module_utils._core.verify.digest_of_file", None)
    assert check(tree, MemoryStore(FILES), proofs_of(tree)).verified(True)


def test_a_proof_does_not_hide_that_the_object_changed(tree):
    findings = check(tree, MemoryStore({**FILES, "d": b"444"}), proofs_of(tree))
    assert findings.samples == {"different": ["d (same size, other content)"], "matched": []}


def test_etags_that_tell_nothing_are_read_back(tree):
    store = MemoryStore(FILES, opaque=True)
    store.etags = dict.fromkeys(FILES, "opaque")
    findings = check(tree, store, etag_is_md5=False)
    assert findings.verified(True)
    assert sorted(store.reads) == sorted(FILES)
    store.objects["d"] = b"444"
    assert check(tree, store, etag_is_md5=False).samples["different"] == ["d (reading it back gave other content)"]


def test_read_back_all_finds_what_a_listing_hides(tree):
    store = MemoryStore(FILES)
    store.objects["d"] = b"444"  # rotten, under the ETag of the good one
    assert check(tree, store).verified(True)
    findings = check(tree, store, read_back="all")
    assert findings.as_dict()["counts"]["different"] == 1
    assert (findings.files, findings.nbytes, findings.read_back) == (3, 6, 3)


def test_read_back_sample_reads_so_many(tree):
    store = MemoryStore(FILES)
    findings = check(tree, store, proofs_of(tree), read_back="sample")
    assert findings.read_back == len(store.reads) == 2
    assert (findings.counts["matched"], findings.files, findings.nbytes) == (3, 3, 6)
    store.objects = dict.fromkeys(FILES, b"?")
    assert not check(tree, store, listing=MemoryStore(FILES).listing(""), read_back="sample").verified(False)


def test_an_object_that_cannot_be_read_back_is_said(tree):
    store = MemoryStore(FILES)
    store.refuses.add("a")
    findings = check(tree, store, read_back="all")
    assert findings.as_dict()["counts"]["unreadable"] == 1
    assert not findings.verified(False)


def test_a_directory_seen_in_part_proves_nothing(tree, tmp_path):
    (tmp_path / os.fsdecode(b"\xff")).write_text("x")
    with pytest.raises(BadInput, match="UTF-8"):
        check(tree, MemoryStore(FILES))


def test_disorder_proves_nothing(tree):
    with pytest.raises(Disordered):
        check(tree, MemoryStore(FILES), listing=reversed(list(MemoryStore(FILES).listing(""))))


def test_what_is_excluded_is_not_looked_at(tmp_path, tree):
    tree.exclude = Exclude(["b/"])
    store = MemoryStore({**FILES, "b/other": b"x", "folder/": b""})
    del store.objects["b/c"]
    assert check(tree, store).verified(True)


def test_a_file_removed_meanwhile_is_not_missing(tree, tmp_path):
    store = MemoryStore(FILES)

    def listing():
        yield from list(store.listing(""))[:2]
        (tmp_path / "d").unlink()

    findings = check(tree, store, listing=listing())
    assert findings.verified(True)
    assert findings.files + findings.vanished in (2, 3)


def test_live_what_came_after_the_sync_is_pending_and_what_was_proved_is_not(tree, tmp_path):
    proofs = proofs_of(tree)
    (tmp_path / "d").write_bytes(b"4444")
    (tmp_path / "new").write_bytes(b"5")
    findings = check(tree, MemoryStore(FILES), proofs, live=True)
    assert findings.counts == {"matched": 2, "pending": 2}
    assert findings.verified(True)
    assert not check(tree, MemoryStore({"b/c": b"22"}), proofs, live=True).verified(False)
    assert not check(tree, MemoryStore(FILES), proofs).verified(False)


def test_it_ends_when_nobody_waits(tree):
    with pytest.raises(MediastoreError, match="is gone"):
        check(tree, MemoryStore(FILES), abandoned=True)


@pytest.mark.parametrize("objects", [{}, {"d": b"444"}, {"d": b"4444"}])
def test_live_a_young_file_that_was_proved_and_is_lost_is_not_pending(tree, objects):
    """Otherwise finalize, which believes a proof whose MD5 is the file's, would remove the last copy."""
    young = [proof._replace(ctime_ns=0) for proof in proofs_of(tree)]
    store = MemoryStore({**FILES, **objects})
    if not objects:
        del store.objects["d"]
    findings = check(tree, store, young, live=True)
    assert findings.counts["pending"] == 0
    assert not findings.verified(False)


@pytest.fixture
def uploaded(tree):
    """The tree as it was uploaded, with the proofs; and what an object says that carries the time of its file."""
    for name in FILES:
        os.utime(tree.path(name), ns=(TIME_NS, TIME_NS))
    return proofs_of(tree)


@pytest.mark.parametrize("etag_is_md5", [True, False])
def test_what_somebody_has_written_anew_is_told_from_what_is_damaged(tree, uploaded, etag_is_md5):
    store = MemoryStore({**FILES, "a": b"9", "b/c": b"another size", "d": b"444"})
    store.times.update({"a": 1_700_000_000_000_000_000, "b/c": TIME_NS + 1})
    findings = check(tree, store, uploaded, may_be_rewritten=True, etag_is_md5=etag_is_md5)
    assert (findings.counts["rewritten"], findings.counts["different"], findings.counts["matched"]) == (2, 1, 0)
    assert findings.samples["rewritten"] == ["a", "b/c"]
    assert findings.samples["different"][0].startswith("d (")
    assert not findings.verified(False)
    assert findings.files == 3
    store.times["d"] = 5
    assert check(tree, store, uploaded, may_be_rewritten=True, etag_is_md5=etag_is_md5).verified(False)
    assert check(tree, store, uploaded, etag_is_md5=etag_is_md5).counts["different"] == 3


def test_nothing_was_rewritten_that_no_proof_is_about(tree, uploaded):
    store = MemoryStore({**FILES, "a": b"9", "d": b"444"})
    store.times.update(a=5, d=5)
    assert check(tree, store, may_be_rewritten=True).counts["different"] == 2
    # of another version of the file, or of the very object that is there
    others = [uploaded[0]._replace(mtime_ns=7), uploaded[1], uploaded[2]._replace(etag=store.etags["d"])]
    findings = check(tree, store, others, may_be_rewritten=True)
    assert (findings.counts["different"], findings.counts["rewritten"]) == (1, 0)


def test_what_is_gone_is_missing_whoever_may_write(tree, uploaded):
    store = MemoryStore({"a": b"1", "b/c": b"22"})
    assert check(tree, store, uploaded, may_be_rewritten=True).counts["missing"] == 1
    store = MemoryStore({**FILES, "d": b"444"})
    listing = list(store.listing(""))
    store.refuses.add("d")
    assert check(tree, store, uploaded, may_be_rewritten=True, listing=listing).counts["unreadable"] == 1


def test_what_may_have_been_deleted_is_named_in_full_and_is_no_difference(tree, uploaded):
    store = MemoryStore({"b/c": b"22"})
    findings = check(tree, store, uploaded, may_be_deleted=True)
    assert (findings.counts["missing"], findings.deleted) == (2, ["a", "d"])
    assert findings.verified(True)
    assert check(tree, store, uploaded).deleted == []
    # written anew before the listing, and deleted after it
    store.objects["a"] = b"9"
    store.etags["a"] = "0" * 32
    listing = list(store.listing(""))
    del store.objects["a"]
    findings = check(tree, store, uploaded, listing=listing, may_be_rewritten=True, may_be_deleted=True)
    assert (findings.deleted, findings.counts["missing"]) == (["d", "a"], 2)
    store.objects["b/c"] = b"333"
    assert not check(tree, store, uploaded, may_be_deleted=True).verified(False)
