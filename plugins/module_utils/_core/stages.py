# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What each stage of a migration does on the host; every one may be killed anywhere and entered again."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import uuid
from typing import Any, Callable, Iterator

from . import claim, configbackup, discard, services, swap
from .clock import Moment, seconds, utc
from .errors import BadInput, MediastoreError
from .files import Lock, explaining_os, read_json, write_atomic, write_json
from .migration import ASIDE, IN_WINDOW, Migration, check_name

DAY_S = 86400.0
TRIAL_BYTES = 64 * 1024
#: The way back takes five records, and may be cut short and begun again.
PIECES, PIECE_BYTES = 8, 2 * TRIAL_BYTES


def state_directory(state_dir: str, name: str) -> str:
    """Where everything about one migration is kept on the host."""
    return os.path.join(state_dir, check_name(name))


def claim_of(directory: str) -> str:
    """Where it is said which run of Ansible is at work on it."""
    return os.path.join(directory, "claim.json")


def load(directory: str, name: str) -> Migration:
    """The migration as it stands; a new one when nothing is there."""
    data = read_json(os.path.join(directory, "migration.json"))
    return Migration.from_dict(data) if data else Migration(name=name)


def require_room(directory: str) -> None:
    """Fail if nothing could be recorded here; while the application is down, only if there is no reserve left either.

    A disk that fills up just then must not keep the application from being brought up again. One piece of the reserve is given
    away for each record, for whoever fills the disk may go on; it is also for the configuration that is restored.
    """
    trial = os.path.join(directory, "trial")
    try:
        # a full filesystem takes empty files, so the trial has the size of a state with a long history
        write_atomic(trial, b" " * TRIAL_BYTES)
    except BadInput as exc:
        left = [piece for piece in _reserve(directory) if os.path.exists(piece)]
        stage = (read_json(os.path.join(directory, "migration.json")) or {}).get("stage")
        if exc.code not in ("ENOSPC", "EDQUOT") or stage not in IN_WINDOW or not left:
            raise
        trial = left[0]
    with explaining_os(f"prepare the state directory {directory}"):
        os.unlink(trial)


def fill_reserve(directory: str) -> None:
    """Have the reserve for a window; where there is no room for all of it, leave nothing and fail."""
    made: list[str] = []
    try:
        for piece in _reserve(directory):
            if not os.path.exists(piece):
                write_atomic(piece, os.urandom(PIECE_BYTES))  # which no filesystem compresses
                made.append(piece)
    except BadInput:
        for piece in made:
            os.unlink(piece)
        raise


def _reserve(directory: str) -> list[str]:
    return [os.path.join(directory, f"reserve.{number}") for number in range(PIECES)]


@dataclasses.dataclass
class Application:
    """What an application's role said about it."""

    path: str
    local_only: list[str]
    config_files: list[str]
    services: list[str]
    #: exit status 0 while the application runs; only used without services
    status_command: str = ""
    #: whether the directory becomes a mount of the bucket, which is unmounted on the way back
    mounted: bool = False


def owner_of(directory: str, name: str) -> str:
    """Name and id of a migration; the name alone as long as there is no id."""
    try:
        with open(os.path.join(directory, "owner"), encoding="utf-8") as source:
            return source.read().strip()
    except FileNotFoundError:
        return name


