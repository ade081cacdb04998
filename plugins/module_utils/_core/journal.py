# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The journal: the plan of this run, and the proofs of all runs, in one SQLite file that survives kill -9."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from typing import Any, Iterable, Iterator
from urllib.parse import quote

from .errors import BadInput, MediastoreError
from .model import DONE, VANISHED, Proof, RemoteObject, Todo

SCHEMA = 1
BATCH = 1000
COMMIT_EVERY_S = 0.5

_TABLES = """
create table if not exists binding (name text primary key, value text not null) without rowid;
create table if not exists objects (
  key text primary key, size integer not null, mtime_ns integer not null, ctime_ns integer not null, inode integer not null,
  md5 text not null, etag text not null, part_size integer not null) without rowid;
create table if not exists uploads (upload_id text primary key, key text not null) without rowid;
create table if not exists listing (key text primary key, size integer not null, etag text not null) without rowid;
create table if not exists coverage (token text primary key, scope text not null) without rowid;
"""
_PLAN = """
create table plan (
  key text primary key, action text not null, reason text not null, size integer not null, etag text not null,
  state text not null default '') without rowid;
"""

_PROVE = "insert or replace into objects values (?, ?, ?, ?, ?, ?, ?, ?)"
_PLANNED = "insert into plan (key, action, reason, size, etag) values (?, ?, ?, ?, ?)"
_TICK = "update plan set state = ? where key = ?"


