# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A change of storage class from its parts: list first, write down what is to change, then change it and say what happened."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, Callable

from .errors import Incomplete
from .journal import Journal
from .model import UNSETTLED, Todo
from .plan import Plan
from .ports import Progress
from .recopy import ARCHIVED, HURDLES, TOO_LARGE, Copier, Recopier, Wish
from .tariff import Estimate
from .transfer import Tally, attended, transfer

RECLASS = "reclass"


class Reclass:
    """One run over the objects below a prefix.

    What is done is written down nowhere but in the store: a listing shows the class of each object. So a run that was killed is
    taken up by the next one without a trace of the first.
    """

    def __init__(self, wish: Wish, store: Copier, journal: Journal, estimate: Estimate, progress: Progress, samples: int) -> None:
        self._wish = wish
        self._store = store
        self._journal = journal
        self._estimate = estimate
        self._progress = progress
        self._samples = samples
        self._begun = time.monotonic()
        self._classes: dict[str, dict[str, int]] = {}
        self._from: Counter[str] = Counter()
        self._recopier = Recopier(store, wish, progress, samples)
        #: objects that are to be copied in parts
        self.large = 0

    def plan(self, prefix: str, doing: str, abandoned: Callable[[], bool]) -> Plan:
        """Write down which objects are to change; sends nothing but LIST."""
        plan = Plan(self._samples)
        self._progress.phase("list")
        self._journal.begin_plan()
        for thing in attended(self._store.things(prefix), abandoned, doing):
            present = self._classes.setdefault(thing.storage_class, {"objects": 0, "bytes": 0})
            present["objects"] += 1
            present["bytes"] += thing.size
            self._estimate.seen()
            why_not = self._wish.why_not(thing)
            if why_not:
                plan.reasons[why_not] += 1
                plan.keep(thing.size)
            else:
                self._from[thing.storage_class] += 1
                todo = Todo(thing.key, RECLASS, thing.storage_class, thing.size)
                parts = self._store.parts_of(thing)
                self.large += bool(parts)
                self._estimate.add(thing, parts)
                self._journal.plan(todo)
                plan.add(todo)
            self._progress.counted()
            self._progress.tick()
            if self._journal.due:
                self._journal.commit()
        self._journal.commit()
        return plan

    def carry_out(self, plan: Plan, workers: int, abandoned: Callable[[], bool]) -> Tally:
        """Change what is planned, as far as it can be changed."""
        if not plan.files:
            return Tally(self._samples)
        self._store.prepare()
        self._progress.phase(f"to {self._wish.storage_class}", plan.files, plan.nbytes)
        return transfer(self._journal, self._recopier, workers, self._progress, abandoned, self._samples)

    def result(self, plan: Plan, tally: Tally) -> dict[str, Any]:
        """The result of a run, or of a prediction (an empty tally)."""
        took = time.monotonic() - self._begun
        # To the tally all that is left is unsettled; why it is left is known here.
        left = self._recopier.left
        failed = {kind: names for kind, names in tally.samples.items() if kind != UNSETTLED}
        return {
            "classes": dict(sorted(self._classes.items())),
            "plan": {
                "change": {"objects": plan.files, "bytes": plan.nbytes},
                "from": dict(sorted(self._from.items())),
                "unchanged": {"objects": plan.unchanged_files, "bytes": plan.unchanged_bytes},
                "reasons": dict(sorted(plan.reasons.items())),
            },
            "estimate": self._estimate.as_dict(),
            "copied": {"objects": tally.files, "bytes": tally.nbytes},
            "retaken": tally.retaken,
            "vanished": tally.vanished,
            "failures": tally.failed,
            **{why: left.counts[why] for why in (UNSETTLED, *HURDLES)},
            "samples": {"planned": plan.samples, **failed, **left.samples},
            "duration_s": round(took, 2),
            "objects_per_s": round(tally.files / took, 1) if took else 0.0,
            "engine": self._store.engine,
            "complete": plan.files == tally.files + tally.vanished,
        }

    def require_done(self, plan: Plan, tally: Tally, result: dict[str, Any], doing: str) -> None:
        """Fail, with the counts, if anything that was planned has not been done.

        An object that somebody replaces again and again is in use, and the next run's business.
        """
        left = plan.files - tally.files - tally.vanished - int(result[UNSETTLED])
        if left:
            raise IncompleteReclass(doing, _why(left, plan, tally, result), _remedy(result), result)


class IncompleteReclass(Incomplete):
    """A run that did not do all of its plan; carries the result that it would have returned."""

    def __init__(self, tried: str, said: str, remedy: str, result: dict[str, Any]) -> None:
        super().__init__(tried, said=said, remedy=remedy, code="Incomplete")
        self.result = result


def _why(left: int, plan: Plan, tally: Tally, result: dict[str, Any]) -> str:
    parts = [f"{left} of {plan.files} objects are not done"]
    if tally.gave_up:
        parts.append(f"stopped because {tally.gave_up}")
    meanings = {
        "failed": "",
        ARCHIVED: f"{result[ARCHIVED]} archived and not restored: ",
        TOO_LARGE: f"{result[TOO_LARGE]} larger than this store can copy: ",
    }
    for kind, meaning in meanings.items():
        shown = result["samples"].get(kind, [])
        if shown:
            parts.append(meaning + "; ".join(shown[:3]))
    return "; ".join(parts)


def _remedy(result: dict[str, Any]) -> str:
    if result[ARCHIVED] and not result["failures"]:
        return "Restore the archived objects (RestoreObject), wait until they can be read, and run again: the others are done."
    if result[TOO_LARGE] and not result["failures"]:
        return "Upload the large ones again with the class that they are to have: the others are done."
    return "Remove the cause and run again: what has been done is not done twice."
