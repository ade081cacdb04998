# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Keeps a directory small whose files are in a bucket as well: what nobody has used for long goes, once its object is proved.

Objects are never replaced here. Where file and object differ nobody can tell from here which of them is whole: an application
that brings a file back from the bucket may have been cut off, and then the object is the only good copy.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import Any, Callable

from .cached import stat_of
from .compare import proof_of
from .crew import fan_out
from .digest import Digest, part_size_in
from .errors import BadInput, MediastoreError
from .journal import Journal
from .keys import unfit_for_store
from .lru import Candidate, Selection, last_used_ns
from .march import march
from .model import UPLOAD, LocalFile, Proof, RemoteObject, Row, Todo
from .pilot import Pilot
from .ports import ObjectStore, Progress
from .problems import Problems
from .quarantine import Quarantine, Waiting
from .scan import Tree
from .survey import (
    CHANGED,
    DIFFERENT,
    EVICTED,
    FAILED,
    GONE,
    KEPT,
    LOST,
    MISSING,
    RECENT,
    SETTLING,
    STAYED,
    YOUNG,
    Fate,
    Policy,
    Survey,
)
from .transfer import HOPELESS, Budget, Tally, attended, transfer
from .upload import Uploader, read_back
from .verify import MATCHED, Verifier

#: what the bodies in flight may take together
MEMORY = 64 * 1024 * 1024
#: files that are read and removed at once: one at a time took five times as long where others work at the disk, more gain nothing
AT_THE_DISK = 4


@dataclass(frozen=True)
class Means:
    """How the objects are listed, sent and proved."""

    list_sorted: bool
    key_max_bytes: int
    etag_is_md5: bool
    part_size: int
    concurrency: int | None
    samples: int
    #: only say what would be done
    dry: bool


