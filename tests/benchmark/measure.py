# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command costs: seconds, processor time and peak memory of it and of all that it starts."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOOK_EVERY_S = 0.05
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Command:
    """A program with its arguments, environment and input."""

    argv: list[str]
    environment: dict[str, str]
    stdin: bytes = b""
    directory: Path | None = None


@dataclass(frozen=True)
class Cost:
    """What it took, and the beginning of what it printed."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    output: str
    #: what else a work wants to know of it
    notes: dict[str, float] = field(default_factory=dict)


#: runs a command to its end, with a log, so many seconds at most, for a site
Runner = Callable[[Command, Path, float, Any], Cost]


class Failed(Exception):
    """The command did not end well."""


class TooLong(Failed):
    """The command was not waited for any longer."""


def run(command: Command, log: Path, timeout_s: float, site: Any = None) -> Cost:
    """Run it to its end."""
    log.with_suffix(".in").write_bytes(command.stdin)
    with open(log, "wb") as out, open(log.with_suffix(".in"), "rb") as given:
        begun = time.monotonic()
        # In a group of its own, so that all of it can be ended.
        process = subprocess.Popen(
            command.argv,
            stdin=given,
            stdout=out,
            stderr=out,
            env=command.environment,
            cwd=command.directory,
            start_new_session=True,
        )
        peak = 0
        try:
            while True:
                ended, status, usage = os.wait4(process.pid, os.WNOHANG)
                if ended:
                    break
                if time.monotonic() - begun > timeout_s:
                    raise TooLong(f"{command.argv[0]} took more than {timeout_s:.0f} s")
                peak = max(peak, memory_kib(process.pid))
                time.sleep(LOOK_EVERY_S)
            wall = time.monotonic() - begun
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, 9)
                process.wait()
    said = log.read_text(errors="replace")
    if process.returncode:
        raise Failed(f"{' '.join(command.argv)}\nended with {process.returncode}:\n{said[-3000:]}")
    # Those it waited for are counted in; none of these tools leaves anything behind.
    return Cost(wall, usage.ru_utime + usage.ru_stime, peak / 1024, said)


def cpu_s(pid: int) -> float:
    """Processor time that a running process has used, for servers and mounts."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_kib(pid: int) -> int:
    """The peak memory of a process that has no children now, or what it and all below it have now.

    What copies of a process share with it is there once, and counts once (Pss, proc_pid_smaps(5)).
    Not from wait4: what that says is never less than what the parent had when it forked, and this one is large.
    """
    family = _family(pid)
    if len(family) > 1:
        return sum(_kib(member, "smaps_rollup", "Pss") for member in family)
    return _kib(pid, "status", "VmHWM")


def _family(pid: int) -> list[int]:
    """A process and all that it has started and that run now."""
    try:
        below = [child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    except OSError:  # it has ended meanwhile
        below = []
    return [pid, *(member for child in below for member in _family(int(child)))]


def _kib(pid: int, file: str, name: str) -> int:
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/{file}").read_text(), re.MULTILINE)
    except OSError:  # it has ended meanwhile
        found = None
    return int(found.group(1)) if found else 0
