# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The keys of a Garage: each has a name, which others may have too, and rights on buckets."""

from __future__ import annotations

import secrets
import time
import typing as t
from datetime import datetime, timezone

from ..._core.errors import BadInput, StoreRefused, Unsupported
from ..._core.grants import Grant, Grants, check_whole_buckets, in_order, merged
from ..garage import Administration, require_administration
from .port import Holder, Key

if t.TYPE_CHECKING:
    from ..connection import Connection
    from ..profile import Profile

#: what Garage's two rights are in our words; its third, owner, is for whoever manages a bucket
RIGHTS = {"read": ("list", "read"), "write": ("write", "delete")}
#: A key is switched off by ending in the past. So that its own end is not lost, that is written there a thousand times too early,
#: in January 1970, and a key without an end gets the very beginning of time. Whatever ends before 1971 is switched off.
NEVER = datetime(1970, 1, 1, tzinfo=timezone.utc)
SHRUNK, ERA = 1000, 365 * 86400

Answer = t.Dict[str, t.Any]


class GarageKeyring:
    """Keys with a name, which several may have, and rights on whole buckets."""

    def __init__(self, connection: Connection, profile: Profile) -> None:
        require_administration(connection, "manage keys", "keys are")
        self._administration = Administration(connection)
        self._call = self._administration.call

    def find(self, name: str) -> Holder | None:
        """All keys of exactly that name."""
        # Not by Garage's search, which is for whatever holds the name and gives up at ten.
        infos = [self._call("GetKeyInfo", {"id": one["id"]}) for one in self._keys(name)]
        if not infos:
            return None
        keys = tuple(_key(info) for info in infos)
        active = [_grants(info) for info, key in zip(infos, keys) if key.active] or [_grants(info) for info in infos]
        grants = active[0] if all(one == active[0] for one in active) else None
        return Holder(name, keys, grants, {name: min(names) for names in _names(infos) for name in names})

    def create(self, name: str, grants: Grants, expires: str | None) -> Key:
        """Make a key of that name, and let it into the buckets."""
        buckets = self._buckets(grants, f"make a key named {name}")
        made = self._made(name, expires)
        for bucket, permissions in buckets.items():
            self._permit("AllowBucketKey", bucket, made["accessKeyId"], permissions)
        return _key(made, secret=made["secretAccessKey"])

    def regrant(self, holder: Holder, grants: Grants) -> None:
        """Give every key of the name what it lacks, and then take away what it has too much."""
        wanted = self._buckets(grants, f"change what {holder.name} may do")
        for key in holder.keys:
            info = self._call("GetKeyInfo", {"id": key.id})
            present = {one["id"]: {right for right, has in one["permissions"].items() if has} for one in info["buckets"]}
            for bucket, permissions in wanted.items():
                self._permit("AllowBucketKey", bucket, key.id, permissions - present.get(bucket, set()))
            for bucket, permissions in present.items():
                self._permit("DenyBucketKey", bucket, key.id, permissions - wanted.get(bucket, set()))
            if info["permissions"].get("createBucket"):
                self._call("UpdateKey", {"id": key.id}, {"deny": {"createBucket": True}})

    def reveal(self, key: Key) -> str | None:
        """The secret, which Garage shows to whoever has its token."""
        shown = self._call("GetKeyInfo", {"id": key.id, "showSecretKey": "true"})
        return t.cast("str | None", shown.get("secretAccessKey"))

    def switch(self, holder: Holder, key: Key, active: bool) -> None:
        """Let the key end in the past, or when it did before."""
        tried = f"switch the key {key.id} {'on' if active else 'off'}"
        if self._administration.version == 1:
            raise _needs_2(tried)
        end, off = _end(self._call("GetKeyInfo", {"id": key.id}))
        if active and end and end.timestamp() <= time.time():
            raise BadInput(
                tried, said=f"it ended at {_text(end)} by itself", remedy="Make a new key (rotate=true) with another end."
            )
        if active and off:
            self._call("UpdateKey", {"id": key.id}, {"expiration": _text(end)} if end else {"neverExpires": True})
        if not active and not off:
            shrunk = datetime.fromtimestamp((end or NEVER).timestamp() / SHRUNK, timezone.utc)
            self._call("UpdateKey", {"id": key.id}, {"expiration": shrunk.strftime("%Y-%m-%dT%H:%M:%S.%fZ")})

    def delete(self, holder: Holder, key: Key) -> None:
        """Delete the key with its rights."""
        try:
            self._call("DeleteKey", {"id": key.id})
        except StoreRefused as exc:
            if exc.code != "NoSuchAccessKey":
                raise

    def remove(self, holder: Holder) -> None:
        """Delete every key of the name; nothing else was made."""
        for one in self._keys(holder.name):
            self.delete(holder, Key(one["id"]))

    def _keys(self, name: str) -> list[Answer]:
        """The keys of exactly that name, the oldest first."""
        # In order of their ids first: those that we make begin with a time where Garage keeps none.
        found = [one for one in sorted(self._call("ListKeys"), key=lambda one: str(one["id"])) if one["name"] == name]
        return sorted(found, key=lambda one: str(one.get("created") or ""))

    def _made(self, name: str, expires: str | None) -> Answer:
        if self._administration.version == 2:
            wanted = {"name": name, "deny": {"createBucket": True}, **({"expiration": expires} if expires else {})}
            return t.cast(Answer, self._call("CreateKey", body=wanted))
        if expires:
            raise _needs_2(f"make a key named {name} that ends at {expires}")
        newest = max((_second(one["id"]) for one in self._keys(name)), default=0)
        # Garage takes an id of ours, so it can say which key is older.
        chosen = {
            "accessKeyId": f"GK{max(int(time.time()), newest + 1):08x}{secrets.token_hex(8)}",
            "secretAccessKey": secrets.token_hex(32),
        }
        self._call("ImportKey", body={"name": name, **chosen})
        return chosen

    def _buckets(self, grants: Grants, tried: str) -> dict[str, set[str]]:
        """The buckets' ids with Garage's rights; raises if a bucket is not there."""
        check_whole_buckets(grants, tried)
        found: dict[str, set[str]] = {}
        for grant in grants:
            rights = {theirs for theirs, ours in RIGHTS.items() if set(ours) & set(grant.rights)}
            found.setdefault(self._call("GetBucketInfo", {"globalAlias": grant.bucket})["id"], set()).update(rights)
        return found

    def _permit(self, call: str, bucket: str, key: str, permissions: set[str]) -> None:
        if permissions:
            rights = dict.fromkeys(sorted(permissions), True)
            self._call(call, body={"bucketId": bucket, "accessKeyId": key, "permissions": rights})


