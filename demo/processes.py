# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leaving nothing running: every process of the demo inherits a mark in its environment, and is found by it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import FrameType

MARK = "MEDIASTORE_DEMO"


def mark(home: Path) -> None:
    """From now on every process started from here belongs to the demo in `home`."""
    os.environ[MARK] = str(home)


def sweep(home: Path) -> list[int]:
    """Kill what still runs of the demo in `home`, of this run or of one that was killed; the ids of what was found."""
    wanted = f"{MARK}={home}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        try:
            if pid != os.getpid() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)
                found.append(pid)
        except OSError:
            continue  # it ended meanwhile, or belongs to somebody else
    return found


def descendants(pid: int) -> list[int]:
    """All children of a process and theirs, as they are at this moment."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # after the command in parentheses, which may hold anything: state, parent
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        todo += (below := children.get(todo.pop(), []))
        found += below
    return found


def kill_group(pid: int) -> None:
    """kill -9 for a process group; what left the group goes on, as after the death of a terminal."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def kill_tree(pid: int) -> None:
    """kill -9 for a process and everything below it, as in a power cut."""
    victims = [pid, *descendants(pid)]
    for victim in victims:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue


def end_group(pid: int, patience: float = 5.0) -> None:
    """Ask a process group to end, then insist."""
    try:
        os.killpg(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            if os.waitpid(pid, os.WNOHANG)[0]:
                break
        except ChildProcessError:
            break
        time.sleep(0.05)
    kill_group(pid)


class Stopped(BaseException):
    """A signal asked the demo to stop; not an Exception, so that nothing on the way takes it for a failure."""


def stop_on_signals() -> None:
    """Turn Ctrl-C, a hang-up and a polite kill into Stopped, once: a second one must not cut the cleaning short."""

    def stop(number: int, _frame: FrameType | None) -> None:
        for again in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(again, signal.SIG_IGN)
        raise Stopped(signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
