# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A copy that goes on without the run of Ansible that began it: whether there is one, how far it is, how the last one ended."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, NamedTuple

from .claim import started
from .files import read_json
from .progress import describe

#: in the state directory: what the module writes while it works, and where Ansible's async wrapper keeps its result
PROGRESS, JOBS = "copying", "jobs"


class Copying(NamedTuple):
    """What is known about the copy in the background."""

    running: bool
    pid: int
    #: how far it is, or how it ended; empty if there never was one
    said: str


def look(directory: str) -> Copying:
    """Look at the copy that was begun for the migration in this state directory."""
    progress = os.path.join(directory, PROGRESS)
    state = read_json(progress) or {}
    pid = int(state.get("pid", 0))
    # another process may have been given its number since
    if pid and started(pid) and started(pid) == state.get("started"):
        return Copying(True, pid, describe(state))
    return Copying(False, pid, _ending(os.path.join(directory, JOBS)))


def _ending(jobs: str) -> str:
    results = [os.path.join(jobs, name) for name in os.listdir(jobs)] if os.path.isdir(jobs) else []
    if not results:
        return ""
    result: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError), open(max(results, key=os.path.getmtime), encoding="utf-8") as source:
        result = json.load(source)
    if result.get("failed") and "cmd" not in result:
        return f"it failed: {result.get('msg', 'no reason was given')}"
    if "transferred" in result:
        return f"it is complete: {result['transferred']['files']} files in {result['duration_s']:.0f} s"
    # What the wrapper noted at the beginning, or that the module ended without a result, which it tells with the command.
    return "it was cut short, by a kill or a restart of the host; the next copy goes on where it was"
