# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket that rclone mounts, for tools that only know files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from . import measure
from .measure import Command, Cost, Failed, Runner
from .tools import BUCKET, HERE, Site, rclone_remote

READY_S = 20.0
POLL_S = 0.05


def possible() -> str:
    """Why nothing can be mounted here, or nothing."""
    if not os.path.exists("/dev/fuse"):
        return "there is no /dev/fuse"
    if not shutil.which("fusermount3"):
        return "fusermount3 is not installed (package fuse3)"
    return ""


def run(command: Command, log: Path, timeout_s: float, site: Site, runner: Runner = measure.run) -> Cost:
    """Mount, run the command, and wait until everything that it wrote has been uploaded; the mount's cost is counted in."""
    point, said = site.scratch / "mount", log.with_suffix(".mount")
    point.mkdir()
    # With less than a second rsync's setting of the times comes into the upload, which is then begun again after ten seconds.
    argv = [str(HERE / "rclone"), "mount", f"bench:{BUCKET}", str(point), "--cache-dir", str(site.scratch / "cache")]
    argv += ["--vfs-cache-mode", "writes", "--vfs-write-back", "1s", "--transfers", "32", "--dir-cache-time", "1h"]
    argv += ["--s3-no-head", "--s3-no-check-bucket", "--no-checksum"]
    with open(said, "wb") as out:
        process = subprocess.Popen(argv, stdout=out, stderr=out, env={**site.environment, **rclone_remote(site)})
    try:
        _wait(point.is_mount, process, said, READY_S)
        begun = time.monotonic()
        cost = runner(command, log, timeout_s, site)
        _wait(lambda: _all_there(site), process, said, timeout_s)
        wall = time.monotonic() - begun
        return replace(
            cost,
            wall_s=wall,
            cpu_s=cost.cpu_s + measure.cpu_s(process.pid),
            peak_mib=cost.peak_mib + measure.memory_kib(process.pid) / 1024,
        )
    finally:
        subprocess.run(["fusermount3", "-u", "-z", str(point)], check=False, capture_output=True)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _all_there(site: Site) -> bool:
    stats = site.server.stats()
    return stats["objects"] >= len(site.tree.entries) and stats["bytes"] >= site.tree.nbytes


def _wait(condition: Callable[[], bool], process: subprocess.Popen[bytes], said: Path, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failed(f"rclone mount: {said.read_text(errors='replace')[-2000:]}")
        time.sleep(POLL_S)
