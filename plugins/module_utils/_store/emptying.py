# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Deletes everything in a bucket: objects, old versions, delete markers, and uploads that were never finished."""

from __future__ import annotations

import typing as t

from .._core.errors import StoreRefused
from .bucket import Bucket
from .facet import UNKNOWN_CODES
from .faults import ClientError, code_of, explaining

#: answers of stores that have no versions, or no unfinished uploads (rclone says NoSuchUpload then)
NOTHING_THERE = (*UNKNOWN_CODES, "NoSuchUpload")
#: how many DeleteObjects takes
BATCH = 1000

Thing = t.Dict[str, str]


class Emptying:
    """One pass over a bucket; counts what it finds, and deletes it unless it is only to look."""

    def __init__(self, client: t.Any, bucket: Bucket, dry: bool) -> None:
        self._client = client
        self._bucket = bucket
        self._dry = dry
        self.counts = {"objects": 0, "versions": 0, "uploads": 0}

    def run(self) -> dict[str, int]:
        """Do it; the counts of current objects, of old versions with delete markers, and of unfinished uploads."""
        tried = f"empty bucket {self._bucket.name}"
        with explaining(tried, self._bucket.connection):
            for upload in self._uploads():
                self.counts["uploads"] += 1
                if not self._dry:
                    self._client.abort_multipart_upload(Bucket=self._bucket.name, **upload)
            # An unknown store may show no versions although it has objects, so both are listed.
            for pages in (self._versions(), self._objects()):
                for things in pages:
                    self._delete(things, tried)
        return self.counts

    def _uploads(self) -> t.Iterator[Thing]:
        pages = self._pages("list_multipart_uploads", {"KeyMarker": "NextKeyMarker", "UploadIdMarker": "NextUploadIdMarker"})
        for page in pages:
            for upload in page.get("Uploads", []):
                yield {"Key": upload["Key"], "UploadId": upload["UploadId"]}

    def _versions(self) -> t.Iterator[list[Thing]]:
        if self._bucket.profile.facets.versioning == "none":
            return
        markers = {"KeyMarker": "NextKeyMarker", "VersionIdMarker": "NextVersionIdMarker"}
        for page in self._pages("list_object_versions", markers):
            entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            current = sum(1 for version in page.get("Versions", []) if version.get("IsLatest"))
            self.counts["objects"] += current
            self.counts["versions"] += len(entries) - current
            yield [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]

    def _objects(self) -> t.Iterator[list[Thing]]:
        # Where the pass over the versions has counted them, a dry run would count them again.
        if self._dry and self.counts["objects"] + self.counts["versions"]:
            return
        for page in self._pages("list_objects_v2", {"ContinuationToken": "NextContinuationToken"}):
            keys = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
            self.counts["objects"] += len(keys)
            yield keys

    def _pages(self, call: str, markers: t.Mapping[str, str]) -> t.Iterator[dict[str, t.Any]]:
        where: dict[str, str] = {}
        while True:
            try:
                page = getattr(self._client, call)(Bucket=self._bucket.name, **where)
            except ClientError as exc:
                if code_of(exc) in NOTHING_THERE and call != "list_objects_v2":
                    return
                raise
            yield page
            where = {ours: page[theirs] for ours, theirs in markers.items() if page.get(theirs)}
            if not page.get("IsTruncated") or not where:
                return

    def _delete(self, things: list[Thing], tried: str) -> None:
        if self._dry or not things:
            return
        if not self._bucket.profile.multi_delete:
            for thing in things:
                self._client.delete_object(Bucket=self._bucket.name, **thing)
            return
        for start in range(0, len(things), BATCH):
            batch = {"Objects": things[start : start + BATCH], "Quiet": True}
            errors = self._client.delete_objects(Bucket=self._bucket.name, Delete=batch).get("Errors", [])
            # What is gone already is no failure; Garage says so of it.
            failed = [error for error in errors if error["Code"] not in ("NoSuchKey", "NoSuchVersion")]
            if failed:
                first = failed[0]
                why = f"{first['Key']}: {first['Code']} {first.get('Message', '')}".strip()
                raise StoreRefused(
                    tried,
                    said=f"the store kept {len(failed)} of {len(things)}, first {why}",
                    remedy="What is locked can be deleted only when its time has come; else give the key the right to delete.",
                    code=first["Code"],
                )
