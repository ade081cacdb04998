# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a reconciliation has found so far: what there should be, what there is, and what of it is not in order."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from typing import Any, Iterable, Iterator, NamedTuple

from .errors import MediastoreError
from .mediarows import REMOTE, REMOTE_THUMBNAILS, MediaRow, legacy_name

#: lines that are written together
BATCH = 1000

#: file and object are the same, and as the database has it
BOTH = "both"
#: the only copy
DISK_ONLY, BUCKET_ONLY = "disk_only", "bucket_only"
#: the database has a row, and neither place has anything
MISSING = "missing"
#: database, file and object do not say the same; or it could not be read
DIFFERENT, UNREADABLE = "different", "unreadable"
#: one of these, but so young that it may still be under way
SETTLING = "settling"
#: no row: a file, or an object
ORPHAN_DISK, ORPHAN_BUCKET = "orphan_disk", "orphan_bucket"
STATES = (BOTH, DISK_ONLY, BUCKET_ONLY, MISSING, DIFFERENT, UNREADABLE, SETTLING, ORPHAN_DISK, ORPHAN_BUCKET)
ORPHANS = (ORPHAN_DISK, ORPHAN_BUCKET)

_TABLES = """
create table expected (key text, kind text, size integer, sha256 text, created_ms integer, used_ms integer, mxc text,
  quarantined_by text);
create table again (key text primary key) without rowid;
create table found (key text, kind text, state text, size integer, whole text, why text, primary key (key, state)) without rowid;
"""


class Expected(NamedTuple):
    """What the database says of one key."""

    key: str
    kind: str
    size: int | None
    sha256: str
    created_ms: int
    used_ms: int | None
    mxc: str
    quarantined_by: str


class Found(NamedTuple):
    """What was found out about one key."""

    key: str
    kind: str
    state: str
    size: int = 0
    #: which side is what the database says, where they differ: ``file``, ``object`` or none
    whole: str = ""
    why: str = ""


