# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Removing what a measurement has made, and saying what could not be removed."""

from __future__ import annotations

import typing as t

from ..._core.errors import MediastoreError, StoreRefused
from .answers import Answer, ask, eventually

if t.TYPE_CHECKING:
    from ..connection import Connection

#: a listing has 1000 entries, and a measurement makes far fewer objects
ROUNDS = 5
MOMENT_S = 5.0


class Broom:
    """Removes buckets and folders that are ours. It raises nothing: what led here is the error to tell."""

    def __init__(self, client: t.Any, connection: Connection) -> None:
        self._client = client
        self._connection = connection
        #: whether objects seem to have versions, which deleting them would leave behind
        self.versioned = False
        #: names of what could not be removed
        self.left: list[str] = []

    def remove(self, bucket: str) -> None:
        """Remove one of our buckets with all that is in it."""
        try:
            if self._there(bucket):
                self._empty(bucket, "")
                self._demand(self._ask("delete_bucket", bucket), f"delete bucket {bucket}", "NoSuchBucket")
                if not eventually(lambda: not self._there(bucket), MOMENT_S):
                    self.left.append(bucket)
        except MediastoreError:
            self.left.append(bucket)

    def sweep(self, bucket: str, prefix: str) -> None:
        """Remove all objects in one of our folders."""
        try:
            self._empty(bucket, prefix)
        except MediastoreError:
            self.left.append(f"{bucket}/{prefix}")

    def _empty(self, bucket: str, prefix: str) -> None:
        for upload in self._ask("list_multipart_uploads", bucket, Prefix=prefix).said.get("Uploads", []):
            if upload["Key"].startswith(prefix):
                self._ask("abort_multipart_upload", bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        for _round in range(ROUNDS):
            found = self._objects(bucket, prefix)
            if not found:
                return
            for where in found:
                self._demand(
                    self._ask("delete_object", bucket, **where), f"delete {where['Key']} in bucket {bucket}", "NoSuchKey"
                )
        raise StoreRefused(f"empty bucket {bucket}", said="it shows objects that were deleted", remedy="Delete it yourself.")

    def _objects(self, bucket: str, prefix: str) -> list[dict[str, str]]:
        """All versions of all objects, as far as the store has versions; else the objects."""
        answer = self._ask("list_object_versions", bucket, Prefix=prefix)
        if self.versioned and answer.denied:
            self._demand(answer, f"list the versions in bucket {bucket}")
        entries = [*answer.said.get("Versions", []), *answer.said.get("DeleteMarkers", [])]
        if not entries:
            listing = self._ask("list_objects_v2", bucket, Prefix=prefix)
            entries = self._demand(listing, f"list bucket {bucket}").get("Contents", [])
        # A store may ignore the prefix. What lies outside of it is not ours.
        ours = [entry for entry in entries if entry["Key"].startswith(prefix)]
        return [{name: entry[name] for name in ("Key", "VersionId") if name in entry} for entry in ours]

    def _there(self, bucket: str) -> bool:
        return self._ask("head_bucket", bucket).status != 404

    def _ask(self, method: str, bucket: str, **arguments: t.Any) -> Answer:
        return ask(self._connection, getattr(self._client, method), Bucket=bucket, **arguments)

    def _demand(self, answer: Answer, tried: str, unless: str = "") -> t.Mapping[str, t.Any]:
        return answer.said if answer.code == unless else answer.demand(tried, self._connection)
