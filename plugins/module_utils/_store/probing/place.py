# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A bucket, or a folder in one, and the few requests that measurements are made of."""

from __future__ import annotations

import contextlib
import typing as t

from .answers import Answer, ask, eventually
from .visitor import Visitor

if t.TYPE_CHECKING:
    from ..connection import Connection

#: how long a store may take to show a bucket that was made, or a setting that was written
MOMENT_S = 2.0
SAMPLE = b"A few bytes by which a store is measured.\n"
#: the object that settings are tried on
SUBJECT = "subject"


class Place:
    """Where objects are put and looked at; ``prefix`` stands before every key."""

    def __init__(self, client: t.Any, connection: Connection, bucket: str, prefix: str) -> None:
        self.client = client
        self.connection = connection
        self.bucket = bucket
        self.prefix = prefix
        self.stranger = Visitor(client, connection)
        self._signed = 0
        client.meta.events.register("before-send.s3", self._count)

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self._signed + self.stranger.requests

    @property
    def tls(self) -> bool:
        """Whether nobody on the way can read along."""
        return not str(self.client.meta.endpoint_url).startswith("http:")

    def key(self, name: str) -> str:
        """The key of one of our objects."""
        return self.prefix + name

    def ask(self, method: str, **arguments: t.Any) -> Answer:
        """Send one request about our bucket, or about an object in it."""
        return ask(self.connection, getattr(self.client, method), Bucket=self.bucket, **arguments)

    def put(self, name: str, body: bytes = SAMPLE, **how: t.Any) -> Answer:
        """Put an object."""
        return self.ask("put_object", Key=self.key(name), Body=body, **how)

    def head(self, name: str) -> Answer:
        """Look at an object."""
        return self.ask("head_object", Key=self.key(name))

    def holds(self, name: str, body: bytes = SAMPLE) -> bool:
        """Whether an object is there, with these bytes."""
        answer = self.ask("get_object", Key=self.key(name))
        return answer.done and bool(answer.said["Body"].read() == body)

    def listed(self, name: str, **how: t.Any) -> list[t.Mapping[str, t.Any]]:
        """The objects whose names begin so, as the listing shows them."""
        return list(self.ask("list_objects_v2", Prefix=self.key(name), **how).said.get("Contents", []))

    def alive(self) -> bool:
        """Whether our bucket is there."""
        return eventually(lambda: self.ask("head_bucket").status != 404, MOMENT_S)

    def anybody_reads(self) -> bool:
        """Whether a stranger gets the subject, with what is in it."""
        reply = self.stranger.reads(self.bucket, self.key(SUBJECT))
        return reply.allowed and reply.body == SAMPLE

    @contextlib.contextmanager
    def with_header(self, operation: str, name: str, value: str) -> t.Iterator[None]:
        """Send one more header, for which older versions of boto have no argument."""

        def add(params: dict[str, t.Any], **kwargs: t.Any) -> None:
            params["headers"][name] = value

        events = self.client.meta.events
        events.register(f"before-call.s3.{operation}", add)
        try:
            yield
        finally:
            events.unregister(f"before-call.s3.{operation}", add)

    def _count(self, **kwargs: t.Any) -> None:
        self._signed += 1
