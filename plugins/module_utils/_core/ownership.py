# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Whose the objects below a prefix are: a mark that the first upload leaves, so that no other one overwrites them by mistake."""

from __future__ import annotations

import time

from .digest import Digest
from .errors import BadInput, MediastoreError
from .journal import Journal
from .keys import MARK
from .ports import ObjectStore
from .problems import printable
from .scan import Tree


class Ownership:
    """One directory's claim on what is below a prefix; without an owner's name there is none, and nothing is asked."""

    def __init__(self, store: ObjectStore, tree: Tree, owner: str, doing: str, mark: str) -> None:
        self._store = store
        self._tree = tree
        self._owner = owner
        self._doing = doing
        self._mark = mark
        #: whether the mark is still to be left
        self.missing = False
        #: requests GET and LIST that it took to know that
        self.gets = self.lists = 0

    def check(self, journal: Journal, adopt: bool) -> None:
        """Refuse what is not ours, before anything else is done.

        That is what somebody else has marked and, unless the journal has seen that some of it was uploaded from here, what nobody
        has marked.
        """
        if not self._owner:
            return
        found, mark = self._read(), self._mark
        self.missing = found != self._owner
        if not self.missing or adopt:
            return
        if found:
            raise self._refusal(
                f"what is there belongs to {found!r}, as the object {mark} says, and this is {self._owner!r}",
                "If the other one is gone for good, or is this one on a host that was made anew, adopt it.",
            )
        strange = "" if next(journal.proofs(), None) else self._first()
        if strange:
            raise self._refusal(
                f"there are objects already ({strange} is the first), and none ({mark}) that says whose they are",
                "If they are this application's own, adopt them.",
            )

    def mark(self) -> None:
        """Leave the mark, unless it is there."""
        if self.missing:
            body, digest = self._owner.encode("utf-8"), Digest()
            digest.update(body)
            self._store.put(self._mark, body, bytes.fromhex(digest.md5), time.time_ns())

    def _read(self) -> str:
        self.gets += 1
        try:
            return b"".join(self._store.read(self._mark).chunks)[:500].decode("utf-8", "replace")
        except MediastoreError as exc:
            if exc.code == "NoSuchKey":
                return ""
            raise

    def _first(self) -> str:
        self.lists += 1
        objects = self._store.listing(self._mark[: -len(MARK)])
        return next((printable(thing.key) for thing in objects if self._tree.concerns(thing.key) and not thing.is_folder), "")

    def _refusal(self, said: str, otherwise: str) -> BadInput:
        remedy = f"Choose another bucket or prefix. {otherwise}"
        return BadInput(self._doing, said=said, remedy=remedy, code="NotOurs")
