# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Holds Synapse's database, its media store and the bucket against each other. Changes none of them.

The database is read first, so whatever it names was there at that time: Synapse writes the file, then the object, then the row.
It is read once more in the end, as what came or went meanwhile is neither an orphan nor missing.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Any, Callable, Iterator, NamedTuple

from .crew import fan_out
from .digest import CHUNK, open_quietly
from .errors import MediastoreError
from .ledger import (
    BOTH,
    BUCKET_ONLY,
    DIFFERENT,
    DISK_ONLY,
    MISSING,
    ORPHAN_BUCKET,
    ORPHAN_DISK,
    SETTLING,
    STATES,
    UNREADABLE,
    Expected,
    Found,
    Ledger,
)
from .march import march
from .mediarows import KINDS, ON_DISK_ONLY, Database, kind_of, media_rows
from .model import LocalFile, Proof, RemoteObject, Row
from .pilot import Pilot
from .ports import ObjectStore, Progress
from .problems import Problems, printable
from .scan import Tree
from .transfer import attended
from .verify import MATCHED, Verifier
from .verify import UNREADABLE as NOT_READ

FILE, OBJECT = "file", "object"


@dataclass(frozen=True)
class Scope:
    """What is looked at, and how."""

    #: the kinds that Synapse gives to its storage provider
    stored: tuple[str, ...]
    #: what is younger is not judged
    settle_after_ms: int
    etag_is_md5: bool
    part_size: int
    concurrency: int | None
    samples: int


class Sighting(NamedTuple):
    """Everything known of one key."""

    key: str
    expected: Expected | None
    file: LocalFile | None
    thing: RemoteObject | None
    proof: Proof | None

    @property
    def size(self) -> int:
        """That of the file or, where there is none, of the object."""
        there = self.file or self.thing
        return there.size if there else 0


