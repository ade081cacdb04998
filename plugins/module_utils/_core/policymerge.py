# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Several policies as one, since a bucket has only one."""

from __future__ import annotations

import itertools
import json
import typing as t

from .errors import BadInput
from .policydoc import AWS, DIALECT, canonical_statement, read
from .policylanguage import Document, as_list, is_aws, version_of
from .policymistakes import check_policy

TRIED = "merge policies"
#: of a bucket's policy, on AWS and on MinIO
LIMIT_BYTES = 20 * 1024


def merge(policies: t.Any) -> Document:
    """All statements of the policies, in their order and each once; what cannot be one policy is refused."""
    documents = [_document(policy, number) for number, policy in enumerate(_given(policies), start=1)]
    version = _one_version(documents)
    _check_kind(documents)
    merged: Document = {"Version": version}
    ids = {document["Id"] for document in documents if document.get("Id")}
    if len(ids) == 1:
        merged["Id"] = ids.pop()
    merged["Statement"] = _with_own_sids(_distinct(documents))
    _check_size(merged)
    return merged


def _given(policies: t.Any) -> list[t.Any]:
    # A generator is what Jinja's map gives.
    given = [] if isinstance(policies, (str, dict)) or not isinstance(policies, t.Iterable) else list(policies)
    if not given:
        raise BadInput(TRIED, said="there is no list of policies", remedy="Write [one, other] | mediastore.s3.merge_policies.")
    return given


def _document(policy: t.Any, number: int) -> Document:
    what = f"policy {number}"
    document = read(policy, TRIED, what)
    check_policy(document, TRIED, what=what)
    return {**document, "Statement": as_list(document["Statement"])}


def _one_version(documents: t.Sequence[Document]) -> str:
    first, *others = [version_of(document) for document in documents]
    for number, version in enumerate(others, start=2):
        if version != first:
            raise BadInput(
                TRIED,
                said=f"policy 1 has the Version {first}, and policy {number} has {version} (without one it is 2008-10-17)",
                remedy="The Version says how the statements are read (${...}, for one), so give all of them the same.",
            )
    return first


def _check_kind(documents: t.Sequence[Document]) -> None:
    places: dict[bool, str] = {}
    for number, document in enumerate(documents, start=1):
        for place, statement in enumerate(document["Statement"], start=1):
            named = bool(statement.get("Principal") or statement.get("NotPrincipal"))
            places.setdefault(named, f"statement {place} of policy {number}")
    if len(places) == 2:
        raise BadInput(
            TRIED,
            said=f"{places[True]} has a Principal, and {places[False]} has none",
            remedy="A bucket's policy says whom it is for (mediastore.s3.app_policy), and that of a user or key does not "
            "(mediastore.s3.key_policy). Merge each kind by itself.",
        )


def _distinct(documents: t.Sequence[Document]) -> list[Document]:
    # The Sid is a name and grants nothing: the same right under two names is the same right.
    spelling = AWS if is_aws(documents[0]) else DIALECT
    found: dict[str, Document] = {}
    for document in documents:
        for statement in document["Statement"]:
            meaning = canonical_statement({**statement, "Sid": ""}, spelling)
            found.setdefault(json.dumps(meaning, sort_keys=True), statement)
    return list(found.values())


def _with_own_sids(statements: t.Sequence[Document]) -> list[Document]:
    # Stores want a Sid only once. All policies made here call their statements List and Use, so a clash is nothing unusual.
    taken = {statement.get("Sid") for statement in statements}
    seen: set[str] = set()
    made = []
    for statement in statements:
        sid = statement.get("Sid")
        if sid and sid in seen:
            sid = next(name for name in (f"{sid}{number}" for number in itertools.count(2)) if name not in taken)
            taken.add(sid)
        seen.add(sid or "")
        made.append({**statement, "Sid": sid} if sid else statement)
    return made


def _check_size(merged: Document) -> None:
    size = len(json.dumps(merged).encode())
    if size > LIMIT_BYTES:
        raise BadInput(
            TRIED,
            said=f"together they have {size} bytes, and the policy of a bucket may have {LIMIT_BYTES}",
            remedy="Name several users, actions or prefixes in one statement, or give users policies of their own "
            "(mediastore.s3.key_policy).",
        )
