# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Keys of Cloudflare R2: API tokens of the account, of which several may have one name, each with its own policies."""

from __future__ import annotations

import hashlib
import json
import typing as t
from urllib.parse import urlsplit

from ..._core.errors import BadInput, StoreRefused
from ..._core.grants import Grant, Grants, in_order, merged
from .cloud import TRIED, every, gone_is_gone, holder_of, interface, token_of, utc
from .port import Holder, Key

if t.TYPE_CHECKING:
    from ..connection import Connection
    from ..profile import Profile

# From Cloudflare's documentation of R2 (cloudflare/cloudflare-docs, r2/api/tokens) and its Python client (cloudflare/
# cloudflare-python, accounts/tokens), which is written from Cloudflare's OpenAPI document.
HOST = ".r2.cloudflarestorage.com"
BUCKET = "com.cloudflare.edge.r2.bucket."
#: permission group -> what it lets a token do with a bucket
GROUPS = {
    "Workers R2 Storage Bucket Item Read": ("list", "read"),
    "Workers R2 Storage Bucket Item Write": ("list", "read", "write", "delete"),
}
#: what of a token is kept when it is changed, since a PUT replaces it as a whole
KEPT = ("name", "status", "condition", "expires_on", "not_before")
TOKEN = (
    "Set it to an API token that may edit the account's API tokens (Cloudflare's dashboard, Manage Account, Account API Tokens; "
    "permission Account API Tokens Write)."
)
REMEDIES: dict[t.Any, str] = {
    400: "Read what Cloudflare says; the buckets have to be there, and admin_token has to be one API token and nothing else.",
    401: "Check admin_token: Cloudflare does not know it, or it has ended.",
    403: "Give the token of admin_token the permission Account API Tokens Write for the account in endpoint_url, or correct it.",
    404: "Check admin_url (https://api.cloudflare.com/client/v4 unless it is said) and the account in endpoint_url.",
}


