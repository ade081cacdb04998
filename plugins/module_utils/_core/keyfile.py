# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A key in a file of the host, for the program that uses it."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass

from .errors import BadInput
from .files import explaining_os, fsync_directory, write_atomic
from .keyrecord import Record, parse, render


@dataclass(frozen=True)
class KeyFile:
    """Where the key is kept, and who may read it."""

    path: str
    form: str = "json"
    profile: str = "default"
    mode: int = 0o600
    #: numbers of user and group; None keeps those of the file, or of the process for a new one
    owner: tuple[int, int] | None = None

    def read(self) -> Record:
        """What is written down; an empty record where there is no file."""
        try:
            with explaining_os(f"read {self.path}"), open(self.path, encoding="utf-8") as source:
                return parse(source.read(), self.form, self.path)
        except BadInput as exc:
            if exc.code != "ENOENT":
                raise
            return Record()

    def write(self, record: Record) -> None:
        """Write it down so that it survives a power cut; no other user can read it for a moment even."""
        write_atomic(self.path, render(record, self.form, self.profile).encode("utf-8"), self.mode, self._owner())

    def remove(self) -> None:
        """Remove the file."""
        with explaining_os(f"remove {self.path}"), contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
            fsync_directory(os.path.dirname(os.path.abspath(self.path)))

    def check(self) -> None:
        """Raise if the file could not be written, before anything is made whose secret would then be lost."""
        directory = os.path.dirname(os.path.abspath(self.path))
        tried = f"keep a key in {self.path}"
        if not os.path.isdir(directory):
            raise BadInput(tried, said=f"there is no directory {directory}", remedy="Create it first, or correct the path.")
        if os.path.exists(self.path) and not os.path.isfile(self.path):
            raise BadInput(tried, said="that is not a file", remedy="Correct the path.")
        if not os.access(directory, os.W_OK | os.X_OK):
            raise BadInput(tried, said="the directory cannot be written", remedy="Run as a user who may write there (become).")

    @property
    def in_order(self) -> bool:
        """Whether the file that is there has the mode and the owner that are asked for."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return True
        return stat.S_IMODE(found.st_mode) == self.mode and self.owner in (None, (found.st_uid, found.st_gid))

    def _owner(self) -> tuple[int, int] | None:
        if self.owner is not None:
            return self.owner
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return None
        return (found.st_uid, found.st_gid)
