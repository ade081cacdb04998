# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: each work is a contest, and the ratios that follow from it."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import bare_list, bare_put, eviction, mount, tools, trees
from .contest import Arena, Heat, Result
from .measure import Command
from .tools import BUCKET, Entrant, Site
from .trees import MIB, Tree
from .window import REMARKS, Window, given_up, rows

OURS, OURS_BOTO3 = "mediastore.s3", "mediastore.s3, engine boto3"
NEW_FILES = 100
#: what no upload that proves itself can do without
BARE_PUT, BARE_MD5 = "only reading, MD5 and obstore", "only reading and MD5"

#: the ways to cut over that ratios are made of
LEAST, CUTOVER = "stop, ours with the new files alone, start", f"{OURS}, cutover"
FOLLOWED = f"{CUTOVER} with the change feed"
#: an application that takes as long to start as many do; the depot alone is there at once, so all that is ours weighs most
WARM_UP_S = 5
SLOWLY = f"; start {WARM_UP_S} s slower"


@dataclass
class Bench:
    """What every work needs."""

    arena: Arena
    trees: Path
    rounds: int
    scale: float
    #: the tools that take part, besides ours; None means all
    only: re.Pattern[str] | None = None
    _delta: Delta | None = None

    def delta(self) -> Delta:
        """The large store that is in the bucket already, made once."""
        if not self._delta:
            self._delta = Delta(self)
        return self._delta

    def contest(self, label: str, entrants: Iterable[Entrant], tree: Tree) -> list[Result]:
        """All that are wanted move the tree into an empty bucket."""
        heats = [Heat(entrant, tree) for entrant in entrants]
        return self.heats(label, heats)

    def heats(self, label: str, heats: Iterable[Heat]) -> list[Result]:
        """All that are wanted."""
        wanted = [heat for heat in heats if heat.entrant.ours or not self.only or self.only.search(heat.entrant.name)]
        return self.arena.contest(label, wanted, self.rounds)

    def files(self, number: int) -> int:
        """So many files at this scale."""
        return max(50, round(number * self.scale))


@dataclass
class Work:
    """How one work went."""

    title: str
    what: str
    results: list[Result]
    ratios: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    #: in place of the usual one in the report, the headings first
    table: list[list[str]] = field(default_factory=list)

    def of(self, name: str, what: str = "wall_s") -> float:
        """One tool's median; not a number when it did not take part, so that no ratio comes of it."""
        return next((result.median(what) for result in self.results if result.entrant.name == name), math.nan)

    def best_peer(self, what: str = "wall_s") -> float:
        """The lowest median that any tool but ours has."""
        return min((result.median(what) for result in self.results if not result.ours), default=math.nan)

    def as_dict(self) -> dict[str, Any]:
        """For build/bench.json."""
        return {
            "title": self.title,
            "what": self.what,
            "ratios": {name: round(value, 3) for name, value in self.ratios.items() if not math.isnan(value)},
            "remarks": self.remarks,
            "table": self.table,
            "results": [result.as_dict() for result in self.results],
        }


def initial(bench: Bench) -> Work:
    """Everything into an empty bucket, near by."""
    tree = trees.store(bench.trees, "mixed", trees.MEDIA, bench.files(20_000), 1)
    entrants = [
        Entrant(OURS, tools.ours(), ours=True),
        Entrant(OURS_BOTO3, tools.ours(engine="boto3"), ours=True),
        Entrant("rclone copy", tools.rclone("--no-check-dest")),
        Entrant("rclone copy, default settings", tools.rclone_default()),
        Entrant("s5cmd cp", tools.s5cmd("cp")),
        Entrant("s5cmd sync", tools.s5cmd("sync")),
        Entrant("aws s3 sync", tools.aws()),
        Entrant(BARE_PUT, bare(), ours=True),
    ]
    work = Work(
        "Initial sync",
        f"{len(tree.entries)} files of the three layouts, {tree.nbytes / 1e6:.0f} MB, into an empty bucket.",
        bench.contest("initial", entrants, tree),
    )
    work.ratios = {
        "initial": work.best_peer() / work.of(OURS),
        "cpu": work.of(OURS, "cpu_s") / work.best_peer("cpu_s"),
        "boto3_to_aws": work.of("aws s3 sync") / work.of(OURS_BOTO3),
        "peak_mib": max(run.peak_mib for run in work.results[0].runs),
    }
    if not math.isnan(work.best_peer()):
        work.remarks = [
            f"A bare loop that reads each file, takes its MD5 and sends it with obstore, and does nothing else, has "
            f"{work.best_peer() / work.of(BARE_PUT):.2f}× the throughput of the best other tool and needs "
            f"{work.of(BARE_PUT, 'cpu_s') / work.best_peer('cpu_s'):.2f}× the processor time of the most frugal one."
        ]
    return work


