# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migrations during which everything goes wrong; `make chaos` sets up what they need.

    RUNS=10 SEED=1 FILES=1000 ORDER=stop-first REWRITES=0.2 DELETES=0.05 python -m ansible_collections.mediastore.s3.tests.chaos

Each run is a migration there, perhaps back, and perhaps there again, with a bad line to the store, and in each stage something is
killed, or the disk fills up, for a while or until the command has ended, or the clock is set.
What was cut short or failed is run again, as a user would. In the end the application must serve all that it ever acknowledged.
ORDER=switch-first is for an application that reads both its files and the bucket.
REWRITES is the share of the uploads that write a medium anew, DELETES the share that is followed by the end of an earlier one.
Run number N has the seed SEED + N - 1, so `RUNS=1 SEED=` repeats one: the same plan and the same faults, at moments that
depend on the machine.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from ..e2e.migrate_site import kill_hard
from ..interop.keysite import cut_the_power
from .site import ORDERS, ChaosSite, Clients, chaos_site, modules_of, restart

#: of the requests between the host and the store
FAULT_RATE = 0.01
#: how often the same command is given before it counts as one that does not finish the job
ATTEMPTS = 5
JOURNEYS = (
    ("sync", "cutover"),
    ("cutover", "rollback"),
    ("sync", "cutover", "rollback", "cutover"),
)
STAGE = {"sync": "synced", "cutover": "healthy", "rollback": "rolled_back"}
#: within so many seconds of a stage the kill comes; some come after its end, and are none
LONGEST_S = {"sync": 12.0, "cutover": 24.0, "rollback": 14.0}

PLAYBOOK, POWER, MODULE, STORE, DISK, WHOLE, CLOCK = "playbook", "power", "module", "store", "disk", "disk_to_the_end", "clock"
VICTIMS = (PLAYBOOK, POWER, MODULE, STORE, DISK, WHOLE, CLOCK)
#: what happens to them
SAID = {DISK: "full", WHOLE: "full", CLOCK: "set"}
#: by how much a clock may be wrong: stores accept some 15 minutes
WRONG_S = (-3000, -600, -40, 40, 600, 3000)
#: for so long a full disk stays full, at most, unless it does so until somebody comes: when the command has failed
FULL_S = 15.0


class Lost(Exception):
    """Something that must hold does not."""


def main() -> None:
    """Run as many as asked for, and say how they ended."""
    runs, seed = int(os.environ.get("RUNS") or 10), int(os.environ.get("SEED") or 1)
    files = int(os.environ.get("FILES") or 1000)
    order = os.environ.get("ORDER") or next(iter(ORDERS))
    if order not in ORDERS:
        sys.exit(f"ORDER is one of {', '.join(ORDERS)}")
    shares = {name: float(os.environ.get(name) or usual) for name, usual in (("REWRITES", 0.2), ("DELETES", 0.05))}
    happened: Counter[str] = Counter()
    lost = 0
    for number in range(seed, seed + runs):
        directory, began = Path(tempfile.mkdtemp(prefix="chaos-")), time.monotonic()
        try:
            text = one_run(directory, number, files, order, shares, happened)
            shutil.rmtree(directory)
        except Lost as error:
            lost += 1
            given = " ".join(
                f"{name}={value}" for name, value in {"SEED": number, "FILES": files, "ORDER": order, **shares}.items()
            )
            text = f"LOST: {error}\n  kept: {directory}; repeat it: make chaos RUNS=1 {given}"
        print(f"seed {number}: {time.monotonic() - began:.0f} s, {text}", flush=True)
    faults = sum(happened.values())
    print("  ".join(f"{kind} {count}" for kind, count in sorted(happened.items())))
    print(f"chaos: runs={runs} faults={faults} kinds={len(happened)} lost={lost}")
    sys.exit(bool(lost) or not faults)


