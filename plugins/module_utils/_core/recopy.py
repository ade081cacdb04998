# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""One object into another storage class: looked at, copied onto itself, and looked at again."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any, Iterator, Mapping, NamedTuple, Protocol

from .errors import MediastoreError
from .model import DONE, UNSETTLED, VANISHED, Outcome, Todo
from .ports import Progress
from .problems import printable
from .retake import Replaced, until_settled

#: the class of objects of which a store says none
STANDARD = "STANDARD"
#: why an object that should change cannot: it has to be restored first, or the store has no way to copy so much
ARCHIVED, TOO_LARGE = "archived", "too_large"
HURDLES = (ARCHIVED, TOO_LARGE)


class Stored(NamedTuple):
    """An object as a listing, or the store itself when asked for it, describes it."""

    key: str
    size: int
    etag: str
    storage_class: str
    #: seconds since 1970
    modified_s: float


@dataclass(frozen=True)
class Wish:
    """Which objects are to be in which class."""

    storage_class: str
    #: only those that are in one of these now; all if it is empty
    from_classes: tuple[str, ...] = ()
    min_size: int = 0
    #: only those that were last modified before this moment
    before_s: float | None = None

    def why_not(self, thing: Stored) -> str:
        """Why the object stays as it is; empty if it is to change."""
        if thing.storage_class == self.storage_class:
            return "already"
        if self.from_classes and thing.storage_class not in self.from_classes:
            return "other_class"
        if thing.size < self.min_size:
            return "small"
        if self.before_s is not None and thing.modified_s >= self.before_s:
            return "young"
        return ""


class Found(NamedTuple):
    """An object, and what the engine has to know to copy it."""

    thing: Stored
    #: what stands in the way, one of HURDLES, or nothing
    hurdle: str
    head: Mapping[str, Any]


class Copied(NamedTuple):
    """What the store answered to a copy."""

    etag: str
    #: whether that must be the ETag of the source: both are sums of the same bytes, cut in the same way
    must_stay: bool


class Barred(Exception):
    """The store says only when it is asked to copy that it cannot."""

    def __init__(self, hurdle: str) -> None:
        super().__init__(hurdle)
        self.hurdle = hurdle


class Copier(Protocol):
    """One bucket, as an engine gives it, for objects to change their class in. Called by several threads at once."""

    #: what the result calls it
    engine: str

    def things(self, prefix: str) -> Iterator[Stored]:
        """All objects below a prefix; an error raises, so the end of the iteration is the end of the list."""

    def parts_of(self, thing: Stored) -> int:
        """In how many parts it will be copied; 0 for one request."""

    def prepare(self) -> None:
        """Ask once what would otherwise be asked for each object; called before the first copy, and not in a prediction."""

    def look(self, key: str) -> Found | None:
        """The object as it is now; None if there is none."""

    def copy(self, found: Found) -> Copied:
        """Copy it onto itself, in the other class and in nothing else different; Replaced or Barred if that cannot be."""


class Left:
    """What was left as it is for a reason of its own; the names of the first few. Filled by several threads."""

    def __init__(self, samples: int) -> None:
        self.counts: Counter[str] = Counter()
        self.samples: dict[str, list[str]] = {}
        self._most = samples
        self._lock = threading.Lock()

    def add(self, why: str, key: str) -> None:
        """Count one object."""
        with self._lock:
            self.counts[why] += 1
            shown = self.samples.setdefault(why, [])
            if len(shown) < self._most:
                shown.append(printable(key))


class NotProved(MediastoreError):
    """The store took the copy, and shows something that is not what was asked for."""


class Recopier:
    """Copies objects onto themselves; one for all workers."""

    def __init__(self, store: Copier, wish: Wish, progress: Progress, samples: int) -> None:
        self._store = store
        self._wish = wish
        self._progress = progress
        self.left = Left(samples)

    def settle(self) -> None:
        """Nothing to do: the store has answered for each object, and a listing shows what it has done."""

    def __call__(self, todo: Todo) -> Outcome:
        """Take one object to its class, again if it is replaced meanwhile."""
        try:
            outcome = until_settled(todo.key, lambda retaken: self._take(todo.key, retaken))
        except Barred as exc:
            return self._leave(exc.hurdle, Outcome(todo.key, UNSETTLED))
        return outcome if outcome.state != UNSETTLED else self._leave(UNSETTLED, outcome)

    def _take(self, key: str, retaken: int) -> Outcome:
        found = self._store.look(key)
        # What was listed may be another object by now, or the same one already moved by a request of a run that was killed.
        if found is None or self._wish.why_not(found.thing):
            return Outcome(key, VANISHED, retaken=retaken)
        if found.hurdle:
            raise Barred(found.hurdle)
        self._judge(found.thing, self._store.copy(found))
        self._progress.moved(found.thing.size)
        return Outcome(key, DONE, found.thing.size, retaken=retaken)

    def _leave(self, why: str, outcome: Outcome) -> Outcome:
        self.left.add(why, outcome.key)
        return outcome

    def _judge(self, before: Stored, copied: Copied) -> None:
        """Accept the copy only with evidence that it is the same object in the class that was asked for."""
        found = self._store.look(before.key)
        if found is None or (copied.etag and found.thing.etag != copied.etag):
            raise Replaced()
        now = found.thing
        if now.storage_class != self._wish.storage_class:
            said = f"the store accepted {self._wish.storage_class} and shows the object in {now.storage_class}"
            remedy = "Choose a class that this store really has, and set provider so that it is known beforehand."
        elif now.size != before.size or (copied.must_stay and now.etag != before.etag):
            # A store that does not heed conditions copies what was put there a moment ago.
            said = f"it had {before.size} bytes and the ETag {before.etag}, and has {now.size} bytes and the ETag {now.etag} now"
            remedy = "If nobody replaced it while it was copied, look at the store's log and disks; else run again."
        else:
            return
        raise NotProved(f"change the storage class of {before.key}", said=said, remedy=remedy)
