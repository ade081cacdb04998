# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tools against each other on one tree: interleaved, in an order that is drawn anew each round, and every byte checked."""

from __future__ import annotations

import hashlib
import random
import re
import shutil
import statistics
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import measure
from .measure import Command
from .nulls3 import NO_REQUESTS, Held, NullS3
from .tools import BUCKET, Entrant, Site
from .trees import Entry, Tree

TIMEOUT_S = 1800.0
#: a peer that takes so many times what the best peer takes is not run again
HOPELESS = 2.0


class NotArrived(Exception):
    """What the server holds is not what the tree holds."""


@dataclass(frozen=True)
class Run:
    """One tool, once."""

    wall_s: float
    cpu_s: float
    server_cpu_s: float
    peak_mib: float
    requests: int
    connections: int
    #: requests by kind
    kinds: dict[str, int]
    #: what else a work wants to know of it
    notes: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Heat:
    """A tool and what it is to do."""

    entrant: Entrant
    tree: Tree
    #: sets the stage, after the server has forgotten everything
    before: Callable[[Site], None] = lambda site: None
    #: how many files and bytes that is, where it is not the whole tree
    moved: Tree | None = None
    #: runs in the first round only
    once: bool = False
    #: whether the tree must be on the server afterwards
    check: bool = True


@dataclass
class Result:
    """One tool, all rounds."""

    heat: Heat
    runs: list[Run]
    command: str = ""

    @property
    def entrant(self) -> Entrant:
        return self.heat.entrant

    @property
    def ours(self) -> bool:
        return self.heat.entrant.ours

    def median(self, what: str) -> float:
        """The middle value of its runs."""
        return float(statistics.median(getattr(run, what) for run in self.runs))

    def noted(self, what: str) -> float:
        """The middle value of a note of its runs, 0 where there is none."""
        return float(statistics.median(run.notes.get(what, 0.0) for run in self.runs))

    def as_dict(self) -> dict[str, Any]:
        """For build/bench.json."""
        wall, moved = self.median("wall_s"), self.heat.moved or self.heat.tree
        files, nbytes = len(moved.entries), moved.nbytes
        return {
            "tool": self.entrant.name,
            "ours": self.ours,
            "command": self.command,
            "files": files,
            "bytes": nbytes,
            "wall_s": round(wall, 3),
            "files_per_s": round(files / wall, 1),
            "mb_per_s": round(nbytes / wall / 1e6, 1),
            "cpu_s_per_1000_files": round(self.median("cpu_s") / files * 1000, 4),
            "cpu_s": round(self.median("cpu_s"), 3),
            "peak_mib": round(max(run.peak_mib for run in self.runs), 1),
            "requests": round(self.median("requests")),
            "connections": round(self.median("connections")),
            "server_cpu_s": round(self.median("server_cpu_s"), 3),
            "runs": [asdict(run) for run in self.runs],
        }


class Arena:
    """One server, one scratch directory, and a judge."""

    def __init__(self, server: NullS3, directory: Path, say: Callable[[str], None], seed: int = 1) -> None:
        self.server = server
        self.scratch = directory / "scratch"
        self._logs = directory / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._say = say
        self._chance = random.Random(seed)
        self._pieces: dict[tuple[Path, str, int, int], str] = {}

    def contest(self, label: str, heats: Iterable[Heat], rounds: int) -> list[Result]:
        """Everyone, so many rounds, each time in another order."""
        results = [Result(heat, []) for heat in heats]
        for number in range(rounds):
            for result in self._chance.sample(results, len(results)):
                if number and (result.heat.once or self._hopeless(result, results)):
                    continue
                run = self._once(f"{label}-{number + 1}-{result.entrant.name}", result)
                result.runs.append(run)
                self._say(
                    f"{label} {number + 1}/{rounds} {result.entrant.name}: {run.wall_s:.2f} s, CPU {run.cpu_s:.2f} s, "
                    f"{run.peak_mib:.0f} MiB, {run.requests} requests (server's CPU {run.server_cpu_s:.2f} s)"
                )
        return results

    def _once(self, label: str, result: Result) -> Run:
        """One run, and the proof that everything arrived."""
        heat = result.heat
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        site = Site(self.server, heat.tree, self.scratch)
        self.server.reset()
        heat.before(site)
        command = heat.entrant.prepare(site)
        result.command = self._shown(command, site)
        log = self._logs / f"{label.replace(' ', '-')}.log"
        self.server.zero()
        before = measure.cpu_s(self.server.pid)
        try:
            cost = heat.entrant.run(command, log, TIMEOUT_S, site)
        except measure.Failed:
            self.server.check()
            raise
        spent = measure.cpu_s(self.server.pid) - before
        counts = self.server.stats()
        kinds = {kind: number for kind, number in counts.items() if number and kind not in NO_REQUESTS}
        if heat.check:
            self.require_arrived(heat.tree, self.server.dump(BUCKET), heat.entrant.name)
        return Run(cost.wall_s, cost.cpu_s, spent, cost.peak_mib, sum(kinds.values()), counts["connections"], kinds, cost.notes)

    @staticmethod
    def _shown(command: Command, site: Site) -> str:
        """The command without what is this machine's alone."""
        text = " ".join([Path(command.argv[0]).name, *command.argv[1:]])
        places = ((site.source, "MEDIA"), (str(site.scratch), "DIR"), (site.server.endpoint_url, "ENDPOINT"))
        for real, shown in (*places, (site.server.ca_path or "CA", "CA")):
            text = text.replace(real, shown)
        return re.sub(r"\S*/(bin|tests/benchmark)/", "", text)

    def require_arrived(self, tree: Tree, held: dict[str, Held], who: str) -> None:
        """Raise unless the server holds exactly the keys, sizes and MD5s of the tree."""
        missing, extra = tree.entries.keys() - held.keys(), held.keys() - tree.entries.keys()
        wrong = [name for name, entry in tree.entries.items() if name in held and not self._same(tree, name, entry, held[name])]
        if missing or extra or wrong:
            shown = "; ".join(
                f"{len(names)} {what}: {', '.join(sorted(names)[:3])}"
                for what, names in (("missing", missing), ("extra", extra), ("different", wrong))
                if names
            )
            raise NotArrived(f"{who}: of {len(tree.entries)} files {shown}")

    def _same(self, tree: Tree, name: str, entry: Entry, held: Held) -> bool:
        if held.size != entry.size:
            return False
        if not held.parts:
            return held.etag == entry.md5
        at = 0
        for length, md5 in held.parts:
            if self._piece(tree.root, name, at, length) != md5:
                return False
            at += length
        return at == entry.size

    def _piece(self, root: Path, name: str, at: int, length: int) -> str:
        place = (root, name, at, length)
        if place not in self._pieces:
            with open(root / name, "rb") as source:
                source.seek(at)
                self._pieces[place] = hashlib.md5(source.read(length), usedforsecurity=False).hexdigest()
        return self._pieces[place]

    @staticmethod
    def _hopeless(result: Result, results: list[Result]) -> bool:
        best = min((other.runs[0].wall_s for other in results if not other.ours and other.runs), default=0.0)
        return not result.ours and result.runs[0].wall_s > HOPELESS * best
