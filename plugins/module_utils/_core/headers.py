# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What single objects are stored with, from a file that an application's role has made: a line of JSON for each path.

A line with nothing but ``complete_until`` says up to which time all is told. What has changed since then and is not in the file
is not sent yet, for nobody would send it again only for its headers.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import typing as t

from .errors import BadInput, MediastoreError
from .files import explaining_os
from .model import UNSETTLED, Outcome, Todo
from .scan import Tree
from .transfer import Mover

UNTIL = "complete_until"
TEXTS = ("content_type", "cache_control", "content_disposition")


class Headers:
    """Looks paths up in an index beside the file, to which only what was appended since is added; the last line counts.

    Raises BadInput for a line that says something else.
    """

    def __init__(self, path: str, doing: str) -> None:
        self._path = path
        self._doing = doing
        self._lock = threading.Lock()
        #: in nanoseconds since 1970; without an end, all is told
        self._until = float("inf")
        self._index = self._opened()

    def __call__(self, path: str) -> t.Mapping[str, t.Any]:
        """What is said of a path, or nothing; from any thread."""
        with self._lock, self._explaining():
            row = self._index.execute("SELECT said FROM headers WHERE path = ?", (path,)).fetchone()
        return dict(json.loads(row[0])) if row else {}

    def are_to_come(self, path: str, changed_ns: int) -> bool:
        """Whether something may still be told of a file that changed at this time."""
        return changed_ns >= self._until and not self(path)

    def _opened(self) -> sqlite3.Connection:
        with explaining_os(f"{self._doing}: read {self._path}"), self._explaining(), open(self._path, "rb") as source:
            index = sqlite3.connect(f"{self._path}.index", check_same_thread=False)
            os.chmod(f"{self._path}.index", 0o600)
            index.execute("CREATE TABLE IF NOT EXISTS headers (path TEXT PRIMARY KEY, said TEXT) WITHOUT ROWID")
            index.execute("CREATE TABLE IF NOT EXISTS source (inode INTEGER, size INTEGER, until REAL)")
            found = os.fstat(source.fileno())
            inode, done, until = index.execute("SELECT inode, size, until FROM source").fetchone() or (None, 0, self._until)
            if inode != found.st_ino or done > found.st_size:
                index.execute("DELETE FROM headers")
                done, until = 0, self._until
            self._until = until
            source.seek(done)
            with index:
                index.executemany("INSERT OR REPLACE INTO headers VALUES (?, ?)", self._lines(source))
                index.execute("DELETE FROM source")
                index.execute("INSERT INTO source VALUES (?, ?, ?)", (found.st_ino, source.tell(), self._until))
        return index

    @contextlib.contextmanager
    def _explaining(self) -> t.Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            remedy = (
                "Look for free space on its filesystem, and whether it is a file of SQLite; it is made anew where there is none."
            )
            raise MediastoreError(self._doing, said=f"the index {self._path}.index: {exc}", remedy=remedy, code="Index") from exc

    def _lines(self, source: t.BinaryIO) -> t.Iterator[tuple[str, str]]:
        for line in iter(source.readline, b""):
            try:
                own = json.loads(line)
                if set(own) == {UNTIL}:
                    self._until = own[UNTIL] * 1e9
                    continue
                path = own.pop("path")
                path.encode("utf-8")
                metadata = own.get("metadata", {})
                texts = [own[name] for name in TEXTS if name in own] + [*metadata, *metadata.values()]
                right = not set(own) - {*TEXTS, "metadata"} and all(text.isascii() and text.isprintable() for text in texts)
            except (ValueError, KeyError, AttributeError, TypeError):
                right = False
            if not right:
                raise BadInput(
                    self._doing,
                    said=f"{self._path} has a line that is none of headers: {line[:100]!r}",
                    remedy=f"Write JSON with path and any of {', '.join(TEXTS)} and metadata, in ASCII, or with {UNTIL} alone.",
                )
            yield path, json.dumps(own)


class Expecting:
    """Sends only files whose headers are known, or will never be; the others are left for the run after the next question."""

    def __init__(self, mover: Mover, tree: Tree, headers: Headers) -> None:
        self._mover = mover
        self._tree = tree
        self._headers = headers

    def settle(self) -> None:
        """What the mover has to do at the end."""
        self._mover.settle()

    def __call__(self, todo: Todo) -> Outcome:
        """Send one file, unless it is too early for that."""
        try:
            changed_ns = os.lstat(self._tree.path(todo.key)).st_ctime_ns
        except OSError:
            # the mover says what is the matter
            changed_ns = 0
        if self._headers.are_to_come(self._tree.relative(todo.key), changed_ns):
            return Outcome(todo.key, UNSETTLED)
        return self._mover(todo)
