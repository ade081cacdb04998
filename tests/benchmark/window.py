# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cutover as the clients of the application see it: for how long they get no media, with ours and by hand with other tools."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..e2e import migrate_site
from ..servers import depot
from . import measure, mount
from .contest import Arena, Heat, Result
from .measure import Command, Cost, Runner
from .tools import BUCKET, Entrant, Prepare, Site
from .trees import Tree

ASK_EVERY_S = 0.02
#: for longer no other tool is waited for
CAP_S = 900.0
SERVED_TIMEOUT_S = 30.0
#: an answer that comes so late is late, and no sign that the application was stopped
STALL_S = 5.0
#: says in the bucket whose it is
MARK = ".mediastore-owner"

#: for the report, a paragraph each
REMARKS = (
    "*Down* is the longest time for which a client, which asks for a medium every 20 ms, got none. The application is small "
    "(`tests/servers/depot.py`), and is stopped, started and asked for its health by commands and a URL "
    "(`migrate_app: generic`).",
    "Ours is `ansible-playbook mediastore.s3.migrate.cutover` after a `sync`, with Ansible's pipelining, on the host itself. Its "
    "own record begins when the application is told to stop, so what that writes is counted in, and ends when it is found "
    "healthy.",
    "The others are a shell script: stop, the tool, put the new configuration in place, start. They verify nothing and undo "
    "nothing. The least is the same script with our module and a directory that has the new files and no others. rsync has run "
    "once while the application was up, and the application then works on the mount, which goes on uploading.",
)


@dataclass
class Shop(migrate_site.Site):
    """A host with the depot, whose media are many already, and whose last words are new ones."""

    #: the longest part of the start of many applications
    warm_up_s: float = 0

    def open(self, medium: str, last: Tree) -> None:
        """Write its files and start it; *medium* is one that it has, *last* are those that come when it is stopped."""
        for folder in (self.config.parent, self.directory / "run"):
            folder.mkdir()
        for backend in ("directory", "s3", "mount"):
            self.file_for(backend).write_text(json.dumps(self.settings(backend)))
        self.config.write_text(self.file_for("directory").read_text())
        # Nothing that runs before the stop can have seen these: they are there when the application hears that it is to end.
        copy = shlex.join(["cp", "-r", f"{last.root}/.", str(self.media)])
        self.stop.write_text(f"#!/bin/sh -e\n{copy}\nexec {self.command_of_depot('stop')}\n")
        self.stop.chmod(0o755)
        self.vary(generic_stop_command=str(self.stop))
        self.medium = medium
        self.depot("start")

    @property
    def stop(self) -> Path:
        """The command that stops the application."""
        return self.directory / "stop"

    def file_for(self, backend: str) -> Path:
        """The configuration with which it works on that."""
        return self.config.with_suffix(f".{backend}")

    def settings(self, backend: str) -> dict[str, Any]:
        """With a directory that is a mount, too."""
        settings = super().settings("directory" if backend == "mount" else backend)
        if backend == "mount":
            settings["directory"] = str(self.directory / "mount")
        return dict(settings, warm_up_s=self.warm_up_s)

    def command_of_depot(self, action: str) -> str:
        """A command of the application, for a shell."""
        return shlex.join([sys.executable, depot.__file__, action, str(self.config)])

    def recorded(self) -> dict[str, float]:
        """The downtime that the migration's own record says."""
        path = self.state / "media" / "migration.json"
        return {"record_s": json.loads(path.read_text())["downtime_s"]["cutover"]} if path.exists() else {}

    def serves(self, medium: str, size: int) -> bool:
        """Whether a client gets it, which from this server are zeros."""
        status, body = self.request("GET", medium)
        return status == 200 and len(body) == size


class Client:
    """Asks for a medium all the time, and knows the longest time for which it got none."""

    def __init__(self, serves: Callable[[], bool]) -> None:
        self._serves = serves
        self._longest_s = 0.0
        self._last = time.monotonic()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    @property
    def down_s(self) -> float:
        """The longest time between two answers, or since the last one."""
        return max(self._longest_s, time.monotonic() - self._last)

    def _ask(self) -> None:
        while not self._end.wait(ASK_EVERY_S):
            if self._serves():
                now = time.monotonic()
                self._longest_s = max(self._longest_s, now - self._last)
                self._last = now

    def wait(self) -> None:
        """Until it gets the medium again."""
        begun = time.monotonic()
        while self._last < begun:
            if time.monotonic() - begun > SERVED_TIMEOUT_S:
                raise measure.Failed("the application does not serve its media any more")
            time.sleep(ASK_EVERY_S)

    def __enter__(self) -> Client:
        self._thread.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._end.set()
        self._thread.join()