class Reconciler:
    """One look at all three."""

    def __init__(self, scope: Scope, tree: Tree, store: ObjectStore, progress: Progress, abandoned: Callable[[], bool]) -> None:
        self._scope = scope
        self._tree = tree
        self._store = store
        self._progress = progress
        self._abandoned = abandoned
        self._verifier = Verifier(tree, store, scope.etag_is_md5, scope.part_size, "none", 0, scope.concurrency, progress)
        self.ledger = Ledger()
        #: rows that cannot be files
        self.strange: list[str] = []

    @property
    def tried(self) -> str:
        """What errors say was tried."""
        return f"reconcile {self._tree.root.decode('utf-8', 'replace')}"

    def read(self, database: Database) -> None:
        """Read what there should be."""
        self._progress.phase("database")
        rows = media_rows(database, self.strange)
        self.ledger.expect((row for row in rows if self._tree.prefix + row.path in self._tree.shard), self._tree.prefix)

    def look(self, listing: Iterator[RemoteObject], proofs: Iterator[Proof]) -> None:
        """Walk along all three, to the end."""
        problems = Problems(self.tried)
        self._progress.phase("look")
        wanted = (thing for thing in listing if self._tree.concerns(thing.key) and not thing.is_folder)
        rows = attended(march(self._tree.files(problems), wanted, proofs), self._abandoned, self.tried)
        workers = Pilot(1 if self._scope.etag_is_md5 else self._scope.concurrency, lambda: self._store.busy)
        for found in fan_out(self._undecided(self._sightings(rows)), self._prove, workers, lambda: False):
            if found is not None:
                self.ledger.note(found)
            self._progress.tick()
        # Half of a directory would make media missing that are in the other half.
        problems.raise_if_any()

    def settle(self, database: Database) -> None:
        """Look once more at what seemed to be missing, or to belong to nobody."""
        self.ledger.marry_legacy()
        if not self.ledger.doubtful:
            return
        self._progress.phase("look again")
        rows = media_rows(database, [])
        self.ledger.settle(rows, self._tree.prefix)
        # An evictor that is at work may have taken the file after its object was listed.
        missing = (found.key for found, _row in self.ledger.of(MISSING))
        for key in [key for key in fan_out(missing, self._come_back, 8, lambda: False) if key]:
            self.ledger.withdraw(key, MISSING)
            self.ledger.counts[kind_of(self._tree.relative(key)), SETTLING] += 1

    def _come_back(self, key: str) -> str:
        there = os.path.lexists(self._tree.path(key)) or any(thing.key == key for thing in self._store.listing(key))
        return key if there else ""

    def _sightings(self, rows: Iterator[Row]) -> Iterator[Sighting]:
        """Merge what there should be with what there is."""
        expected = (row for row in self.ledger.expected() if self._tree.relative(row.key) not in self._tree.exclude)
        due, row = next(expected, None), next(rows, None)
        while due is not None or row is not None:
            key = min(each.key for each in (due, row) if each is not None)
            here = row if row is not None and row.key == key else None
            meant = due if due is not None and due.key == key else None
            parts = (here.local, here.remote, here.proof) if here else (None, None, None)
            yield Sighting(key, meant, *parts)
            if meant is not None:
                due = next(expected, None)
            if here is not None:
                row = next(rows, None)

    def _undecided(self, sightings: Iterator[Sighting]) -> Iterator[Sighting]:
        """Note what can be told at once, and pass on what has to be read."""
        for seen in sightings:
            self._progress.counted(1, seen.file.size if seen.file else 0)
            kind = kind_of(self._tree.relative(seen.key))
            if seen.thing is not None and kind not in self._scope.stored:
                self.ledger.note(Found(seen.key, kind, ORPHAN_BUCKET, seen.thing.size))
                seen = seen._replace(thing=None)
            if seen.expected is None:
                self._note_orphan(seen, kind)
            elif self._off(seen) and self._young(seen):
                self.ledger.note(Found(seen.key, kind, SETTLING))
            elif seen.file is None and seen.thing is None:
                self.ledger.note(Found(seen.key, kind, MISSING, seen.expected.size or 0))
            elif self._sized(seen) and (seen.file is None or seen.thing is None):
                state = DISK_ONLY if seen.file else BUCKET_ONLY
                self.ledger.note(Found(seen.key, kind, state, seen.size))
            else:
                yield seen

    def _note_orphan(self, seen: Sighting, kind: str) -> None:
        if seen.file is not None and self._young(seen):
            self.ledger.note(Found(seen.key, kind, SETTLING))
            return
        for state, thing in ((ORPHAN_DISK, seen.file), (ORPHAN_BUCKET, seen.thing)):
            if thing is not None:
                self.ledger.note(Found(seen.key, kind, state, thing.size))

    def _off(self, seen: Sighting) -> bool:
        return seen.file is None or seen.thing is None or not self._sized(seen)

    def _young(self, seen: Sighting) -> bool:
        """Whether it may still be under way."""
        at = self._scope.settle_after_ms
        young = seen.expected is not None and seen.expected.created_ms > at
        return young or (seen.file is not None and seen.file.mtime_ns > at * 1_000_000)

    @staticmethod
    def _sized(seen: Sighting) -> bool:
        """Whether what there is has the size that the database says."""
        size = seen.expected.size if seen.expected else None
        return size is None or all(each.size == size for each in (seen.file, seen.thing) if each is not None)

    # -- the content

    def _prove(self, seen: Sighting) -> Found | None:
        """Compare file and object, and where they differ find out which of them is whole."""
        if seen.expected is None:
            raise AssertionError(seen.key)
        kind, size = seen.expected.kind, seen.size
        if self._sized(seen) and seen.file is not None and seen.thing is not None:
            finding = self._verifier.prove(Row(seen.key, seen.file, seen.thing, seen.proof))
            if finding is None:
                return Found(seen.key, kind, SETTLING)
            if finding.verdict == MATCHED:
                return Found(seen.key, kind, BOTH, size)
            if finding.verdict == NOT_READ:
                return Found(seen.key, kind, UNREADABLE, size, "", finding.why)
        try:
            return Found(seen.key, kind, DIFFERENT, size, self._whole(seen), self._why(seen))
        except FileNotFoundError:
            return Found(seen.key, kind, SETTLING)
        except (OSError, MediastoreError) as exc:
            return Found(seen.key, kind, UNREADABLE, size, "", str(exc)[:300])

    def _whole(self, seen: Sighting) -> str:
        """Which side is what the database says; by its sha256 where it is known, else by the size if that can tell."""
        if seen.expected is None:
            raise AssertionError(seen.key)
        size, sha256 = seen.expected.size, seen.expected.sha256
        fits = [side for side, each in ((FILE, seen.file), (OBJECT, seen.thing)) if each is not None and each.size == size]
        if sha256:
            return next((side for side in fits if self.sha256_of(side, seen.key) == sha256), "")
        return fits[0] if len(fits) == 1 else ""

    def sha256_of(self, side: str, key: str) -> str:
        """The content of one side, summed up as Synapse does."""
        sha256 = hashlib.sha256()
        if side == OBJECT:
            for chunk in self._store.read(key).chunks:
                sha256.update(chunk)
        else:
            with open(open_quietly(self._tree.path(key)), "rb", buffering=0) as source:
                for chunk in iter(lambda: source.read(CHUNK), b""):
                    sha256.update(chunk)
        return sha256.hexdigest()

    @staticmethod
    def _why(seen: Sighting) -> str:
        said = [("database", seen.expected), ("file", seen.file), ("object", seen.thing)]
        sizes = {name: each.size for name, each in said if each is not None and each.size is not None}
        if len(set(sizes.values())) == 1:
            return "same size, other content"
        return "bytes: " + ", ".join(f"{name} {size}" for name, size in sizes.items())

    # -- what is said of it

    def result(self) -> dict[str, Any]:
        """All of it in a few numbers, and the first names of each state."""
        counts, rows, samples = self.ledger.total(), self.ledger.rows(), self._scope.samples
        quarantined, named = self.ledger.quarantined(samples)
        kinds = [*KINDS, *(["other"] if any(kind == "other" for kind, _state in counts) else [])]
        shown: dict[str, list[str]] = {"quarantined": [_named(row.key, row, f"by {row.quarantined_by}") for row in named]}
        for state in STATES:
            shown[state] = self._shown(state, samples)
        shown["strange"] = [printable(name) for name in self.strange[:samples]]
        return {
            "counts": {
                kind: {"rows": rows[kind], **{state: counts[kind, state] for state in STATES}, "quarantined": quarantined[kind]}
                for kind in kinds
            },
            "totals": {state: sum(counts[kind, state] for kind in kinds) for state in STATES},
            "strange": len(self.strange),
            "samples": {state: names for state, names in shown.items() if names},
            "reconciled": self._reconciled(counts),
        }

    def _shown(self, state: str, most: int) -> list[str]:
        found = self.ledger.of(state)
        shown: list[str] = []
        for one, row in found:
            if len(shown) >= most:
                break
            if state == DISK_ONLY and one.kind in ON_DISK_ONLY:  # where it belongs
                continue
            whole = f"; the {one.whole} is whole" if one.whole in (FILE, OBJECT) else ""
            shown.append(_named(one.key, row, one.why + whole))
        return shown

    def _reconciled(self, counts: Any) -> bool:
        """Whether all that the database knows is whole, and in the bucket as far as it belongs there."""
        wrong = sum(counts[kind, state] for kind in KINDS for state in (MISSING, DIFFERENT, UNREADABLE))
        return not wrong and not any(counts[kind, DISK_ONLY] for kind in self._scope.stored if kind not in ON_DISK_ONLY)


def _named(key: str, row: Expected | None, why: str) -> str:
    said = ", ".join(each for each in (row.mxc if row else "", why.lstrip("; ")) if each)
    return printable(key) + (f" ({said})" if said else "")
