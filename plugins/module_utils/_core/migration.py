# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The stages of a migration, which may follow which, and what each one recorded."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from .clock import Moment, utc
from .errors import BadInput, MediastoreError

#: What may follow a stage. Every stage may be entered again: that is what a second run, or a run after a kill, does.
LEGAL = {
    "new": ("synced",),
    "synced": ("stopping", "restarting"),
    "stopping": ("settled", "rolling_back"),
    "settled": ("backed_up", "rolling_back"),
    "backed_up": ("healthy", "rolling_back"),
    "restarting": ("healthy", "rolling_back"),
    "healthy": ("finalized", "rolling_back"),
    "rolling_back": ("restored",),
    "restored": ("rolled_back",),
    "rolled_back": ("synced",),
    "finalized": (),
}

#: The application is down, or may be half switched: only an undo, or the rest of one, may come next.
IN_WINDOW = ("stopping", "settled", "backed_up", "restarting", "rolling_back", "restored")

STOP_FIRST, SWITCH_FIRST = "stop-first", "switch-first"
#: what is put behind the name of a directory that is set aside
ASIDE = ".before-s3"

FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")


def check_name(name: str) -> str:
    """The name of a migration, refused when it could not be the name of a directory."""
    if not _NAME.match(name):
        raise BadInput(
            f"use the migration name {name!r}",
            said="it may hold letters, digits, '.', '_' and '-', begins with a letter or digit, and has at most 100 characters",
            remedy="Choose another name.",
        )
    return name


def reachable(stage: str, target: str) -> bool:
    """Whether *target* can come after *stage* at all; check mode asks this, for it does not walk the stages between."""
    seen, todo = {stage}, [stage]
    while todo:
        for following in LEGAL[todo.pop()]:
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return target in seen


@dataclasses.dataclass
class Migration:
    """Everything that must be known after a power cut; migration.json is exactly this."""

    name: str
    stage: str = "new"
    path: str = ""
    #: where the old files are kept after the cutover; the path itself if they stay where they are
    backup: str = ""
    store: dict[str, str] = dataclasses.field(default_factory=dict)
    #: the host that moves the directory, where several share it and this is one of the others; else empty
    led_by: str = ""
    #: owner and mode of the directory that was set aside, to make the new empty one alike
    tree: dict[str, int] = dataclasses.field(default_factory=dict)
    config: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    services: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    #: whether the application ran before it was stopped; only then is it started and asked for its health
    was_running: bool = True
    #: timers that ran before they were held, and come again when the application does
    held: list[str] = dataclasses.field(default_factory=list)
    #: counts that belong to a stage: synced, settled, window, proof, merge, finalized
    figures: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    #: the Moment just before the application is stopped, removed when it is healthy again
    window: dict[str, Any] = dataclasses.field(default_factory=dict)
    downtime_s: dict[str, float] = dataclasses.field(default_factory=dict)
    #: what the last cutover was expected to cost, before anything was stopped
    expected_s: float | None = None
    #: during a rollback: the live files are all in the backup, so a missing backup means "already back in place"
    merged: bool = False
    #: an undo could not reach the bucket: uploads of the short time after the switch are still only there
    owed: bool = False
    reason: str = ""
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Migration:
        """Read what as_dict() wrote, refusing what a newer version of the collection wrote."""
        if data.get("format") != FORMAT:
            raise MediastoreError(
                f"read the state of the migration {data.get('name', '')}",
                said=f"its format is {data.get('format')!r}, and this version of the collection knows {FORMAT}",
                remedy="Use the version of the collection that began this migration.",
                code="Format",
            )
        known = {field.name for field in dataclasses.fields(cls)}
        return cls(**{key: value for key, value in data.items() if key in known})

    def as_dict(self) -> dict[str, Any]:
        """What migration.json holds, stage first: a person may have to read it."""
        return dict(format=FORMAT, **dataclasses.asdict(self))

    def refuse_unless_legal(self, target: str, predicting: bool = False) -> None:
        """Fail when *target* may not come now, naming the stage and what may."""
        if target == self.stage or target in LEGAL[self.stage] or (predicting and reachable(self.stage, target)):
            return
        allowed = ", ".join(LEGAL[self.stage]) or "nothing"
        raise BadInput(
            f"enter the stage {target} of the migration {self.name}",
            said=f"it is at {self.stage}, after which comes {allowed}",
            remedy="Run mediastore.s3.migrate.status: it says what to do next.",
            code="IllegalStage",
        )

    def enter(self, stage: str, now: float, **facts: Any) -> None:
        """Move on to *stage* and note when, with what was found there."""
        self.refuse_unless_legal(stage)
        self.stage = stage
        if stage == "synced" and self.history and self.history[-1]["stage"] == stage:
            # a sync every night for a year is still one line
            self.history.pop()
        self.history.append(dict(stage=stage, at=utc(now), **facts))

    def open_window(self, now: Moment) -> bool:
        """The application is about to be stopped; False for a window that is open already, which stays as old as it is."""
        if self.window:
            return False
        self.window = now.as_dict()
        return True

    def close_window(self, kind: str, now: Moment, measured: float | None = None) -> float:
        """The application is healthy again: the downtime in seconds, kept under *kind* (cutover or rollback).

        Whoever did both, the stop and the start, has *measured* it more closely than the stages around them, unless its clock was
        set meanwhile.
        """
        if self.window:
            longest = now.since(Moment.from_dict(self.window))
            self.downtime_s[kind] = round(longest if measured is None or not 0 <= measured <= longest else measured, 3)
            self.window = {}
        return self.downtime_s.get(kind, 0.0)

    @property
    def stays(self) -> bool:
        """Whether the old files stay where they are, since the application reads both them and the bucket (switch-first)."""
        return bool(self.path) and self.backup == self.path

    def _latest(self, *stages: str) -> str:
        """Which of these was entered last. By their order: the clock may have been set in between."""
        return next((entry["stage"] for entry in reversed(self.history) if entry["stage"] in stages), "")

    @property
    def set_aside(self) -> bool:
        """Whether the directory was renamed since the last stop, and has not got its name back."""
        return self.may_be_switched and not self.stays

    @property
    def may_be_switched(self) -> bool:
        """Whether the application may have run on the bucket since the last stop, so that some uploads may be only there."""
        since = self._latest("stopping", "restarting", "backed_up")
        return since in ("restarting", "backed_up") and self.stage not in ("restored", "rolled_back")

    @property
    def was_healthy(self) -> bool:
        """Whether the application has served from the bucket since the last stop."""
        return self.may_be_switched and self._latest("stopping", "restarting", "healthy") == "healthy"

    def when(self, stage: str) -> str:
        """When a stage was last entered, or an empty string."""
        return next((entry["at"] for entry in reversed(self.history) if entry["stage"] == stage), "")

    def bind(self, path: str, store: dict[str, str], led_by: str = "") -> bool:
        """Tie the migration to one directory, one place in one store and one host that moves; another one later is refused."""
        if not self.path:
            self.path, self.backup, self.store, self.led_by = path, path + ASIDE, store, led_by
            return True
        bound = dict(self.store, path=self.path, led_by=self.led_by)
        for what, asked in sorted(dict(store, path=path, led_by=led_by).items()):
            before = bound.get(what, "")
            if before != asked:
                raise BadInput(
                    f"go on with the migration {self.name}",
                    said=f"it began with {what} {before!r}, and now {what} is {asked!r}",
                    remedy="Correct that, or choose another name for another migration.",
                    code="AnotherMigration",
                )
        return False
