# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One object into another class: what is chosen, what is believed, and what is left."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import recopy, retake
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import StoreUnreachable
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import DONE, FAILED, UNSETTLED, VANISHED, Todo
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.recopy import (
    ARCHIVED,
    TOO_LARGE,
    Barred,
    Copied,
    Found,
    Recopier,
    Stored,
    Wish,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.retake import Replaced

COLD = Wish("COLD")


def stored(key="x", size=5, etag="e1", storage_class="STANDARD", modified_s=1000.0):
    return Stored(key, size, etag, storage_class, modified_s)


@pytest.mark.parametrize(
    ("wish", "thing", "why_not"),
    [
        (COLD, stored(), ""),
        (COLD, stored(storage_class="COLD"), "already"),
        (Wish("COLD", ("WARM",)), stored(), "other_class"),
        (Wish("COLD", ("WARM", "STANDARD")), stored(), ""),
        (Wish("COLD", ("COLD",)), stored(storage_class="COLD"), "already"),
        (Wish("COLD", min_size=6), stored(), "small"),
        (Wish("COLD", min_size=5), stored(), ""),
        (Wish("COLD", before_s=1000.0), stored(), "young"),
        (Wish("COLD", before_s=1000.1), stored(), ""),
    ],
)
def test_which_objects_change(wish, thing, why_not):
    assert wish.why_not(thing) == why_not


class Script:
    """A store of one object, and what happens to it at each copy."""

    engine = "script"

    def __init__(self, thing=None, hurdle=""):
        self.thing = thing
        self.hurdle = hurdle
        self.copies = []
        #: what happens instead of a copy, one after the other
        self.events = []

    def things(self, prefix):
        return iter([self.thing])

    def parts_of(self, thing):
        return 0

    def prepare(self):
        """Nothing to ask."""

    def look(self, key):
        return Found(self.thing, self.hurdle, {}) if self.thing else None

    def copy(self, found):
        self.copies.append(found.thing.etag)
        if self.events:
            return self.events.pop(0)(self)
        self.thing = self.thing._replace(storage_class="COLD")
        return Copied(self.thing.etag, True)


def raising(error):
    def act(store):
        raise error

    return act


def answering(answer="e1", must_stay=True, **changes):
    """The store accepts the copy with this ETag, and the object is like this afterwards."""

    def act(store):
        store.thing = store.thing._replace(**{"storage_class": "COLD", **changes})
        return Copied(answer, must_stay)

    return act


def take(store, wish=COLD):
    recopier = Recopier(store, wish, Silent(), 1)
    return recopier(Todo("x", "reclass", "STANDARD", 5)), recopier.left


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(retake.time, "sleep", lambda seconds: None)


def test_copied_and_seen():
    store = Script(stored())
    outcome, left = take(store)
    assert (outcome.state, outcome.size, outcome.retaken) == (DONE, 5, 0)
    assert (store.copies, dict(left.counts)) == (["e1"], {})


def test_what_is_gone_or_there_already_is_not_copied():
    for thing in (None, stored(storage_class="COLD")):
        store = Script(thing)
        assert take(store)[0].state == VANISHED
        assert store.copies == []


def test_what_was_replaced_since_the_listing_is_judged_anew():
    store = Script(stored(size=2))
    assert take(store, Wish("COLD", min_size=3))[0].state == VANISHED
    assert store.copies == []


def test_replaced_while_it_is_copied_it_is_taken_again():
    store = Script(stored())

    def replaced(script):
        script.thing = stored(etag="e2")
        raise Replaced()

    store.events = [replaced]
    outcome, _left = take(store)
    assert (outcome.state, outcome.retaken) == (DONE, 1)
    assert store.copies == ["e1", "e2"]


def test_replaced_just_after_the_copy_it_is_taken_again():
    store = Script(stored())
    store.events = [answering(etag="of another", storage_class="STANDARD")]
    outcome, _left = take(store)
    assert (outcome.state, outcome.retaken) == (DONE, 1)


def test_replaced_all_the_time_it_is_left():
    store = Script(stored())
    store.events = [raising(Replaced())] * 100
    outcome, left = take(store)
    assert (outcome.state, outcome.retaken) == (UNSETTLED, retake.RETAKES - 1)
    assert left.counts == {UNSETTLED: 1} and left.samples == {UNSETTLED: ["x"]}


@pytest.mark.parametrize("hurdle", [ARCHIVED, TOO_LARGE])
def test_what_cannot_be_copied_is_left_without_a_try(hurdle):
    store = Script(stored(), hurdle=hurdle)
    outcome, left = take(store)
    assert (outcome.state, dict(left.counts), store.copies) == (UNSETTLED, {hurdle: 1}, [])


def test_what_the_store_refuses_to_copy_is_left():
    store = Script(stored())
    store.events = [raising(Barred(ARCHIVED))]
    outcome, left = take(store)
    assert (outcome.state, left.samples) == (UNSETTLED, {ARCHIVED: ["x"]})


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (answering(storage_class="STANDARD"), "the store accepted COLD and shows the object in STANDARD"),
        (answering(size=4), "it had 5 bytes and the ETag e1, and has 4 bytes"),
        (raising(StoreUnreachable("copy x", said="no answer", remedy="Wait.")), "no answer"),
    ],
)
def test_a_copy_that_is_none_is_a_failure(event, words):
    store = Script(stored())
    store.events = [event]
    outcome, _left = take(store)
    assert outcome.state == FAILED and words in outcome.error


@pytest.mark.parametrize(("must_stay", "state"), [(True, FAILED), (False, DONE)])
def test_another_etag_is_a_failure_where_it_is_a_sum(must_stay, state):
    store = Script(stored())
    store.events = [answering("e2", must_stay, etag="e2")]
    assert take(store)[0].state == state


def test_names_are_kept_for_the_first_few_only():
    left = recopy.Left(2)
    for number in range(5):
        left.add(ARCHIVED, str(number))
    assert (left.counts[ARCHIVED], left.samples) == (5, {ARCHIVED: ["0", "1"]})