class Evictor:
    """One run over a directory and its bucket."""

    def __init__(
        self,
        policy: Policy,
        means: Means,
        tree: Tree,
        store: ObjectStore,
        journal: Journal,
        proofs: Journal,
        progress: Progress,
        abandoned: Callable[[], bool],
        quarantine_days: int = 0,
    ) -> None:
        self._policy = policy
        self._means = means
        self._tree = tree
        self._store = store
        self._journal = journal
        #: where earlier proofs are: the journal itself, unless this is only a prediction
        self._proofs = proofs
        self._progress = progress
        self._abandoned = abandoned
        self._quarantine = Quarantine(tree.root, quarantine_days, policy.now_ns)
        self._verifier = Verifier(tree, store, means.etag_is_md5, means.part_size, "none", 0, means.concurrency, progress)

    @property
    def tried(self) -> str:
        """What errors say was tried."""
        return f"evict from {self._tree.root.decode('utf-8', 'replace')}"

    # -- look

    def look(self, planning: bool) -> Survey:
        """Walk along both sides, to the end, before anything else is done; when planning, write down what is to be sent."""
        survey, problems = Survey(self._means.samples), Problems(self.tried)
        self._progress.phase("look")
        if planning:
            self._journal.begin_plan()
        listing = self._store.listing(self._tree.prefix)
        if not self._means.list_sorted:
            listing = self._journal.sort(listing)
        wanted = (thing for thing in listing if self._tree.concerns(thing.key) and not thing.is_folder)
        rows = march(self._tree.files(problems), wanted, self._proofs.proofs())
        for row in attended(rows, self._abandoned, self.tried):
            self._place(row, survey, problems, planning)
            self._progress.counted()
            self._progress.tick()
        problems.raise_if_any()
        self._journal.commit()
        self._refuse_strange(survey)
        return survey

    def _place(self, row: Row, survey: Survey, problems: Problems, planning: bool) -> None:
        file, thing = row.local, row.remote
        if file is None:
            survey.known += bool(row.proof and thing and row.proof.etag == thing.etag)
            return
        try:
            used_ns = last_used_ns(os.lstat(self._tree.path(row.key)), self._policy.atime)
        except FileNotFoundError:
            return
        survey.files += 1
        survey.nbytes += file.size
        if thing is not None and thing.size == file.size:
            survey.known += 1
            self._judge_age(file, thing, used_ns, survey)
        elif file.mtime_ns > self._policy.before(self._policy.upload_after_s):
            survey.stay(row.key, SETTLING)
        elif thing is not None:
            survey.stay(row.key, DIFFERENT, f"{thing.size} bytes in the store, {file.size} here")
        elif planning:
            self._send(file, survey, problems)
            self._judge_age(file, thing, used_ns, survey)
        else:
            survey.stay(row.key, MISSING)

    def _send(self, file: LocalFile, survey: Survey, problems: Problems) -> None:
        unfit = unfit_for_store(file.key, self._means.key_max_bytes)
        if unfit:
            problems.add(file.key, unfit)
        self._journal.plan(Todo(file.key, UPLOAD, MISSING, file.size))
        survey.plan_files += 1
        survey.plan_bytes += file.size
        survey.name(file.key, "planned")

    def _judge_age(self, file: LocalFile, thing: RemoteObject | None, used_ns: int, survey: Survey) -> None:
        if self._tree.relative(file.key) in self._policy.keep:
            survey.stay(file.key, KEPT)
        elif used_ns > self._policy.before(self._policy.min_age_s):
            survey.stay(file.key, YOUNG)
        else:
            survey.candidates.add(Candidate.of(used_ns, file, thing))
            survey.waiting += 1

    def _refuse_strange(self, survey: Survey) -> None:
        """A wrong prefix would send everything to where nobody looks for it, and then remove it here."""
        if not survey.plan_files or survey.known:
            return
        prefix = self._tree.prefix
        where = f"below the prefix {prefix!r}" if prefix else "in the bucket"
        raise BadInput(
            self.tried,
            said=f"none of the {survey.files} files here is {where}, so this may be the wrong bucket, prefix or path",
            remedy="Correct that. If it is right, run mediastore.s3.sync with the same bucket, prefix and path first; "
            "it removes nothing.",
            code="NothingInCommon",
        )

    # -- send

    def send(self) -> Tally:
        """Upload what is planned."""
        self._progress.phase(UPLOAD)
        means = self._means
        uploader = Uploader(self._store, self._tree, means.part_size, Budget(MEMORY), self._progress)
        workers = Pilot(means.concurrency, lambda: self._store.busy)
        return transfer(self._journal, uploader, workers, self._progress, self._abandoned, means.samples)

    # -- evict

    def evict(self, survey: Survey) -> None:
        """Remove files, least recently used first, until the limits are kept; whatever cannot be proved stays."""
        policy = self._policy
        goal = 0 if policy.max_bytes is None else max(0, survey.nbytes - policy.max_bytes)
        before_ns = None if policy.max_age_s is None else policy.before(policy.max_age_s)
        selection = Selection(iter(survey.candidates), goal, before_ns)
        self._progress.phase("evict")
        while self._round(selection, survey):
            pass
        survey.stayed[RECENT] += survey.waiting
        self._journal.commit()
        survey.candidates.close()

    def _round(self, selection: Selection, survey: Survey) -> bool:
        """Deal with those that have to go as far as is known; what stays of them is made up for in the next round."""
        settled = 0
        jobs = ((candidate, self._proofs.proof_of(candidate.key)) for candidate in selection)
        # Where the ETag tells the content nobody waits for the store, only for the disk.
        workers = Pilot(AT_THE_DISK if self._means.etag_is_md5 else self._means.concurrency, lambda: self._store.busy)
        for fate in fan_out(jobs, self._decide, workers, lambda: self._hopeless(survey)):
            if fate is not None:
                settled += 1
                survey.settle(fate)
                if fate.state not in (EVICTED, GONE):
                    selection.nbytes -= fate.size
                if fate.proof is not None:
                    self._journal.prove(fate.proof)
                self._progress.counted(1, fate.size)
            if self._journal.due:
                self._journal.commit()
            self._progress.tick()
        return bool(settled) and not self._hopeless(survey)

    def _hopeless(self, survey: Survey) -> bool:
        """Whether it is not the files, or nobody waits for it any more."""
        return survey.in_a_row >= HOPELESS or self._abandoned()

    def _decide(self, job: tuple[Candidate, Proof | None]) -> Fate:
        """Prove one file, and remove it at once if it is still the one that was proved."""
        candidate, proof = job
        path, file = self._tree.path(candidate.key), candidate.file
        if candidate.thing is None:  # only in a prediction: it would have been sent by now
            return Fate(candidate, EVICTED)
        try:
            if stat_of(path) != file[1:]:
                return Fate(candidate, CHANGED)
            finding = self._verifier.prove(Row(file.key, file, candidate.thing, proof))
            if finding is None:
                return Fate(candidate, GONE)
            if finding.verdict != MATCHED:
                return Fate(candidate, CHANGED) if stat_of(path) != file[1:] else Fate(candidate, finding.verdict, finding.why)
            if not self._means.dry:
                remove = self._quarantine.take if self._quarantine.wanted else unlink_unchanged
                if not remove(path, file):
                    return Fate(candidate, CHANGED)
                prune(self._tree.root, path)
        except FileNotFoundError:
            return Fate(candidate, GONE)
        except OSError as exc:
            return Fate(candidate, FAILED, f"cannot be removed: {exc.strerror}")
        known = proof is not None and proof.etag == candidate.etag
        return Fate(
            candidate,
            EVICTED,
            proof=None if known else proof_of(file, finding.md5, candidate.etag, part_size_in(finding.md5)),
        )

    # -- look whether what is only in the bucket can still be read

    def drill(self, number: int, survey: Survey) -> int:
        """Read so many objects at random that are the only copy, and compare them with the proof; says how many were read."""
        read = 0
        for proof in self._proofs.some(4 * number) if number else ():
            if read < number and self._tree.concerns(proof.key) and not os.path.lexists(self._tree.path(proof.key)):
                read += 1
                why = self._differs(proof)
                if why:
                    copy = self._quarantine.copy_of(self._tree.relative(proof.key).encode("utf-8"))
                    survey.stay(proof.key, LOST, why + ("; the file is in quarantine" if copy else ""))
        return read

    def _differs(self, proof: Proof) -> str:
        try:
            back = read_back(self._store, proof.key, Digest.like(proof.md5))
        except MediastoreError as exc:
            if exc.code == "NoSuchKey":
                # Whoever deleted it may have had a right to: it is said once.
                self._journal.disprove(proof.key)
                return "it is not in the bucket any more"
            return str(exc)[:300]
        return "" if back.gives(proof.md5) else "it has other content than what was evicted"

    def expire(self) -> Waiting:
        """Delete what has been in quarantine long enough."""
        return self._quarantine.expire(self._means.dry)

    def result(self, survey: Survey, tally: Tally) -> dict[str, Any]:
        """What came of it, in a few numbers."""
        files, nbytes = survey.files - survey.evicted_files, survey.nbytes - survey.evicted_bytes
        most = self._policy.max_bytes
        return {
            "uploaded": {"files": tally.files, "bytes": tally.nbytes},
            "evicted": {"files": survey.evicted_files, "bytes": survey.evicted_bytes},
            "local": {"files": files, "bytes": nbytes},
            "over_bytes": 0 if most is None else max(0, nbytes - most),
            "stayed": {state: survey.stayed[state] for state in STAYED},
            "samples": {**survey.samples, **tally.samples},
            "used_by": "atime" if self._policy.atime else "mtime",
            "engine": self._store.engine,
            "engine_reason": self._store.engine_reason,
        }


def unlink_unchanged(path: bytes, file: LocalFile) -> bool:
    """Remove a file if it is still the very one that was proved; the system has no call that does both at once."""
    try:
        if stat_of(path) != file[1:]:
            return False
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def prune(root: bytes, path: bytes) -> None:
    """Remove the folders above a file that are empty now, but neither the root nor one directly below it."""
    folder = os.path.dirname(path)
    with contextlib.suppress(OSError):
        while b"/" in folder[len(root) + 1 :]:
            os.rmdir(folder)
            folder = os.path.dirname(folder)
