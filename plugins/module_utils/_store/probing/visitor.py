# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A stranger in the place where a store is measured: what is let through to a browser is seen by being one."""

from __future__ import annotations

import typing as t

from ..._core.access import Answer
from ..._core.errors import StoreUnreachable
from ..stranger import Stranger, bucket_address, object_address
from .answers import TRIED

if t.TYPE_CHECKING:
    from ..connection import Connection

#: how long our presigned URLs live, in seconds
LINK_S = 60


class Visitor(Stranger):
    """Knocks at a bucket and its objects; that nobody answers is an error here, since a moment ago the client was answered."""

    def __init__(self, client: t.Any, connection: Connection) -> None:
        super().__init__(connection)
        self._client = client
        self._where = connection.where

    def reads(self, bucket: str, key: str) -> Answer:
        """Read an object."""
        return self.get(object_address(self._client, bucket, key))

    def lists(self, bucket: str) -> bool:
        """Whether anybody may list the bucket."""
        return self.get(f"{bucket_address(self._client, bucket)}?list-type=2&max-keys=1").is_listing

    def writes(self, bucket: str, key: str) -> bool:
        """Whether anybody may write an object."""
        return self.put(object_address(self._client, bucket, key), b"written by a stranger").allowed

    def preflight(self, bucket: str, key: str, origin: str) -> bool:
        """Whether a page of this origin is told, when it asks, that it may read."""
        asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        return _lets_in(self.send("OPTIONS", object_address(self._client, bucket, key), asked), origin)

    def reads_from(self, bucket: str, key: str, origin: str) -> bool:
        """Whether a page of this origin, which has a presigned URL, is shown the answer."""
        return _lets_in(self.presigned(bucket, key, LINK_S, {"Origin": origin}), origin)

    def presigned(self, bucket: str, key: str, seconds: int, headers: t.Mapping[str, str] | None = None) -> Answer:
        """Read an object with a link that somebody with keys has made."""
        where = {"Bucket": bucket, "Key": key}
        return self.send("GET", self._client.generate_presigned_url("get_object", Params=where, ExpiresIn=seconds), headers)

    def send(self, method: str, url: str, headers: t.Mapping[str, str] | None = None, content: bytes | None = None) -> Answer:
        """One request and its answer."""
        answer = super().send(method, url, headers, content)
        if answer.status == 0:
            said = answer.body.decode("utf-8", "replace")
            raise StoreUnreachable(f"{TRIED} at {self._where}", said=said, remedy="Run it again when the store answers.")
        return answer


def _lets_in(answer: Answer, origin: str) -> bool:
    return answer.allowed and answer.headers.get("access-control-allow-origin") in (origin, "*")
