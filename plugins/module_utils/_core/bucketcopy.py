# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""One bucket into another: plan first, then copy inside the store or through this host, and prove each object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Generator, Iterator, NamedTuple, Protocol

from .compare import NEVER
from .copyplan import CopyComparer, CopyPlanner, Trust, proof_of_copy
from .digest import Digest, plausible_parts
from .download import require_arrived
from .errors import MediastoreError
from .journal import Journal
from .keys import Exclude
from .model import DONE, VANISHED, Outcome, Proof, Receipt, Todo
from .plan import Plan
from .ports import ObjectStore, Progress, Reading
from .problems import Problems
from .rebase import Rebase
from .recopy import ARCHIVED, Barred, Copied, Found
from .retake import Replaced, until_settled
from .retry import pauses, retrying
from .sync import MEMORY, Rules, Run
from .transfer import Budget, Mover
from .upload import RESENDS, NotProved, read_back, require_sent

#: parts that are larger are not kept when an object goes through this host, where they are held in memory
LARGEST_PART = 16 * 1024 * 1024


class Source(ObjectStore, Protocol):
    """The bucket from which objects are taken."""

    def look(self, key: str) -> Found | None:
        """The object as it is now; None if there is none."""

    def fetch(self, key: str) -> Parcel:
        """Begin to read an object with all that belongs to it; Replaced if it is gone."""

    def part_size_of(self, key: str, etag: str, size: int) -> int:
        """The size of the parts in which the object was put; 0 if it was put in one request, or the store does not tell."""


class Target(ObjectStore, Protocol):
    """The bucket into which objects are copied."""

    def bring(self, key: str, etag: str, size: int) -> Copied:
        """Have the store copy the object that has this ETag; Replaced or Barred if that cannot be."""

    def put_parcel(self, key: str, body: bytes, md5: bytes, parcel: Parcel) -> Receipt:
        """Store a small object with what belongs to it."""

    def put_parcel_parts(self, key: str, parts: Iterator[bytes], parcel: Parcel) -> Receipt:
        """Store a large one."""


class Parcel(NamedTuple):
    """An object on its way through this host."""

    reading: Reading
    #: headers, user metadata and tags, in the words of the engine
    headers: dict[str, object]
    #: whether the ETag tells the content, where it has no dash
    etag_is_md5: bool


@dataclass(frozen=True)
class CopyRules(Rules):
    """How a copy decides and works."""

    #: whether the store copies by itself
    server_side: bool = False
    source_sorted: bool = True
    source_trust: Trust = Trust()
    target_trust: Trust = Trust()


class BucketCopy(Run):
    """One run between two buckets."""

    def __init__(
        self,
        rules: CopyRules,
        tried: str,
        rebase: Rebase,
        exclude: Exclude,
        source: Source,
        target: Target,
        journal: Journal,
        proofs: Journal,
        sorter: Journal,
        progress: Progress,
    ) -> None:
        super().__init__(rules, target, journal, proofs, progress)
        self._how = rules
        self._doing = tried
        self._rebase = rebase
        self._exclude = exclude
        self._source = source
        self._target = target
        #: where the listing of the source is put in order if it is in none
        self._sorter = sorter

    @property
    def tried(self) -> str:
        """What errors say was tried."""
        return self._doing

    def plan(self, abandoned: Callable[[], bool]) -> Plan:
        """Compare both buckets and write down what is to be copied; sends nothing but LIST."""
        rules, rebase = self._how, self._rebase
        comparer = CopyComparer(rules.compare, rules.replace != NEVER, rules.source_trust, rules.target_trust)
        planner = CopyPlanner(rebase, self._exclude, self._journal, comparer, rules.key_max_bytes, self._progress, rules.samples)
        there, here = self._source.listing(rebase.old), self._target.listing(rebase.new)
        return planner.plan(
            planner.sources(there if rules.source_sorted else self._sorter.sort(there)),
            planner.targets(here if rules.list_sorted else self._journal.sort(here)),
            self._proofs.proofs(),
            Problems(self.tried),
            abandoned,
        )

    def _busy(self) -> int:
        return self._source.busy + self._target.busy

    def _mover(self) -> Mover:
        if self._how.server_side:
            return InStore(self._source, self._target, self._rebase, self._progress)
        return ThroughHost(self._source, self._target, self._rebase, self._progress, self._rules.part_size, Budget(MEMORY))


