# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Three ordered streams become one: files (or the objects of another bucket), objects and proofs meet at their key."""

from __future__ import annotations

from typing import Callable, Iterable, Iterator, TypeVar

from .errors import Disordered
from .model import LocalFile, Proof, RemoteObject, Row

#: so many files at a time are told as proved
BUNCH = 500

_Keyed = TypeVar("_Keyed", LocalFile, RemoteObject, Proof)
_Source = TypeVar("_Source", LocalFile, RemoteObject)
_Row = TypeVar("_Row")


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
    return meet(local, "the directory", remote, "the store's listing", proofs, Row)


def meet(
    local: Iterable[_Source],
    local_name: str,
    remote: Iterable[RemoteObject],
    remote_name: str,
    proofs: Iterable[Proof],
    row: Callable[[str, _Source | None, RemoteObject | None, Proof | None], _Row],
) -> Iterator[_Row]:
    """The same for sources of another kind; ``row`` is what becomes of each key."""
    locals_ = in_order(local, local_name)
    remotes = in_order(remote, remote_name)
    proved = in_order(proofs, "the journal")
    file, thing, proof = next(locals_, None), next(remotes, None), next(proved, None)
    while file is not None or thing is not None:
        key = min(item.key for item in (file, thing) if item is not None)
        while proof is not None and proof.key < key:
            proof = next(proved, None)
        here = file if file is not None and file.key == key else None
        there = thing if thing is not None and thing.key == key else None
        yield row(key, here, there, proof if proof is not None and proof.key == key else None)
        if here is not None:
            file = next(locals_, None)
        if there is not None:
            thing = next(remotes, None)


def unproved(files: Iterable[LocalFile], proofs: Iterable[Proof], proved: Callable[[int, int], None]) -> Iterator[Row]:
    """The files that no proof covers, which are few as a rule; ``proved`` is told of the others: how many, and their bytes.

    It is what ``march`` does where nothing is listed, in a loop that is as tight as can be: an application may be waiting for it.
    """
    known = in_order(proofs, "the journal")
    proof = next(known, None)
    number = nbytes = 0
    for file in in_order(files, "the directory"):
        key = file[0]
        while proof is not None and proof[0] < key:
            proof = next(known, None)
        if proof is not None and proof[:5] == file:  # Proof.covers(), and the same key
            number += 1
            nbytes += file[1]
            if number == BUNCH:
                proved(number, nbytes)
                number = nbytes = 0
        else:
            yield Row(key, file, None, proof if proof is not None and proof[0] == key else None)
    proved(number, nbytes)
