# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What single objects are stored with, from a file that an application's role has made: a line of JSON for each path."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import typing as t

from .errors import BadInput
from .files import explaining_os

TEXTS = ("content_type", "cache_control", "content_disposition")


class Headers:
    """Looks paths up in an index beside the file, to which only what was appended since is added; the last line counts."""

    def __init__(self, path: str, doing: str) -> None:
        self._path = path
        self._doing = doing
        self._lock = threading.Lock()
        self._index: sqlite3.Connection | None = None

    def __call__(self, path: str) -> t.Mapping[str, t.Any]:
        """What is said of a path, or nothing; from any thread."""
        with self._lock:
            if self._index is None:
                self._index = self._opened()
            row = self._index.execute("SELECT said FROM headers WHERE path = ?", (path,)).fetchone()
        return dict(json.loads(row[0])) if row else {}

    def _opened(self) -> sqlite3.Connection:
        with explaining_os(f"{self._doing}: read {self._path}"), open(self._path, "rb") as source:
            index = sqlite3.connect(f"{self._path}.index", check_same_thread=False)
            os.chmod(f"{self._path}.index", 0o600)
            index.execute("CREATE TABLE IF NOT EXISTS headers (path TEXT PRIMARY KEY, said TEXT) WITHOUT ROWID")
            index.execute("CREATE TABLE IF NOT EXISTS source (inode INTEGER, size INTEGER)")
            found = os.fstat(source.fileno())
            inode, done = index.execute("SELECT inode, size FROM source").fetchone() or (None, 0)
            if inode != found.st_ino or done > found.st_size:
                index.execute("DELETE FROM headers")
                done = 0
            source.seek(done)
            with index:
                index.executemany("INSERT OR REPLACE INTO headers VALUES (?, ?)", self._lines(source))
                index.execute("DELETE FROM source")
                index.execute("INSERT INTO source VALUES (?, ?)", (found.st_ino, source.tell()))
        return index

    def _lines(self, source: t.BinaryIO) -> t.Iterator[tuple[str, str]]:
        for line in iter(source.readline, b""):
            try:
                said = json.loads(line)
                path, own = said.pop("path"), said
                metadata = own.get("metadata", {})
                texts = [own[name] for name in TEXTS if name in own] + [*metadata, *metadata.values()]
                right = not set(own) - {*TEXTS, "metadata"} and all(text.isascii() and text.isprintable() for text in texts)
            except (ValueError, KeyError, AttributeError, TypeError):
                right = False
            if not right:
                raise BadInput(
                    self._doing,
                    said=f"{self._path} has a line that is none of headers: {line[:100]!r}",
                    remedy=f"Write JSON with path and any of {', '.join(TEXTS)} and metadata, in ASCII.",
                )
            yield path, json.dumps(own)
