# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Two buckets as boto3 gives them, for objects to be copied from one into the other."""

from __future__ import annotations

import contextlib
import typing as t

from .._core.bucketcopy import Parcel
from .._core.errors import MediastoreError
from .._core.model import Receipt
from .._core.rebase import Rebase
from .._core.recopy import Copied, Found, Stored
from .._core.retake import Replaced
from .copies import GONE, HEADERS, BotoCopies, headers_of
from .objects import KMS


class BotoSource(BotoCopies):
    """The bucket from which objects are taken."""

    #: whether the tags of an object can be kept where it goes
    keeps_tags = False

    def fetch(self, key: str) -> Parcel:
        """Begin to read an object with all that belongs to it."""
        with _gone():
            reading = self.read(key)
        headers: dict[str, object] = {**headers_of(reading.said, f"copy {key}")}
        # Only where it says that there are any: asking costs as much as the object itself.
        if self.keeps_tags and reading.said.get("TagCount"):
            with _gone(), self._explaining(f"read the tags of {key} in bucket {self._bucket}"):
                headers.update(self._tagging(key))
        plain = self._profile.etag_is_md5 and reading.said.get("ServerSideEncryption") not in KMS
        return Parcel(reading, headers, plain and not self._hides_md5)

    def part_size_of(self, key: str, etag: str, size: int) -> int:
        """The size of the parts in which the object was put; 0 if it was put in one request, or the store does not tell."""
        return self._known_cut(Stored(key, size, etag, "", 0.0))


class BotoTarget(BotoCopies):
    """The bucket into which objects are copied, by the store itself or through this host."""

    #: the bucket from which the store copies by itself, and what becomes of the keys
    origin = ""
    rebase = Rebase("", "")
    keeps_acl = False

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        #: key -> what belongs to the object that is under way there
        self._under_way: dict[str, dict[str, object]] = {}

    def bring(self, key: str, etag: str, size: int) -> Copied:
        """Have the store copy the object that has this ETag."""
        found = Found(Stored(key, size, etag, "", 0.0), "", {})
        asked = self._asked(key)
        with self._overtaken(f"copy {self._origin(key)['Key']} to {key} in bucket {self._bucket}"):
            part_size = self._part_size_for(found.thing)
            copied = self._in_parts(self._seen(key, etag), asked, part_size) if part_size else self._at_once(found, asked)
            if not copied.etag:
                # Ceph 16 answers an empty one to an upload in parts, and knows it when it is asked.
                copied = copied._replace(etag=self._client.head_object(**self._place(key))["ETag"].strip('"'))
        return copied

    def put_parcel(self, key: str, body: bytes, md5: bytes, parcel: Parcel) -> Receipt:
        """Store a small object with what belongs to it."""
        with self._with_headers(key, parcel):
            return self.put(key, body, md5, 0)

    def put_parcel_parts(self, key: str, parts: t.Iterator[bytes], parcel: Parcel) -> Receipt:
        """Store a large one."""
        with self._with_headers(key, parcel):
            return self.put_parts(key, parts, 0)

    def _part_size_for(self, thing: Stored) -> int:
        """The size of the parts if it is copied in parts: as it was uploaded, so that the ETag stays, or because it is large."""
        if not self._profile.multipart_copy:
            return 0
        known = self._known_cut(thing) if self._profile.multipart_etag == "s3" and "-" in thing.etag else 0
        return known or (self._own_part(thing.size) if thing.size > self._profile.copy_max else 0)

    def _seen(self, key: str, etag: str) -> Found:
        found = self.look(key)
        if found is None or found.thing.etag != etag:
            raise Replaced()
        return found

    def _origin(self, key: str) -> dict[str, t.Any]:
        return {"Bucket": self.origin, "Key": self.rebase.source(key)}

    def _destination(self, operation: str, thing: Stored) -> dict[str, t.Any]:
        # What is overwritten is another object than what is read.
        return {}

    @contextlib.contextmanager
    def _with_headers(self, key: str, parcel: Parcel) -> t.Iterator[None]:
        self._under_way[key] = parcel.headers
        try:
            yield
        finally:
            del self._under_way[key]

    def _headers(self, key: str, mtime_ns: int) -> dict[str, t.Any]:
        return {**self._under_way[key], **self._asked(key)}

    def _asked(self, key: str) -> dict[str, t.Any]:
        """What the task says about all objects: ACL, storage class and encryption."""
        return {name: value for name, value in super()._headers(key, 0).items() if name not in HEADERS}


@contextlib.contextmanager
def _gone() -> t.Iterator[None]:
    """An object that is no longer there is one that was replaced by nothing."""
    try:
        yield
    except MediastoreError as exc:
        if exc.code in GONE:
            raise Replaced() from exc
        raise
