# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Keys of Backblaze B2: a name is what application keys are called, of which several may share one; none can be changed.

A key is for one bucket or several, and has one prefix and one set of capabilities for all of them.
"""

from __future__ import annotations

import contextlib
import datetime
import math
import re
import time
import typing as t

from ..._core.errors import BadInput, Unsupported
from ..._core.grants import Grant, Grants, in_order, merged
from ..b2 import Account, in_words_of_s3
from ..faults import ClientError, explaining, status_of
from .port import Holder, Key

if t.TYPE_CHECKING:
    from ..connection import Connection
    from ..profile import Profile

#: right -> its capability
CAPABILITIES = {"list": "listFiles", "read": "readFiles", "write": "writeFiles", "delete": "deleteFiles"}
#: What S3 clients ask for before anything else: whether the bucket is there, where it is. Backblaze says that a key for single
#: buckets needs the last of them for compatibility; it shows the names of all buckets of the account.
SUPPORT = ("listBuckets", "readBuckets", "listAllBucketNames")
#: a key ends within so many seconds, or never
LONGEST_S = 1000 * 24 * 3600

_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class B2Keyring:
    """The keyring of one account."""

    def __init__(self, connection: Connection, profile: Profile) -> None:
        self._account = Account(connection, profile, "manage the keys of Backblaze B2")

    def find(self, name: str) -> Holder | None:
        """The keys of exactly that name, in the order in which Backblaze lists them, which is that of their ids."""
        with self._trying(f"list the keys named {name}"):
            found = [key for key in self._account.api.list_keys() if key.key_name == name]
            buckets = self._names(found)
        if not found:
            return None
        keys = tuple(Key(key.id_, active=not _over(key), expires=_when(key), grants=_grants(key, buckets)) for key in found)
        active = {key.grants for key in keys if key.active} or {()}
        return Holder(name, keys, active.pop() if len(active) == 1 else None)

    def create(self, name: str, grants: Grants, expires: str | None) -> Key:
        """One more key."""
        tried = f"make a key named {name}"
        if not _NAME.fullmatch(name):
            remedy = "Use letters, digits and hyphens, 100 of them at most."
            raise BadInput(tried, said=f"{name!r} is no name that Backblaze takes", remedy=remedy)
        rights, prefix = _one_kind(grants, tried)
        seconds = _lifetime(expires, tried) if expires else None
        with self._trying(tried):
            made = self._account.api.create_key(
                capabilities=_capabilities(rights),
                key_name=name,
                valid_duration_seconds=seconds,
                bucket_ids=[self._id(grant.bucket) for grant in grants],
                name_prefix=prefix or None,
            )
        return Key(made.id_, expires=_when(made), secret=made.application_key, grants=grants)

    def regrant(self, holder: Holder, grants: Grants) -> None:
        """There is no such thing."""
        raise _never("change what a key may do")

    def reveal(self, key: Key) -> str | None:
        """There is no such thing."""
        raise _never("show the secret of a key again")

    def switch(self, holder: Holder, key: Key, active: bool) -> None:
        """There is no such thing."""
        raise _never("switch a key off or on")

    def delete(self, holder: Holder, key: Key) -> None:
        """Delete one key."""
        with self._trying(f"delete the key {key.id} named {holder.name}"):
            try:
                with in_words_of_s3():
                    self._account.api.delete_key_by_id(key.id)
            except ClientError as exc:
                # A key that is gone is refused like any mistake.
                if status_of(exc) not in (400, 404) or self._account.api.get_key(key.id):
                    raise

    def remove(self, holder: Holder) -> None:
        """Delete all keys of the name; there is nothing else of it."""
        for key in holder.keys:
            self.delete(holder, key)

    @contextlib.contextmanager
    def _trying(self, tried: str) -> t.Iterator[None]:
        with explaining(tried, self._account.connection), in_words_of_s3():
            yield

    def _id(self, bucket: str) -> str:
        for found in self._account.api.list_buckets(bucket_name=bucket):
            return str(found.id_)
        raise BadInput(
            f"make a key for bucket {bucket}",
            said="the account has no such bucket",
            remedy="Create the bucket first (mediastore.s3.bucket), or correct its name.",
            code="NoSuchBucket",
        )

    def _names(self, keys: t.Sequence[t.Any]) -> dict[str, str]:
        """The names of the buckets that keys are for, by their ids; one that was deleted has none."""
        wanted = {bucket for key in keys for bucket in key.bucket_ids or ()}
        if not wanted:
            return {}
        return {bucket.id_: bucket.name for bucket in self._account.api.list_buckets() if bucket.id_ in wanted}


def _capabilities(rights: t.Iterable[str]) -> list[str]:
    return [*SUPPORT, *(CAPABILITIES[right] for right in rights if right in CAPABILITIES)]


def _grants(key: t.Any, names: t.Mapping[str, str]) -> Grants | None:
    """What a key may do; None for a key of all buckets, of one that is gone, or with capabilities that no right has."""
    rights = in_order(right for right, capability in CAPABILITIES.items() if capability in key.capabilities)
    buckets = [names.get(bucket) for bucket in key.bucket_ids or ()]
    if not buckets or None in buckets or set(key.capabilities) != set(_capabilities(rights)):
        return None
    return merged(Grant(str(bucket), key.name_prefix or "", rights) for bucket in buckets)


def _one_kind(grants: Grants, tried: str) -> tuple[tuple[str, ...], str]:
    """The rights and the prefix, which are the same for all buckets of a key."""
    kinds = {(grant.rights, grant.prefix) for grant in grants}
    if not kinds:
        raise BadInput(tried, said="grants is empty, and a key there may do something", remedy="Give at least one grant.")
    if len(kinds) > 1:
        said = "a key of Backblaze has the same rights and the same prefix in all its buckets, and the grants for "
        said += f"{', '.join(grant.where for grant in grants)} differ"
        raise Unsupported(tried, said=said, remedy="Make one key for each.", code="Unsupported")
    return kinds.pop()


def _lifetime(expires: str, tried: str) -> int:
    end = datetime.datetime.strptime(expires, _TIME).replace(tzinfo=datetime.timezone.utc)
    seconds = math.ceil(end.timestamp() - time.time())
    if not 0 < seconds < LONGEST_S:
        remedy = "Choose a time that is to come, within 1000 days."
        raise BadInput(tried, said=f"expires is {expires}, which Backblaze does not take", remedy=remedy)
    return seconds


def _when(key: t.Any) -> str | None:
    if key.expiration_timestamp_millis is None:
        return None
    return datetime.datetime.fromtimestamp(key.expiration_timestamp_millis // 1000, datetime.timezone.utc).strftime(_TIME)


def _over(key: t.Any) -> bool:
    return key.expiration_timestamp_millis is not None and key.expiration_timestamp_millis <= time.time() * 1000


def _never(what: str) -> Unsupported:
    return Unsupported(
        what, said="Backblaze's application keys are never changed", remedy="Make another key (rotate).", code="Unsupported"
    )
