# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a sync needs from the outside: an object store and somebody to tell. Engines are classes of this shape."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping, NamedTuple, Protocol

from .model import Receipt, RemoteObject


class Reading(NamedTuple):
    """An object that is being read."""

    size: int
    etag: str
    #: when the content was last modified: what the uploader said, else when the store got it
    mtime_ns: int
    chunks: Iterator[bytes]
    #: the rest of the answer in the engine's own words, as far as it tells
    said: Mapping[str, Any] = {}


class Ledger(Protocol):
    """Remembers what is begun at the store and would cost money if a kill left it there. Called by any thread."""

    def begun(self, key: str, upload_id: str) -> None:
        """An upload in parts has begun."""

    def ended(self, upload_id: str) -> None:
        """It is complete, or was taken back."""


class ObjectStore(Protocol):
    """One bucket, as an engine gives it. All methods may be called by several threads at once."""

    #: the least and the most that a part may have, as the provider says
    part_min: int
    max_parts: int
    #: how many parts of one object it sends at once
    parts_at_once: int

    @property
    def engine(self) -> str:
        """What the result calls it."""

    @property
    def engine_reason(self) -> str:
        """Why it is this one."""

    @property
    def busy(self) -> int:
        """How often it asked for fewer requests so far (503 SlowDown, 429); only ever grows, and what asked was sent again."""

    def listing(self, prefix: str) -> Iterator[RemoteObject]:
        """All objects below a prefix; an error raises, so the end of the iteration is the end of the list."""

    def put(self, key: str, body: bytes | bytearray, md5: bytes, mtime_ns: int) -> Receipt:
        """Store a small object in one request."""

    def put_parts(self, key: str, parts: Iterable[bytes], mtime_ns: int) -> Receipt:
        """Store a large object in parts, holding ``parts_at_once`` and one more; if ``parts`` raises, nothing remains of it."""

    def read(self, key: str) -> Reading:
        """Begin to read an object."""


class Progress(Protocol):
    """Somebody who may be looking."""

    def phase(self, name: str, files: int | None = None, nbytes: int | None = None) -> None:
        """A new phase begins, with this much to do if that is known."""

    def moved(self, nbytes: int) -> None:
        """Bytes went over the wire (or past the eye); from any thread."""

    def counted(self, files: int = 1, nbytes: int = 0) -> None:
        """Files are finished; ``nbytes`` of them were not reported by ``moved``."""

    def tick(self) -> None:
        """Show the present state if it is time to."""
