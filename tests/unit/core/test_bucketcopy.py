# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One object from bucket to bucket: what is believed, what is read again, and in which pieces it goes."""

from __future__ import annotations

import hashlib
import os

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import retake
from ansible_collections.mediastore.s3.plugins.module_utils._core.bucketcopy import InStore, Parcel, ThroughHost
from ansible_collections.mediastore.s3.plugins.module_utils._core.digest import multipart_etag
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import StoreRefused
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import (
    DONE,
    FAILED,
    UNSETTLED,
    VANISHED,
    Receipt,
    Todo,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.ports import Reading
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.rebase import Rebase
from ansible_collections.mediastore.s3.plugins.module_utils._core.recopy import ARCHIVED, Barred, Copied, Found, Stored
from ansible_collections.mediastore.s3.plugins.module_utils._core.retake import Replaced
from ansible_collections.mediastore.s3.plugins.module_utils._core.transfer import Budget

OPAQUE = "0123456789abcdef0123456789abcdef"
PART = 5


def md5_of(body):
    return hashlib.md5(body).hexdigest()


def cut_etag(body, part):
    return multipart_etag(hashlib.md5(body[at : at + part]).digest() for at in range(0, len(body), part))


class Script:
    """A bucket of one object, as source or as destination."""

    part_min, max_parts, parts_at_once, busy = 1, 100, 3, 0

    def __init__(self, body=b"", etag="", cut=0):
        self.body = body
        self.etag = etag or md5_of(body)
        self.cut = cut
        self.opaque = False
        self.sent = []
        #: what happens instead of what is asked for, one after the other
        self.events = []
        self.gone = False

    def look(self, key):
        return None if self.gone else Found(Stored(key, len(self.body), self.etag, "", 0.0), "", {})

    def read(self, key):
        chunks = [self.body[at : at + 3] for at in range(0, len(self.body), 3)]
        return Reading(len(self.body), self.etag, 0, iter(chunks))

    def fetch(self, key):
        if self.events:
            self.events.pop(0)(self)
        return Parcel(self.read(key), {"ContentType": "image/png"}, not self.opaque)

    def part_size_of(self, key, etag, size):
        return self.cut

    def put_parcel(self, key, body, md5, parcel):
        return self._keep([body])

    def put_parcel_parts(self, key, parts, parcel):
        pieces = list(parts)
        return self._keep(pieces)._replace(cut=cut_etag(b"".join(pieces), len(pieces[0])))

    def _keep(self, pieces):
        self.sent.append([len(piece) for piece in pieces])
        self.body = b"".join(pieces)
        if self.events:
            self.events.pop(0)(self)
        etag = md5_of(self.body) if len(pieces) == 1 else cut_etag(self.body, len(pieces[0]))
        if self.opaque:
            self.etag = OPAQUE
        return Receipt(OPAQUE if self.opaque else etag, not self.opaque)

    def bring(self, key, etag, size):
        return self.events.pop(0)(self) if self.events else Copied(etag, True)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(retake.time, "sleep", lambda seconds: None)


def carry(source, target, size=None, etag=None):
    todo = Todo("new/x", "copy", "missing", len(source.body) if size is None else size, etag or source.etag)
    return ThroughHost(source, target, Rebase("old/", "new/"), Silent(), PART, Budget(100))(todo)


def have_copied(source, target):
    return InStore(source, target, Rebase("old/", "new/"), Silent())(Todo("new/x", "copy", "missing", 3, source.etag))


@pytest.mark.parametrize("size", range(0, 17))
def test_every_size_arrives_in_its_pieces(size):
    source, target = Script(os.urandom(size)), Script()
    outcome = carry(source, target)
    assert (outcome.state, outcome.size, target.body) == (DONE, size, source.body)
    assert target.sent == [[PART] * (size // PART) + [size % PART] * bool(size % PART) or [0]]
    assert outcome.proof.md5 == source.etag


@pytest.mark.parametrize(("cut", "sent"), [(4, [4, 4, 3]), (0, [5, 5, 1])])
def test_an_object_in_parts_is_cut_as_it_was(cut, sent):
    body = os.urandom(11)
    source, target = Script(body, cut_etag(body, 4), cut), Script()
    source.opaque = not cut  # who does not know the cut cannot explain the ETag, and reads twice
    outcome = carry(source, target)
    assert (outcome.state, target.sent, target.body) == (DONE, [sent], body)
    assert (outcome.proof.etag == source.etag) == (cut == 4)


def test_what_is_damaged_on_the_way_here_is_not_sent():
    source, target = Script(b"abc"), Script()
    source.etag = md5_of(b"abd")
    outcome = carry(source, target)
    assert (outcome.state, target.sent) == (FAILED, [])
    assert "arrived" in outcome.error


def test_what_is_damaged_on_the_way_there_is_sent_again():
    source, target = Script(b"abc"), Script()
    target.events = [lambda store: setattr(store, "body", b"abd")]
    assert (carry(source, target).state, target.body, len(target.sent)) == (DONE, b"abc", 2)


def test_where_etags_tell_nothing_both_are_read_again():
    source, target = Script(b"abc", OPAQUE), Script()
    source.opaque = target.opaque = True
    outcome = carry(source, target)
    assert (outcome.state, outcome.proof.md5, outcome.proof.etag) == (DONE, OPAQUE, OPAQUE)


def test_an_object_of_another_size_than_planned_is_looked_at_again():
    source, target = Script(os.urandom(12)), Script()
    outcome = carry(source, target, size=3, etag="old")
    assert (outcome.state, outcome.retaken, target.sent) == (DONE, 1, [[5, 5, 2]])


def test_an_object_that_is_gone_is_no_error():
    def gone(store):
        store.gone = True
        raise Replaced()

    source, target = Script(b"abc"), Script()
    source.events = [gone]
    assert (carry(source, target).state, target.sent) == (VANISHED, [])


def test_the_stores_own_copy_is_believed_by_its_etag():
    source, target = Script(b"abc"), Script()
    outcome = have_copied(source, target)
    assert (outcome.state, outcome.proof.etag) == (DONE, source.etag)


@pytest.mark.parametrize(("copied", "state"), [(b"abc", DONE), (b"abd", FAILED)])
def test_a_copy_whose_etag_tells_nothing_is_read(copied, state):
    source, target = Script(b"abc"), Script(copied)
    target.events = [lambda store: Copied(OPAQUE, False)] * 9
    assert have_copied(source, target).state == state


def test_a_store_that_heeds_no_conditions_copies_the_newer_object_and_is_asked_again():
    source, target = Script(b"abc"), Script(b"abd")
    planned = source.etag

    def replaced(store):
        source.body, source.etag = b"abd", md5_of(b"abd")
        return Copied(source.etag, True)

    target.events = [replaced]
    outcome = have_copied(source, target)
    assert (outcome.state, outcome.retaken) == (DONE, 1)
    assert outcome.proof.md5 == source.etag != planned


def raising(error, cause=None):
    def act(store):
        raise error from cause

    return act


def test_an_object_that_is_replaced_all_the_time_is_left():
    source, target = Script(b"abc"), Script()
    target.events = [raising(Replaced())] * 100
    assert have_copied(source, target).state == UNSETTLED


def test_a_refusal_that_is_none_about_a_replacement_is_told():
    source, target = Script(b"abc"), Script()
    words = StoreRefused("copy x", said="the store answered 412", remedy="Look.", code="412")
    target.events = [raising(Replaced(), words)] * 100
    outcome = have_copied(source, target)
    assert outcome.state == FAILED and "412" in outcome.error


def test_an_archived_object_is_a_failure_that_says_so():
    source, target = Script(b"abc"), Script()
    target.events = [raising(Barred(ARCHIVED))]
    outcome = have_copied(source, target)
    assert outcome.state == FAILED and "Restore it" in outcome.error and "old/x" in outcome.error
