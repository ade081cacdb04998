# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Compares a directory with a bucket, object by object, and names what is not the same. Changes nothing."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any, Callable, Iterable, Iterator, NamedTuple

from .compare import carries_time, still_proved, tells_content
from .crew import fan_out
from .digest import Digest, digest_of_file, md5_of, part_size_in, plausible_parts
from .errors import MediastoreError
from .march import march
from .model import LocalFile, Proof, RemoteObject, Row
from .pilot import Pilot
from .ports import ObjectStore, Progress
from .problems import Problems, printable
from .scan import Tree
from .scouts import walk
from .transfer import attended
from .upload import read_back

MATCHED, MISSING, DIFFERENT, EXTRA, UNREADABLE = "matched", "missing", "different", "extra", "unreadable"
#: written anew by somebody else since the file was uploaded, which is no damage where somebody may
REWRITTEN = "rewritten"
#: came or changed after the last sync of a live directory, so nothing is claimed about it
PENDING = "pending"
VERDICTS = (MATCHED, MISSING, DIFFERENT, EXTRA, UNREADABLE, REWRITTEN, PENDING)
NONE, SAMPLE, ALL = "none", "sample", "all"

#: takes a file, its MD5 and the ETag of its object
Certify = Callable[[LocalFile, str, str], None]


class Finding(NamedTuple):
    """What was found out about one key."""

    key: str
    verdict: str
    why: str = ""
    #: of the local file
    size: int = 0
    #: the MD5 of the local file, if reading back is to compare with it
    md5: str = ""
    #: of the local file, if it is the one that was uploaded and the object is not: its upload carries that time
    uploaded_ns: int = 0


