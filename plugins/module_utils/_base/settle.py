# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The one loop under every setting: read, compare by meaning, write, wait until it is visible."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass

from .._core.errors import MediastoreError, StoreRefused

if t.TYPE_CHECKING:
    from .._store.bucket import Bucket
    from .._store.facets import Facet

#: stores may answer with the old state for a moment; AWS says seconds
PATIENCE_S = 30.0

Desired = t.Callable[[t.Any], t.Any]


@dataclass(frozen=True)
class Change:
    """One setting before and after, both in canonical form: ``changed`` and the diff come from the same two values."""

    name: str
    before: t.Any
    after: t.Any

    @property
    def changed(self) -> bool:
        """Whether they mean different things."""
        return bool(self.before != self.after)


def exactly(value: t.Any) -> Desired:
    """The wish for one value, whatever is there."""
    return lambda before: value


def settle(bucket: Bucket, facet: Facet, desired: Desired, *, dry: bool, there: bool = True) -> Change:
    """Bring one facet to the desired value; dry, only say what would be done. A bucket that is not there has nothing set."""
    found = bucket.read(facet) if there else None
    before = facet.canonical(found)
    wanted = desired(before)
    change = Change(facet.option, before, facet.canonical(wanted))
    if change.changed and not dry:
        bucket.write(facet, wanted, was_set=found is not None)
        wait_until(lambda: facet.canonical(bucket.read(facet)) == change.after, f"set the {facet.title} of bucket {bucket.name}")
    return change


def settle_all(bucket: Bucket, wishes: t.Sequence[tuple[Facet, Desired]], first: Change, *, dry: bool) -> list[Change]:
    """Settle the facets in order; an error carries whether something had been changed before it."""
    changes = [first]
    there = first.before == "present" or not dry
    try:
        for facet, desired in wishes:
            changes.append(settle(bucket, facet, desired, dry=dry, there=there))
    except MediastoreError as exc:
        exc.result = {"changed": not dry and any(change.changed for change in changes)}
        raise
    return changes


def wait_until(visible: t.Callable[[], bool], tried: str, patience_s: float = PATIENCE_S) -> None:
    """Return when the store shows what it was told; the first look comes at once."""
    deadline = time.monotonic() + patience_s
    pause = 0.1
    while not visible():
        if time.monotonic() + pause > deadline:
            raise StoreRefused(
                tried,
                said=f"the store accepted it, but shows something else after {patience_s:.0f} s",
                remedy="Look at what it kept (mediastore.s3.bucket_info): it may know only part of what was asked.",
                code="NotKept",
            )
        time.sleep(pause)
        pause = min(pause * 2, 2.0)
