# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole change of classes against a store in memory: plan, work, result, and what is an error at the end."""

from __future__ import annotations

import contextlib
import threading

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import MediastoreError, StoreUnreachable
from ansible_collections.mediastore.s3.plugins.module_utils._core.journal import scratch
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.reclass import IncompleteReclass, Reclass
from ansible_collections.mediastore.s3.plugins.module_utils._core.recopy import (
    ARCHIVED,
    STANDARD,
    TOO_LARGE,
    Copied,
    Found,
    Stored,
    Wish,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.tariff import Estimate, Prices
from ansible_collections.mediastore.s3.plugins.module_utils._core.transfer import HOPELESS, Tally

DOING = "change the storage class"


class Memory:
    """Objects in a dictionary."""

    engine = "memory"

    def __init__(self, *things):
        self.objects = {thing.key: thing for thing in things}
        self.hurdles = {}
        self.large = {}
        self.refuses = set()
        self.copied = []
        self.prepared = 0
        self._lock = threading.Lock()

    def things(self, prefix):
        return iter([thing for key, thing in sorted(self.objects.items()) if key.startswith(prefix)])

    def parts_of(self, thing):
        return self.large.get(thing.key, 0)

    def prepare(self):
        self.prepared += 1

    def look(self, key):
        return Found(self.objects[key], self.hurdles.get(key, ""), {}) if key in self.objects else None

    def copy(self, found):
        key = found.thing.key
        if key in self.refuses:
            raise StoreUnreachable(f"copy {key}", said="no answer", remedy="Wait.")
        with self._lock:
            self.copied.append(key)
            self.objects[key] = found.thing._replace(storage_class="COLD")
        return Copied(found.thing.etag, True)


def thing(key, storage_class=STANDARD, size=10):
    return Stored(key, size, "e", storage_class, 0.0)


def never():
    return False


@pytest.fixture
def run(tmp_path):
    """Plan, and carry it out unless it is dry; the result, or the error."""
    with contextlib.ExitStack() as stack:

        def act(store, wish=None, prefix="", dry=False, workers=4, abandoned=never):
            journal = stack.enter_context(contextlib.closing(scratch(str(tmp_path))))
            estimate = Estimate(Prices({}, None, {}), "COLD", False, False, 0.0)
            reclass = Reclass(wish or Wish("COLD"), store, journal, estimate, Silent(), 2)
            plan = reclass.plan(prefix, DOING, never)
            act.large = reclass.large
            tally = Tally(2) if dry else reclass.carry_out(plan, workers, abandoned)
            result = reclass.result(plan, tally)
            if not dry:
                reclass.require_done(plan, tally, result, DOING)
            return result

        yield act


def test_planned_and_done(run):
    store = Memory(thing("a/1"), thing("a/2", "COLD"), thing("a/3", "WARM", 1), thing("b"))
    predicted = run(store, Wish("COLD", (STANDARD,)), "a/", dry=True)
    assert (store.copied, store.prepared) == ([], 0)
    assert predicted["classes"] == {
        "COLD": {"objects": 1, "bytes": 10},
        STANDARD: {"objects": 1, "bytes": 10},
        "WARM": {"objects": 1, "bytes": 1},
    }
    assert predicted["plan"] == {
        "change": {"objects": 1, "bytes": 10},
        "from": {STANDARD: 1},
        "unchanged": {"objects": 2, "bytes": 11},
        "reasons": {"already": 1, "other_class": 1},
    }
    assert (predicted["complete"], predicted["samples"]) == (False, {"planned": ["a/1 (STANDARD)"]})
    done = run(store, Wish("COLD", (STANDARD,)), "a/")
    assert (store.copied, store.prepared) == (["a/1"], 1)
    assert (done["plan"], done["copied"], done["complete"]) == (predicted["plan"], {"objects": 1, "bytes": 10}, True)
    again = run(store, Wish("COLD", (STANDARD,)), "a/")
    assert (again["copied"]["objects"], again["complete"], store.copied, store.prepared) == (0, True, ["a/1"], 1)


def test_nothing_is_prepared_for_nothing(run):
    store = Memory()
    assert run(store)["complete"]
    assert store.prepared == 0


def test_large_objects_are_counted(run):
    store = Memory(thing("a"), thing("b"))
    store.large = {"b": 7}
    assert run(store, dry=True)["estimate"]["requests"] == {"list": 1, "read": 6, "copy": 10}
    assert run.large == 1


def test_what_cannot_be_done_is_named_after_all_others_are_done(run):
    store = Memory(*(thing(str(number)) for number in range(6)))
    store.hurdles = {"1": ARCHIVED, "2": ARCHIVED, "3": TOO_LARGE}
    with pytest.raises(IncompleteReclass) as caught:
        run(store)
    result = caught.value.result
    assert sorted(store.copied) == ["0", "4", "5"]
    assert (result["archived"], result["too_large"], result["unsettled"], result["failures"]) == (2, 1, 0, 0)
    assert {kind: sorted(names) for kind, names in result["samples"].items() if kind != "planned"} == {
        "archived": ["1", "2"],
        "too_large": ["3"],
    }
    assert result["complete"] is False
    assert "3 of 6 objects are not done; 2 archived and not restored: " in str(caught.value)
    assert "; 1 larger than this store can copy: 3" in str(caught.value) and "Restore the archived objects" in str(caught.value)


def test_archived_ones_in_a_row_are_no_reason_to_stop(run):
    store = Memory(*(thing(f"{number:03d}") for number in range(3 * HOPELESS)))
    store.hurdles = {f"{number:03d}": ARCHIVED for number in range(2 * HOPELESS)}
    with pytest.raises(IncompleteReclass) as caught:
        run(store)
    assert caught.value.result["copied"]["objects"] == HOPELESS


def test_failures_in_a_row_are(run):
    store = Memory(*(thing(f"{number:03d}") for number in range(300)))
    store.refuses = set(store.objects)
    with pytest.raises(IncompleteReclass) as caught:
        run(store)
    assert HOPELESS <= caught.value.result["failures"] < 100
    assert f"stopped because {HOPELESS} files failed in a row" in str(caught.value)
    assert "000: Could not copy 000: no answer. Wait." in caught.value.result["samples"]["failed"][0]


def test_it_stops_when_nobody_waits(run):
    store = Memory(*(thing(f"{number:03d}") for number in range(300)))
    with pytest.raises(IncompleteReclass, match="whoever started this run is gone"):
        run(store, workers=1, abandoned=lambda: len(store.copied) >= 20)
    assert 20 <= len(store.copied) < 40


def test_a_listing_with_an_object_twice_is_an_error(run):
    store = Memory(thing("a"))
    store.things = lambda prefix: iter([thing("a"), thing("a")])
    with pytest.raises(MediastoreError):
        run(store, dry=True)
