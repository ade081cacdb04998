# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one loop under every setting."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._base import settle as loop
from ansible_collections.mediastore.s3.plugins.module_utils._base.settle import Change, exactly, settle, settle_all, wait_until
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import MediastoreError, StoreRefused
from ansible_collections.mediastore.s3.plugins.module_utils._store.facets import TAGGING, VERSIONING


class Shelf:
    """A bucket in memory that may show what it was told only later, or never."""

    name = "media"

    def __init__(self, slow=0, value=None):
        self.value, self.shown, self.slow = value, value, slow
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
        self.value = value


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
    assert settle(shelf, TAGGING, exactly({"a": "b"}), dry=True, there=False) == Change("tags", {}, {"a": "b"})
    assert shelf.calls == []


def test_it_waits_until_the_change_is_visible():
    shelf = Shelf(slow=2)
    assert settle(shelf, VERSIONING, exactly(True), dry=False).changed
    assert shelf.calls == ["read", ("write", True, False), "read", "read", "read"]


def test_a_store_that_keeps_something_else_is_an_error(monkeypatch):
    monkeypatch.setattr(loop.time, "sleep", lambda pause: None)
    with pytest.raises(StoreRefused, match="shows something else") as caught:
        wait_until(lambda: False, "set the bucket tags", patience_s=0.05)
    assert caught.value.code == "NotKept"


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