def latency(bench: Bench) -> Work:
    """The same with a server that is 20 ms away."""
    tree = trees.store(bench.trees, "mixed", trees.MEDIA, bench.files(10_000), 2)
    entrants = [
        Entrant(OURS, tools.ours(), ours=True),
        Entrant(OURS_BOTO3, tools.ours(engine="boto3"), ours=True),
        Entrant("rclone copy, 64 transfers", tools.rclone("--no-check-dest", transfers=64)),
        Entrant("rclone copy, 128 transfers", tools.rclone("--no-check-dest", transfers=128)),
        Entrant("s5cmd cp, 256 workers", tools.s5cmd("cp")),
        Entrant("s5cmd sync, 256 workers", tools.s5cmd("sync")),
        Entrant("aws s3 sync, 64 requests", tools.aws(64)),
    ]
    bench.arena.server.latency(20)
    try:
        results = bench.contest("latency", entrants, tree)
    finally:
        bench.arena.server.latency(0)
    work = Work(
        "The same, 20 ms away",
        f"{len(tree.entries)} files, {tree.nbytes / 1e6:.0f} MB. Each answer comes 20 ms late, "
        "a new connection costs 40 ms more. Ours has its default settings, the others the best of theirs.",
        results,
    )
    work.ratios = {"latency": work.best_peer() / work.of(OURS)}
    return work


def large(bench: Bench) -> Work:
    """Few large files, in parts."""
    tree = trees.large(bench.trees, 4, max(20, round(512 * bench.scale)) * MIB)
    parts = ("--s3-disable-checksum", "--s3-chunk-size", "16M", "--s3-upload-concurrency", "4", "--s3-upload-cutoff", "16M")
    entrants = [
        Entrant(OURS, tools.ours(), ours=True),
        Entrant(OURS_BOTO3, tools.ours(engine="boto3"), ours=True),
        Entrant("rclone copy", tools.rclone("--no-check-dest", *parts, transfers=4)),
        Entrant("s5cmd cp", tools.s5cmd("cp", "--part-size", "16", "--concurrency", "8")),
        Entrant("aws s3 sync", tools.aws(20, "16MB")),
    ]
    floor = Heat(Entrant(BARE_MD5, bare(send=False), ours=True), tree, check=False)
    work = Work(
        "Large files",
        f"{len(tree.entries)} files of {tree.nbytes // len(tree.entries) // MIB} MiB. The server's share of the "
        "processor (TLS and MD5) is the same for all, so the ratios are nearer to 1 than with a server on another machine.",
        bench.heats("large", [*(Heat(entrant, tree) for entrant in entrants), floor]),
    )
    work.ratios = {"large": work.best_peer() / work.of(OURS)}
    share = work.of(BARE_MD5, "cpu_s") / work.of(OURS, "cpu_s")
    work.remarks = [
        f"Reading the files and taking their MD5, our proof of what was sent, is {share:.2f} of our processor time. "
        "rclone is told not to (--s3-disable-checksum), aws takes a CRC instead."
    ]
    return work


