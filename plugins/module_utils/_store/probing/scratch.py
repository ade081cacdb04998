# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Where a store is measured: a bucket of our own, or a folder of our own in a bucket that is there. All of it goes again."""

from __future__ import annotations

import re
import secrets
import signal
import typing as t

from ..._core.errors import MediastoreError, StoreRefused
from ..bucket import Bucket
from .answers import LOST, TRIED, Answer, ask
from .place import SUBJECT, Place
from .sweeping import Broom

if t.TYPE_CHECKING:
    from types import TracebackType

    from ..connection import Connection
    from ..profile import Profile

TOKEN_BYTES = 6
TOKEN = re.compile(r"[0-9a-f]{12}")
LEFTOVERS_SHOWN = 10
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
#: what says "create it where you are" to stores that want to be told
NOWHERE = (None, "us-east-1", "aws-global")


class Signalled(BaseException):
    """Somebody ends the module. No Exception, which botocore would take for a failed request, and try again."""


class Scratch(Place):
    """A place that is ours. Without ``bucket`` it is a bucket; else a folder below ``prefix``, and no setting is ever written."""

    def __init__(
        self,
        client: t.Any,
        connection: Connection,
        profile: Profile,
        bucket_prefix: str,
        bucket: str | None = None,
        prefix: str = "",
    ) -> None:
        self.own = not bucket
        self._before = bucket_prefix if self.own else prefix
        name = self._new_name()
        super().__init__(client, connection, bucket or name, "" if self.own else f"{name}/")
        self._profile = profile
        #: how the store wants to be told where a bucket shall be: omit or region
        self.location = "omit"
        self._broom = Broom(client, connection)
        self._made: list[str] = []
        self._handlers: dict[int, t.Any] = {}

    @property
    def left(self) -> list[str]:
        """What could not be removed."""
        return self._broom.left

    def __enter__(self) -> Scratch:
        heeded = (number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN)
        self._handlers = {number: signal.signal(number, self._end) for number in heeded}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ignore_signals()
        if self.own:
            for bucket in reversed(self._made):
                self._broom.remove(bucket)
        else:
            self._broom.sweep(self.bucket, self.prefix)
        for number, handler in self._handlers.items():
            signal.signal(number, handler or signal.SIG_DFL)
        if isinstance(error, Signalled):
            raise MediastoreError(TRIED, said=f"the module was ended ({error})", remedy="Run it again.", code="Ended") from None

    def _end(self, number: int, frame: t.Any) -> None:
        self._ignore_signals()
        raise Signalled(signal.Signals(number).name)

    def _ignore_signals(self) -> None:
        # One is enough, and none may keep us from tidying up.
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)

    def settle_in(self) -> None:
        """Make the place, and see that it holds what is put there."""
        if self.own:
            self._require_a_free_name()
            self._make(self.bucket)
        elif not self._bucket(self.bucket).exists():
            said = "it does not exist, or the key may not see it"
            raise StoreRefused(f"use bucket {self.bucket} at {self.connection.where}", said=said, remedy="Correct bucket.")
        self._put_the_subject()
        if not self.holds(SUBJECT):
            said, remedy = "what was put there does not come back", "Check endpoint_url: it must be the store's S3 interface."
            raise StoreRefused(f"{TRIED} at {self.connection.where}", said=said, remedy=remedy, code="NotS3")

    def another(self, **how: t.Any) -> tuple[str, Answer]:
        """Try to make one more bucket."""
        name = self._new_name()
        return name, self._create(name, how)

    def leftovers(self) -> list[str]:
        """What earlier runs could not remove, or another run is using at this moment."""
        if self.own:
            found = [bucket["Name"] for bucket in ask(self.connection, self.client.list_buckets).said.get("Buckets", [])]
        else:
            said = self.ask("list_objects_v2", Prefix=self._before, Delimiter="/").said
            found = [group["Prefix"] for group in said.get("CommonPrefixes", [])]
        ours = (
            name for name in found if name.startswith(self._before) and TOKEN.fullmatch(name[len(self._before) :].rstrip("/"))
        )
        return sorted(name for name in ours if name not in (*self._made, self.prefix))[:LEFTOVERS_SHOWN]

    def write(self, method: str, **arguments: t.Any) -> Answer:
        """Write or delete a setting of our bucket, and see whether the bucket has survived it."""
        if not self.own:
            raise TypeError(f"{method} in a bucket that is not ours")
        answer = self.ask(method, **arguments)
        if self.alive():
            return answer
        self.bucket = self._new_name()
        self._make(self.bucket)
        self._put_the_subject()
        return Answer(code=LOST, status=404)

    def _new_name(self) -> str:
        return self._before + secrets.token_hex(TOKEN_BYTES)

    def _bucket(self, name: str) -> Bucket:
        return Bucket(self.client, self.connection, self._profile, name)

    def _require_a_free_name(self) -> None:
        try:
            taken = self._bucket(self.bucket).exists()
        except StoreRefused as exc:
            # Some stores do not tell a key with few rights whether a bucket is there. Whether it may make one is seen next.
            if exc.code not in ("AccessDenied", "Forbidden", "403"):
                raise
        else:
            if taken:
                tried = f"create bucket {self.bucket} at {self.connection.where}"
                raise StoreRefused(tried, said="it is there already", remedy="Run it again.", code="BucketAlreadyExists")

    def _make(self, bucket: str) -> None:
        answer = self._create(bucket, {})
        if answer.refused and self.location == "omit" and self.client.meta.region_name not in NOWHERE:
            self.location = "region"
            again = self._create(bucket, {})
            self.location, answer = ("region", again) if again.done else ("omit", answer)
        try:
            answer.demand(f"create bucket {bucket}", self.connection)
        except MediastoreError as exc:
            if answer.status == 403:
                exc.remedy += (
                    " If it may not create buckets, name one that is there with bucket; its settings are then only read."
                )
            raise
        self.alive()

    def _create(self, bucket: str, how: dict[str, t.Any]) -> Answer:
        if self.location == "region":
            how = {**how, "CreateBucketConfiguration": {"LocationConstraint": self.client.meta.region_name}}
        # Before it is sent: if no answer comes, it may be there all the same.
        self._made.append(bucket)
        answer = ask(self.connection, self.client.create_bucket, Bucket=bucket, **how)
        if answer.code == "BucketAlreadyOwnedByYou":
            # The name is random, so it was made by the same request, whose first answer got lost.
            return Answer()
        if 400 <= answer.status < 500:
            self._made.remove(bucket)
        return answer

    def _put_the_subject(self) -> None:
        answer = self.put(SUBJECT)
        answer.demand(f"put an object into bucket {self.bucket}", self.connection)
        self._broom.versioned = answer.said.get("VersionId") not in (None, "null")
