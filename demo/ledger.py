# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: every upload that the server acknowledged, written down before anything else is believed."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """Something the server promised to give back: under this reference, these bytes."""

    ref: str
    sha256: str
    size: int
    kind: str  # "upload", or "thumbnail" for what the server made of one
    at: float


class Ledger:
    """Append-only; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def add(self, ref: str, body: bytes, kind: str = "upload") -> Entry:
        entry = Entry(ref, hashlib.sha256(body).hexdigest(), len(body), kind, time.time())
        with self._lock:
            with open(self._path, "a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(entry)) + "\n")
            self._entries.append(entry)
        return entry

    def entries(self) -> list[Entry]:
        with self._lock:
            return list(self._entries)

    def pick(self, rng: random.Random) -> Entry:
        with self._lock:
            return rng.choice(self._entries)

    def uploads(self) -> int:
        return sum(entry.kind == "upload" for entry in self.entries())