def procedures(bench: Bench) -> Work:
    """What the guides of the applications tell people to use."""
    tree = trees.store(bench.trees, "synapse", trees.MEDIA, bench.files(2_000), 3)
    entrants = [
        Entrant(OURS, tools.ours(), ours=True),
        Entrant("rclone copy", tools.rclone("--no-check-dest")),
        Entrant("s3cmd sync", tools.s3cmd()),
        Entrant("s3_media_upload", tools.s3_media_upload()),
    ]
    remarks = []
    if tools.has_community_aws():
        entrants.append(Entrant("community.aws.s3_sync", tools.s3_sync()))
    else:
        remarks.append("community.aws.s3_sync is left out: the collection community.aws is not installed.")
    if obstacle := mount.possible():
        remarks.append(f"rsync over a mount is left out: {obstacle}.")
    else:
        entrants.append(Entrant("rsync into rclone mount", tools.rsync(), run=mount.run))
    work = Work(
        "What the guides use",
        f"{len(tree.entries)} files laid out as Synapse does, {tree.nbytes / 1e6:.0f} MB. Startup counts more here than above.",
        bench.contest("procedures", entrants, tree),
        remarks=remarks,
    )
    work.ratios = {result.entrant.name: result.median("wall_s") / work.of(OURS) for result in work.results if not result.ours}
    return work


class Delta:
    """A store that is in the bucket already, but for a few new files; what delta, feed and verify share."""

    def __init__(self, bench: Bench, files: int = 200_000, seed: int = 4) -> None:
        self.bench = bench
        self.tree = trees.store(bench.trees, "synapse", trees.SMALL, bench.files(files), seed)
        self.new = trees.store(bench.trees, "synapse", trees.MEDIA, NEW_FILES, 5)
        for name in self.new.entries:
            # a run that was killed may have left them
            self.tree.remove(name)
        self.loaded = as_held(self.tree)
        self._journal = bench.trees / f"proved-{seed}.sqlite"
        self._prove()

    def add(self) -> None:
        """The new files."""
        for name, entry in self.new.entries.items():
            self.tree.write(name, entry.size, time.time())

    def take_away(self) -> None:
        """The new files again."""
        for name in list(self.new.entries):
            self.tree.remove(name)

    def stage(self, site: Site) -> None:
        """The bucket and the journal as they were before the new files came."""
        self.bench.arena.server.load(BUCKET, self.loaded)
        shutil.copyfile(self._journal, site.scratch / "journal.sqlite")

    def _prove(self) -> None:
        """The journal of a sync that found everything there."""
        self._journal.unlink(missing_ok=True)
        entrant = Entrant("preparation", tools.ours(journal=self._journal), ours=True)
        heat = Heat(entrant, self.tree, before=lambda site: self.bench.arena.server.load(BUCKET, self.loaded))
        self.bench.arena.contest("preparation", [heat], 1)


def as_held(tree: Tree) -> list[str]:
    """The lines with which the server believes that it holds the tree, as a sync has left it there."""
    now = round(time.time())
    return [f"{name}\t{entry.size}\t{entry.md5}\t{now}\tx-amz-meta-mtime:{trees.MTIME}" for name, entry in tree.entries.items()]


def delta(bench: Bench) -> Work:
    """The pass inside the downtime: everything is there but 100 files."""
    state = bench.delta()
    state.add()
    new = state.new
    try:
        results = bench.heats(
            "delta",
            [
                _delta(state, OURS, tools.ours(against="journal"), ours=True),
                Heat(Entrant("find -printf", find()), state.tree, moved=new, check=False),
                Heat(Entrant("only the 100 files, mediastore.s3", tools.ours(), ours=True), new),
                Heat(Entrant("only the 100 files, rclone copy", tools.rclone("--no-check-dest")), new),
                _delta(state, "rclone copy --max-age", tools.rclone("--no-traverse", "--max-age", "1h"), once=True),
                _delta(
                    state,
                    "rclone copy, times of the server",
                    tools.rclone("--fast-list", "--update", "--use-server-modtime"),
                    once=True,
                ),
                _delta(state, "rclone copy, usual comparison", tools.rclone("--fast-list"), once=True),
                _delta(state, "s5cmd sync", tools.s5cmd("sync"), once=True),
                _delta(state, "aws s3 sync", tools.aws(), once=True),
            ],
        )
    finally:
        state.take_away()
    work = Work(
        "Delta pass: what the application waits for",
        f"{len(state.tree.entries) + NEW_FILES} files, of which {NEW_FILES} are new and the others are in the "
        "bucket. Ours compares with its journal and lists nothing.",
        results,
    )
    walk, ours = work.of("find -printf"), work.of(OURS)
    work.ratios = {
        "delta": ours / (walk + work.of("only the 100 files, mediastore.s3")),
        "delta_to_find_and_rclone": ours / (walk + work.of("only the 100 files, rclone copy")),
        "delta_to_rclone": ours / work.of("rclone copy, usual comparison"),
        "delta_to_rclone_server_times": ours / work.of("rclone copy, times of the server"),
        "delta_to_rclone_max_age": ours / work.of("rclone copy --max-age"),
        "delta_to_aws": ours / work.of("aws s3 sync"),
    }
    return work


