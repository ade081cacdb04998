# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some of the files of a store that is in the bucket go from the disk: evict beside Synapse's own script."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from . import tools
from .measure import Command
from .tools import BUCKET, Site
from .trees import MTIME, Tree

#: what was used before goes
AGE_DAYS = 30


class NotEvicted(Exception):
    """Other files are left than should be."""


class Old:
    """A tree in the bucket, of which some media and all their thumbnails were not used for long."""

    def __init__(self, tree: Tree, files: int) -> None:
        self.tree = tree
        #: those that are to go
        self.names = _media_of(tree, files)
        self._loaded = [f"{name}\t{entry.size}\t{entry.md5}\t{MTIME}\t" for name, entry in tree.entries.items()]
        self._ran = False

    def stage(self, site: Site) -> None:
        """Everything is in the bucket and on the disk, and most of it was just used."""
        if self._ran:
            self.require_gone()
        self._ran = True
        site.server.load(BUCKET, self._loaded)
        now = time.time()
        for name, entry in list(self.tree.entries.items()):
            if name not in self.names:
                os.utime(self.tree.root / name, (now, now))
            elif not (self.tree.root / name).exists():
                os.makedirs((self.tree.root / name).parent, exist_ok=True)
                Tree(self.tree.root).write(name, entry.size)

    def require_gone(self) -> None:
        """Raise unless exactly what is old has gone."""
        left = {name for name in self.tree.entries if (self.tree.root / name).exists()}
        if left & self.names or left | self.names != self.tree.entries.keys():
            lost = self.tree.entries.keys() - left - self.names
            raise NotEvicted(f"{len(left & self.names)} old files are left, and {len(lost)} others have gone")


def _media_of(tree: Tree, files: int) -> set[str]:
    """So many files, or a few more: whole media with their thumbnails."""
    found: set[str] = set()
    chosen: set[str] = set()
    for name in tree.entries:
        kind, *rest = name.split("/")
        medium = "/".join(rest[: 3 if kind.startswith("local_") else 4])
        if kind.endswith("_content") and len(found) >= files:
            break
        if kind.endswith("_content"):
            chosen.add(medium)
        if medium in chosen:
            found.add(name)
    return found


def s3_media_upload(old: Old, examines_all: bool) -> tools.Prepare:
    """The provider's script: upload what is missing of all media, then delete the old ones; or the second half alone."""

    def prepare(site: Site) -> Command:
        whole, some = site.scratch / "all", site.scratch / "old"
        for directory in (whole, some):
            directory.mkdir()
            database = directory / "homeserver.db"
            tools.synapse_database(database, site.tree)
            _used_now(database, old)
            (directory / "database.yaml").write_text(f"sqlite:\n  database: {database}\n")
        script = f"{tools.peer_program('python')} {tools.peer_program('s3_media_upload')} --no-progress"
        upload = f"{script} upload {site.source} {BUCKET} --endpoint-url {site.server.endpoint_url}"
        first = f"(cd {whole} && {script} update {site.source} 0d && {upload}) && "
        second = f"cd {some} && {script} update {site.source} {AGE_DAYS}d && {upload} --delete"
        environment = {**site.environment, "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}
        return Command(["sh", "-c", (first if examines_all else "") + second], environment, directory=site.scratch)

    return prepare


def _used_now(database: Path, old: Old) -> None:
    """The media that are not old were used at this moment."""
    now = round(time.time() * 1000)
    idents = {"".join(name.split("/")[-3:]) for name in old.names if "_content/" in name}
    with sqlite3.connect(database) as connection:
        for table in ("local_media_repository", "remote_media_cache"):
            known = [ident for (ident,) in connection.execute(f"SELECT media_id FROM {table}")]
            lines = [(now, ident) for ident in known if ident not in idents]
            connection.execute(f"CREATE INDEX by_id_{table} ON {table} (media_id)")
            connection.executemany(f"UPDATE {table} SET last_access_ts = ? WHERE media_id = ?", lines)
    connection.close()
