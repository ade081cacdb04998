# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The story that the demo plays: there, back again, and there for good, with everything counted on the way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps import App
from ledger import Ledger
from playbooks import Playbooks, Run
from scene import Application, RcloneS3
from screen import Screen
from traffic import Check, Outage, Traffic, check_all

AFTER_CUTOVER_S = 4.0


class Broken(Exception):
    """Something that must hold does not; the demo ends here."""


@dataclass
class Checked:
    """One verification through the application's clients."""

    when: str
    what: str
    began: float
    ended: float
    check: Check


@dataclass
class Story:
    """What is on the stage, and what has happened so far."""

    application: Application
    store: RcloneS3
    playbooks: Playbooks
    ledger: Ledger
    screen: Screen
    state: Path
    #: whether a cutover sets the old files aside; else they stay where they are
    sets_aside: bool = True
    app: App | None = None
    traffic: Traffic | None = None
    runs: list[Run] = field(default_factory=list)
    checks: list[Checked] = field(default_factory=list)
    #: recorded by the migration itself: (run, seconds)
    recorded: list[tuple[str, float]] = field(default_factory=list)
    #: migration.json as it was after the first cutover
    cutover: dict[str, Any] = field(default_factory=dict)
    sync: dict[str, Any] = field(default_factory=dict)
    rolled_back: bool = False

    def play(self) -> None:
        """All of it, in order."""
        self._open()
        self._playbook("provision")
        self._playbook("migrate.plan")
        self._playbook("migrate.sync")
        before = self._files()
        self.cutover = self._window("migrate.cutover", "cutover")
        self._expect_gone_or_stayed(before)
        left = "none of the old files is on the disk" if self.sets_aside else "the old files are still on the disk"
        self._check("after the cutover", f"every acknowledged upload through the client API; {left}")
        self._use_it(AFTER_CUTOVER_S)
        self._window("migrate.rollback", "rollback")
        self._expect_back(before)
        self.store.stop()
        self._check("after the rollback", "the same and what was uploaded since the cutover, with the S3 server switched off")
        self.store.start()
        self._window("migrate.cutover", "cutover")
        self._playbook("migrate.finalize", "-e", "migrate_keep_backup_days=0")
        self._close()

    def stop(self) -> None:
        """Take everything down, in whatever state it is."""
        if self.traffic:
            self.traffic.stop()
        self.application.stop()
        self.store.stop()

    # -- acts ------------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self.app = self._timed("start", f"{self.application.name} answers", self.application.start)
        began = time.time()
        self.application.seed(self.app, self.ledger)
        files = self._files()
        text = f"{self.ledger.uploads()} media, {len(files)} files, {sum(files.values()) / 2**20:.0f} MiB; clients go on"
        self.screen.step("seed", time.time() - began, text)
        self.traffic = Traffic(self.app, self.ledger)
        self.traffic.start()

    def _use_it(self, seconds: float) -> None:
        before = self.ledger.uploads()
        time.sleep(seconds)
        self.screen.step("use it", seconds, f"{self.ledger.uploads() - before} more uploads land in the bucket")

    def _close(self) -> None:
        """The last question, with nobody else about and not one file of the application's left on the disk."""
        assert self.traffic is not None
        self.traffic.stop()
        self.application.media.rename(self.application.media.with_name("removed-by-the-demo"))
        self.application.media.mkdir()
        self._check("at the end", "every acknowledged upload through the client API; the disk holds no media at all")

    # -- steps -----------------------------------------------------------------------------------------------------------

    def _timed(self, name: str, text: str, act: Callable[[], Any]) -> Any:
        began = time.time()
        result = act()
        self.screen.step(name, time.time() - began, text)
        return result

    def _playbook(self, name: str, *extra: str, text: str = "") -> Run:
        run = self.playbooks.run(f"mediastore.s3.{name}", *extra)
        self.runs.append(run)
        if name == "migrate.sync":
            self.sync = self.migration()["figures"]["synced"]
            text = f"{self.sync['files']} files at {self.sync['files_per_s']:.0f}/s"
        if not text and name != "migrate.cutover" and name != "migrate.rollback":
            text = f"mediastore.s3.{name}"
        if text:
            self.screen.step(run.name, run.seconds, text)
        return run

    def _window(self, name: str, kind: str) -> dict[str, Any]:
        """A playbook that stops the application: afterwards the clients must be served, and how long they were not is known."""
        assert self.traffic is not None
        run = self._playbook(name)
        if not self.traffic.wait_until_served():
            raise Broken(f"nothing is served after the {kind}")
        state = self.migration()
        self.recorded.append((kind, float(state["downtime_s"][kind])))
        outside = self.outages_of(run)
        if not outside:
            raise Broken(f"the clients saw no interruption during the {kind}, so the downtime is not known")
        worst = max(outage.seconds for outage in outside)
        recorded = state["downtime_s"][kind]
        self.screen.step(kind, run.seconds, f"down {worst:.1f} s for the clients, {recorded:.1f} s by its own record")
        return state

    def _check(self, when: str, what: str) -> None:
        assert self.app is not None
        began = time.time()
        check = check_all(self.app, self.ledger)
        self.checks.append(Checked(when, what, began, time.time(), check))
        outcome = f"{len(check.lost)} LOST" if check.lost else "all there"
        text = f"{check.uploads} acknowledged uploads and {check.thumbnails} thumbnails {when}: {outcome}"
        self.screen.step("check", time.time() - began, text)
        for fault in check.lost[:5]:
            self.screen.remark(fault)

    # -- what must hold --------------------------------------------------------------------------------------------------

    def _expect_gone_or_stayed(self, before: dict[str, int]) -> None:
        there = before.keys() & self._files().keys()
        wrong = sorted(there if self.sets_aside else before.keys() - there)
        if wrong:
            what = "still in" if self.sets_aside else "not in"
            raise Broken(f"{len(wrong)} old files are {what} {self.application.media} after the cutover, for example {wrong[0]}")
        if not self.application.switched():
            raise Broken("the application's configuration does not name the bucket after the cutover")

    def _expect_back(self, before: dict[str, int]) -> None:
        now = self._files()
        wrong = sorted(name for name, size in before.items() if now.get(name) != size)
        if wrong:
            raise Broken(f"{len(wrong)} old files are not back in {self.application.media}, for example {wrong[0]}")
        if self.application.switched():
            raise Broken("the application's configuration is not byte for byte what it was before the cutover")
        self.rolled_back = self.migration()["stage"] == "rolled_back"

    def outages_of(self, run: Run) -> list[Outage]:
        """The outages that clients met while a playbook ran."""
        assert self.traffic is not None
        return [outage for outage in self.traffic.outages() if outage.began < run.ended and outage.ended > run.began]

    def migration(self) -> dict[str, Any]:
        """What the migration recorded about itself."""
        return dict(json.loads(self.state.read_text()))

    def _files(self) -> dict[str, int]:
        """Name and size of every file of the application, except what is no media."""
        root = self.application.media
        return {str(path.relative_to(root)): path.stat().st_size for path in root.rglob("*") if path.is_file()}