def one_run(directory: Path, seed: int, files: int, order: str, shares: dict[str, float], happened: Counter[str]) -> str:
    """One migration; what happened to it is counted, how it went is said."""
    dice = random.Random(seed)
    said = []
    with chaos_site(directory, seed, files, FAULT_RATE, order) as (site, proxy):
        try:
            with Clients(site, seed, shares["REWRITES"], shares["DELETES"]) as clients:
                for stage in dice.choice(JOURNEYS):
                    said.append(f"{stage} ({', '.join(go_through(site, stage, dice, happened))})")
            require_served(site)
        finally:
            happened.update(proxy.faults)
        said.append(f"{clients.uploads} uploads but {clients.deleted} that were deleted, and {files} old files, are served")
        said.append(f"{sum(proxy.faults.values())} requests had a fault")
    return "; ".join(said)


def go_through(site: ChaosSite, stage: str, dice: random.Random, happened: Counter[str]) -> list[str]:
    """Give the command, kill something, and give it again until it has done its work."""
    victims = VICTIMS if site.disk else [victim for victim in VICTIMS if victim not in (DISK, WHOLE)]
    victim, moment = dice.choice(victims), dice.uniform(0, LONGEST_S[stage])
    log = site.directory / f"{stage}.log"
    process = site.begin(stage, log)
    told = []
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        if strike(site, process, victim, dice):
            happened[f"{victim}_{SAID.get(victim, 'killed')}"] += 1
            told.append(f"{victim} {SAID.get(victim, 'killed')} after {moment:.0f} s")
    process.wait()
    if victim in SAID:
        if process.returncode and site.depot("status"):
            raise Lost(f"{stage} leaves the application stopped, only because of the {victim}:\n{log.read_text()[-4000:]}")
        site.set_right()
    status, attempts = process.returncode, 1
    while status:
        if attempts == ATTEMPTS:
            raise Lost(f"{stage} ({', '.join(told)}) does not finish, see the last output:\n{log.read_text()[-4000:]}")
        if not told or attempts > 1:
            told.append(f"failed: {reason(log.read_text())}")  # of a bad line alone
        attempts += 1
        play = site.play(stage)
        status = play.status
        log.write_text(play.output)
    if site.stage() != STAGE[stage]:
        raise Lost(f"{stage} says that all is well, and the migration is at {site.stage()}")
    return [*told, f"done at attempt {attempts}"]


def reason(output: str) -> str:
    """What a playbook that failed said last."""
    said = re.findall(r'"msg": (.{,300})', output)
    return said[-1] if said else output[-300:]


def strike(site: ChaosSite, process: subprocess.Popen[bytes], victim: str, dice: random.Random) -> bool:
    """Kill it; False where there was nothing to kill."""
    if victim == STORE:
        restart(site.store, dice.uniform(0.5, 3))
        return True
    if victim == MODULE:
        modules = modules_of(process.pid)
        for module in modules:
            cut_the_power(module)
        return bool(modules)
    if site.disk and victim in (DISK, WHOLE):
        site.disk.fill()
        if victim == DISK:
            threading.Timer(dice.uniform(1, FULL_S), site.disk.make_room).start()
        return True
    if victim == CLOCK:
        site.set_clock(dice.choice(WRONG_S))
        return True
    if victim == POWER:
        cut_the_power(process.pid)
    else:
        kill_hard(process)
    return True


def require_served(site: ChaosSite) -> None:
    """The application serves all that it acknowledged, from where the state says that the media are."""
    if site.depot("status"):
        raise Lost("the application does not run")
    backend = site.switched_to if site.stage() == "healthy" else "directory"
    if f'"{backend}"' not in site.config.read_text():
        raise Lost(f"the migration is at {site.stage()}, and the application is not on its {backend}")
    lost = site.lost()
    if lost:
        raise Lost(f"{len(lost)} media are not served as they were acknowledged: {', '.join(lost[:10])}")


if __name__ == "__main__":
    main()
