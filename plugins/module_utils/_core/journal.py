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
from .model import Proof, RemoteObject, Todo

SCHEMA = 1
BATCH = 1000
COMMIT_EVERY_S = 0.5

_TABLES = """
create table if not exists binding (name text primary key, value text not null) without rowid;
create table if not exists objects (
  key text primary key, size integer not null, mtime_ns integer not null, ctime_ns integer not null, inode integer not null,
  md5 text not null, etag text not null, part_size integer not null) without rowid;
create table if not exists plan (
  key text primary key, action text not null, reason text not null, size integer not null,
  state text not null default '') without rowid;
create table if not exists uploads (upload_id text primary key, key text not null) without rowid;
create table if not exists listing (key text primary key, size integer not null, etag text not null) without rowid;
"""


class Journal:
    """One SQLite file, used by one run at a time; by its main thread, but for ``begun`` and ``ended``."""

    def __init__(self, path: str, read_only: bool = False) -> None:
        self.path = path
        self._read_only = read_only
        self._due = 0.0
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
        for name, value in known.items():
            if to.get(name) != value:
                raise BadInput(
                    f"use the journal {self.path}",
                    said=f"it was written for {name} {value!r}, and this run is for {name} {to.get(name)!r}",
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

    def prove(self, proof: Proof) -> None:
        """Note that these bytes are in the store."""
        self._write("insert or replace into objects values (?, ?, ?, ?, ?, ?, ?, ?)", proof)

    def disprove(self, key: str) -> None:
        """Forget a proof that no longer holds."""
        self._write("delete from objects where key = ?", (key,))

    # -- plan

    def begin_plan(self) -> None:
        """Drop the plan of an earlier run; what it did is among the proofs."""
        self._write("delete from plan", ())
        self.commit()

    def plan(self, todo: Todo) -> None:
        """Write down one thing to do."""
        self._write("insert into plan (key, action, reason, size) values (?, ?, ?, ?)", todo)

    def planned(self) -> Iterator[Todo]:
        """The plan in key order; lines may be ticked off meanwhile."""
        return self._paged("select key, action, reason, size from plan where key > ? order by key limit ?", Todo)

    def tick(self, key: str, state: str) -> None:
        """Note how one line of the plan went."""
        self._write("update plan set state = ? where key = ?", (state, key))

    # -- uploads in parts

    def begun(self, key: str, upload_id: str) -> None:
        """Note an upload in parts at once: should this run be killed, the next one can take it back."""
        with self._explaining("write"):
            self._db.execute("insert or replace into uploads values (?, ?)", (upload_id, key))
            self._db.commit()

    def ended(self, upload_id: str) -> None:
        """Forget an upload in parts."""
        self._write("delete from uploads where upload_id = ?", (upload_id,))

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
        return self._db.in_transaction and time.monotonic() >= self._due

    def commit(self) -> None:
        """Keep what was written."""
        with self._explaining("write"):
            self._db.commit()
        self._due = time.monotonic() + COMMIT_EVERY_S

    def close(self) -> None:
        """Keep what was written and let go of the file."""
        with self._explaining("close"):
            self._db.commit()
            self._db.close()

    def _write(self, statement: str, values: Iterable[object]) -> None:
        with self._explaining("write"):
            self._db.execute(statement, tuple(values))

    def _paged(self, statement: str, kind: type) -> Iterator[Any]:
        # Page by page and not by one long cursor: SQLite does not say what a cursor sees of rows that change under it.
        after = ""
        while True:
            with self._explaining("read"):
                page = self._db.execute(statement, (after, BATCH)).fetchall()
            for values in page:
                yield kind(*values)
            if len(page) < BATCH:
                return
            after = page[-1][0]


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
