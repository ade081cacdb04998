# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Small objects that are put to try something, and are gone afterwards."""

from __future__ import annotations

import datetime
import re
import secrets
import typing as t

from .._core.errors import StoreRefused
from .faults import explaining, is_boto

if t.TYPE_CHECKING:
    from .connection import Connection

#: what the names begin with, so that whoever finds one that a crash has left knows what it is
STEM = "mediastore-access-"
NAME = re.compile(STEM + "[0-9a-f]{16}")
#: an object of that name belongs to a run that was killed if it is older than this, and it is ours only if it is this small
OLD_S = 3600.0
SMALL = 1000


def scratch_key(prefix: str) -> str:
    """A name below the prefix that nobody uses or guesses."""
    return f"{prefix}{STEM}{secrets.token_hex(8)}"


def key_outside(prefix: str) -> str:
    """A name that is not below the prefix."""
    key = scratch_key("")
    return f"x{key}" if key.startswith(prefix) else key


def stem_of(key: str) -> str:
    """What all such names begin with where this one is."""
    return key[: key.rindex(STEM) + len(STEM)]


class Scratch:
    """Objects that are put into a bucket, each removed with the version that it made."""

    def __init__(self, client: t.Any, connection: Connection, bucket: str) -> None:
        self._client = client
        self._connection = connection
        self._bucket = bucket
        self._left: list[tuple[str, str | None]] = []

    def put(self, key: str, content: bytes) -> None:
        """Put one; it is removed also if nobody knows whether it has arrived."""
        self._left.append((key, None))
        try:
            with explaining(f"put the scratch object {key} into bucket {self._bucket}", self._connection):
                # No cache may remember the object, or that it was missing.
                made = self._client.put_object(Bucket=self._bucket, Key=key, Body=content, CacheControl="no-store")
        except StoreRefused:
            self._left.pop()
            raise
        self._left[-1] = (key, made.get("VersionId"))

    def sweep(self, stem: str, versions: bool) -> None:
        """Remember to remove what runs have left that were killed; ``stem`` is what their names begin with."""
        ask = self._client.list_object_versions if versions else self._client.list_objects_v2
        try:
            with explaining(f"look for scratch objects in bucket {self._bucket}", self._connection):
                found = ask(Bucket=self._bucket, Prefix=stem)
        except StoreRefused as exc:
            if exc.code == "AccessDenied":
                # A key that may not list can do without.
                return
            raise
        before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=OLD_S)
        for thing in found.get("Versions" if versions else "Contents", []):
            name = thing["Key"][len(stem) - len(STEM) :]
            if NAME.fullmatch(name) and thing["Size"] < SMALL and thing["LastModified"] < before:
                self.also(thing["Key"], thing.get("VersionId"))

    def also(self, key: str, version: str | None) -> None:
        """Remove this one too, which somebody else has put, or perhaps has not."""
        if (key, version) not in self._left:
            self._left.append((key, version))

    def remove(self) -> list[str]:
        """Remove them all; those are returned that could not be removed."""
        failed = []
        while self._left:
            key, version = self._left.pop()
            # Without its version an object in a bucket that keeps versions would only be hidden.
            exactly = {"VersionId": version} if version else {}
            try:
                self._client.delete_object(Bucket=self._bucket, Key=key, **exactly)
            except Exception as exc:
                if not is_boto(exc):
                    raise
                failed.append(key)
        return failed
