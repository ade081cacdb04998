# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Bucket policies by meaning: two documents that grant the same are the same document."""

from __future__ import annotations

import fnmatch
import json
import typing as t

from .errors import BadInput

VERSION = "2012-10-17"
#: what a document without Version means
OLD_VERSION = "2008-10-17"

READ = ("s3:GetObject",)
WRITE = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject")
LIST = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")

Document = t.Dict[str, t.Any]


def canonical(policy: t.Mapping[str, t.Any] | None) -> Document | None:
    """The policy in its one spelling: sorted statements and values, lists everywhere, principals written out."""
    if not policy or not policy.get("Statement"):
        return None
    statements = {json.dumps(_statement(statement), sort_keys=True) for statement in _as_list(policy["Statement"])}
    document: Document = {"Version": policy.get("Version") or OLD_VERSION}
    if policy.get("Id"):
        document["Id"] = policy["Id"]
    document["Statement"] = [json.loads(text) for text in sorted(statements)]
    return document


def parse(text: str | t.Mapping[str, t.Any], bucket: str) -> Document:
    """The policy that a user wrote, or one clear error; a store's own error would not say which statement is wrong."""
    tried = f"set the policy of bucket {bucket}"
    try:
        policy = json.loads(text) if isinstance(text, str) else dict(text)
    except ValueError as exc:
        raise BadInput(
            tried, said=f"the policy is not JSON ({exc})", remedy="Write it as a dictionary in YAML, or as valid JSON."
        ) from exc
    if not isinstance(policy, dict) or not policy.get("Statement"):
        raise BadInput(
            tried,
            said="the policy has no Statement",
            remedy="Give at least one statement, or use state absent to remove the policy.",
        )
    for number, statement in enumerate(_as_list(policy["Statement"]), start=1):
        wrong = _mistake(statement, bucket)
        if wrong:
            raise BadInput(tried, said=f"statement {number} of the policy {wrong}", remedy="Correct the policy.")
    return policy


def public_read(bucket: str, prefix: str = "") -> Document:
    """Everybody may get objects below the prefix; listing, writing and deleting stay closed."""
    statement = {
        "Sid": "PublicRead",
        "Effect": "Allow",
        "Principal": "*",
        "Action": list(READ),
        "Resource": [_objects(bucket, prefix)],
    }
    return {"Version": VERSION, "Statement": [statement]}


def private(bucket: str, principals: t.Sequence[str], prefix: str = "", read_only: bool = False) -> Document:
    """The principals, and nobody else, may list the bucket and read (and write) objects below the prefix."""
    who = {"AWS": sorted(principals)}
    look: Document = {"Sid": "List", "Effect": "Allow", "Principal": who, "Action": list(LIST), "Resource": [_bucket(bucket)]}
    use: Document = {
        "Sid": "Use",
        "Effect": "Allow",
        "Principal": who,
        "Action": sorted(READ if read_only else READ + WRITE),
        "Resource": [_objects(bucket, prefix)],
    }
    return {"Version": VERSION, "Statement": [look, use]}


def _bucket(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def _objects(bucket: str, prefix: str) -> str:
    return f"{_bucket(bucket)}/{prefix}*"


def _as_list(value: t.Any) -> list[t.Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _strings(value: t.Any) -> list[str]:
    # A condition's true and 1 come back from the stores as "true" and "1".
    words = (str(item).lower() if isinstance(item, bool) else str(item) for item in _as_list(value))
    return sorted(set(words))


def _statement(statement: t.Mapping[str, t.Any]) -> Document:
    made: Document = {}
    for name, value in statement.items():
        if name in ("Principal", "NotPrincipal"):
            made[name] = _principal(value)
        elif name == "Condition":
            made[name] = {operator: {key: _strings(values) for key, values in keys.items()} for operator, keys in value.items()}
        elif name in ("Action", "NotAction", "Resource", "NotResource"):
            made[name] = _strings(value)
        elif name != "Sid" or value:  # an empty Sid is no Sid
            made[name] = value
    return made


def _principal(value: t.Any) -> dict[str, list[str]]:
    kinds = value if isinstance(value, dict) else {"AWS": value}
    return {kind: sorted({_account(who) for who in _as_list(whos)}) for kind, whos in kinds.items()}


def _account(who: t.Any) -> str:
    # An account's number and its root are the same principal; stores write out the second.
    text = str(who)
    return f"arn:aws:iam::{text}:root" if len(text) == 12 and text.isdigit() else text


def _mistake(statement: t.Any, bucket: str) -> str:
    if not isinstance(statement, dict):
        return "is not a dictionary"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return f"has the Effect {statement.get('Effect')!r} (it must be Allow or Deny)"
    for one, other in (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")):
        if not statement.get(one) and not statement.get(other):
            return f"has no {one}"
    conditions = statement.get("Condition", {})
    if not isinstance(conditions, dict) or not all(isinstance(keys, dict) for keys in conditions.values()):
        return "has a Condition that is not a dictionary"
    for resource in _strings(statement.get("Resource", [])):
        if not _names_bucket(resource, bucket):
            return f"names {resource}, which is not in bucket {bucket}"
    return ""


def _names_bucket(resource: str, bucket: str) -> bool:
    # Some stores have a dialect of their own without ARNs; theirs are left to them.
    if not resource.startswith("arn:"):
        return True
    name = resource.rpartition(":::")[2].partition("/")[0]
    return fnmatch.fnmatchcase(bucket, name)
