# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Keys of Linode Object Storage: several may have one label, and each is for buckets that are named when it is made."""

from __future__ import annotations

import json
import typing as t
from urllib.parse import urlsplit

from ..._core.errors import BadInput
from ..._core.grants import Grant, Grants, in_order, merged
from .cloud import TRIED, every, gone_is_gone, holder_of, interface, token_of
from .port import Holder, Key

if t.TYPE_CHECKING:
    from ..connection import Connection
    from ..profile import Profile

# From Linode's OpenAPI document (linode/linode-api-openapi), and what its Go client records of the service (linode/linodego,
# test/integration/fixtures).
KEYS = "v4/object-storage/keys"
ENDPOINTS = "v4/object-storage/endpoints"
LEVELS = {"read_only": ("list", "read"), "read_write": ("list", "read", "write", "delete")}
TOKEN = "Set it to a personal access token (Cloud Manager, profile, API Tokens) with read/write access to Object Storage."
REMEDIES: dict[t.Any, str] = {
    400: "Make the buckets first, and correct their names; an account has 100 keys at most.",
    401: "Check admin_token: Linode does not know it, or it has ended.",
    403: "Give the token of admin_token read/write access to Object Storage (scope object_storage:read_write).",
    404: "Check admin_url: it is https://api.linode.com unless it is said.",
}


class LinodeKeyring:
    """The keys of Object Storage by Linode's API."""

    def __init__(self, connection: Connection, profile: Profile) -> None:
        token = token_of(connection, profile.title, TOKEN)
        self._host = urlsplit(profile.complete(connection).endpoint_url or "").hostname or ""
        self._rest = interface(connection, profile, {"Authorization": f"Bearer {token}"}, REMEDIES, _refusal)

    def find(self, name: str) -> Holder | None:
        """All keys with exactly that label. When they were made is not said; their numbers grow."""
        found = self._labelled(name)
        region = self._region() if found else ""
        return holder_of(name, [_key(said, region) for said in found])

    def create(self, name: str, grants: Grants, expires: str | None) -> Key:
        """One more key with the label. Never sent again after an answer that leaves open whether it was made."""
        region = self._region()
        # Always named, also if it is empty: a key without bucket_access may do everything in every bucket of the account.
        # Without regions it is for those of its buckets.
        made = self._rest.call("POST", KEYS, body={"label": name, "bucket_access": _said(grants, region)})
        return _key(made, region, made["secret_key"])

    def regrant(self, holder: Holder, grants: Grants) -> None:
        """Never called: of a key that is there only the label and the regions can be changed."""
        raise NotImplementedError

    def reveal(self, key: Key) -> str | None:
        """Never: the secret is shown once."""
        return None

    def switch(self, holder: Holder, key: Key, active: bool) -> None:
        """Never called: there is no such switch."""
        raise NotImplementedError

    def delete(self, holder: Holder, key: Key) -> None:
        """Delete one key. It goes by a number, which the keys in the list have beside their names."""
        for said in self._labelled(holder.name):
            if said["access_key"] == key.id:
                with gone_is_gone():
                    self._rest.call("DELETE", f"{KEYS}/{said['id']}")

    def remove(self, holder: Holder) -> None:
        """Delete all keys with the label."""
        for key in holder.keys:
            self.delete(holder, key)

    def _labelled(self, name: str) -> list[t.Mapping[str, t.Any]]:
        found = [said for said in every(lambda number: self._page(KEYS, number)) if said["label"] == name]
        return sorted(found, key=lambda said: int(said["id"]))

    def _region(self) -> str:
        """Linode's name of the region (us-mia), which is not the one that requests to the endpoint us-mia-1 are signed for."""
        known = every(lambda number: self._page(ENDPOINTS, number))
        for said in known:
            if said["s3_endpoint"] == self._host:
                return str(said["region"])
        hosts = ", ".join(sorted({said["s3_endpoint"] for said in known if said["s3_endpoint"]}))
        raise BadInput(
            TRIED,
            said=f"{self._host} is none of the endpoints of this account ({hosts})",
            remedy="Set endpoint_url to the endpoint that has the bucket, or region to the first part of its name.",
        )

    def _page(self, path: str, number: int) -> tuple[list[t.Mapping[str, t.Any]], bool]:
        answer = self._rest.call("GET", path, {"page": number, "page_size": 500})
        return answer["data"], number < int(answer["pages"])


def _key(said: t.Mapping[str, t.Any], region: str, secret: str | None = None) -> Key:
    limited = said["limited"] and said["bucket_access"] is not None
    return Key(said["access_key"], secret=secret, grants=_grants(said["bucket_access"], region) if limited else None)


def _said(grants: Grants, region: str) -> list[dict[str, str]]:
    names = {rights: name for name, rights in LEVELS.items()}
    return [
        {"region": region, "bucket_name": grant.bucket, "permissions": names[in_order(grant.rights)]} for grant in merged(grants)
    ]


def _grants(said: t.Sequence[t.Mapping[str, str]], region: str) -> Grants | None:
    # A bucket of another region may have the same name, and grants cannot tell the two apart.
    if any(one["permissions"] not in LEVELS or one.get("region") != region for one in said):
        return None
    return merged(Grant(one["bucket_name"], "", LEVELS[one["permissions"]]) for one in said)


def _refusal(body: bytes) -> tuple[str, str]:
    # There are no codes, so the status is it.
    said = json.loads(body)["errors"]
    return "", "; ".join(f"{one['field']}: {one['reason']}" if one.get("field") else str(one["reason"]) for one in said)
