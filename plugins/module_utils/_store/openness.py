# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Who may read a bucket and why, and what its rules will delete: read from its settings, and tried without a key."""

from __future__ import annotations

import fnmatch
import typing as t

from .._core import lifecycle
from .._core.access import PRIVATE
from .._core.accesswords import CLOSING
from .._core.diagnosis import Finding, of_media
from .._core.errors import MediastoreError
from .acl import GROUPS
from .bucket import Bucket
from .facets import OWNERSHIP, POLICY, PUBLIC_ACCESS
from .faults import ClientError
from .lifecycle import lifecycle_facet
from .stranger import Stranger, below, bucket_address, object_address

if t.TYPE_CHECKING:
    from .connection import Connection
    from .facet import Facet
    from .profile import Profile

READ = "s3:getobject"
#: what makes void that a bucket is opened by ACLs, or by a policy
VOID = ("ignore_public_acls", "restrict_public_buckets")
TRIED = 3


class Openness:
    """One bucket, looked at from inside and from outside."""

    def __init__(self, client: t.Any, connection: Connection, profile: Profile, name: str) -> None:
        self._client, self._profile, self._name = client, profile, name
        self._bucket = Bucket(client, connection, profile, name)
        self._stranger = Stranger(connection)
        self._where = f"bucket {name}"

    def too_open(self, expect: str, keys: t.Sequence[str], public_url: str = "") -> list[Finding]:
        """What everybody may do and should not."""
        closing = CLOSING.get(self._profile.public_read, CLOSING["none"])
        found = []
        url = f"{bucket_address(self._client, self._name)}?list-type=2&max-keys=1"
        if self._stranger.get(url).is_listing:
            found.append(of_media("listable", self._where, f"without a key {url} is a listing", closing=closing))
        if expect != PRIVATE:
            return found
        for key in keys[:TRIED]:
            places = [object_address(self._client, self._name, key), *([below(public_url, key)] if public_url else [])]
            for place in places:
                if self._stranger.get(place).allowed:
                    found.append(of_media("readable", self._where, f"without a key {place} can be read", closing=closing))
        return found

    def expiring(self, meant: t.Sequence[lifecycle.Rule], keys: t.Sequence[str]) -> list[Finding]:
        """The rules that delete what is there, unless they are meant."""
        known = {lifecycle.meaning(lifecycle.flat(rule)) for rule in meant}
        found = []
        for rule in self._read(lifecycle_facet(self._profile)) or []:
            ends = next((f"{name} {rule[name]}" for name in ("expiration_days", "expiration_date") if name in rule), "")
            # what has a tag was tagged by somebody, so that it may go
            if not ends or not rule["enabled"] or "tags" in rule or lifecycle.meaning(rule) in known:
                continue
            hit = next((key for key in keys if key.startswith(rule["prefix"])), None)
            if hit:
                name = rule.get("id") or f"for {rule['prefix'] or 'everything'}"
                found.append(of_media("expiring", self._where, f"rule {name} has {ends}, and {hit} is one of its", rule=name))
        return found

    def why_denied(self, key: str, others_are_read: bool, opening: str) -> tuple[str, dict[str, str]]:
        """The class of what keeps everybody from reading an object, and the words for its fix."""
        policy = self._read(POLICY) or {}
        statements = policy.get("Statement", [])
        statements = [statements] if isinstance(statements, dict) else statements
        for number, one in enumerate(statements, start=1):
            if one.get("Effect") == "Deny" and _for_everybody(one) and _about_reading(one):
                return "denied_by_policy", {"statement": str(one.get("Sid") or f"number {number}")}
        opened = any(one.get("Effect") == "Allow" and _for_everybody(one) and _about_reading(one) for one in statements)
        block = self._read(PUBLIC_ACCESS) or {}
        by_acl = self._has_public_acl(key)
        void = [name for name, means in zip(VOID, (by_acl, opened)) if block.get(name) and means]
        if void:
            return "denied_by_block", {"block": " and ".join(void)}
        if not opened and self._read(OWNERSHIP) == "BucketOwnerEnforced":
            return "denied_by_ownership", {"opening": opening}
        if not opened and not by_acl and others_are_read and self._profile.object_acls:
            return "denied_by_acl", {"opening": opening}
        return "denied", {}

    def _has_public_acl(self, key: str) -> bool:
        if "public-read" not in self._profile.object_acls:
            return False
        try:
            grants = self._client.get_object_acl(Bucket=self._name, Key=key).get("Grants", [])
        except ClientError:
            return False
        return any(one.get("Grantee", {}).get("URI") == f"{GROUPS}AllUsers" for one in grants)

    def _read(self, facet: Facet) -> t.Any:
        """A setting of the bucket, nothing where the store has none of the kind, or the key may not see it."""
        if getattr(self._profile.facets, facet.name) == "none":
            return None
        try:
            return self._bucket.read(facet)
        except MediastoreError:
            return None


def _for_everybody(statement: t.Mapping[str, t.Any]) -> bool:
    # whoever denies to all but a few is about everybody as well
    who = statement.get("Principal", "*" if "NotPrincipal" in statement else None)
    return "*" in _list(who.get("AWS") if isinstance(who, dict) else who) and not statement.get("Condition")


def _about_reading(statement: t.Mapping[str, t.Any]) -> bool:
    return any(fnmatch.fnmatchcase(READ, action.lower()) for action in _list(statement.get("Action")))


def _list(value: t.Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])
