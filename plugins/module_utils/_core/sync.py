# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A sync from its parts: plan first, then act, then say what happened in a few numbers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Callable

from .billing import Billing
from .changeset import Changes
from .compare import ALWAYS, REWRITTEN, Comparer
from .download import Downloader
from .errors import Incomplete
from .headers import Expecting, Headers
from .journal import Journal
from .listed import Listed
from .model import DOWNLOAD, UNSETTLED
from .pace import Pace, Timetable
from .pilot import Pilot
from .plan import Plan, Planner
from .ports import ObjectStore, Progress
from .problems import Problems
from .scan import Tree
from .transfer import Budget, Mover, Tally, transfer
from .upload import Uploader

#: what the bodies in flight may take together, whatever the number of workers
MEMORY = 64 * 1024 * 1024


@dataclass(frozen=True)
class Rules:
    """How a sync decides and works."""

    direction: str
    compare: str
    #: compare with the journal's proofs and ask the store nothing
    against_journal: bool
    etag_is_md5: bool
    list_sorted: bool
    key_max_bytes: int
    part_size: int
    #: how many work at once; None for as many as are worth it
    concurrency: int | None
    keep_replaced: str | None
    samples: int
    #: which files that differ a download replaces
    replace: str = ALWAYS
    #: how much may go over the line in a second, by the time of the day
    bandwidth: Timetable | None = None
    #: what single objects are uploaded with
    headers: Headers | None = None


class Run:
    """One run that brings to one side what the other has."""

    def __init__(self, rules: Rules, store: ObjectStore, journal: Journal, proofs: Journal, progress: Progress) -> None:
        self._rules = rules
        self._store = store
        self._journal = journal
        #: where earlier proofs are: the journal itself, unless this is only a prediction
        self._proofs = proofs
        self._progress = progress
        self._begun = time.monotonic()

    @property
    def tried(self) -> str:
        """What errors say was tried."""
        raise NotImplementedError

    def _mover(self) -> Mover:
        raise NotImplementedError

    def _busy(self) -> int:
        return self._store.busy

    def carry_out(self, plan: Plan, abandoned: Callable[[], bool]) -> Tally:
        """Do what is planned, as far as it can be done."""
        if not plan.files:
            return Tally(self._rules.samples)
        self._progress.phase(self._rules.direction, plan.files, plan.nbytes)
        limit = self._rules.bandwidth
        if limit is None:
            workers = Pilot(self._rules.concurrency, self._busy)
        else:
            self._progress = pace = Pace(self._progress, limit)
            workers = Pilot(self._rules.concurrency, self._busy, pace.paused)
        return transfer(self._journal, self._mover(), workers, self._progress, abandoned, self._rules.samples)

    def result(self, plan: Plan, tally: Tally) -> dict[str, Any]:
        """The result of a run, or of a prediction (an empty tally)."""
        took = time.monotonic() - self._begun
        left = plan.files - tally.settled
        return {
            "plan": plan.as_dict(self._rules.direction),
            "transferred": {"files": tally.files, "bytes": tally.nbytes},
            "retaken": tally.retaken,
            "vanished": tally.vanished,
            "unsettled": tally.unsettled,
            "failures": tally.failed,
            "samples": {"planned": plan.samples, **tally.samples},
            "duration_s": round(took, 2),
            "files_per_s": round(tally.files / took, 1) if took else 0.0,
            "bytes_per_s": round(tally.nbytes / took) if took else 0,
            "engine": self._store.engine,
            "engine_reason": self._store.engine_reason,
            "complete": left == 0,
        }

    def require_done(self, plan: Plan, tally: Tally, result: dict[str, Any]) -> None:
        """Fail, with the counts, if anything that was planned has not been done.

        A file that is still being written is the one thing that may be left, as long as its application runs. Against the journal
        the application is meant to be stopped, so there nothing may be left.
        """
        left = plan.files - tally.settled - (0 if self._rules.against_journal else tally.unsettled)
        if not left:
            return
        raise IncompleteSync(self.tried, said=_why(plan, tally, left), result=result)


class Sync(Run):
    """One run between a directory and a bucket."""

    def __init__(
        self,
        rules: Rules,
        tree: Tree,
        store: ObjectStore,
        journal: Journal,
        proofs: Journal,
        progress: Progress,
        billing: Billing | None = None,
        listed: Listed | None = None,
    ) -> None:
        super().__init__(rules, store, journal, proofs, progress)
        self._tree = tree
        self._billing = billing
        self._listed = listed

    @property
    def tried(self) -> str:
        """What errors say was tried."""
        return f"{self._rules.direction} {self._tree.root.decode('utf-8', 'replace')}"

    def plan(self, abandoned: Callable[[], bool], changes: Changes | None = None) -> Plan:
        """Compare both sides, or what has changed, and write down what is to be done; sends nothing but LIST."""
        rules, problems = self._rules, Problems(self.tried)
        comparer = Comparer(rules.direction, rules.compare, self._tree.path, rules.etag_is_md5, rules.part_size, rules.replace)
        planner = Planner(
            self._tree, self._journal, comparer, rules.key_max_bytes, self._progress, rules.samples, abandoned, self._billing
        )
        if changes is not None:
            return planner.against_feed(changes, self._proofs, problems)
        if rules.against_journal:
            return planner.against_journal(self._proofs, problems)
        listing = self._store.listing(self._tree.prefix)
        if self._billing:
            listing = self._billing.listed(listing)
        if self._listed:
            listing = self._listed.count(listing)
        return planner.against_listing(listing if rules.list_sorted else self._journal.sort(listing), self._proofs, problems)

    def result(self, plan: Plan, tally: Tally) -> dict[str, Any]:
        """The same, what was found to be damaged or older in the store, and the course of it."""
        found = {"damaged": tally.damaged, "newer": tally.newer}
        return {**super().result(plan, tally), **found, "throughput": tally.throughput}

    def _mover(self) -> Mover:
        rules = self._rules
        if rules.direction == DOWNLOAD:
            return Downloader(
                self._store,
                self._tree,
                rules.keep_replaced,
                rules.etag_is_md5,
                rules.part_size,
                self._progress,
                only_rewritten=rules.replace == REWRITTEN,
            )
        uploader = Uploader(self._store, self._tree, rules.part_size, Budget(MEMORY), self._progress)
        return Expecting(uploader, self._tree, rules.headers) if rules.headers else uploader


class IncompleteSync(Incomplete):
    """A sync that did not do all of its plan; carries the result that it would have returned."""

    def __init__(self, tried: str, said: str, result: dict[str, Any]) -> None:
        super().__init__(
            tried, said=said, remedy="Remove the cause and run again: what has been done is not done twice.", code="Incomplete"
        )
        self.result = result


def _why(plan: Plan, tally: Tally, left: int) -> str:
    parts = [f"{left} of {plan.files} files are not done"]
    if tally.gave_up:
        parts.append(f"stopped because {tally.gave_up}")
    for kind, meaning in (("failed", ""), (UNSETTLED, "still being written: ")):
        shown = tally.samples.get(kind, [])
        if shown:
            parts.append(meaning + "; ".join(shown[:3]))
    return "; ".join(parts)
