# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Writes down which objects of one bucket are to be copied into another; sends nothing but LIST."""

from __future__ import annotations

from typing import Callable, Iterable, Iterator, NamedTuple

from .compare import SIZE, tells_content
from .journal import Journal
from .keys import Exclude, unfit_for_store
from .march import meet
from .model import IGNORE, KEEP, TRANSFER, Decision, Proof, RemoteObject, Todo
from .plan import Plan
from .ports import Progress
from .problems import Problems
from .rebase import Rebase
from .transfer import attended


class Pair(NamedTuple):
    """Everything known about one key of the destination: the object that is to be there, the one that is, and the proof."""

    key: str
    source: RemoteObject | None
    target: RemoteObject | None
    proof: Proof | None


class Trust(NamedTuple):
    """What the ETags of a bucket tell about the content of its objects."""

    #: of objects that were put in one request
    whole: bool = True
    #: of objects that were put in parts
    parts: bool = True

    def tells(self, etag: str) -> bool:
        """Whether another object with this ETag has the same content."""
        return self.parts if "-" in etag else tells_content(etag, self.whole)


def proof_of_copy(key: str, size: int, source_etag: str, etag: str) -> Proof:
    """The proof that this version of the source is in the destination under this ETag."""
    return Proof(key, size, 0, 0, 0, source_etag, etag, 0)


class CopyComparer:
    """The truth table of a copy.

    ========= =========== ====================================== ====================================
    source    destination besides                                decision and reason
    ========= =========== ====================================== ====================================
    no        yes                                                ignore    only_in_destination
    yes       no          no proof                               copy      missing
    yes       no          a proof                                copy      gone_from_store
    yes       yes         same size, a proof of both ETags       keep      proved
    yes       yes         same size, same ETag, which tells      keep      same_content
    yes       yes         same size, compare=size                keep      same_size
    yes       yes         else: replace=False                    ignore    kept
    yes       yes         else: other size                       copy      size
    yes       yes         else: both ETags are MD5s              copy      content
    yes       yes         else: an ETag says nothing             copy      unprovable
    ========= =========== ====================================== ====================================
    """

    def __init__(self, compare: str, replace: bool, source: Trust, target: Trust) -> None:
        self._by_size = compare == SIZE
        self._replace = replace
        self._source = source
        self._target = target

    def __call__(self, pair: Pair) -> Decision:
        """What to do about a key, and why."""
        source, target, proof = pair.source, pair.target, pair.proof
        if source is None:
            return Decision(IGNORE, "only_in_destination")
        if target is None:
            return Decision(TRANSFER, "gone_from_store" if proof else "missing")
        same = self._same(source, target, proof) if source.size == target.size else ""
        if same:
            return Decision(KEEP, same)
        if not self._replace:
            return Decision(IGNORE, "kept")
        if source.size != target.size:
            return Decision(TRANSFER, "size")
        told = "-" not in source.etag + target.etag and self._source.tells(source.etag) and self._target.tells(target.etag)
        return Decision(TRANSFER, "content" if told else "unprovable")

    def _same(self, source: RemoteObject, target: RemoteObject, proof: Proof | None) -> str:
        """Why they are the same, or an empty string."""
        if proof is not None and proof == proof_of_copy(target.key, source.size, source.etag, target.etag):
            return "proved"
        if source.etag == target.etag and self._source.tells(source.etag) and self._target.tells(target.etag):
            return "same_content"
        return "same_size" if self._by_size else ""


class CopyPlanner:
    """One pass over both buckets that fills the plan, or finds everything that is wrong with the keys."""

    def __init__(
        self,
        rebase: Rebase,
        exclude: Exclude,
        journal: Journal,
        comparer: CopyComparer,
        key_max_bytes: int,
        progress: Progress,
        samples: int,
    ) -> None:
        self._rebase = rebase
        self._exclude = exclude
        self._journal = journal
        self._comparer = comparer
        self._key_max_bytes = key_max_bytes
        self._progress = progress
        self._plan = Plan(samples)

    def sources(self, listing: Iterable[RemoteObject]) -> Iterator[RemoteObject]:
        """What is to be in the destination, by the key that it is to have there."""
        for thing in listing:
            if self._rebase.relative(thing.key) in self._exclude:
                self._plan.reasons["excluded"] += 1
            elif self._rebase.is_copy(thing.key):
                self._plan.reasons["in_destination"] += 1
            elif thing.key.endswith("/") and not thing.size:
                self._plan.reasons["folder_marker"] += 1
            else:
                yield thing._replace(key=self._rebase.target(thing.key))

    def targets(self, listing: Iterable[RemoteObject]) -> Iterator[RemoteObject]:
        """What is there and is looked at."""
        return (thing for thing in listing if thing.key[len(self._rebase.new) :] not in self._exclude)

    def plan(
        self,
        sources: Iterable[RemoteObject],
        targets: Iterable[RemoteObject],
        proofs: Iterable[Proof],
        problems: Problems,
        abandoned: Callable[[], bool],
    ) -> Plan:
        """Plan by comparing two listings, both in the order of the keys of the destination."""
        self._progress.phase("plan")
        self._journal.begin_plan()
        pairs = meet(sources, "the listing of the source", targets, "the listing of the destination", proofs, Pair)
        for pair in attended(pairs, abandoned, problems.tried):
            if pair.source is None or self._fit(pair.key, problems):
                self._settle(pair, self._comparer(pair), bool(problems.count))
            self._progress.counted()
            self._progress.tick()
            if self._journal.due:
                self._journal.commit()
        self._journal.commit()
        problems.raise_if_any()
        return self._plan

    def _fit(self, key: str, problems: Problems) -> bool:
        why = self._rebase.unfit(key) or unfit_for_store(key, self._key_max_bytes)
        if why:
            problems.add(self._rebase.source(key), why)
        return not why

    def _settle(self, pair: Pair, decision: Decision, in_vain: bool) -> None:
        self._plan.reasons[decision.reason] += 1
        if decision.action == KEEP and pair.source is not None:
            self._plan.keep(pair.source.size)
        if decision.action != TRANSFER or pair.source is None or in_vain:
            return
        todo = Todo(pair.key, TRANSFER, decision.reason, pair.source.size, pair.source.etag)
        if pair.proof is not None:
            self._journal.disprove(pair.key)
        self._journal.plan(todo)
        self._plan.add(todo)
