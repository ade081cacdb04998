# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of keys when a prefix changes, and which objects are copied, for which reason."""

from __future__ import annotations

import contextlib
import random

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.copyplan import (
    CopyComparer,
    CopyPlanner,
    Pair,
    Trust,
    proof_of_copy,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, Disordered
from ansible_collections.mediastore.s3.plugins.module_utils._core.journal import scratch
from ansible_collections.mediastore.s3.plugins.module_utils._core.keys import Exclude
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import RemoteObject
from ansible_collections.mediastore.s3.plugins.module_utils._core.problems import Problems
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.rebase import Rebase

MD5, OTHER = "a" * 32, "b" * 32
TRUSTED, NOT = Trust(), Trust(whole=False, parts=False)


@pytest.mark.parametrize(
    ("old", "new", "source", "target"),
    [
        ("", "new/", "a/b", "new/a/b"),
        ("exports/", "", "exports/a/b", "a/b"),
        ("a/", "b/", "a/a/x", "b/a/x"),
        ("", "", "x", "x"),
        ("ü", "🎉", "üx", "🎉x"),
    ],
)
def test_a_prefix_is_added_stripped_or_replaced(old, new, source, target):
    rebase = Rebase(old, new)
    assert (rebase.target(source), rebase.source(target)) == (target, source)


@pytest.mark.parametrize("seed", range(20))
def test_keys_stay_in_order(seed):
    chance = random.Random(seed)
    letters = "/-.0aéz\uffee🎉"
    rebase = Rebase("old/", chance.choice(["", "🎉", "new/", "\uffee"]))
    keys = sorted({"old/" + "".join(chance.choices(letters, k=chance.randint(1, 4))) for _key in range(60)})
    targets = [rebase.target(key) for key in keys]
    assert targets == sorted(targets) == sorted(targets, key=lambda key: key.encode())


@pytest.mark.parametrize(
    ("old", "new", "target", "why"),
    [
        ("a/", "", "", "leaves no name"),
        ("a/", "", "x", ""),
        ("a/", "", "a/x", "from which the objects are taken"),
        ("a/b/", "a/", "a/b/x", "from which the objects are taken"),
        ("", "new/", "new/x", ""),
    ],
)
def test_within_one_bucket_nothing_is_copied_over_what_is_to_be_copied(old, new, target, why):
    found = Rebase(old, new, same_bucket=True).unfit(target)
    assert why in found and bool(why) == bool(found)
    assert bool(Rebase(old, new).unfit(target)) == (not target)


def pair(size=5, etag=MD5, target_size=5, target_etag=MD5, proof=None):
    return Pair("k", RemoteObject("k", size, etag), RemoteObject("k", target_size, target_etag), proof)


PROOF = proof_of_copy("k", 5, MD5, "opaque")


@pytest.mark.parametrize(
    ("said", "trust", "decision"),
    [
        (pair(), TRUSTED, "same_content"),
        (pair(), NOT, "unprovable"),
        (pair(etag="x-2", target_etag="x-2"), TRUSTED, "same_content"),
        (pair(etag="x-2", target_etag="x-2"), Trust(parts=False), "unprovable"),
        (pair(target_etag=OTHER), TRUSTED, "content"),
        (pair(target_etag="x-2"), TRUSTED, "unprovable"),
        (pair(etag="", target_etag=""), TRUSTED, "unprovable"),
        (pair(target_size=6), TRUSTED, "size"),
        (pair(target_etag="opaque", proof=PROOF), NOT, "proved"),
        (pair(target_etag="another", proof=PROOF), NOT, "unprovable"),
        (pair(etag=OTHER, target_etag="opaque", proof=PROOF), NOT, "unprovable"),
        (pair(size=6, target_size=6, target_etag="opaque", proof=PROOF), NOT, "unprovable"),
        (Pair("k", RemoteObject("k", 5, MD5), None, None), TRUSTED, "missing"),
        (Pair("k", RemoteObject("k", 5, MD5), None, PROOF), TRUSTED, "gone_from_store"),
        (Pair("k", None, RemoteObject("k", 5, MD5), None), TRUSTED, "only_in_destination"),
    ],
)
def test_the_truth_table(said, trust, decision):
    assert CopyComparer("auto", True, trust, TRUSTED)(said).reason == decision


def test_what_is_not_to_be_replaced_is_kept_and_what_has_the_same_size_may_do():
    assert CopyComparer("auto", False, TRUSTED, TRUSTED)(pair(target_size=6))[:2] == ("ignore", "kept")
    assert CopyComparer("auto", False, TRUSTED, TRUSTED)(pair())[:2] == ("keep", "same_content")
    assert CopyComparer("size", True, TRUSTED, TRUSTED)(pair(target_etag=OTHER))[:2] == ("keep", "same_size")


@pytest.fixture
def journal(tmp_path):
    with contextlib.closing(scratch(str(tmp_path))) as made:
        yield made


def plan(journal, rebase, source, target=(), exclude=(), proofs=()):
    planner = CopyPlanner(
        rebase, Exclude(list(exclude)), journal, CopyComparer("auto", True, TRUSTED, TRUSTED), 1024, Silent(), 3
    )
    things = [[RemoteObject(key, 0 if key[-1] == "/" else len(key), MD5) for key in keys] for keys in (source, target)]
    done = planner.plan(planner.sources(things[0]), planner.targets(things[1]), proofs, Problems("copy it"), lambda: False)
    return done, [(todo.key, todo.reason, todo.etag) for todo in journal.planned()]


def test_the_plan_is_written_down_by_the_keys_of_the_destination(journal):
    source = ["exports/", "exports/cache/x", "exports/x", "exports/y"]
    done, lines = plan(journal, Rebase("exports/", "new/"), source, ["new/a", "new/cache/z"], ["cache/"])
    assert lines == [("new/x", "missing", MD5), ("new/y", "missing", MD5)]
    assert done.reasons == {"excluded": 1, "folder_marker": 1, "missing": 2, "only_in_destination": 1}, done.reasons
    assert done.samples == ["new/x (missing)", "new/y (missing)"]


def test_what_is_in_the_destination_already_is_no_source(journal):
    done, lines = plan(journal, Rebase("", "old/", same_bucket=True), ["a", "old/a", "old/b"], ["old/a", "old/b"])
    assert lines == [("old/a", "size", MD5)]
    assert done.reasons == {"in_destination": 2, "size": 1, "only_in_destination": 1}


def test_all_keys_that_cannot_be_are_one_error(journal):
    with pytest.raises(BadInput) as caught:
        plan(journal, Rebase("a/", "n" * 1000 + "/"), ["a/" + "x" * number for number in (1, 30, 40)])
    assert "2 of the names" in str(caught.value) and "a/xxxx" in str(caught.value)


def test_a_listing_in_disorder_is_refused(journal):
    with pytest.raises(Disordered, match="listing of the source"):
        plan(journal, Rebase("", ""), ["b", "a"])


def test_a_proof_that_a_listing_refutes_is_forgotten(journal):
    journal.prove(proof_of_copy("x", 1, MD5, MD5))
    plan(journal, Rebase("", ""), ["x"], proofs=journal.proofs())
    assert list(journal.proofs()) == []
