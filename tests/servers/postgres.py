# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL on loopback, of Debian's package, with a database as Synapse wants it."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .process import free_port

#: who runs it when the tests are root's, which it refuses to be
USER = "nobody"


def find(program: str) -> str:
    """Debian keeps them off the path, a directory for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    path = str(found[-1]) if found else shutil.which(program)
    if not path:
        raise RuntimeError(f"There is no {program}. Install it: apt-get install --no-install-recommends postgresql")
    return path


class Postgres:
    """One server, whose directory goes with it: pytest's own are for their owner only, and too deep for a socket."""

    def __init__(self) -> None:
        self.directory = Path()
        self.port = free_port()
        self.password = secrets.token_hex(12)

    @property
    def place(self) -> dict[str, Any]:
        """How a client gets there."""
        return {"host": "127.0.0.1", "port": self.port, "dbname": "synapse", "user": "synapse", "password": self.password}

    @property
    def synapse(self) -> dict[str, Any]:
        """The same as homeserver.yaml has it."""
        return {"name": "psycopg2", "args": {**self.place, "cp_min": 1, "cp_max": 5}}

    def reader(self) -> dict[str, Any]:
        """A user who may read the tables of media and nothing else."""
        password = secrets.token_hex(12)
        tables = "local_media_repository, local_media_repository_thumbnails, remote_media_cache, remote_media_cache_thumbnails"
        self._sql("synapse", f"create role reader login password '{password}'", f"grant select on {tables} to reader")
        return {**self.place, "user": "reader", "password": password}

    def __enter__(self) -> Self:
        self.directory = Path(tempfile.mkdtemp(prefix="postgres-"))
        if os.geteuid() == 0:
            owner = pwd.getpwnam(USER)
            os.chown(self.directory, owner.pw_uid, owner.pw_gid)
        data = self.directory / "data"
        # C is what Synapse insists on
        self._run(find("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        (data / "pg_hba.conf").write_text("local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.directory} -c fsync=off"
        self._run(find("pg_ctl"), "-D", str(data), "-l", str(self.directory / "log"), "-w", "-o", options, "start")
        self._sql("postgres", f"create role synapse login password '{self.password}'", "create database synapse owner synapse")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._run(find("pg_ctl"), "-D", str(self.directory / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.directory)

    def _sql(self, database: str, *statements: str) -> None:
        for statement in statements:
            where = ["-h", str(self.directory), "-p", str(self.port), "-U", "postgres", "-d", database]
            self._run(find("psql"), *where, "-q", "-v", "ON_ERROR_STOP=1", "-c", statement)

    def _run(self, *command: str) -> None:
        owner = pwd.getpwnam(USER)
        other: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        subprocess.run(command, check=True, timeout=60, cwd="/", **quiet, **other)