class _Copyist:
    """What both ways to copy have in common; one for all workers."""

    def __init__(self, source: Source, target: Target, rebase: Rebase, progress: Progress) -> None:
        self._source = source
        self._target = target
        self._rebase = rebase
        self._progress = progress

    def settle(self) -> None:
        """Nothing to do: the store has answered for each object."""

    def __call__(self, todo: Todo) -> Outcome:
        """Copy one object, again if it is replaced meanwhile."""
        return until_settled(todo.key, lambda retaken: self._take(todo, retaken))

    def _take(self, todo: Todo, retaken: int) -> Outcome:
        etag, size = todo.etag, todo.size
        if retaken:
            found = self._source.look(self._rebase.source(todo.key))
            if found is None:
                return Outcome(todo.key, VANISHED, retaken=retaken)
            etag, size = found.thing.etag, found.thing.size
        try:
            proof = retrying(lambda: self._copy(todo.key, etag, size), NotProved, pauses(RESENDS))
        except Barred as exc:
            raise self._barred(todo.key, exc.hurdle) from exc
        except Replaced as exc:
            # A store that says so again and again of an object that is what it was means something else.
            if retaken > 1 and etag == todo.etag and isinstance(exc.__cause__, MediastoreError):
                raise exc.__cause__ from exc
            raise
        return Outcome(todo.key, DONE, proof.size, proof, retaken)

    def _copy(self, key: str, etag: str, size: int) -> Proof:
        raise NotImplementedError

    def _barred(self, key: str, hurdle: str) -> MediastoreError:
        said, remedy = "it is larger than this store can copy", "Set server_side to never."
        if hurdle == ARCHIVED:
            said, remedy = "it is archived", "Restore it (RestoreObject), wait until it can be read, and run again."
        return MediastoreError(f"copy {self._rebase.source(key)}", said=said, remedy=remedy, code=hurdle)


class InStore(_Copyist):
    """Has the store copy by itself: nothing but the request goes over the wire."""

    def _copy(self, key: str, etag: str, size: int) -> Proof:
        copied = self._target.bring(key, etag, size)
        if not (copied.must_stay and copied.etag == etag):
            self._compare(key, etag)
        self._progress.moved(size)
        return proof_of_copy(key, size, etag, copied.etag)

    def _compare(self, key: str, etag: str) -> None:
        """Where the ETags tell nothing, both objects must give the same bytes."""
        name = self._rebase.source(key)
        reading = self._source.read(name)
        if reading.etag != etag:
            # A store that does not heed conditions has copied what was put there meanwhile.
            raise Replaced()
        theirs = Digest()
        for chunk in reading.chunks:
            theirs.update(chunk)
        ours = read_back(self._target, key, Digest())
        if (ours.size, ours.md5) == (theirs.size, theirs.md5):
            return
        said = f"the copy has {ours.size} bytes with MD5 {ours.md5}, and the object {theirs.size} bytes with {theirs.md5}"
        raise NotProved(f"copy {name}", said=said, remedy="Run again; if it stays so, look at the store's log and disks.")


class ThroughHost(_Copyist):
    """Reads from one store and writes to the other, holding no more than a part of each object."""

    def __init__(
        self, source: Source, target: Target, rebase: Rebase, progress: Progress, part_size: int, budget: Budget
    ) -> None:
        super().__init__(source, target, rebase, progress)
        self._part_size = part_size
        self._budget = budget

    def _copy(self, key: str, etag: str, size: int) -> Proof:
        name = self._rebase.source(key)
        was_cut = self._source.part_size_of(name, etag, size) if "-" in etag else 0
        part_size = self._part_size_for(size, was_cut)
        in_flight = min(size, (self._target.parts_at_once + 1) * part_size) if part_size else size
        with self._budget.holding(in_flight):
            parcel = self._source.fetch(name)
            reading = parcel.reading
            if reading.size != size:
                raise Replaced()
            digest = Digest([was_cut] if was_cut else plausible_parts(reading.etag, size))
            pieces = self._pieces(name, parcel, digest, part_size or size)
            if part_size:
                receipt = self._target.put_parcel_parts(key, pieces, parcel)
                digest.cut(part_size, receipt.cut)
            else:
                body = next(pieces)
                receipt = self._target.put_parcel(key, body, bytes.fromhex(digest.md5), parcel)
        require_sent(self._target, key, receipt, digest)
        return proof_of_copy(key, digest.size, reading.etag, receipt.etag)

    def _part_size_for(self, size: int, was_cut: int) -> int:
        """The size of the parts: as it was uploaded where that can be, so that the ETag stays; 0 for one request."""
        most = max(LARGEST_PART, self._part_size)
        if was_cut and self._target.part_min <= was_cut <= most and -(-size // was_cut) <= self._target.max_parts:
            return was_cut
        if size <= self._part_size:
            return 0
        return max(self._part_size, self._target.part_min, -(-size // self._target.max_parts))

    def _pieces(self, name: str, parcel: Parcel, digest: Digest, size: int) -> Generator[bytes, None, None]:
        """The object in pieces; the last one is only given out with evidence that all of it arrived as it is."""
        reading = parcel.reading
        held: list[bytes] = []
        length = given = 0
        for chunk in reading.chunks:
            digest.update(chunk)
            self._progress.moved(len(chunk))
            while chunk and length < size:
                piece, chunk = chunk[: size - length], chunk[size - length :]
                held.append(piece)
                length += len(piece)
                if length == size and given + length < reading.size:
                    body = b"".join(held)
                    held.clear()
                    yield body
                    given, length = given + length, 0
                    del body
        require_arrived(self._source, name, reading, digest, parcel.etag_is_md5)
        yield b"".join(held)
