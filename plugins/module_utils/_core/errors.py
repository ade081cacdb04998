# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Errors that a tired person can act on: what was tried, what came back, what to do."""

from __future__ import annotations

from typing import Any


class MediastoreError(Exception):
    """Everything that this collection refuses or fails at, in three sentences."""

    def __init__(self, tried: str, *, said: str, remedy: str, code: str = "") -> None:
        super().__init__(tried, said, remedy)
        self.tried = tried
        self.said = said
        self.remedy = remedy
        #: the store's own error code (``NoSuchBucket``), or a short name of ours; for ``rescue`` and for tests
        self.code = code or type(self).__name__
        #: what the failed task returns beside the message, such as the counts of what was done
        self.result: dict[str, Any] = {}

    def __str__(self) -> str:
        return f"Could not {self.tried}: {self.said.rstrip('.')}. {self.remedy}"

    def as_dict(self) -> dict[str, str]:
        """The same for machines: the ``error`` key of a failed task."""
        return {"tried": self.tried, "said": self.said, "remedy": self.remedy, "code": self.code}


class BadInput(MediastoreError):
    """What the user asked for cannot be done as asked; nothing was touched."""


class Busy(MediastoreError):
    """Another run holds the lock."""


class Unsupported(MediastoreError):
    """The store cannot do this, and its profile says so before anything is sent."""


class LibraryMissing(MediastoreError):
    """The Python that runs the module cannot import a library, which another Python of the host may have."""

    library = ""


class StoreUnreachable(MediastoreError):
    """No answer from the store: name, route, port, certificate or time-out."""


class StoreRefused(MediastoreError):
    """The store answered, with an error."""


class Disordered(MediastoreError):
    """A listing that must be in key order is not; going on could lose or delete files."""


class Incomplete(MediastoreError):
    """Some of the work failed; what was done is in the journal, and running again finishes the rest."""