class Window:
    """A large store in the bucket and an application with it, made anew for each run; each heat is one way to cut over."""

    def __init__(self, arena: Arena, store: Tree, loaded: Iterable[str], last: Tree, warm_up_s: float = 0) -> None:
        """*store* is what is in the bucket when the server is told to hold *loaded*; *last* are the application's last words."""
        self._arena = arena
        self._warm_up_s = warm_up_s
        self._store = store
        self._loaded = loaded
        self.last = last
        self._tree = Tree(arena.scratch / "media", {**store.entries, **last.entries})
        self._shop: Shop
        #: of who was not waited for
        self._down_s = 0.0

    def ours(self, name: str, once: bool = False, **variables: Any) -> Heat:
        """The playbook; what it copies while live was copied before."""

        def before(site: Site) -> None:
            # The mark in the bucket is zeros when it is read again, like all that this server holds.
            self._stage(site, migrate_adopt=True, **variables)
            copied = self._shop.play("sync")
            if copied.status:
                raise measure.Failed(copied.output)

        def prepare(site: Site) -> Command:
            return Command(self._shop.command("cutover"), self._shop.environment())

        return self._heat(Entrant(name, prepare, True, self._watched()), before, once)

    def least(self, name: str, tool: Prepare, once: bool = False) -> Heat:
        """Stop, a tool that is given nothing but the new files, switch, start: nothing that keeps them can be faster."""

        def prepare(site: Site) -> Command:
            return self._by_hand(tool(replace(site, tree=self.last)))

        return self._heat(Entrant(name, prepare, True, self._watched()), self._stage, once)

    def by_hand(self, name: str, tool: Prepare) -> Heat:
        """Stop, let a tool find out what is new and copy it, switch, start."""

        def prepare(site: Site) -> Command:
            return self._by_hand(tool(site))

        return self._heat(Entrant(name, prepare, False, self._watched(patient=False)), self._stage, True)

    def by_mount(self, name: str, tool: Prepare) -> Heat:
        """The same with a tool that only knows files: once while live, and then the application works on the mount."""

        def prepare(site: Site) -> Command:
            return self._by_hand(tool(site), "mount", live=True)

        return self._heat(Entrant(name, prepare, False, self._watched(patient=False, mounted=True)), self._stage, True)

    def _heat(self, entrant: Entrant, before: Callable[[Site], None], once: bool = False) -> Heat:
        return Heat(entrant, self._tree, before, self.last, once, check=False)

    def _stage(self, site: Site, **variables: Any) -> None:
        """The application runs on its directory, of which all is in the bucket."""
        self._arena.server.load(BUCKET, self._loaded)
        # Links, for the directory is renamed, and files come into it that are not the store's.
        subprocess.run(["cp", "-al", self._store.root, self._tree.root], check=True)
        self._shop = Shop(directory=site.scratch, store=site.server, warm_up_s=self._warm_up_s, variables=variables)
        self._shop.open(min(self._store.entries), self.last)

    def _by_hand(self, copy: Command, backend: str = "s3", live: bool = False) -> Command:
        shop, tool = self._shop, shlex.join(copy.argv)
        switch = shlex.join(["cp", str(shop.file_for(backend)), str(shop.config)])
        steps = [f"{shop.stop} < /dev/null", tool, switch, f"{shop.command_of_depot('start')} < /dev/null"]
        return replace(copy, argv=["sh", "-c", " && ".join([tool, *steps] if live else steps)])

    def _watched(self, patient: bool = True, mounted: bool = False) -> Runner:
        """Run it while a client watches: the time is the one for which that got nothing, and all must have arrived."""

        def inside(command: Command, log: Path, timeout_s: float, site: Site) -> Cost:
            shop, new = self._shop, min(self.last.entries)
            size = self._store.entries[shop.medium].size
            with Client(lambda: shop.serves(shop.medium, size)) as client:
                try:
                    cost = measure.run(command, log, timeout_s, site)
                except measure.TooLong:
                    self._down_s = client.down_s
                    raise
                client.wait()
                if not shop.serves(new, self.last.entries[new].size):
                    raise measure.Failed(f"the application does not serve what came last, {new}")
            return replace(cost, notes={"down_s": client.down_s, "command_s": cost.wall_s, **shop.recorded()})

        def run(command: Command, log: Path, timeout_s: float, site: Site) -> Cost:
            most_s = timeout_s if patient else min(timeout_s, CAP_S)
            try:
                cost = mount.run(command, log, most_s, site, inside) if mounted else inside(command, log, most_s, site)
            except measure.TooLong:
                return Cost(self._down_s, 0.0, 0.0, "", {"command_s": CAP_S, "unfinished": 1.0})
            finally:
                self._shop.close()
            held = self._arena.server.dump(BUCKET)
            held.pop(MARK, None)
            self._arena.require_arrived(self._tree, held, log.stem)
            return replace(cost, wall_s=cost.notes["down_s"])

        return run


def rows(results: list[Result], least: Result) -> list[list[str]]:
    """The table of the report, the shortest downtime first; everything is compared with *least*."""
    table = [["way", "down, s", "÷ the least", "its own record, s", "whole command, s", "runs"]]
    for result in sorted(results, key=lambda result: (result.noted("unfinished"), result.median("wall_s"))):
        name, down, record = result.entrant.name, result.median("wall_s"), result.noted("record_s")
        figures = [f"{down:.2f}", f"{down / least.median('wall_s'):.2f}"]
        if result.noted("unfinished"):
            figures = ["not measured"] * 2 if down < STALL_S else [f"> {figure}" for figure in figures]
        table.append(
            [
                f"**{name}**" if result.ours else name,
                *figures,
                f"{record:.2f}" if record else "",
                f"{'> ' if result.noted('unfinished') else ''}{result.noted('command_s'):.1f}",
                str(len(result.runs)),
            ]
        )
    return table


def given_up(results: list[Result]) -> list[str]:
    """Who was not waited for, for the report."""
    return [
        f"{result.entrant.name} was ended after {CAP_S:.0f} s"
        f"{', still copying while the application was up' if result.median('wall_s') < STALL_S else ''}."
        for result in results
        if result.noted("unfinished")
    ]
