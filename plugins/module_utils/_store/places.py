# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Several buckets as if they were one: what is below a folder is in the bucket of that folder, without the folder's name."""

from __future__ import annotations

import heapq
import typing as t

from .._core.errors import BadInput
from .._core.model import Receipt, RemoteObject
from .._core.ports import Ledger, Reading
from .objects import BotoStore


class Place(t.NamedTuple):
    """A folder, ``avatars/``, and where its files are."""

    folder: str
    bucket: str
    prefix: str


class PlaceLedger:
    """Notes uploads in parts by the key that all places together have, by which they are taken back."""

    def __init__(self, ledger: Ledger, place: Place) -> None:
        self._ledger = ledger
        self._place = place

    def begun(self, key: str, upload_id: str) -> None:
        """An upload in parts has begun."""
        self._ledger.begun(self._place.folder + key[len(self._place.prefix) :], upload_id)

    def ended(self, upload_id: str) -> None:
        """It is complete, or was taken back."""
        self._ledger.ended(upload_id)


class PlacedStore:
    """The stores of all places behind the one port; a key is the path below the directory."""

    def __init__(self, stores: t.Sequence[tuple[Place, BotoStore]]) -> None:
        # the longest first: a folder in another one is a place of its own
        self._stores = sorted(stores, key=lambda pair: -len(pair[0].folder))
        first = stores[0][1]
        # One client serves all places: what it hears is counted once.
        for _place, other in stores[1:]:
            other.hear_no_more()
        self.part_min, self.max_parts, self.parts_at_once = first.part_min, first.max_parts, first.parts_at_once
        self._ledger: Ledger | None = None

    @property
    def engine(self) -> str:
        """Who moves the objects; where one place had to do without the fast one, the slow one is named."""
        return min((store.engine for _place, store in self._stores), default="boto3")

    @property
    def engine_reason(self) -> str:
        """Why it is this one."""
        return next(store.engine_reason for _place, store in self._stores if store.engine == self.engine)

    @engine_reason.setter
    def engine_reason(self, reason: str) -> None:
        for _place, store in self._stores:
            store.engine_reason = reason

    @property
    def busy(self) -> int:
        """How often the store asked for fewer requests."""
        return sum(store.busy for _place, store in self._stores)

    @property
    def ledger(self) -> Ledger | None:
        """Who remembers the uploads in parts that are under way."""
        return self._ledger

    @ledger.setter
    def ledger(self, ledger: Ledger) -> None:
        self._ledger = ledger
        for place, store in self._stores:
            store.ledger = PlaceLedger(ledger, place)

    def listing(self, prefix: str) -> t.Iterator[RemoteObject]:
        """What is in all places, in the order of the paths, which another beginning of the keys leaves as it is."""
        return heapq.merge(
            *(self._listed(place, store, prefix) for place, store in self._stores), key=lambda thing: thing.key.encode("utf-8")
        )

    def _listed(self, place: Place, store: BotoStore, prefix: str) -> t.Iterator[RemoteObject]:
        if prefix and not place.folder.startswith(prefix):
            return
        for thing in store.listing(place.prefix):
            key = place.folder + thing.key[len(place.prefix) :]
            # what an inner folder's place would hide is nobody's file
            if self._at(key)[0] is place:
                yield thing._replace(key=key)

    def put(self, key: str, body: bytes | bytearray, md5: bytes, mtime_ns: int) -> Receipt:
        """Store a small object in one request."""
        store, name = self._of(key)
        return store.put(name, body, md5, mtime_ns)

    def put_parts(self, key: str, parts: t.Iterable[bytes], mtime_ns: int) -> Receipt:
        """Store a large object in parts."""
        store, name = self._of(key)
        return store.put_parts(name, parts, mtime_ns)

    def read(self, key: str) -> Reading:
        """Begin to read an object."""
        store, name = self._of(key)
        return store.read(name)

    def abort(self, key: str, upload_id: str) -> None:
        """Take back an upload in parts."""
        store, name = self._of(key)
        store.abort(name, upload_id)

    def _of(self, key: str) -> tuple[BotoStore, str]:
        place, store = self._at(key)
        return store, place.prefix + key[len(place.folder) :]

    def _at(self, key: str) -> tuple[Place, BotoStore]:
        for place, store in self._stores:
            if key.startswith(place.folder):
                return place, store
        raise BadInput(f"find the place of {key}", said="it is in none of the folders", remedy="Exclude it, or add its folder.")


def check(places: t.Sequence[Place], doing: str) -> None:
    """Refuse folders and buckets from which nobody could tell whose an object is."""
    for number, place in enumerate(places):
        if not place.folder.endswith("/") or place.folder.startswith("/"):
            remedy = "Write it as a path below the directory, with a slash at its end and none before it."
            raise BadInput(doing, said=f"the folder {place.folder!r} of places is none", remedy=remedy)
        for other in places[number + 1 :]:
            shared = place.prefix.startswith(other.prefix) or other.prefix.startswith(place.prefix)
            if place.folder == other.folder or (place.bucket == other.bucket and shared):
                said = f"{place.folder} and {other.folder} would be in one place, {place.bucket}/{place.prefix}"
                raise BadInput(doing, said=said, remedy="Give each of the places a bucket or a prefix of its own.")
