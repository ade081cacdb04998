# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What Synapse's database says of its media: each row as the file that it stands for."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from typing import Any, Iterator, NamedTuple, Protocol
from urllib.parse import quote

from .errors import BadInput

LOCAL, LOCAL_THUMBNAILS, URL_CACHE, URL_THUMBNAILS = "local_content", "local_thumbnails", "url_cache", "url_cache_thumbnails"
REMOTE, REMOTE_THUMBNAILS = "remote_content", "remote_thumbnail"
#: the directories below media_store_path
KINDS = (LOCAL, LOCAL_THUMBNAILS, REMOTE, REMOTE_THUMBNAILS, URL_CACHE, URL_THUMBNAILS)
#: those of which the bucket has nothing: Synapse never gives them to its provider
ON_DISK_ONLY = (URL_CACHE, URL_THUMBNAILS)

#: what the queries below read; an older Synapse has no sha256
TABLES = {
    "local_media_repository": ("media_id", "media_length", "created_ts", "quarantined_by", "url_cache"),
    "local_media_repository_thumbnails": (
        "media_id",
        "thumbnail_width",
        "thumbnail_height",
        "thumbnail_type",
        "thumbnail_method",
        "thumbnail_length",
    ),
    "remote_media_cache": (
        "media_origin",
        "media_id",
        "filesystem_id",
        "media_length",
        "created_ts",
        "last_access_ts",
        "quarantined_by",
    ),
    "remote_media_cache_thumbnails": (
        "media_origin",
        "media_id",
        "filesystem_id",
        "thumbnail_width",
        "thumbnail_height",
        "thumbnail_type",
        "thumbnail_method",
        "thumbnail_length",
    ),
}
_THUMBNAIL = "t.thumbnail_width, t.thumbnail_height, t.thumbnail_type, t.thumbnail_method, t.thumbnail_length"

#: Synapse takes no other characters for a part of a path, and does not serve such a row either
_FIT = re.compile(r"[A-Za-z0-9_\-.\[\]:]+").fullmatch
#: media ids of URL previews since 2017
_DATED = re.compile(r"\d\d\d\d-\d\d-\d\d.").match
#: a thumbnail of another server's medium as Synapse called it before 2020, without its method
_LEGACY = re.compile(r"(.*/\d+-\d+-[a-z]+-[a-z0-9.+-]+?)-(?:crop|scale)").fullmatch


class MediaRow(NamedTuple):
    """A file that Synapse believes to have: a medium or one of its thumbnails."""

    #: path below media_store_path
    path: str
    kind: str
    #: None where Synapse has not noted it
    size: int | None
    sha256: str
    created_ms: int
    #: last access by a client, as Synapse notes it for media of other servers
    used_ms: int | None
    #: whose it is, as clients say it; empty where the path tells
    mxc: str
    quarantined_by: str


