# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Writes down what is to be done before anything is done."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any, Callable, Iterable, Iterator

from .billing import Billing
from .changed import changed_files
from .changeset import Changes
from .compare import AUTO, Comparer
from .journal import Journal
from .keys import PrefixKeys, unfit_for_disk, unfit_for_store
from .march import in_order, march, unproved
from .model import DOWNLOAD, KEEP, UPLOAD, Decision, RemoteObject, Row, Todo
from .ports import Progress
from .problems import Problems, printable
from .scan import Tree
from .scouts import walk
from .transfer import attended

#: why a key is uploaded that is not in the store yet
NEW = ("missing", "gone_from_store")


class Plan:
    """How much there is to do, and why; the lines themselves are in the journal."""

    def __init__(self, samples: int, billing: Billing | None = None) -> None:
        self.files = self.nbytes = 0
        self.unchanged_files = self.unchanged_bytes = 0
        self.reasons: Counter[str] = Counter()
        self.samples: list[str] = []
        self._most = samples
        #: counts what all this will ask of the store and leave there, where somebody wants to know
        self._billing = billing

    def add(self, todo: Todo) -> None:
        """Count one thing to do."""
        self.files += 1
        self.nbytes += todo.size
        if self._billing:
            self._billing.send(todo.size, replaces=todo.reason not in NEW)
        if len(self.samples) < self._most:
            self.samples.append(f"{printable(todo.key)} ({todo.reason})")

    def keep(self, nbytes: int, files: int = 1) -> None:
        """Count files that need nothing."""
        self.unchanged_files += files
        self.unchanged_bytes += nbytes
        if self._billing:
            self._billing.keep(nbytes)

    def as_dict(self, direction: str) -> dict[str, Any]:
        """The shape of the result."""
        return {
            **(self._billing.as_dict() if self._billing else {}),
            direction: {"files": self.files, "bytes": self.nbytes},
            "unchanged": {"files": self.unchanged_files, "bytes": self.unchanged_bytes},
            "reasons": dict(sorted(self.reasons.items())),
        }


class Planner:
    """One pass over both sides that fills the plan, or finds everything that is wrong with the input."""

    def __init__(
        self,
        tree: Tree,
        journal: Journal,
        comparer: Comparer,
        key_max_bytes: int,
        progress: Progress,
        samples: int,
        abandoned: Callable[[], bool],
        billing: Billing | None = None,
    ) -> None:
        self._tree = tree
        self._journal = journal
        self._comparer = comparer
        self._downloading = comparer.direction == DOWNLOAD
        self._key_max_bytes = key_max_bytes
        self._progress = progress
        self._abandoned = abandoned
        self._plan = Plan(samples, billing)
        self._files_above = PrefixKeys()
        # root may read everything, so asking costs time and tells nothing
        self._ask_access = os.geteuid() != 0

    def against_listing(self, remote: Iterable[RemoteObject], proofs: Journal, problems: Problems) -> Plan:
        """Plan by comparing the directory with a listing of the store."""
        wanted = (thing for thing in remote if self._wanted(thing))
        rows = march(walk(self._tree, problems), wanted, proofs.proofs())
        return self._fill(rows, self._comparer.listed, problems)

    def against_journal(self, proofs: Journal, problems: Problems) -> Plan:
        """Plan by comparing the directory with what the journal proves; the store is asked nothing."""
        files = attended(walk(self._tree, problems), self._abandoned, problems.tried)
        if self._comparer.compare == AUTO:
            rows = unproved(files, proofs.proofs(), self._proved)
        else:
            rows = march(files, (), proofs.proofs())
        return self._fill(rows, self._comparer.proved, problems)

    def _proved(self, files: int, nbytes: int) -> None:
        """Count files that need nothing, as the proofs say."""
        if files:
            self._plan.reasons["proved"] += files
            self._plan.keep(nbytes, files)
        self._progress.counted(files)
        self._progress.tick()

    def against_feed(self, changes: Changes, proofs: Journal, problems: Problems) -> Plan:
        """Plan by comparing what has changed, and nothing else, with what the journal proves."""
        files = in_order(changed_files(self._tree, changes, proofs, problems), "the change feed")
        rows = (Row(file.key, file, None, proofs.proof_of(file.key)) for file in files)
        return self._fill(rows, self._comparer.proved, problems)

    def _fill(self, rows: Iterator[Row], decide: Callable[[Row], Decision], problems: Problems) -> Plan:
        self._progress.phase("plan")
        self._journal.begin_plan()
        for row in attended(rows, self._abandoned, problems.tried):
            if self._fit(row, problems):
                self._settle(row, self._decide(row, decide, problems), problems)
            self._progress.counted()
            self._progress.tick()
            if self._journal.due:
                self._journal.commit()
        self._plan.reasons.update(self._tree.passed)
        # An error found later must not leave half a plan that looks like a whole one, nor lose the proofs gained on the way.
        self._journal.commit()
        problems.raise_if_any()
        return self._plan

    def _wanted(self, thing: RemoteObject) -> bool:
        if not self._tree.concerns(thing.key):
            return False
        if thing.is_folder:
            self._plan.reasons["folder_marker"] += 1
            return False
        return True

    def _fit(self, row: Row, problems: Problems) -> bool:
        """Whether the key can be on the side where it is to go."""
        if not self._downloading:
            why = unfit_for_store(row.key, self._key_max_bytes)
        else:
            why = unfit_for_disk(self._tree.relative(row.key)) if row.remote is not None else ""
            above = self._files_above.file_above(row.key)
            if above and not why:
                why = f"{printable(above)} is a file, so it cannot be a folder"
        if why:
            problems.add(row.key, why)
        return not why

    def _decide(self, row: Row, decide: Callable[[Row], Decision], problems: Problems) -> Decision:
        try:
            decision = decide(row)
        except FileNotFoundError:
            return Decision("", "vanished")
        except OSError as exc:
            problems.add(row.key, f"cannot be read ({exc.strerror})")
            return Decision("", "unreadable")
        if decision.action == UPLOAD and self._ask_access and not os.access(self._tree.path(row.key), os.R_OK):
            if os.path.lexists(self._tree.path(row.key)):
                problems.add(row.key, "cannot be read (Permission denied)")
                return Decision("", "unreadable")
            return Decision("", "vanished")
        return decision

    def _settle(self, row: Row, decision: Decision, problems: Problems) -> None:
        self._plan.reasons[decision.reason] += 1
        if decision.proof is not None:
            self._journal.prove(decision.proof)
        if decision.action == KEEP and row.local is not None:
            self._plan.keep(row.local.size)
        if self._downloading and row.remote is None:
            # Whoever deleted it had a right to: the next upload sends the file again, and nobody takes it for a loss.
            self._journal.disprove(row.key)
        source = row.local if decision.action == UPLOAD else row.remote if decision.action == DOWNLOAD else None
        if source is None or problems.count:
            return
        todo = Todo(row.key, decision.action, decision.reason, source.size)
        if row.proof is not None:
            # Until the transfer has proved it again: a run against the journal must not believe what a listing has just refuted.
            self._journal.disprove(row.key)
        self._journal.plan(todo)
        self._plan.add(todo)
