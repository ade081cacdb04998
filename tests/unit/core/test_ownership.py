# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody's objects are replaced because two installations were pointed at one bucket."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, StoreUnreachable
from ansible_collections.mediastore.s3.plugins.module_utils._core.keys import Exclude
from ansible_collections.mediastore.s3.plugins.module_utils._core.ownership import Ownership
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree

from .memory import MemoryStore

MARK = "media/.mediastore-owner"


def claim(store, owner="gallery 1", known=False, adopt=False, exclude=()):
    owned = Ownership(
        store, Tree("/", "media/", Exclude(list(exclude))), owner, "upload /srv to bucket media", "media/.mediastore-owner"
    )
    owned.check(SimpleNamespace(proofs=lambda: iter(["a proof"] if known else [])), adopt)
    missing = owned.missing
    owned.mark()
    return missing


def test_an_empty_place_is_marked_once():
    store = MemoryStore({"other/x": b"1"})
    assert claim(store) is True
    assert store.objects[MARK] == b"gallery 1"
    store.objects["media/a"] = store.etags["media/a"] = b"1"
    assert claim(store) is False
    assert store.puts == [MARK]


def test_the_mark_of_another_is_refused_and_stays():
    store = MemoryStore({MARK: b"wiki 2", "media/a": b"1"})
    for known in (False, True):
        with pytest.raises(BadInput, match="belongs to 'wiki 2', as the object media/.mediastore-owner says") as caught:
            claim(store, known=known)
        assert caught.value.code == "NotOurs"
    assert store.puts == []


def test_objects_without_a_mark_are_refused():
    store = MemoryStore({"media/a": b"1", "media/b": b"2"})
    with pytest.raises(BadInput, match=r"media/a is the first"):
        claim(store)
    assert store.puts == []


def test_objects_that_were_uploaded_from_here_are_ours():
    store = MemoryStore({"media/a": b"1"})
    assert claim(store, known=True)
    assert MARK in store.objects


def test_a_folder_that_a_console_made_is_nobodys():
    assert claim(MemoryStore({"media/": b"", "media/sub/": b""}))


def test_what_is_left_out_does_not_count():
    assert claim(MemoryStore({"media/cache/a": b"1"}), exclude=["cache/**"])


@pytest.mark.parametrize("objects", [{"media/a": b"1"}, {MARK: b"wiki 2"}])
def test_what_is_adopted_is_ours_from_then_on(objects):
    store = MemoryStore(objects)
    assert claim(store, adopt=True)
    assert claim(store) is False


def test_without_an_owner_nothing_is_asked():
    store = MemoryStore({MARK: b"wiki 2"})
    assert claim(store, owner="") is False
    assert (store.reads, store.puts) == ([], [])


def test_a_store_that_does_not_answer_is_no_empty_one():
    store = MemoryStore()
    store.refuses.add(MARK)
    with pytest.raises(StoreUnreachable):
        claim(store)
