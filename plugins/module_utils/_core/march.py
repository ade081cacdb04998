# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Three ordered streams become one: files, objects and proofs meet at their key."""

from __future__ import annotations

from typing import Iterable, Iterator, TypeVar

from .errors import Disordered
from .model import LocalFile, Proof, RemoteObject, Row

_Keyed = TypeVar("_Keyed", LocalFile, RemoteObject, Proof)


def in_order(items: Iterable[_Keyed], what: str) -> Iterator[_Keyed]:
    """Pass the items on, and refuse to go on if their keys do not strictly rise.

    Everything that follows decides by "this key is not on the other side", which is only true of ordered streams.
    Code points compare like the bytes of UTF-8, so the strings themselves can be compared.
    """
    last = None
    for item in items:
        if last is not None and item.key <= last:
            how = "twice" if item.key == last else f"after {last!r}"
            raise Disordered(
                f"compare the two sides, key by key, from {what}",
                said=f"{what} gave the key {item.key!r} {how}",
                remedy="Nothing was transferred. Run again; if it stays so, this store does not list keys in order: report it.",
            )
        last = item.key
        yield item


def march(local: Iterable[LocalFile], remote: Iterable[RemoteObject], proofs: Iterable[Proof]) -> Iterator[Row]:
    """Yield one row for every key that is a file or an object.

    A proof alone is no row: it says something about a file, and the file is gone.
    """
    locals_ = in_order(local, "the directory")
    remotes = in_order(remote, "the store's listing")
    proved = in_order(proofs, "the journal")
    file, thing, proof = next(locals_, None), next(remotes, None), next(proved, None)
    while file is not None or thing is not None:
        key = min(item.key for item in (file, thing) if item is not None)
        while proof is not None and proof.key < key:
            proof = next(proved, None)
        here = file if file is not None and file.key == key else None
        there = thing if thing is not None and thing.key == key else None
        yield Row(key, here, there, proof if proof is not None and proof.key == key else None)
        if here is not None:
            file = next(locals_, None)
        if there is not None:
            thing = next(remotes, None)