class Database(Protocol):
    """Synapse's database, opened to be read."""

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """What a query gives, a few at a time."""

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns, none if there is no such table."""

    def close(self) -> None:
        """Let go of it."""


def media_rows(database: Database, strange: list[str]) -> Iterator[MediaRow]:
    """All files that there should be, in no order; what cannot be a file is named in ``strange``."""
    for found in _all(database):
        if all(part and part not in (".", "..") and _FIT(part) for part in found.path.split("/")):
            yield found
        else:
            strange.append(f"{found.kind} {found.mxc or found.path}")


def _all(database: Database) -> Iterator[MediaRow]:
    hashed = "sha256" in database.columns("local_media_repository") and "sha256" in database.columns("remote_media_cache")
    sha256 = "sha256" if hashed else "null"
    # A row without a length is one for which a client has reserved an id, and not sent anything yet.
    for medium, size, digest, created, by, url in database.rows(
        f"select media_id, media_length, {sha256}, created_ts, quarantined_by, url_cache from local_media_repository"
        " where media_length is not null"
    ):
        kind = URL_CACHE if url else LOCAL
        yield MediaRow(f"{kind}/{_split(medium, kind)}", kind, size, digest or "", created or 0, None, "", by or "")
    for medium, width, height, mime, method, size, created, by, url in database.rows(
        f"select t.media_id, {_THUMBNAIL}, m.created_ts, m.quarantined_by, m.url_cache"
        " from local_media_repository_thumbnails t join local_media_repository m on m.media_id = t.media_id"
    ):
        kind = URL_THUMBNAILS if url else LOCAL_THUMBNAILS
        path = f"{kind}/{_split(medium, kind)}/{thumbnail_name(width, height, mime, method)}"
        yield MediaRow(path, kind, size, "", created or 0, None, "", by or "")
    for origin, medium, file, size, digest, created, used, by in database.rows(
        f"select media_origin, media_id, filesystem_id, media_length, {sha256}, created_ts, last_access_ts, quarantined_by"
        " from remote_media_cache"
    ):
        path = f"{REMOTE}/{origin}/{_split(file, REMOTE)}"
        yield MediaRow(path, REMOTE, size, digest or "", created or 0, used, f"mxc://{origin}/{medium}", by or "")
    for origin, medium, file, width, height, mime, method, size, created, by in database.rows(
        f"select t.media_origin, t.media_id, t.filesystem_id, {_THUMBNAIL}, m.created_ts, m.quarantined_by"
        " from remote_media_cache_thumbnails t"
        " join remote_media_cache m on m.media_origin = t.media_origin and m.media_id = t.media_id"
    ):
        path = f"{REMOTE_THUMBNAILS}/{origin}/{_split(file, REMOTE)}/{thumbnail_name(width, height, mime, method)}"
        yield MediaRow(path, REMOTE_THUMBNAILS, size, "", created or 0, None, f"mxc://{origin}/{medium}", by or "")


def _split(medium: str, kind: str) -> str:
    """An id as folders and a name."""
    if kind in ON_DISK_ONLY and _DATED(medium):
        return f"{medium[:10]}/{medium[11:]}"
    return f"{medium[:2]}/{medium[2:4]}/{medium[4:]}"


def thumbnail_name(width: int, height: int, mime: str, method: str) -> str:
    """What the file of a thumbnail is called."""
    return f"{width}-{height}-{mime.replace('/', '-')}-{method}"


def legacy_name(path: str) -> str | None:
    """What an older Synapse called this thumbnail; a newer one still finds it by that name."""
    found = _LEGACY(path)
    return found.group(1) if found else None


def kind_of(path: str) -> str:
    """The directory below media_store_path, or ``other``."""
    top = path.partition("/")[0]
    return top if top in KINDS else "other"


def check_schema(database: Database, doing: str) -> None:
    """Refuse a database that is not Synapse's, or of a version that has its media in another way."""
    for table, wanted in TABLES.items():
        found = database.columns(table)
        lacking = [name for name in wanted if name not in found]
        if lacking:
            said = f"there is no table {table}" if not found else f"the table {table} has no {', '.join(lacking)}"
            remedy = (
                "Name the database of Synapse as its homeserver.yaml does. Schemas since version 72 (Synapse 1.67) can be read."
            )
            raise BadInput(
                doing, said=f"this is no database of a Synapse that is known here: {said}", remedy=remedy, code="Schema"
            )


class SqliteDatabase:
    """Synapse's database in a file, of which nothing is changed, neither the file nor what lies beside it."""

    def __init__(self, path: str, doing: str) -> None:
        self._path, self._doing = path, doing
        if not os.path.isfile(path):
            said = f"{path} is not a file" if os.path.lexists(path) else f"{path} does not exist"
            raise BadInput(doing, said=said, remedy="Correct database.path: it is database.args.database of homeserver.yaml.")
        if not os.access(path, os.R_OK):
            raise BadInput(doing, said=f"{path} cannot be read", remedy="Run the task as root or as Synapse's user (become).")
        #: While nobody has it open there is no log beside it. Opened as usual, one would be made then, and left behind.
        self._resting = not os.path.exists(path + "-wal")
        how = "immutable=1" if self._resting else "mode=ro"
        with self._explaining():
            self._db = sqlite3.connect(f"file:{quote(path)}?{how}", uri=True, timeout=30)
            self._db.execute("pragma query_only = 1")
            self._db.execute("select count(*) from sqlite_master")

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """What a query gives. Synapse goes on writing meanwhile, as its database has a write-ahead log."""
        with self._explaining():
            yield from self._db.execute(statement)
        if self._resting and os.path.exists(self._path + "-wal"):
            said, remedy = "Synapse was started while its database was read", "Run the task again."
            raise BadInput(self._doing, said=said, remedy=remedy, code="Started")

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""
        with self._explaining():
            return [name for _number, name, *_rest in self._db.execute(f"pragma table_info({table})")]

    def close(self) -> None:
        """Let go of it."""
        self._db.close()

    @contextlib.contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            remedy = "Look whether database.path is the database of Synapse, and whether the user of the task may read it."
            raise BadInput(self._doing, said=f"{self._path}: {exc}", remedy=remedy, code="Database") from exc