def bare(send: bool = True) -> tools.Prepare:
    """What an upload cannot do without, and if it is not to send, only what is done with the files."""

    def prepare(site: Site) -> Command:
        to = [site.server.endpoint_url, site.server.ca_path or "", BUCKET] if send else []
        return Command([sys.executable, str(Path(bare_put.__file__)), site.source, *to], site.environment)

    return prepare


def _delta(state: Delta, name: str, prepare: tools.Prepare, ours: bool = False, once: bool = False) -> Heat:
    return Heat(Entrant(name, prepare, ours), state.tree, state.stage, state.new, once)


def find() -> tools.Prepare:
    """A walk with everything that a comparison needs."""

    def prepare(site: Site) -> Command:
        return Command(["find", site.source, "-type", "f", "-printf", r"%P\t%s\t%T@\t%C@\t%i\n"], site.environment)

    return prepare


def feed(bench: Bench) -> Work:
    """The delta pass with a change feed, in a small store and in a large one: the same, as only changes are looked at."""
    stores = {"small": Delta(bench, 20_000, 7), "large": bench.delta()}
    heats = [_followed(state, f"{OURS}, {size} store") for size, state in stores.items()]
    try:
        results = bench.heats("feed", heats)
    finally:
        for state in stores.values():
            state.take_away()
    small, large = (len(state.tree.entries) + NEW_FILES for state in stores.values())
    work = Work(
        "Delta pass with the change feed",
        f"{small} and {large} files, of which {NEW_FILES} came after the feed was started and everything had been compared.",
        results,
    )
    work.ratios = {"feed": work.of(f"{OURS}, large store") / work.of(f"{OURS}, small store")}
    return work


def _followed(state: Delta, name: str) -> Heat:
    """A pass that follows a feed; the stage is the pass before, which looked at everything."""

    def before(site: Site) -> None:
        state.take_away()
        state.stage(site)
        for command in (tools.follow()(site), tools.ours(against="journal")(site)):
            subprocess.run(command.argv, input=command.stdin, env=command.environment, check=True, stdout=subprocess.DEVNULL)
        state.add()

    return Heat(Entrant(name, tools.ours(against="feed"), True), state.tree, before, state.new)


def verify(bench: Bench) -> Work:
    """Everything compared with one listing."""
    state = bench.delta()
    stage = state.stage

    def listing(site: Site) -> Command:
        argv = [sys.executable, str(Path(bare_list.__file__)), site.server.endpoint_url, site.server.ca_path or "", BUCKET]
        return Command(argv, site.environment)

    results = bench.heats(
        "verify",
        [
            Heat(Entrant(f"{OURS}, from the journal", tools.ours("verify"), ours=True), state.tree, stage),
            Heat(Entrant("bare LIST with boto3", listing), state.tree, stage),
            Heat(Entrant("rclone check", rclone_check()), state.tree, stage, once=True),
        ],
    )
    work = Work(
        "Verification", f"{len(state.tree.entries)} files that are in the bucket; their digests are in the journal.", results
    )
    work.ratios = {"verify": work.of(f"{OURS}, from the journal") / work.of("bare LIST with boto3")}
    return work


def rclone_check() -> tools.Prepare:
    """rclone check, which reads every local file for its MD5."""
    return tools.rclone("--fast-list", action="check")