class Stages:
    """One migration on this host, with the lock of its state directory held."""

    def __init__(
        self, directory: str, name: str, run: services.Run, *, check: bool, clock: Callable[[], Moment] = Moment.now
    ) -> None:
        self.directory = directory
        self.run = run
        self.check = check
        self.clock = clock
        self.changed = False
        #: whether the window of downtime was opened by this very call
        self.window_opened = False
        self.migration = load(directory, name)
        #: how it stood when this began, for the diff
        self.before = self.migration.as_dict()

    @staticmethod
    @contextlib.contextmanager
    def locked(directory: str, wait_s: float, check: bool) -> Iterator[None]:
        """Hold the lock of the state directory; any reason why nothing could be recorded shows here, before any change."""
        if check:
            yield
            return
        with explaining_os(f"prepare the state directory {directory}"):
            os.makedirs(directory, mode=0o700, exist_ok=True)
        with Lock(os.path.join(directory, "lock"), wait_s, tried="work on this migration"):
            require_room(directory)
            yield

    def make_room(self) -> None:
        """Have room for the next record, for whoever does several in one go: the disk may have filled up since the last one."""
        if not self.check:
            require_room(self.directory)

    def hold(self, mine: claim.Controller, replaces: claim.Controller | None) -> None:
        """Claim the migration for this run of Ansible."""
        if not self.check:
            claim.take(claim_of(self.directory), mine, self.clock(), replaces)

    def identify(self) -> None:
        """Give the migration an id, once and for all: another one may well have the same name, on another host."""
        path = os.path.join(self.directory, "owner")
        if not self.check and not os.path.exists(path):
            write_atomic(path, f"{self.migration.name} {uuid.uuid4().hex[:12]}\n".encode())

    def release(self) -> None:
        """Give the claim back."""
        claim.give_back(claim_of(self.directory))

    def save(self) -> None:
        """Write migration.json, unless in check mode."""
        if not self.check:
            write_json(os.path.join(self.directory, "migration.json"), self.migration.as_dict())

    def _enter(self, stage: str, **facts: Any) -> None:
        self.migration.refuse_unless_legal(stage, predicting=self.check)
        self.changed = True
        if self.check:
            self.migration.stage = stage
            return
        self.migration.enter(stage, self.clock().at, **facts)
        self.save()

    # live

    def synced(self, path: str, store: dict[str, str], figures: dict[str, Any], led_by: str = "") -> None:
        """The live copy is complete; a second one that found nothing new changes nothing."""
        migration = self.migration
        migration.refuse_unless_legal("synced", predicting=self.check)
        bound = migration.bind(path, store, led_by)
        total = {key: figures.get(key) for key in ("files", "bytes")}
        before = migration.figures.get("synced", {})
        if bound or migration.stage != "synced" or figures.get("changed") or total != {key: before.get(key) for key in total}:
            migration.figures["synced"] = {key: value for key, value in figures.items() if key != "changed"}
            # The copies that follow the first one are hardly worth a look.
            courses = [course for course in (before.get("throughput"), figures.get("throughput")) if course]
            migration.figures["synced"]["throughput"] = max(courses, key=lambda rows: rows[-1][1], default=[])
            self._enter("synced", **total)

    # the window

    def stopping(self, app: Application, expected_s: float | None = None) -> None:
        """Keep the configuration and the state of the services, and note that the application is about to stop."""
        self._about_to_stop("stopping", self.migration.path + ASIDE, app, expected_s)

    def restarting(self, app: Application, expected_s: float | None = None) -> None:
        """The same where the application is only restarted, since it reads both its files, which stay, and the bucket."""
        self._about_to_stop("restarting", self.migration.path, app, expected_s)

    def _about_to_stop(self, stage: str, backup: str, app: Application, expected_s: float | None) -> None:
        migration = self.migration
        if migration.stage == stage:
            return
        migration.refuse_unless_legal(stage, predicting=self.check)
        migration.backup = backup
        self._refuse_foreign_backup()
        if not self.check:
            fill_reserve(self.directory)
        migration.services = services.record(app.services, self.run)
        migration.was_running = self._runs(app)
        if not self.check:
            # of an earlier cutover that was rolled back; what is kept now is what must be restored
            shutil.rmtree(self._kept("saved"), ignore_errors=True)
            migration.config = configbackup.save(app.config_files, self._kept("saved"))
        migration.reason, migration.owed, migration.merged, migration.held = "", False, False, []
        migration.expected_s = expected_s
        migration.figures.pop("settled", None)
        self.window_opened = migration.open_window(self.clock())
        self._enter(stage, services=migration.services)

    def keep_held(self, timers: list[str]) -> None:
        """Note which timers ran before they were held, besides those that an attempt before this one had held already."""
        held = self.migration.held + [timer for timer in timers if timer not in self.migration.held]
        if held != self.migration.held:
            self.migration.held = held
            self.save()

    def _refuse_foreign_backup(self) -> None:
        backup = self.migration.backup
        if os.path.lexists(backup) and not self.migration.led_by and not self.migration.stays:
            raise BadInput(
                f"set {self.migration.path} aside",
                said=f"{backup} exists already",
                remedy="Move it away, or remove it if you no longer need it.",
                code="BackupExists",
            )

    def _runs(self, app: Application) -> bool:
        if app.services:
            return any(state["active"] for state in self.migration.services)
        return not app.status_command or self.run(["/bin/sh", "-c", app.status_command])[0] == 0

    def _kept(self, name: str) -> str:
        return os.path.join(self.directory, "config-backup", name)

    def backed_up(self, app: Application, figures: dict[str, Any]) -> None:
        """The last files are in the bucket: set the directory aside and leave an empty one in its place."""
        migration = self.migration
        if migration.stage == "backed_up":
            return
        if migration.stage != "settled":
            migration.figures["settled"] = figures
            if not self.check and not migration.led_by:
                migration.tree = swap.tree_facts(migration.path)
            self._enter("settled", **figures)
        if not self.check and not migration.led_by:
            swap.set_aside(migration.path, migration.backup, migration.tree, app.local_only)
        self._enter("backed_up", backup=migration.backup)

    def healthy(self, proof: dict[str, Any] | None, downtime_s: float | None = None) -> None:
        """The application answers on the bucket; later called again with the proof that the bucket holds the backup."""
        migration = self.migration
        if migration.stage != "healthy":
            migration.refuse_unless_legal("healthy", predicting=self.check)
            downtime = migration.close_window("cutover", self.clock(), downtime_s)
            copied = 0.0 if migration.stays else migration.figures.get("settled", {}).get("duration_s")
            if copied is not None:
                # what a later cutover is expected to take besides its own last copy
                migration.figures["window"] = {"copied_s": copied, "rest_s": round(max(downtime - copied, 0.0), 3)}
            self._enter("healthy", downtime_s=downtime)
        if proof and "proof" not in migration.figures:
            migration.figures["proof"] = proof
            self._enter("healthy", proof=proof)

    # back

    def rolling_back(self, app: Application, reason: str) -> None:
        """The way back begins; when it begins from a healthy application its services are recorded afresh."""
        migration = self.migration
        if migration.stage in ("rolling_back", "restored"):
            # a way back that was cut short goes on where it was
            return
        migration.refuse_unless_legal("rolling_back", predicting=self.check)
        if migration.stage == "healthy":
            if not migration.led_by and not os.path.isdir(migration.backup):
                raise self._backup_gone()
            if os.path.ismount(migration.path) and not app.mounted:
                raise self._still_mounted()
            if not self.check:
                fill_reserve(self.directory)
            migration.services = services.record(app.services, self.run)
            migration.was_running, migration.held = self._runs(app), []
        migration.reason = reason
        migration.figures.pop("proof", None)
        self.window_opened = migration.open_window(self.clock())
        self._enter("rolling_back", reason=reason, services=migration.services)

    def restored(self, owed: bool) -> None:
        """Merge the live files into the backup, restore the configuration, and give the directory its name again."""
        migration = self.migration
        if migration.stage == "restored":
            return
        migration.refuse_unless_legal("restored", predicting=self.check)
        if self.check:
            self._enter("restored")
            return
        if not migration.led_by and not migration.stays:
            self._put_back()
        restored = configbackup.restore(migration.config, self._kept("switched"))
        migration.owed = owed
        self._enter("restored", config=restored, merge=migration.figures.get("merge", {}))

    def _put_back(self) -> None:
        migration = self.migration
        if os.path.isdir(migration.backup):
            self._gather()
        elif migration.set_aside and not migration.merged:
            raise self._backup_gone()
        swap.put_back(migration.path, migration.backup)

    def _gather(self) -> None:
        migration = self.migration
        now = dataclasses.asdict(swap.gather(migration.path, migration.backup))
        before = migration.figures.get("merge", {}) if migration.merged else {}
        migration.figures["merge"] = {key: count + before.get(key, 0) for key, count in now.items()}
        # from here on "no backup" means that it has got its old name again
        migration.merged = True
        self.save()

    def _backup_gone(self) -> MediastoreError:
        return MediastoreError(
            f"roll the migration {self.migration.name} back",
            said=f"the backup {self.migration.backup} is gone",
            remedy="If it was moved, move it back. If not, make it an empty directory: rollback fills it from the bucket.",
            code="Gone",
        )

    def _still_mounted(self) -> BadInput:
        return BadInput(
            f"roll the migration {self.migration.name} back",
            said=f"{self.migration.path} is a mount, and nobody said that it is to be unmounted",
            remedy="Say migrate_layout: mount, and describe the mount in mediastore_mounts, as at the cutover.",
            code="Mounted",
        )

    def rolled_back(self, downtime_s: float | None = None) -> None:
        """The application answers on its own files again."""
        migration = self.migration
        if migration.stage == "rolled_back":
            if migration.owed:
                migration.owed = False
                self._enter("rolled_back", brought_back=True)
            return
        migration.refuse_unless_legal("rolled_back", predicting=self.check)
        downtime = migration.close_window("rollback", self.clock(), downtime_s)
        self._enter("rolled_back", downtime_s=downtime, reason=migration.reason, owed=migration.owed)

    # the end

    def may_reach(self, stage: str) -> None:
        """Refuse at once what cannot come any more."""
        self.migration.refuse_unless_legal(stage, predicting=True)

    def may_finalize(self, keep_days: float) -> None:
        """Refuse to remove the backup before its time, and to end what was not proved."""
        migration = self.migration
        migration.refuse_unless_legal("finalized")
        if migration.stage == "finalized":
            return
        if migration.stays and "proof" not in migration.figures:
            raise BadInput(
                f"finalize the migration {migration.name}",
                said="the cutover was cut short, and nothing proves yet that all files are in the bucket",
                remedy="Run mediastore.s3.migrate.cutover again: it copies the rest, and proves it.",
                code="NotProved",
            )
        due = seconds(migration.when("healthy")) + keep_days * DAY_S
        if self.clock().at < due:
            raise BadInput(
                f"finalize the migration {migration.name}",
                said=f"the backup is kept {keep_days:g} days, until {utc(due)}",
                remedy="Run the same command again after that, or lower migrate_keep_backup_days.",
                code="TooEarly",
            )

    def finalized(self, exclude: list[str], keep_days: float) -> None:
        """Remove what the journal proves to be in the bucket; the caller has just verified all of it.

        Files that stay where they are belong to the application, which goes on reading and writing them: none is removed.
        """
        migration = self.migration
        if migration.stage == "finalized":
            return
        self.may_finalize(keep_days)
        done = discard.Removed()
        if os.path.isdir(migration.backup) and not migration.led_by and not migration.stays:
            journal = os.path.join(self.directory, "journal")
            done = discard.remove_proved(migration.backup, journal, migration.store["prefix"], exclude, dry=self.check)
        migration.figures["finalized"] = dataclasses.asdict(done)
        if not self.check:
            for piece in _reserve(self.directory):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(piece)
        self._enter("finalized", **dataclasses.asdict(done))
