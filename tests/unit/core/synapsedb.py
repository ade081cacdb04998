# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of Synapse's database that is about media, by its own schema (version 72, and the columns that came later)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

SCHEMA = """
CREATE TABLE local_media_repository ( media_id TEXT, media_type TEXT, media_length INTEGER, created_ts BIGINT, upload_name TEXT,
  user_id TEXT, quarantined_by TEXT, url_cache TEXT, last_access_ts BIGINT, safe_from_quarantine BOOLEAN NOT NULL DEFAULT 0,
  UNIQUE (media_id) );
CREATE TABLE remote_media_cache ( media_origin TEXT, media_id TEXT, media_type TEXT, created_ts BIGINT, upload_name TEXT,
  media_length INTEGER, filesystem_id TEXT, last_access_ts BIGINT, quarantined_by TEXT, UNIQUE (media_origin, media_id) );
CREATE TABLE local_media_repository_thumbnails ( media_id TEXT, thumbnail_width INTEGER, thumbnail_height INTEGER,
  thumbnail_type TEXT, thumbnail_method TEXT, thumbnail_length INTEGER,
  UNIQUE ( media_id, thumbnail_width, thumbnail_height, thumbnail_type, thumbnail_method ) );
CREATE TABLE remote_media_cache_thumbnails ( media_origin TEXT, media_id TEXT, thumbnail_width INTEGER, thumbnail_height INTEGER,
  thumbnail_method TEXT, thumbnail_type TEXT, thumbnail_length INTEGER, filesystem_id TEXT,
  UNIQUE ( media_origin, media_id, thumbnail_width, thumbnail_height, thumbnail_type, thumbnail_method ) );
"""
HASHED = """
ALTER TABLE local_media_repository ADD COLUMN sha256 TEXT;
ALTER TABLE remote_media_cache ADD COLUMN sha256 TEXT;
"""


class MediaTables:
    """A database that a test fills."""

    def __init__(self, path: Path, hashed: bool = True) -> None:
        self.path, self._hashed = path, hashed
        self.db = sqlite3.connect(path)
        self.db.executescript(SCHEMA + (HASHED if hashed else ""))

    def local(self, medium: str, size: int | None, sha256: str = "", created=0, by=None, url=None) -> None:
        names = "media_id, media_length, created_ts, quarantined_by, url_cache" + (", sha256" if self._hashed else "")
        values = [medium, size, created, by, url, *([sha256 or None] if self._hashed else [])]
        self._insert("local_media_repository", names, values)

    def local_thumbnail(self, medium: str, size: int, width: int = 96) -> None:
        self._insert("local_media_repository_thumbnails", "", [medium, width, width, "image/png", "crop", size])

    def remote(self, origin: str, medium: str, file: str, size: int, used: int | None = 1, by=None, created=0) -> None:
        names = "media_origin, media_id, filesystem_id, media_length, last_access_ts, quarantined_by, created_ts"
        self._insert("remote_media_cache", names, [origin, medium, file, size, used, by, created])

    def remote_thumbnail(self, origin: str, medium: str, file: str, size: int, width: int = 96) -> None:
        self._insert("remote_media_cache_thumbnails", "", [origin, medium, width, width, "crop", "image/png", size, file])

    def _insert(self, table: str, names: str, values: list) -> None:
        marks = ", ".join("?" * len(values))
        self.db.execute(f"insert into {table} {f'({names})' if names else ''} values ({marks})", values)
        self.db.commit()