class Journal:
    """One SQLite file, used by one run at a time; by its main thread, but for ``begun`` and ``ended``."""

    def __init__(self, path: str, read_only: bool = False) -> None:
        self.path = path
        self._read_only = read_only
        self._due = 0.0
        #: lines to be written together, by statement: one by one they cost more than all the rest of what is done about a file
        self._pending: dict[str, list[tuple[Any, ...]]] = {_PROVE: [], _PLANNED: [], _TICK: []}
        self._lock = threading.RLock()
        with self._explaining("open"):
            self._db = _connect(path, read_only)
            if not read_only:
                self._db.executescript("pragma journal_mode=wal; pragma synchronous=normal;" + _TABLES)
                self._db.commit()

    @contextlib.contextmanager
    def _explaining(self, doing: str) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except sqlite3.Error as exc:
            raise _explain(exc, self.path, doing) from exc

    def bind(self, **to: str) -> None:
        """Tie the journal to one bucket of one store, and refuse it if it is tied to another: its proofs would be lies."""
        with self._explaining("read"):
            known = dict(self._db.execute("select name, value from binding"))
        to = {"schema": str(SCHEMA), **to}
        for name in {**known, **to} if known else ():
            # What only one of the two says counts as well: a journal of one shard is none of the whole, nor the other way round.
            value = known.get(name)
            if to.get(name) != value:
                raise BadInput(
                    f"use the journal {self.path}",
                    said=f"it was written for {_named(name, value)}, and this run is for {_named(name, to.get(name))}",
                    remedy="Use another journal for another place, or remove this one if the place has really moved.",
                    code="ForeignJournal",
                )
        if not known and not self._read_only:
            with self._explaining("write"):
                self._db.executemany("insert into binding values (?, ?)", to.items())
                self._db.commit()

    # -- proofs

    def proofs(self) -> Iterator[Proof]:
        """All proofs in key order, as they are now; the journal may be written meanwhile."""
        return self._paged("select * from objects where key > ? order by key limit ?", Proof)

    def proof_of(self, key: str) -> Proof | None:
        """The proof of one key."""
        self._flush()
        with self._explaining("read"):
            values = self._db.execute("select * from objects where key = ?", (key,)).fetchone()
        return Proof(*values) if values else None

    def some(self, number: int) -> list[Proof]:
        """So many proofs, drawn at random."""
        self._flush()
        with self._explaining("read"):
            found = self._db.execute("select * from objects order by random() limit ?", (number,)).fetchall()
        return [Proof(*values) for values in found]

    def linked(self, inodes: list[int]) -> list[str]:
        """The keys of the files that were proved under these inodes."""
        found: list[str] = []
        self._flush()
        for first in range(0, len(inodes), BATCH // 2):
            some = inodes[first : first + BATCH // 2]
            marks = ", ".join("?" * len(some))
            with self._explaining("read"):
                found += [key for (key,) in self._db.execute(f"select key from objects where inode in ({marks})", some)]
        return found

    def prove(self, proof: Proof) -> None:
        """Note that these bytes are in the store."""
        self._later(_PROVE, proof)

    def disprove(self, key: str) -> None:
        """Forget a proof that no longer holds."""
        self._write("delete from objects where key = ?", (key,))

    # -- plan

    def begin_plan(self) -> None:
        """Drop the plan of an earlier run; what it did is among the proofs."""
        self._write("drop table if exists plan", ())
        self._write(_PLAN, ())
        self.commit()

    def plan(self, todo: Todo) -> None:
        """Write down one thing to do."""
        self._later(_PLANNED, todo)

    def planned(self) -> Iterator[Todo]:
        """The plan in key order; lines may be ticked off meanwhile."""
        return self._paged("select key, action, reason, size, etag from plan where key > ? order by key limit ?", Todo)

    def tick(self, key: str, state: str) -> None:
        """Note how one line of the plan went."""
        self._later(_TICK, (state, key))

    def undone(self) -> list[str]:
        """The keys of the plan that may still differ from what is in the store."""
        self._flush()
        with self._explaining("read"):
            return [key for (key,) in self._db.execute("select key from plan where state not in (?, ?)", (DONE, VANISHED))]

    # -- the agreement with a change feed

    def coverage(self) -> tuple[str, str]:
        """The token on which the feed agreed, and for which part of which directory; empty when there is none."""
        with self._explaining("read"):
            return self._db.execute("select token, scope from coverage").fetchone() or ("", "")

    def cover(self, token: str, scope: str) -> None:
        """All but what the feed will name is proved; with an empty token that cannot be said any more."""
        self._write("delete from coverage", ())
        if token:
            self._write("insert into coverage values (?, ?)", (token, scope))
        self.commit()

    # -- uploads in parts

    def begun(self, key: str, upload_id: str) -> None:
        """Note an upload in parts at once: should this run be killed, the next one can take it back."""
        with self._explaining("write"):
            self._db.execute("insert or replace into uploads values (?, ?)", (upload_id, key))
            self._db.commit()

    def ended(self, upload_id: str) -> None:
        """Forget an upload in parts."""
        with self._explaining("write"):
            self._db.execute("delete from uploads where upload_id = ?", (upload_id,))

    def unfinished(self) -> list[tuple[str, str]]:
        """Key and id of the uploads that an earlier run left behind."""
        with self._explaining("read"):
            return self._db.execute("select key, upload_id from uploads").fetchall()

    # -- a listing that is not in order

    def sort(self, listing: Iterable[RemoteObject]) -> Iterator[RemoteObject]:
        """The same objects in key order, for stores that list in an order of their own."""
        self._write("delete from listing", ())
        for thing in listing:
            try:
                with self._lock:
                    self._db.execute("insert into listing values (?, ?, ?)", thing)
            except sqlite3.IntegrityError:
                said = f"the store listed {thing.key!r} twice"
                raise MediastoreError("list the bucket", said=said, remedy="Run again; if it stays so, report it.") from None
        return self._paged("select * from listing where key > ? order by key limit ?", RemoteObject)

    # -- transactions

    @property
    def due(self) -> bool:
        """Whether there is something to keep, and the last commit is half a second ago: a kill costs no more than that."""
        return time.monotonic() >= self._due and (self._db.in_transaction or any(self._pending.values()))

    def commit(self) -> None:
        """Keep what was written."""
        self._flush()
        with self._explaining("write"):
            self._db.commit()
        self._due = time.monotonic() + COMMIT_EVERY_S

    def close(self) -> None:
        """Keep what was written and let go of the file."""
        with self._explaining("close"):
            self._flush()
            self._db.commit()
            self._db.close()

    def _later(self, statement: str, values: tuple[Any, ...]) -> None:
        if self._read_only:
            self._write(statement, values)
        lines = self._pending[statement]
        lines.append(values)
        if len(lines) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        """Write what was put off; by the main thread only, as is all that comes here."""
        for statement, lines in self._pending.items():
            if lines:
                self._pending[statement] = []
                with self._explaining("write"):
                    self._db.executemany(statement, lines)

    def _write(self, statement: str, values: Iterable[object]) -> None:
        self._flush()
        with self._explaining("write"):
            self._db.execute(statement, tuple(values))

    def _paged(self, statement: str, kind: Any) -> Iterator[Any]:
        # Page by page and not by one long cursor: SQLite does not say what a cursor sees of rows that change under it.
        after = ""
        while True:
            self._flush()
            with self._explaining("read"):
                page = self._db.execute(statement, (after, BATCH)).fetchall()
            yield from map(kind._make, page)
            if len(page) < BATCH:
                return
            after = page[-1][0]


def _named(name: str, value: str | None) -> str:
    return f"no {name}" if value is None else f"{name} {value!r}"


def scratch(directory: str) -> Journal:
    """A journal for one run, without a past."""
    return Journal(os.path.join(directory, "plan.sqlite"))


def _connect(path: str, read_only: bool) -> sqlite3.Connection:
    """Open the file, and look into it: before that SQLite says nothing about it."""
    if not read_only:
        return _opened(f"file:{quote(path)}?mode=rwc")
    try:
        # Not mode=ro: a reader that may not write leaves the files of the write-ahead log behind.
        database = _opened(f"file:{quote(path)}?mode=rw")
    except sqlite3.OperationalError:  # in a directory that this user may not write
        database = _opened(f"file:{quote(path)}?immutable=1")
    database.execute("pragma query_only = 1")
    return database


def _opened(uri: str) -> sqlite3.Connection:
    database = sqlite3.connect(uri, uri=True, timeout=10, check_same_thread=False)
    database.execute("select count(*) from sqlite_master")
    return database


def _explain(exc: sqlite3.Error, path: str, doing: str) -> MediastoreError:
    """SQLite's words in ours."""
    text = str(exc)
    kind, remedy = MediastoreError, "Look at the file and its filesystem, then run again."
    if "full" in text or "disk I/O" in text:
        remedy = "Make room on that filesystem (or choose another place with journal) and run again: what was done is kept."
    elif "readonly" in text or "unable to open" in text:
        kind, remedy = BadInput, "Choose a place for journal that this user may write, or correct its permissions."
    elif "not a database" in text or "malformed" in text:
        remedy = "Move it away and run again: a new one is made by comparing both sides."
    elif "locked" in text:
        remedy = "Another program has it open; end that and run again."
    return kind(f"{doing} the journal {path}", said=text, remedy=remedy, code="Journal")