class Findings:
    """All verdicts, counted; the first few of each kind named."""

    def __init__(self, samples: int, may_be_deleted: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self.samples: dict[str, list[str]] = {}
        self.files = self.nbytes = self.read_back = self.vanished = 0
        #: whether an object that was still to be read turned out to be another one, or gone
        self.surprised = False
        self._most = samples
        #: every missing key, where whoever works on the store may have deleted them; else nothing
        self.deleted: list[str] = []
        self._may_be_deleted = may_be_deleted

    def add(self, finding: Finding) -> None:
        """Count one verdict."""
        self.counts[finding.verdict] += 1
        if finding.verdict == MISSING and self._may_be_deleted:
            self.deleted.append(finding.key)
        if finding.verdict != EXTRA:
            self.files += 1
            self.nbytes += finding.size
        shown = self.samples.setdefault(finding.verdict, [])
        if finding.verdict != MATCHED and len(shown) < self._most:
            shown.append(printable(finding.key) + (f" ({finding.why})" if finding.why else ""))

    def verified(self, extra_fails: bool) -> bool:
        """Whether every file is in the store as it is here (and, if asked, nothing else is)."""
        bad = (DIFFERENT, UNREADABLE) + ((EXTRA,) if extra_fails else ()) + (() if self._may_be_deleted else (MISSING,))
        return not any(self.counts[verdict] for verdict in bad)

    def as_dict(self) -> dict[str, Any]:
        """The shape of the result."""
        return {
            "counts": {verdict: self.counts[verdict] for verdict in VERDICTS},
            "samples": {verdict: shown for verdict, shown in self.samples.items() if shown},
            "files": self.files,
            "bytes": self.nbytes,
            "read_back": self.read_back,
            "vanished": self.vanished,
        }


class Verifier:
    """One verification."""

    def __init__(
        self,
        tree: Tree,
        store: ObjectStore,
        etag_is_md5: bool,
        part_size: int,
        read_back: str,
        sample: int,
        workers: int | None,
        progress: Progress,
        live: bool = False,
        may_be_rewritten: bool = False,
        may_be_deleted: bool = False,
    ) -> None:
        self._tree = tree
        self._store = store
        self._etag_is_md5 = etag_is_md5
        self._part_size = part_size
        self._read_back = read_back
        self._sample_size = sample
        self._workers = workers
        self._progress = progress
        self._live = live
        self._may_be_rewritten = may_be_rewritten
        self._may_be_deleted = may_be_deleted
        self._sample: list[Finding] = []

    def run(
        self,
        remote: Iterable[RemoteObject],
        proofs: Iterable[Proof],
        samples: int,
        abandoned: Callable[[], bool] = lambda: False,
        certify: Certify | None = None,
    ) -> Findings:
        """March along both sides and judge every key; ``certify`` is told of each file that the bucket has, or is said to have.

        What is still to be read back is told as well, so all of it is worth nothing unless the findings are verified in the end.
        """
        findings, problems = Findings(samples, self._may_be_deleted), Problems(f"verify {os.fsdecode(self._tree.root)}")
        wanted = (thing for thing in remote if self._wanted(thing))
        self._progress.phase("verify")
        rows = attended(march(self._files(problems), wanted, proofs), abandoned, problems.tried)
        self._collect(self._unsettled(rows, findings, certify), findings)
        # Half of a directory proves nothing about the whole.
        problems.raise_if_any()
        if self._sample:
            self._progress.phase("read back", len(self._sample), sum(finding.size for finding in self._sample))
            for finding in self._sample:
                findings.counts[MATCHED] -= 1
                findings.files -= 1
                findings.nbytes -= finding.size
            self._collect(iter(self._sample), findings)
        return findings

    def prove(self, row: Row) -> Finding | None:
        """The verdict on one key, by getting the object where nothing less can tell; None if the file is gone."""
        finding = self._judge(row)
        return self._by_reading(finding) if finding and not finding.verdict else finding

    def _files(self, problems: Problems) -> Iterator[LocalFile]:
        return walk(self._tree, problems)

    def _wanted(self, thing: RemoteObject) -> bool:
        return self._tree.concerns(thing.key) and not thing.is_folder

    def _unsettled(self, rows: Iterator[Row], findings: Findings, certify: Certify | None) -> Iterator[Finding]:
        """Count what can be judged here, and pass on what has to be read back."""
        matched = 0
        for row in rows:
            finding = self._judge(row)
            # An object that may have been written anew is not the file's, whatever comes of reading it.
            if certify and finding and finding.md5 and not finding.uploaded_ns and row.local and row.remote:
                certify(row.local, finding.md5, row.remote.etag)
            self._progress.counted(1, finding.size if finding else 0)
            self._progress.tick()
            if finding is None:
                findings.vanished += 1
            elif finding.uploaded_ns or (finding.md5 and (self._read_back == ALL or not finding.verdict)):
                yield finding
            else:
                findings.add(finding)
                if self._read_back == SAMPLE and finding.verdict == MATCHED:
                    matched += 1
                    self._draw(finding, matched)

    def _draw(self, finding: Finding, number: int) -> None:
        """Keep a fair sample of a stream whose length nobody knows."""
        if len(self._sample) < self._sample_size:
            self._sample.append(finding)
        else:
            place = random.randrange(number)
            if place < self._sample_size:
                self._sample[place] = finding

    def _collect(self, jobs: Iterator[Finding], findings: Findings) -> None:
        hardly_any = self._read_back == NONE and self._etag_is_md5 and not self._may_be_rewritten
        workers = Pilot(1 if hardly_any else self._workers, lambda: self._store.busy)
        for finding in fan_out(jobs, self._by_reading, workers, lambda: False):
            if finding is not None:
                findings.read_back += bool(finding.md5)
                findings.surprised |= bool(finding.md5) and finding.verdict != MATCHED
                findings.add(finding)
            self._progress.tick()

    def _judge(self, row: Row) -> Finding | None:
        """The verdict on a key; an empty one if only reading back can tell; None if the file has gone meanwhile."""
        file, thing = row.local, row.remote
        if file is None:
            return Finding(row.key, EXTRA)
        finding = self._compare(file, thing, row.proof)
        if self._live and finding and finding.verdict in (MISSING, DIFFERENT) and not self._was_there(file, row.proof):
            return finding._replace(verdict=PENDING)
        return finding

    def _was_there(self, file: LocalFile, proof: Proof | None) -> bool:
        """Whether the journal says that the store had this very file."""
        try:
            return proof is not None and still_proved(self._tree.path(file.key), file, proof)
        except OSError:
            return False

    def _compare(self, file: LocalFile, thing: RemoteObject | None, proof: Proof | None) -> Finding | None:
        if thing is None:
            return None if self._gone(file.key) else Finding(file.key, MISSING, size=file.size)
        if thing.size != file.size:
            why = f"{thing.size} bytes in the store, {file.size} here"
            return Finding(file.key, DIFFERENT, why, file.size, uploaded_ns=self._uploaded_ns(file, thing, proof))
        if proof and proof.covers(file) and proof.etag == thing.etag:
            return Finding(file.key, MATCHED, size=file.size, md5=proof.md5)
        return self._by_digest(file, thing, proof)

    def _gone(self, key: str) -> bool:
        """Whether a file was removed since its folder was read."""
        return not os.path.lexists(self._tree.path(key))

    def _uploaded_ns(self, file: LocalFile, thing: RemoteObject, proof: Proof | None) -> int:
        """The file's time, if its proof is about another object, so that this one may have been written anew; else 0."""
        if not self._may_be_rewritten or proof is None or proof.etag == thing.etag:
            return 0
        return file.mtime_ns if (file.size, file.mtime_ns) == (proof.size, proof.mtime_ns) else 0

    def _by_digest(self, file: LocalFile, thing: RemoteObject, proof: Proof | None) -> Finding | None:
        parts = plausible_parts(thing.etag, thing.size, proof.part_size if proof else self._part_size)
        trusted = proof.md5 if proof and proof.etag == thing.etag else ""
        parts.append(part_size_in(trusted))
        try:
            digest = digest_of_file(self._tree.path(file.key), file, Digest(parts))
        except FileNotFoundError:
            return None
        except OSError as exc:
            return Finding(file.key, UNREADABLE, str(exc.strerror), file.size)
        if digest is None:
            return Finding(file.key, DIFFERENT, "it is being written", file.size)
        part_size = digest.part_size_for(thing.etag)
        if part_size is not None:
            return Finding(file.key, MATCHED, size=file.size, md5=md5_of(thing.etag, part_size))
        if trusted and digest.gives(trusted):
            return Finding(file.key, MATCHED, size=file.size, md5=trusted)
        uploaded_ns = self._uploaded_ns(file, thing, proof)
        if tells_content(thing.etag, self._etag_is_md5):
            return Finding(file.key, DIFFERENT, "same size, other content", file.size, uploaded_ns=uploaded_ns)
        return Finding(file.key, "", size=file.size, md5=digest.md5, uploaded_ns=uploaded_ns)

    def _by_reading(self, finding: Finding) -> Finding:
        """The verdict after getting the object: what it says of itself and, where that can tell more, its content."""
        try:
            if finding.md5:
                back = read_back(self._store, finding.key, Digest.like(finding.md5))
                self._progress.moved(back.size)
                if back.gives(finding.md5):
                    return finding._replace(verdict=MATCHED)
                finding = finding._replace(verdict=DIFFERENT, why="reading it back gave other content")
            if finding.uploaded_ns and not carries_time(self._store.read(finding.key).mtime_ns, finding.uploaded_ns):
                return finding._replace(verdict=REWRITTEN, why="")
        except MediastoreError as exc:
            if exc.code == "NoSuchKey":  # deleted since the listing
                return finding._replace(verdict=MISSING, why="")
            return finding._replace(verdict=UNREADABLE, why=str(exc)[:300])
        return finding