class Ledger:
    """All of it, in a file without a name that SQLite removes by itself: memory does not grow with the media."""

    def __init__(self) -> None:
        with _explaining():
            self._db = sqlite3.connect("", check_same_thread=False)
            self._db.create_function("legacy", 1, legacy_name)
            self._db.executescript(_TABLES)
        self._pending: list[Found] = []
        self.counts: Counter[tuple[str, str]] = Counter()

    def expect(self, rows: Iterable[MediaRow], prefix: str) -> None:
        """Take what the database says."""
        with _explaining():
            self._db.executemany(
                "insert into expected values (?, ?, ?, ?, ?, ?, ?, ?)", ((prefix + row.path, *row[1:]) for row in rows)
            )

    def expected(self) -> Iterator[Expected]:
        """The same in key order, each key once."""
        last = None
        with _explaining():
            for row in map(Expected._make, self._db.execute("select * from expected order by key")):
                if row.key != last:
                    yield row
                last = row.key

    def note(self, found: Found) -> None:
        """Take what was found out about one key; what is in order is only counted."""
        if found.state in (BOTH, SETTLING):
            self.counts[found.kind, found.state] += 1
            return
        self._pending.append(found)
        if len(self._pending) >= BATCH:
            self._flush()

    @property
    def doubtful(self) -> bool:
        """Whether anything was found that may be otherwise by now."""
        self._flush()
        with _explaining():
            states = (MISSING, *ORPHANS)
            return self._db.execute("select 1 from found where state in (?, ?, ?) limit 1", states).fetchone() is not None

    def settle(self, rows: Iterable[MediaRow], prefix: str) -> None:
        """Drop the orphans that have a row by now, and what is missing whose row is gone by now."""
        self._flush()
        with _explaining():
            self._db.executemany("insert or ignore into again values (?)", ((prefix + row.path,) for row in rows))
            # What had a row from the beginning is an orphan because it does not belong where it is.
            self._db.execute("create index if not exists expected_key on expected (key)")
            self._db.execute(
                "delete from found where state in (?, ?) and key in (select key from again)"
                " and key not in (select key from expected)",
                ORPHANS,
            )
            self._db.execute("delete from found where state = ? and key not in (select key from again)", (MISSING,))

    def marry_legacy(self) -> None:
        """Give thumbnails that have an older Synapse's name to their rows, under the name that they have."""
        self._flush()
        with _explaining():
            self._db.execute(
                "create table married as select m.key as missing, o.key as orphan, count(*) as sides, min(o.state) as state,"
                " min(o.size) as size, max(o.size) as most from found m join found o on o.key = legacy(m.key)"
                " where m.state = ? and m.kind = ? and o.state in (?, ?) group by m.key, o.key",
                (MISSING, REMOTE_THUMBNAILS, *ORPHANS),
            )
            self._db.execute("delete from found where state = ? and key in (select missing from married)", (MISSING,))
            self._db.execute("delete from found where state in (?, ?) and key in (select orphan from married)", ORPHANS)
            same = self._db.execute("select count(*) from married where sides = 2 and size = most").fetchone()[0]
            self.counts[REMOTE_THUMBNAILS, BOTH] += same
            self._db.execute(
                "insert or ignore into found select orphan, ?, case when sides = 2 then ? when state = ? then ? else ? end,"
                " size, '', '' from married where sides = 1 or size != most",
                (REMOTE_THUMBNAILS, DIFFERENT, ORPHAN_DISK, DISK_ONLY, BUCKET_ONLY),
            )

    def withdraw(self, key: str, state: str) -> None:
        """Take back a finding that did not last."""
        with _explaining():
            self._db.execute("delete from found where key = ? and state = ?", (key, state))

    def of(self, *states: str) -> Iterator[tuple[Found, Expected | None]]:
        """What is in one of these states, in key order, and what the database says of it."""
        self._flush()
        marks = ", ".join("?" * len(states))
        statement = (
            "select f.*, e.* from found f left join expected e on e.key = f.key"
            f" where f.state in ({marks}) group by f.key, f.state order by f.key"
        )
        with _explaining():
            self._db.execute("create index if not exists expected_key on expected (key)")
            # Not page by page: nothing is written to these two tables meanwhile.
            for values in self._db.execute(statement, states):
                found, expected = Found._make(values[:6]), values[6:]
                yield found, Expected._make(expected) if expected[0] is not None else None

    def total(self) -> Counter[tuple[str, str]]:
        """How many of which kind are in which state."""
        self._flush()
        with _explaining():
            counted = self._db.execute("select kind, state, count(*) from found group by kind, state").fetchall()
        return self.counts + Counter({(kind, state): number for kind, state, number in counted})

    def rows(self) -> Counter[str]:
        """How many rows of which kind."""
        with _explaining():
            return Counter(dict(self._db.execute("select kind, count(distinct key) from expected group by kind")))

    def quarantined(self, number: int) -> tuple[Counter[str], list[Expected]]:
        """How many of which kind the administrators have put out of reach, and the first of them."""
        with _explaining():
            counted = self._db.execute("select kind, count(distinct key) from expected where quarantined_by != '' group by kind")
            shown = self._db.execute(
                "select * from expected where quarantined_by != '' group by key order by key limit ?", (number,)
            )
            return Counter(dict(counted)), [Expected._make(values) for values in shown]

    def purges(self) -> Iterator[tuple[int, int, int]]:
        """What Synapse would purge of other servers' media, oldest access first: time, missing, and others."""
        self._flush()
        with _explaining():
            yield from self._db.execute(
                "select e.used_ms, count(f.key), count(*) - count(f.key) from expected e"
                " left join found f on f.key = e.key and f.state = ?"
                " where e.kind = ? and e.quarantined_by = '' and e.used_ms is not null group by e.used_ms order by e.used_ms",
                (MISSING, REMOTE),
            )

    def close(self) -> None:
        """Let go of it."""
        self._db.close()

    def _flush(self) -> None:
        lines, self._pending = self._pending, []
        with _explaining():
            self._db.executemany("insert or ignore into found values (?, ?, ?, ?, ?, ?)", lines)


@contextlib.contextmanager
def _explaining() -> Iterator[Any]:
    try:
        yield
    except sqlite3.Error as exc:
        remedy = "Make room in /var/tmp, or name another directory in the environment variable SQLITE_TMPDIR, and run again."
        raise MediastoreError("note what was found", said=str(exc), remedy=remedy) from exc
