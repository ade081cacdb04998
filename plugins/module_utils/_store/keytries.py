# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a key may do with a bucket, found out by doing it; nothing that is there is touched."""

from __future__ import annotations

import secrets
import typing as t

from .._core.access import ALLOWED, REFUSED, UNCLEAR
from .._core.errors import StoreRefused
from .faults import ClientError, code_of, explaining, status_of
from .scratch import scratch_key

if t.TYPE_CHECKING:
    from .connection import Connection

#: what is tried, in this order; the names are those of rights
TRIES = ("list", "read", "write", "delete")
#: codes of a store that does not know the key, or knows it and does not let it in
DENIED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity", "AllAccessDisabled", "Forbidden")


class Tried(t.NamedTuple):
    """One try, how it ended, and what the store said to it."""

    name: str
    verdict: str
    said: str


class KeyTries:
    """A key at one place of a bucket."""

    def __init__(self, client: t.Any, connection: Connection, bucket: str, prefix: str) -> None:
        self._client = client
        self._connection = connection
        self._bucket = bucket
        self._prefix = prefix

    def once(self) -> list[Tried]:
        """Try everything one time."""
        return [self._try(name) for name in TRIES]

    def round_trip(self) -> None:
        """Put an object, get the same back, delete it: what an application does all day. Raises what goes wrong."""
        place, content = self._place(), secrets.token_bytes(64)
        tried = f"put, get and delete an object in bucket {self._bucket}"
        with explaining(tried, self._connection):
            self._client.put_object(**place, Body=content, CacheControl="no-store")
            try:
                returned = self._client.get_object(**place)["Body"].read()
            finally:
                self._client.delete_object(**place)
        if returned != content:
            remedy = "Something between this host and the store changes what is stored: look at proxies and caches."
            raise StoreRefused(tried, said="other content came back than was put", remedy=remedy, code="Changed")

    def _try(self, name: str) -> Tried:
        with explaining(f"try to {name} in bucket {self._bucket}", self._connection):
            try:
                getattr(self, f"_{name}")()
            except ClientError as exc:
                if status_of(exc) >= 500:
                    raise
                refused = status_of(exc) in (401, 403) or code_of(exc) in DENIED
                return Tried(name, REFUSED if refused else UNCLEAR, code_of(exc))
        return Tried(name, ALLOWED, "")

    def _place(self) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": scratch_key(self._prefix)}

    def _list(self) -> None:
        self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)

    def _read(self) -> None:
        """Ask for an object that is not there. Who may read is told so; without the right to list many stores only refuse."""
        try:
            self._client.get_object(**self._place())
        except ClientError as exc:
            if code_of(exc) not in ("NoSuchKey", "404"):
                raise

    def _write(self) -> None:
        """Begin an upload in parts and give it up, which needs the right to put and leaves no object."""
        place = self._place()
        upload = self._client.create_multipart_upload(**place)["UploadId"]
        self._client.abort_multipart_upload(**place, UploadId=upload)

    def _delete(self) -> None:
        """Delete an object that is not there."""
        self._client.delete_object(**self._place())
