# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How far a run is: counted in the module, written to a small file, told to a person by the action plugin."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any

from .claim import started

#: beside the progress file, touched by whoever is looking; once it is old, nobody is looking any more
SEEN_SUFFIX = ".seen"
SEEN_FOR_S = 60
#: who ceases to look in good order makes the trace older than any clock does: it is of January 1970
FAREWELL_NS = 30 * 86400 * 10**9


class Silent:
    """Nobody is looking."""

    def phase(self, name: str, files: int | None = None, nbytes: int | None = None) -> None:
        """Ignore it."""

    def moved(self, nbytes: int) -> None:
        """Ignore it."""

    def counted(self, files: int = 1, nbytes: int = 0) -> None:
        """Ignore it."""

    def tick(self) -> None:
        """Ignore it."""


class ToFile:
    """Keeps a small JSON file up to date; a progress that cannot be written never stops the work."""

    EVERY_S = 0.5

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._begun = self._shown = 0.0
        self._state: dict[str, Any] = {}

    def phase(self, name: str, files: int | None = None, nbytes: int | None = None) -> None:
        """Begin a phase, with fresh counts."""
        with self._lock:
            self._begun = time.monotonic()
            self._state = {"phase": name, "files": 0, "bytes": 0, "files_total": files, "bytes_total": nbytes}
        self._write()

    def moved(self, nbytes: int) -> None:
        """Count bytes; from any thread."""
        with self._lock:
            self._state["bytes"] += nbytes

    def counted(self, files: int = 1, nbytes: int = 0) -> None:
        """Count finished files."""
        with self._lock:
            self._state["files"] += files
            self._state["bytes"] += nbytes

    def tick(self) -> None:
        """Write the file if the last time is long enough ago."""
        if time.monotonic() - self._shown >= self.EVERY_S:
            self._write()

    def _write(self) -> None:
        self._shown = time.monotonic()
        with self._lock:
            state = dict(
                self._state, elapsed_s=round(self._shown - self._begun, 2), pid=os.getpid(), started=started(os.getpid())
            )
        temporary = f"{self._path}.new"
        try:
            with open(temporary, "w", encoding="utf-8") as out:
                json.dump(state, out)
            os.replace(temporary, self._path)
        except OSError:
            return


class Follower:
    """Whoever follows a progress file; known by the trace beside it, and by no clock, which may be set meanwhile."""

    def __init__(self, path: str) -> None:
        self._trace = path + SEEN_SUFFIX
        self._touched_ns = 0
        self._since = time.monotonic()

    def gone(self) -> bool:
        """Whether somebody followed and has ceased to; False if nobody ever did."""
        try:
            touched_ns = os.stat(self._trace).st_mtime_ns
        except OSError:
            return False
        if touched_ns < FAREWELL_NS:
            return True
        if touched_ns != self._touched_ns:
            self._touched_ns, self._since = touched_ns, time.monotonic()
        return time.monotonic() - self._since > SEEN_FOR_S


def describe(state: dict[str, Any]) -> str:
    """One line for a person: phase, share, time left, files, bytes, rates. A narrow terminal cuts off the least important."""
    files, nbytes, elapsed = int(state["files"]), int(state["bytes"]), float(state["elapsed_s"])
    total, total_bytes = state["files_total"], state["bytes_total"]
    rate = f", {files / elapsed:.0f}/s, {human(nbytes / elapsed)}/s" if elapsed >= 0.5 else ""
    if not total:
        return f"{state['phase']}: {files} files, {human(nbytes)}{rate}"
    share = min(1.0, (files / total + (nbytes / total_bytes if total_bytes else files / total)) / 2)
    left = f"{clock(elapsed / share - elapsed)} left, " if 0 < share < 1 and elapsed >= 1 else ""
    return f"{state['phase']}: {100 * share:.0f} %, {left}{files}/{total} files, {human(nbytes)}{rate}"


def human(nbytes: float) -> str:
    """Bytes as people say them."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if nbytes < 1024:
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.1f} {unit}"
        nbytes /= 1024
    return f"{nbytes:.1f} TiB"


def clock(seconds: float) -> str:
    """A duration as people say it."""
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
