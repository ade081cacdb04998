# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Which files of a directory may go, which have to stay, and why: the rules of an eviction, and what it found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from .keys import Exclude
from .lru import Candidate, Candidates
from .model import Proof
from .problems import printable

EVICTED = "evicted"
#: removed meanwhile by whoever owns it
GONE = "gone"
#: why a file stays: need not go, used lately, is always kept, is or was just being written, changed since the walk passed it
RECENT, YOUNG, KEPT, SETTLING, CHANGED = "recent", "young", "kept", "settling", "changed"
#: and why it stays although it may go: the bucket does not have it as it is here, or it could not be read or removed
MISSING, DIFFERENT, UNREADABLE, FAILED = "missing", "different", "unreadable", "failed"
STAYED = (RECENT, YOUNG, KEPT, SETTLING, CHANGED, MISSING, DIFFERENT, UNREADABLE, FAILED)
#: those that somebody has to look at
UNPROVED = (MISSING, DIFFERENT, UNREADABLE, FAILED)
#: an object that was the only copy, and is not what the journal says any more
LOST = "lost"
SECOND = 10**9


@dataclass(frozen=True)
class Policy:
    """Which files may go, and how many have to."""

    max_bytes: int | None
    max_age_s: float | None
    min_age_s: float
    #: a file that was written more recently is not sent
    upload_after_s: float
    keep: Exclude
    #: whether the filesystem notes when a file is read
    atime: bool
    now_ns: int

    def before(self, seconds: float) -> int:
        """The moment that is so long ago."""
        return self.now_ns - round(seconds * SECOND)


class Fate(NamedTuple):
    """What became of a candidate."""

    candidate: Candidate
    state: str
    why: str = ""
    #: gained while it was proved
    proof: Proof | None = None

    @property
    def size(self) -> int:
        """What was worked on."""
        return self.candidate.size


class Survey:
    """What a walk along both sides found, and what came of it."""

    def __init__(self, samples: int) -> None:
        self.files = self.nbytes = 0
        #: files that are to be sent
        self.plan_files = self.plan_bytes = 0
        self.evicted_files = self.evicted_bytes = 0
        self.stayed: Counter[str] = Counter()
        self.candidates = Candidates()
        #: candidates that have not been dealt with, and those of the last ones that could not be
        self.waiting = self.in_a_row = 0
        #: keys that are known to belong together on both sides
        self.known = 0
        self.samples: dict[str, list[str]] = {}
        self._most = samples

    def stay(self, key: str, state: str, why: str = "") -> None:
        """Count a file that stays."""
        self.stayed[state] += 1
        if state in (*UNPROVED, CHANGED, LOST):
            self.name(key, state, why)

    def name(self, key: str, state: str, why: str = "") -> None:
        """Show one of the first of its kind."""
        shown = self.samples.setdefault(state, [])
        if len(shown) < self._most:
            shown.append(printable(key) + (f" ({why})" if why else ""))

    def settle(self, fate: Fate) -> None:
        """Count what became of a candidate."""
        self.waiting -= 1
        self.in_a_row = self.in_a_row + 1 if fate.state in (UNREADABLE, FAILED) else 0
        if fate.state == EVICTED:
            self.evicted_files += 1
            self.evicted_bytes += fate.size
            self.name(fate.candidate.key, EVICTED)
        elif fate.state == GONE:
            self.files -= 1
            self.nbytes -= fate.size
        else:
            self.stay(fate.candidate.key, fate.state, fate.why)

    @property
    def unproved(self) -> int:
        """Files that somebody has to look at."""
        return sum(self.stayed[state] for state in UNPROVED)
