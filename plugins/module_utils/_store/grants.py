# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The ACL of an object as headers of the request that writes the object, so that it is never there without its ACL."""

from __future__ import annotations

import typing as t

#: permission -> the header's name in boto3
HEADERS = {
    "FULL_CONTROL": "GrantFullControl",
    "READ": "GrantRead",
    "READ_ACP": "GrantReadACP",
    "WRITE_ACP": "GrantWriteACP",
}
_GROUPS = "http://acs.amazonaws.com/groups/global/"
#: what is granted besides the owner's full control -> the word for it, which more stores understand than the grants
_CANNED = {
    frozenset({("READ", f"uri={_GROUPS}AllUsers")}): "public-read",
    frozenset({("READ", f"uri={_GROUPS}AllUsers"), ("WRITE", f"uri={_GROUPS}AllUsers")}): "public-read-write",
    frozenset({("READ", f"uri={_GROUPS}AuthenticatedUsers")}): "authenticated-read",
}

Acl = t.Mapping[str, t.Any]


def granted(acl: Acl) -> frozenset[tuple[str, str]]:
    """Permission and grantee of all that is granted beyond the owner's full control, which every new object has."""
    owner = f"id={acl.get('Owner', {}).get('ID', '')}"
    found = {(grant["Permission"], _grantee(grant["Grantee"])) for grant in acl.get("Grants", [])}
    return frozenset(found - {("FULL_CONTROL", owner)})


def headers(acl: Acl, canned: t.Container[str]) -> dict[str, str]:
    """What to send with a copy, so that it has the same ACL; nothing if only the owner has rights."""
    beyond = granted(acl)
    if not beyond:
        return {}
    word = _CANNED.get(beyond)
    if word in canned:
        return {"ACL": str(word)}
    # Grants replace what a new object has by itself, the owner's full control too.
    owner = ("FULL_CONTROL", f"id={acl.get('Owner', {}).get('ID', '')}")
    made: dict[str, list[str]] = {}
    for permission, grantee in sorted({*beyond, owner}):
        kind, _equals, value = grantee.partition("=")
        if permission in HEADERS and value:
            made.setdefault(HEADERS[permission], []).append(f'{kind}="{value}"')
    return {name: ", ".join(grantees) for name, grantees in made.items()}


def policy(acl: Acl) -> dict[str, t.Any]:
    """The same as a document, for a store that does not heed the headers."""
    return {"Owner": acl["Owner"], "Grants": acl["Grants"]}


def _grantee(said: t.Mapping[str, t.Any]) -> str:
    for kind, name in (("id", "ID"), ("uri", "URI"), ("emailAddress", "EmailAddress")):
        if said.get(name):
            return f"{kind}={said[name]}"
    return "unknown="