def _key(info: Answer, secret: str | None = None) -> Key:
    created = info.get("created")
    return Key(
        info["accessKeyId"],
        active=not info.get("expired"),
        created=_text(_time(created)) if created else None,
        expires=_text(_end(info)[0]),
        secret=secret,
    )


def _grants(info: Answer) -> Grants | None:
    """What a key may do, None where that is more than grants can say, or in a bucket that has no name for everybody."""
    if info["permissions"].get("createBucket"):
        return None
    found = []
    for bucket in info["buckets"]:
        permissions = [right for right, has in bucket["permissions"].items() if has]
        if permissions and ("owner" in permissions or not bucket["globalAliases"]):
            return None
        rights = in_order(ours for theirs in permissions for ours in RIGHTS[theirs])
        if rights:
            found.append(Grant(min(bucket["globalAliases"]), "", rights))
    return merged(found)


def _names(infos: t.Iterable[Answer]) -> t.Iterator[list[str]]:
    """All names of each bucket in which a key has rights."""
    return (bucket["globalAliases"] for info in infos for bucket in info["buckets"] if bucket["globalAliases"])


def _end(info: Answer) -> tuple[datetime | None, bool]:
    """When a key ends, or would if it were not switched off; and whether it is."""
    if not info.get("expiration"):
        return None, False
    end = _time(info["expiration"])
    if end.timestamp() >= ERA:
        return end, False
    return (datetime.fromtimestamp(round(end.timestamp() * SHRUNK), timezone.utc) if end != NEVER else None), True


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _text(time_: datetime | None) -> str | None:
    return time_.strftime("%Y-%m-%dT%H:%M:%SZ") if time_ else None


def _second(key: str) -> int:
    try:
        return int(key[2:10], 16)
    except ValueError:
        return 0


def _needs_2(tried: str) -> Unsupported:
    return Unsupported(
        tried,
        said="Garage 1 does not know when a key ends, and cannot switch one off",
        remedy="Use Garage 2, or delete the key when it is no longer needed.",
        code="Unsupported",
    )
