# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The one loop under every setting: read, compare by meaning, write, wait until it is visible."""

from __future__ import annotations

import json
import time
import typing as t
from dataclasses import dataclass

from .._core.errors import BadInput, MediastoreError, StoreRefused
from .._core.retry import looks

if t.TYPE_CHECKING:
    from .._store.bucket import Bucket
    from .._store.facet import Facet

#: stores may answer with the old state for a moment; AWS says seconds
PATIENCE_S = 30.0
#: but what is neither the old state nor the new one is what the store has made of it
STEADY_S = 3.0

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


def settle(bucket: Bucket, facet: Facet, desired: Desired, *, dry: bool, new: bool = False) -> Change:
    """Bring one facet to the desired value; dry, only say what would be done.

    A new bucket is said to have had what its provider gives to new buckets, so that a prediction and the run say the same.
    """
    given = bucket.profile.new_bucket.get(facet.name) if new else None
    found = given if new and dry else bucket.read(facet)
    present = facet.canonical(found)
    wanted = desired(present)
    after = facet.canonical(wanted)
    if present != after:
        if facet.put is None and not (new and dry):
            raise _too_late(bucket, facet)
        if not dry:
            write(bucket, facet, found, wanted)
    return Change(facet.option, facet.canonical(given) if new else present, after)


def write(bucket: Bucket, facet: Facet, found: t.Any, wanted: t.Any) -> None:
    """Write one facet and read it back; what the store made something else of is put back as it was, and is an error."""
    bucket.write(facet, wanted, was_set=found is not None)
    before, after = facet.canonical(found), facet.canonical(wanted)
    shown = _shown(bucket, facet, before, after)
    if shown == after:
        return
    tried = f"set the {facet.title} of bucket {bucket.name}"
    if shown == before:
        # Nothing to put back; and above all nothing to delete, since no GET has shown that there is anything.
        raise _not_shown(tried)
    bucket.write(facet, found if found is not None or facet.delete else before, was_set=True)
    raise NotKept(
        tried,
        said=f"the store accepted {_short(after)} and kept {_short(shown)}, so the former setting was put back",
        remedy="The store knows only part of this: leave out what it did not keep, and set provider to what the store really is.",
    )


def _too_late(bucket: Bucket, facet: Facet) -> BadInput:
    return BadInput(
        f"set the {facet.title} of bucket {bucket.name}",
        said=f"{facet.title} is switched on when a bucket is made, or never, and cannot be switched off",
        remedy="Leave the option out, or make a new bucket and move the objects.",
    )


def settle_all(bucket: Bucket, wishes: t.Sequence[tuple[Facet, Desired]], first: Change, *, dry: bool) -> list[Change]:
    """Settle the facets in order; an error carries whether something had been changed before it."""
    changes = [first]
    new = first.before == "absent"
    try:
        for facet, desired in wishes:
            changes.append(settle(bucket, facet, desired, dry=dry, new=new))
    except MediastoreError as exc:
        exc.result = {"changed": not dry and any(change.changed for change in changes)}
        raise
    return changes


class NotKept(StoreRefused):
    """The store accepted something and shows something else."""

    def __init__(self, tried: str, said: str, remedy: str) -> None:
        super().__init__(tried, said=said, remedy=remedy, code="NotKept")


def wait_until(visible: t.Callable[[], bool], tried: str) -> None:
    """Return when the store shows what it was told; the first look comes at once."""
    for _look in looks(PATIENCE_S):
        if visible():
            return
    raise _not_shown(tried)


def _not_shown(tried: str) -> NotKept:
    return NotKept(
        tried,
        said=f"the store accepted it, but does not show it after {PATIENCE_S:.0f} s",
        remedy="Look into the store's log, and run again.",
    )


def _shown(bucket: Bucket, facet: Facet, before: t.Any, after: t.Any) -> t.Any:
    """What the store shows in the end: what was asked for, what was there before, or what it made of it."""
    shown, since = before, 0.0
    for _look in looks(PATIENCE_S):
        seen = facet.canonical(bucket.read(facet))
        if seen == after:
            return seen
        if seen == before or seen != shown:
            shown, since = seen, time.monotonic()
        elif time.monotonic() - since >= STEADY_S:
            break
    return shown


def _short(value: t.Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= 400 else text[:400] + "…"
