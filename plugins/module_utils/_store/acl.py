# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The access list of a bucket: the canned ones by name, any other as it is."""

from __future__ import annotations

import typing as t

from .facet import Facet, member

GROUPS = "http://acs.amazonaws.com/groups/global/"
#: canned ACL -> what it gives to everybody's group and to that of all accounts, beside everything to the owner
CANNED: dict[str, frozenset[tuple[str, str]]] = {
    "private": frozenset(),
    "public-read": frozenset({("AllUsers", "READ")}),
    "authenticated-read": frozenset({("AuthenticatedUsers", "READ")}),
}
#: what a list is called that has no name
CUSTOM = "custom"


def _parse(answer: t.Mapping[str, t.Any]) -> t.Any:
    return {"Owner": answer.get("Owner", {}), "Grants": list(member(answer, "Grants"))}


def _body(value: t.Any) -> dict[str, t.Any]:
    return {"ACL": value} if isinstance(value, str) else {"AccessControlPolicy": value}


def canned(value: t.Any) -> str:
    """The name of an access list."""
    if value is None or isinstance(value, str):
        return value or "private"
    grants = {(_grantee(grant, value["Owner"]), grant["Permission"]) for grant in value["Grants"]} - {("owner", "FULL_CONTROL")}
    return next((name for name, given in CANNED.items() if given == grants), CUSTOM)


def _grantee(grant: t.Mapping[str, t.Any], owner: t.Mapping[str, t.Any]) -> str:
    who = grant.get("Grantee", {})
    if who.get("URI", "").startswith(GROUPS):
        return str(who["URI"][len(GROUPS) :])
    if who.get("Type") == "Group" and "URI" not in who:  # versitygw has no other group, and gives it no address
        return "AllUsers"
    # Some stores name no owner; then the one user there is it.
    return "owner" if who.get("ID") in (owner.get("ID"), None) else f"user {who['ID']}"


ACL = Facet(
    name="acl",
    title="bucket ACL",
    option="acl",
    get="get_bucket_acl",
    put="put_bucket_acl",
    delete=None,
    missing=(),
    parse=_parse,
    body=_body,
    canonical=canned,
)
