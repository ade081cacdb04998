# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Keys of DigitalOcean Spaces: several may have one name, and each has its own grants for whole buckets."""

from __future__ import annotations

import json
import typing as t

from ..._core.errors import StoreRefused
from ..._core.grants import Grant, Grants, in_order, merged
from .cloud import every, gone_is_gone, holder_of, interface, token_of, utc
from .port import Holder, Key

if t.TYPE_CHECKING:
    from ..connection import Connection
    from ..profile import Profile

# All of this is from DigitalOcean's OpenAPI document (digitalocean/openapi, specification/resources/spaces).
KEYS = "v2/spaces/keys"
LEVELS = {"read": ("list", "read"), "readwrite": ("list", "read", "write", "delete")}
SCOPES = "spaces_key:read, spaces_key:create_credentials, spaces_key:update and spaces_key:delete"
TOKEN = f"Set it to an API token (DigitalOcean's control panel, API, Tokens) with the scopes {SCOPES}."
REMEDIES: dict[t.Any, str] = {
    400: "Make the buckets first, and correct their names.",
    401: "Check admin_token: DigitalOcean does not know it, or it has ended.",
    403: f"Give the token of admin_token the scopes {SCOPES}.",
    404: "Check admin_url: it is https://api.digitalocean.com unless it is said.",
    412: "Make the buckets first, and correct their names.",
}


class DigitalOceanKeyring:
    """The keys of Spaces by DigitalOcean's API."""

    def __init__(self, connection: Connection, profile: Profile) -> None:
        token = token_of(connection, profile.title, TOKEN)
        self._rest = interface(connection, profile, {"Authorization": f"Bearer {token}"}, REMEDIES, _refusal)

    def find(self, name: str) -> Holder | None:
        """All keys of exactly that name."""
        return holder_of(name, [_key(said) for said in every(self._page) if said["name"] == name])

    def create(self, name: str, grants: Grants, expires: str | None) -> Key:
        """One more key of the name. Never sent again after an answer that leaves open whether it was made."""
        made = self._rest.call("POST", KEYS, body={"name": name, "grants": _said(grants)})["key"]
        return _key(made, made["secret_key"])

    def regrant(self, holder: Holder, grants: Grants) -> None:
        """Change the grants of each key.

        The document says that only the name can be changed, and in the same breath that a full key cannot be made a limited one;
        DigitalOcean's Terraform provider changes grants so and tests it. The answer shows the grants: it decides.
        """
        for key in holder.keys:
            body = {"name": holder.name, "grants": _said(grants)}
            kept = self._rest.call("PUT", f"{KEYS}/{key.id}", body=body)["key"]
            if _grants(kept["grants"]) != merged(grants):
                raise StoreRefused(
                    f"change what the key {key.id} of {holder.name} may do",
                    said=f"DigitalOcean answered without an error and kept the grants {json.dumps(kept['grants'])}",
                    remedy="Make a new key with the new grants (rotate), and delete the old one.",
                    code="NotKept",
                )

    def reveal(self, key: Key) -> str | None:
        """Never: the secret is shown once."""
        return None

    def switch(self, holder: Holder, key: Key, active: bool) -> None:
        """Never called: there is no such switch."""
        raise NotImplementedError

    def delete(self, holder: Holder, key: Key) -> None:
        """Delete one key."""
        with gone_is_gone("not_found"):
            self._rest.call("DELETE", f"{KEYS}/{key.id}")

    def remove(self, holder: Holder) -> None:
        """Delete all keys of the name."""
        for key in holder.keys:
            self.delete(holder, key)

    def _page(self, number: int) -> tuple[list[t.Mapping[str, t.Any]], bool]:
        # Oldest first, so that a key which is made meanwhile comes last and nothing is missed between two pages.
        query = {"page": number, "per_page": 200, "sort": "created_at", "sort_direction": "asc"}
        answer = self._rest.call("GET", KEYS, query)
        pages = (answer.get("links") or {}).get("pages") or {}
        return answer["keys"], bool(pages.get("next"))


def _key(said: t.Mapping[str, t.Any], secret: str | None = None) -> Key:
    return Key(said["access_key"], created=utc(said.get("created_at")), secret=secret, grants=_grants(said.get("grants") or ()))


def _said(grants: Grants) -> list[dict[str, str]]:
    names = {rights: name for name, rights in LEVELS.items()}
    return [{"bucket": grant.bucket, "permission": names[in_order(grant.rights)]} for grant in merged(grants)]


def _grants(said: t.Sequence[t.Mapping[str, str]]) -> Grants | None:
    # An empty permission is none at all; a full key has one grant, of the empty bucket, and may do more than grants can say.
    given = [one for one in said if one["permission"]]
    if any(one["permission"] not in LEVELS for one in given):
        return None
    return merged(Grant(one["bucket"], "", LEVELS[one["permission"]]) for one in given)


def _refusal(body: bytes) -> tuple[str, str]:
    said = json.loads(body)
    return str(said["id"]), str(said["message"])