def window(bench: Bench) -> Work:
    """The cutover: from the last answer of the application on its directory to the first one on the bucket."""
    state = bench.delta()
    usual = Window(bench.arena, state.tree, state.loaded, state.new)
    slow = Window(bench.arena, state.tree, state.loaded, state.new, WARM_UP_S)
    # Its own journal knows nothing yet, so it sends all that it is given, and does not list a bucket with so much in it.
    heats = [
        usual.least(LEAST, tools.ours(against="journal")),
        usual.ours(CUTOVER, migrate_change_feed="never"),
        usual.by_hand("rclone copy --max-age", tools.rclone("--no-traverse", "--max-age", "1h")),
        usual.by_hand("rclone copy, times of the server", tools.rclone("--fast-list", "--update", "--use-server-modtime")),
        usual.by_hand("aws s3 sync", tools.aws()),
    ]
    remarks = list(REMARKS)
    if os.geteuid() == 0:
        heats += [
            usual.ours(FOLLOWED, migrate_change_feed="always"),
            usual.ours(f"{FOLLOWED}, without pipelining", once=True, migrate_change_feed="always", ansible_pipelining=False),
            slow.least(f"{LEAST}{SLOWLY}", tools.ours(against="journal"), once=True),
            slow.ours(f"{FOLLOWED}{SLOWLY}", once=True, migrate_change_feed="always"),
        ]
    else:
        remarks.append("The cutover with the change feed is left out: it takes root.")
    if obstacle := mount.possible():
        remarks.append(f"rsync over a mount is left out: {obstacle}.")
    else:
        heats.append(usual.by_mount("rsync into rclone mount", tools.rsync()))
    results = bench.heats("window", heats)
    least = next(result for result in results if result.entrant.name == LEAST)
    work = Work(
        "The window: how long a cutover takes an application away",
        f"{len(state.tree.entries)} files that are in the bucket, and {len(state.new.entries)} that the command which stops the "
        "application writes as its last words, so that nothing which ran before has seen them.",
        results,
        remarks=remarks + given_up(results),
        table=rows(results, least),
    )
    work.ratios = {
        "window": work.of(FOLLOWED) / work.of(LEAST),
        "window_walked": work.of(CUTOVER) / work.of(LEAST),
        "window_slow": work.of(f"{FOLLOWED}{SLOWLY}") / work.of(f"{LEAST}{SLOWLY}"),
    }
    return work


def million(bench: Bench) -> Work:
    """One million files: that memory does not grow."""
    tree = trees.store(bench.trees, "synapse", trees.SMALL, bench.files(1_000_000), 6)
    results = bench.arena.contest("million", [Heat(Entrant(OURS, tools.ours(), ours=True), tree)], 1)
    work = Work("Memory", f"{len(tree.entries)} small files into an empty bucket.", results)
    work.ratios = {"peak_mib_million": results[0].runs[0].peak_mib}
    return work


def evict(bench: Bench) -> Work:
    """A tenth of a store goes from the disk, all of which is in the bucket."""
    old = eviction.Old(trees.store(bench.trees, "synapse", trees.SMALL, bench.files(50_000), 8), bench.files(5_000))
    entrants = [
        (Entrant(OURS, tools.ours("evict", max_age=f"{eviction.AGE_DAYS}d"), ours=True), False),
        (Entrant("s3_media_upload, all examined", eviction.s3_media_upload(old, True)), True),
        (Entrant("s3_media_upload, old media only", eviction.s3_media_upload(old, False)), True),
    ]
    results = bench.heats("evict", [Heat(entrant, old.tree, old.stage, once=once, check=False) for entrant, once in entrants])
    old.require_gone()
    work = Work(
        "Eviction",
        f"{len(old.tree.entries)} files that are in the bucket, of which {len(old.names)} were not used for long and go. Ours "
        "lists the bucket, finds what is missing there, and proves what goes by its content; its journal is empty, so it reads "
        "these files. The script asks for each file whether there is an object, once for all of them to upload what is missing, "
        "and once more for the old ones to delete them; the last line is that alone.",
        results,
    )
    for what, names in {"wall_s": ("evict", "evict_old_only"), "cpu_s": ("evict_cpu", "evict_cpu_old_only")}.items():
        for name, peer in zip(names, ("s3_media_upload, all examined", "s3_media_upload, old media only")):
            work.ratios[name] = work.of(peer, what) / work.of(OURS, what)
    return work


WORKS: dict[str, Callable[[Bench], Work]] = {
    "initial": initial,
    "latency": latency,
    "large": large,
    "procedures": procedures,
    "delta": delta,
    "feed": feed,
    "verify": verify,
    "window": window,
    "million": million,
    "evict": evict,
}
#: without being asked for
USUAL = ("initial", "latency", "large", "procedures", "delta", "feed", "verify", "window")
