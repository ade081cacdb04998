# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""An application's PostgreSQL database, opened to be read: one transaction that cannot write, and rows as they come."""

from __future__ import annotations

import contextlib
import typing as t

from .._core.errors import BadInput, LibraryMissing

driver: t.Any = None
with contextlib.suppress(ImportError):
    import psycopg

    driver = psycopg
with contextlib.suppress(ImportError):
    import psycopg2

    driver = psycopg2

#: rows that are asked for at once
PAGE = 5000


class PsycopgMissing(LibraryMissing):
    """Neither psycopg2 nor psycopg is there."""

    library = "psycopg2"

    def __init__(self, doing: str) -> None:
        remedy = (
            "Run the task with a Python that has it, such as that of Synapse (ansible_python_interpreter), "
            "or install python3-psycopg2."
        )
        super().__init__(doing, said="the Python library psycopg2 is not installed", remedy=remedy)


class PostgresDatabase:
    """The database, as it was at one moment; who works with it does not notice."""

    def __init__(self, place: t.Mapping[str, t.Any], doing: str) -> None:
        if driver is None:
            raise PsycopgMissing(doing)
        self._doing = doing
        self._number = 0
        with self._explaining():
            self._connection: t.Any = driver.connect(**place)
            with self._connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read read only")

    def rows(self, statement: str) -> t.Iterator[tuple[t.Any, ...]]:
        """What a query gives; the server keeps what was not asked for yet."""
        self._number += 1
        with self._explaining(), self._connection.cursor(name=f"mediastore_{self._number}") as cursor:
            cursor.execute(statement)
            while True:
                page = cursor.fetchmany(PAGE)
                if not page:
                    return
                yield from page

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""
        with self._explaining(), self._connection.cursor() as cursor:
            cursor.execute("select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0", (table,))
            return [name for (name,) in cursor.fetchall()]

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()

    @contextlib.contextmanager
    def _explaining(self) -> t.Iterator[None]:
        try:
            yield
        except driver.Error as exc:
            said = " ".join(str(exc).split())[:300]
            remedy = "Correct database, as database.args of homeserver.yaml has it. The user needs SELECT on the tables of media."
            raise BadInput(self._doing, said=said, remedy=remedy, code="Database") from exc
