# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Rights of keys in the policy of a bucket, for stores that have no other place for them, beside whatever else stands there.

Statements whose Sid begins with ``MediastoreKey`` are made from the rights of the keys, and nobody else's; all others belong to
whoever wrote them. One statement names all keys that may do the same, since some stores keep no more than 4 KB of policy.
"""

from __future__ import annotations

import typing as t

from .grants import Grant, grants_in, policy_for
from .policylanguage import VERSION, Document, as_list

SID = "MediastoreKey"
OWNER = f"{SID}Owner"

Rights = t.Tuple[str, ...]


def is_ours(statement: t.Any) -> bool:
    """Whether a statement is about keys."""
    return isinstance(statement, dict) and str(statement.get("Sid", "")).startswith(SID)


def ours(policy: t.Mapping[str, t.Any] | None) -> list[Document]:
    """The statements about keys."""
    return [one for one in _statements(policy) if is_ours(one)]


def without_ours(policy: t.Mapping[str, t.Any] | None) -> Document | None:
    """The policy as its owner wrote it; None if there is nothing else in it."""
    rest = [one for one in _statements(policy) if not is_ours(one)]
    return {**policy, "Statement": rest} if policy and rest else None


def joined(policy: t.Mapping[str, t.Any] | None, statements: t.Sequence[Document]) -> Document | None:
    """The policy with these statements about keys in place of those that it has; None if that is nothing."""
    rest = without_ours(policy)
    if not statements:
        return rest
    return {**(rest or {"Version": VERSION}), "Statement": [*(rest or {}).get("Statement", []), *statements]}


def rights_in(policy: t.Mapping[str, t.Any] | None, bucket: str) -> dict[str, Rights | None]:
    """What each key may do in the bucket; None where somebody has made something else of its statements."""
    keys: dict[str, list[Document]] = {}
    for statement in ours(policy):
        if statement["Sid"] != OWNER:
            for key in _principals(statement):
                keys.setdefault(key, []).append({name: part for name, part in statement.items() if name != "Principal"})
    return {key: _rights(made, bucket) for key, made in keys.items()}


def changed(
    policy: t.Mapping[str, t.Any] | None,
    bucket: str,
    change: t.Mapping[str, Rights],
    alive: t.Container[str],
    owner: str | None = None,
) -> Document | None:
    """The policy with what these keys may do; keys that are not alive are left out.

    ``owner`` is an account that may do everything in the bucket as long as it has no policy. It goes on with that, since for
    the sake of keys nobody is locked out.
    """
    rights = {key: given for key, given in {**rights_in(policy, bucket), **change}.items() if key in alive}
    made = [*_made(bucket, rights), *_odd(policy, [key for key, given in rights.items() if given is None])]
    if made and owner:
        everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        made.insert(0, {**_allow(OWNER, [owner]), "Action": ["s3:*"], "Resource": everything})
    return joined(policy, made)


def _made(bucket: str, rights: t.Mapping[str, Rights | None]) -> list[Document]:
    alike: dict[Rights, list[str]] = {}
    for key, given in sorted(rights.items()):
        if given:
            alike.setdefault(given, []).append(key)
    return [
        {**_widened(statement, bucket), **_allow(f"{SID}{statement['Sid']}{number or ''}", keys)}
        for number, (given, keys) in enumerate(sorted(alike.items()))
        for statement in (policy_for((Grant(bucket, "", given),)) or {}).get("Statement", [])
    ]


def _widened(statement: Document, bucket: str) -> Document:
    # Whether a key may delete many objects at once, versitygw asks of the bucket and not of the objects.
    if "s3:DeleteObject" not in statement["Action"]:
        return statement
    return {**statement, "Resource": [f"arn:aws:s3:::{bucket}", *statement["Resource"]]}


def _narrowed(statement: Document) -> Document:
    objects = [one for one in as_list(statement.get("Resource", [])) if "/" in str(one)]
    return {**statement, "Resource": objects} if objects else statement


def _odd(policy: t.Mapping[str, t.Any] | None, keys: t.Sequence[str]) -> list[Document]:
    """The statements of keys of which somebody has made something else; that is put right when such a key is asked for."""
    found = ((one, [key for key in _principals(one) if key in keys]) for one in ours(policy))
    return [{**one, "Principal": {"AWS": whom}} for one, whom in found if whom]


def _allow(sid: str, keys: list[str]) -> Document:
    return {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": keys}}


def _statements(policy: t.Mapping[str, t.Any] | None) -> list[t.Any]:
    return as_list(policy.get("Statement", [])) if policy else []


def _principals(statement: Document) -> list[str]:
    principal = statement.get("Principal")
    return [str(one) for one in as_list(principal.get("AWS", []) if isinstance(principal, dict) else principal or [])]


def _rights(statements: list[Document], bucket: str) -> Rights | None:
    found = grants_in({"Version": VERSION, "Statement": [_narrowed(one) for one in statements]})
    if found is None or [(one.bucket, one.prefix) for one in found] != [(bucket, "")]:
        return None
    return found[0].rights