class R2Keyring:
    """The API tokens of an account."""

    def __init__(self, connection: Connection, profile: Profile) -> None:
        token = token_of(connection, profile.title, TOKEN)
        account, self._jurisdiction = _account(profile.complete(connection).endpoint_url or "")
        self._tokens = f"accounts/{account}/tokens"
        self._place = f"{BUCKET}{account}_{self._jurisdiction}_"
        self._rest = interface(connection, profile, {"Authorization": f"Bearer {token}"}, REMEDIES, _refusal)

    def find(self, name: str) -> Holder | None:
        """All tokens of exactly that name."""
        found = self._named(name)
        groups = self._groups() if found else {}
        return holder_of(name, [self._key(said, groups) for said in found])

    def create(self, name: str, grants: Grants, expires: str | None) -> Key:
        """One more token of the name. Never sent again after an answer that leaves open whether it was made."""
        groups = self._groups()
        body = {"name": name, "policies": self._policies(grants, groups), **({"expires_on": expires} if expires else {})}
        made = self._rest.call("POST", self._tokens, body=body)["result"]
        # So it is documented: the access key is the token's id, its secret the SHA-256 of what the token is.
        return self._key(made, groups, hashlib.sha256(made["value"].encode()).hexdigest())

    def regrant(self, holder: Holder, grants: Grants) -> None:
        """Give all tokens of the name these policies."""
        policies = self._policies(grants, self._groups())
        for said in self._named(holder.name):
            self._put(said, policies=policies)

    def reveal(self, key: Key) -> str | None:
        """Never: the token is shown once."""
        return None

    def switch(self, holder: Holder, key: Key, active: bool) -> None:
        """Switch one token off or on."""
        for said in self._named(holder.name):
            if said["id"] == key.id:
                self._put(said, status="active" if active else "disabled")

    def delete(self, holder: Holder, key: Key) -> None:
        """Delete one token."""
        # Which code an unknown token gets is not documented, so the list says whether it is there.
        if key.id in [said["id"] for said in self._named(holder.name)]:
            with gone_is_gone():
                self._rest.call("DELETE", f"{self._tokens}/{key.id}")

    def remove(self, holder: Holder) -> None:
        """Delete all tokens of the name."""
        for key in holder.keys:
            self.delete(holder, key)

    def _named(self, name: str) -> list[t.Mapping[str, t.Any]]:
        return [said for said in every(self._page) if said["name"] == name]

    def _page(self, number: int) -> tuple[list[t.Mapping[str, t.Any]], bool]:
        answer = self._rest.call("GET", self._tokens, {"page": number, "per_page": 50, "direction": "asc"})
        # As Cloudflare's own client does it: the page after the last one is empty.
        return answer["result"], bool(answer["result"])

    def _put(self, said: t.Mapping[str, t.Any], **changes: t.Any) -> None:
        kept = {name: said[name] for name in KEPT if said.get(name) is not None}
        policies = [
            {
                "effect": policy["effect"],
                "resources": policy["resources"],
                "permission_groups": [{"id": group["id"]} for group in policy["permission_groups"]],
            }
            for policy in said["policies"]
        ]
        self._rest.call("PUT", f"{self._tokens}/{said['id']}", body={**kept, "policies": policies, **changes})

    def _groups(self) -> dict[str, str]:
        """Names of permission groups by their ids, which are in no document."""
        said = self._rest.call("GET", f"{self._tokens}/permission_groups")["result"]
        found = {one["id"]: one["name"] for one in said if one["name"] in GROUPS}
        missing = sorted(set(GROUPS) - set(found.values()))
        if missing:
            raise StoreRefused(
                TRIED,
                said=f"Cloudflare does not know the permission group {missing[0]} in this account",
                remedy="Switch R2 on in Cloudflare's dashboard.",
                code="NoSuchPermissionGroup",
            )
        return found

    def _policies(self, grants: Grants, groups: t.Mapping[str, str]) -> list[dict[str, t.Any]]:
        if not merged(grants):
            raise BadInput(
                TRIED,
                said="a token of Cloudflare's is for something, and there are no grants",
                remedy="Give it a grant, switch its keys off, or remove the name (state absent).",
                code="Unsupported",
            )
        ids = {GROUPS[name]: identity for identity, name in groups.items()}
        policies: list[dict[str, t.Any]] = []
        for rights, identity in sorted(ids.items()):
            buckets = [grant.bucket for grant in merged(grants) if in_order(grant.rights) == rights]
            if buckets:
                resources = {f"{self._place}{bucket}": "*" for bucket in buckets}
                policies.append({"effect": "allow", "resources": resources, "permission_groups": [{"id": identity}]})
        return policies

    def _key(self, said: t.Mapping[str, t.Any], groups: t.Mapping[str, str], secret: str | None = None) -> Key:
        return Key(
            said["id"],
            active=said.get("status", "active") == "active",
            created=utc(said.get("issued_on")),
            expires=utc(said.get("expires_on")),
            last_used=utc(said.get("last_used_on")),
            secret=secret,
            grants=self._grants(said["policies"], groups),
        )

    def _grants(self, policies: t.Sequence[t.Mapping[str, t.Any]], groups: t.Mapping[str, str]) -> Grants | None:
        found: list[Grant] = []
        for policy in policies:
            given = [groups.get(group["id"]) for group in policy["permission_groups"]]
            ours = all(place.startswith(self._place) and worth == "*" for place, worth in policy["resources"].items())
            if policy["effect"] != "allow" or None in given or not ours:
                return None
            for place in policy["resources"]:
                found += [Grant(place[len(self._place) :], "", GROUPS[str(name)]) for name in given]
        return merged(found)


def _account(url: str) -> tuple[str, str]:
    """Account and jurisdiction; both are in the name of the endpoint's host."""
    host = urlsplit(url).hostname or ""
    account, _dot, jurisdiction = host[: -len(HOST)].partition(".")
    if not host.endswith(HOST) or not account:
        raise BadInput(
            TRIED,
            said=f"{host or 'the endpoint'} does not say which account of Cloudflare's it belongs to",
            remedy=f"Set endpoint_url to https://ACCOUNT{HOST}, or to https://ACCOUNT.eu{HOST} for buckets of the EU.",
        )
    return account, jurisdiction or "default"


def _refusal(body: bytes) -> tuple[str, str]:
    said = json.loads(body)["errors"]
    # Cloudflare's codes are numbers without a public list; the status is what can be relied on.
    return "", "; ".join(f"{one['code']}: {one['message']}" for one in said)
