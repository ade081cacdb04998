# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one loop under every setting."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._base import settle as loop
from ansible_collections.mediastore.s3.plugins.module_utils._base.settle import Change, exactly, settle, settle_all, wait_until
from ansible_collections.mediastore.s3.plugins.module_utils._core import retry
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, MediastoreError, StoreRefused
from ansible_collections.mediastore.s3.plugins.module_utils._store.facets import (
    OBJECT_LOCK,
    PUBLIC_ACCESS,
    PUBLIC_ACCESS_BLOCK,
    TAGGING,
    VERSIONING,
)
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import PROFILES


class Shelf:
    """A bucket in memory that may show what it was told only later, or make something else of it."""

    name = "media"
    profile = PROFILES["aws"]

    def __init__(self, slow=0, value=None, distort=None):
        self.value, self.shown, self.slow, self.distort = value, value, slow, distort
        self.calls = []

    def read(self, facet):
        self.calls.append("read")
        if self.value != self.shown:
            self.slow -= 1
            if self.slow < 0:
                self.shown = self.value
        return self.shown

    def write(self, facet, value, was_set):
        self.calls.append(("write", value, was_set))
        self.value = self.distort(value) if self.distort and value else value


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, pause):
        self.now += pause


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(loop, "time", clock)
    monkeypatch.setattr(retry, "time", clock)
    return clock


def test_an_unchanged_setting_costs_one_read():
    shelf = Shelf(value={"a": "b"})
    assert not settle(shelf, TAGGING, exactly({"a": "b"}), dry=False).changed
    assert shelf.calls == ["read"]


def test_a_change_is_read_back():
    shelf = Shelf()
    assert settle(shelf, TAGGING, exactly({"a": "b"}), dry=False) == Change("tags", {}, {"a": "b"})
    assert shelf.calls == ["read", ("write", {"a": "b"}, False), "read"]


def test_dry_only_says_it():
    shelf = Shelf()
    assert settle(shelf, TAGGING, exactly({"a": "b"}), dry=True).changed
    assert shelf.calls == ["read"]


def test_a_bucket_that_is_not_there_is_not_asked():
    shelf = Shelf(value={"a": "b"})
    assert settle(shelf, TAGGING, exactly({"a": "b"}), dry=True, new=True) == Change("tags", {}, {"a": "b"})
    assert shelf.calls == []


def test_what_a_new_bucket_has_by_itself_is_predicted():
    everything = dict.fromkeys(PUBLIC_ACCESS_BLOCK, True)
    opened = {**everything, "block_public_policy": False}

    def wish(before):
        return {**before, "block_public_policy": False}

    predicted = settle(Shelf(), PUBLIC_ACCESS, wish, dry=True, new=True)
    assert predicted == Change("public_access_block", everything, opened)
    assert settle(Shelf(value=everything), PUBLIC_ACCESS, wish, dry=False, new=True) == predicted


def test_it_waits_until_the_change_is_visible(clock):
    shelf = Shelf(slow=2)
    assert settle(shelf, VERSIONING, exactly(True), dry=False).changed
    assert shelf.calls == ["read", ("write", True, False), "read", "read", "read"]


def test_what_the_store_made_something_else_of_is_put_back(clock):
    shelf = Shelf(value={"old": "1"}, distort=lambda tags: {"a": tags["a"]} if "a" in tags else tags)
    with pytest.raises(StoreRefused, match="former setting was put back") as caught:
        settle(shelf, TAGGING, exactly({"a": "1", "b": "2"}), dry=False)
    assert caught.value.code == "NotKept"
    assert shelf.value == {"old": "1"}
    assert loop.STEADY_S <= clock.now < loop.PATIENCE_S


def test_what_was_not_set_before_is_removed_again(clock):
    shelf = Shelf(distort=lambda tags: {"a": "other"})
    with pytest.raises(StoreRefused):
        settle(shelf, TAGGING, exactly({"a": "1"}), dry=False)
    assert shelf.calls[-1] == ("write", None, True)


def test_a_store_that_never_shows_it_is_waited_for_until_patience_ends(clock):
    with pytest.raises(StoreRefused, match="does not show it after"):
        wait_until(lambda: False, "create bucket media")
    assert loop.PATIENCE_S - 2 <= clock.now <= loop.PATIENCE_S
    shelf = Shelf(slow=10**6)
    with pytest.raises(StoreRefused, match="does not show it after"):
        settle(shelf, TAGGING, exactly({"a": "1"}), dry=False)
    # no GET has shown anything, so nothing is deleted
    assert [call for call in shelf.calls if call != "read"] == [("write", {"a": "1"}, False)]


@pytest.mark.parametrize("dry", [True, False])
def test_what_is_set_when_a_bucket_is_made_is_refused_later(dry):
    with pytest.raises(BadInput, match="when a bucket is made"):
        settle(Shelf(value=False), OBJECT_LOCK, exactly(True), dry=dry)
    assert not settle(Shelf(value=True), OBJECT_LOCK, exactly(True), dry=dry).changed
    assert settle(Shelf(value=True), OBJECT_LOCK, exactly(True), dry=dry, new=True) == Change("object_lock", False, True)


def test_an_error_carries_whether_something_was_changed():
    class Broken(Shelf):
        def write(self, facet, value, was_set):
            if value == {"refused": "yes"}:
                raise StoreRefused("write", said="no", remedy="Do.")
            super().write(facet, value, was_set)

    wishes = [(TAGGING, exactly({"a": "b"})), (TAGGING, exactly({"refused": "yes"}))]
    with pytest.raises(MediastoreError) as caught:
        settle_all(Broken(), wishes, Change("state", "present", "present"), dry=False)
    assert caught.value.result == {"changed": True}
    with pytest.raises(MediastoreError) as caught:
        settle_all(Broken(), wishes[1:], Change("state", "present", "present"), dry=False)
    assert caught.value.result == {"changed": False}
