# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Policies by meaning: two documents that grant the same are the same document."""

from __future__ import annotations

import datetime
import json
import re
import typing as t

from .errors import BadInput
from .policylanguage import Document, action, as_list, condition_key, is_aws, version_of
from .policymistakes import check_policy

#: how the value of each element of a statement is brought to its one spelling
Spelling = t.Dict[str, t.Callable[[t.Any], t.Any]]

#: an account's root user, in any partition (aws, aws-cn, …) of AWS
ROOT = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):root")


def canonical(policy: t.Mapping[str, t.Any] | None) -> Document | None:
    """The policy in its one spelling: sorted statements and values, lists everywhere, words as they are usually written."""
    if not policy or not policy.get("Statement"):
        return None
    document: Document = {"Version": version_of(policy)}
    # MinIO gives it back in capitals.
    ident = policy.get("Id") or policy.get("ID")
    if ident:
        document["Id"] = ident
    spelling = AWS if is_aws(policy) else DIALECT
    texts = {json.dumps(canonical_statement(one, spelling), sort_keys=True, default=str) for one in as_list(policy["Statement"])}
    document["Statement"] = [json.loads(text) for text in sorted(texts)]
    return document


def canonical_statement(statement: t.Any, spelling: Spelling) -> t.Any:
    """One statement in its one spelling. What is no statement stays what it is: a store may answer anything."""
    if not isinstance(statement, dict):
        return statement
    told = {name: value for name, value in statement.items() if value or name not in ("Sid", "Condition")}
    return {name: spelling[name](value) if name in spelling else value for name, value in told.items()}


def parse(text: str | t.Mapping[str, t.Any], bucket: str) -> Document:
    """The policy that a user wrote, or one clear error; a store's own error would not say which statement is wrong."""
    tried = f"set the policy of bucket {bucket}"
    policy = read(text, tried)
    check_policy(policy, tried, bucket=bucket)
    return policy


def read(text: t.Any, tried: str, what: str = "the policy") -> Document:
    """What a user wrote as the plain data of JSON, before anything in it is judged."""
    try:
        policy = json.loads(text if isinstance(text, str) else json.dumps(text, default=_date, allow_nan=False))
    except (ValueError, TypeError, RecursionError) as exc:
        raise BadInput(
            tried, said=f"{what} is not JSON ({exc})", remedy="Write it as a dictionary in YAML, or as valid JSON."
        ) from exc
    if not isinstance(policy, dict):
        raise BadInput(
            tried,
            said=f"{what} is {policy!r:.40}, and has no Statement",
            remedy="Write it as a dictionary with Version and Statement.",
        )
    return policy


def _date(value: t.Any) -> str:
    # YAML takes a Version that is not in quotes for a day in October.
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"it holds a {type(value).__name__}")


def _strings(value: t.Any) -> list[str]:
    # A condition's true and 1 come back from the stores as "true" and "1".
    words = (str(item).lower() if isinstance(item, bool) else str(item) for item in as_list(value))
    return sorted(set(words))


def _ordered(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: _ordered(inner) for name, inner in value.items()}
    return _strings(value)


def _actions(value: t.Any) -> list[str]:
    return sorted({action(text) for text in _strings(value)})


def _principal(value: t.Any) -> t.Any:
    # A star of no kind is everybody, and so is the star of kind AWS. Several stores write the one for the other.
    return _whom(value if isinstance(value, dict) else {"AWS": value})


def _whom(value: t.Any) -> t.Any:
    # Who is left out by NotPrincipal is not guessed: there a wrong equation would open or lock the bucket.
    if not isinstance(value, dict):
        return _strings(value)
    return {kind: sorted({_account(who) if kind == "AWS" else who for who in _strings(whos)}) for kind, whos in value.items()}


def _account(who: str) -> str:
    # An account's number and its root are the same principal; stores write out the second.
    root = ROOT.fullmatch(who)
    return root.group(1) if root else who


def _condition(value: t.Any) -> t.Any:
    return {operator: _keys(keys) for operator, keys in value.items()} if isinstance(value, dict) else value


def _keys(keys: t.Any) -> t.Any:
    if not isinstance(keys, dict):
        return keys
    spelled = {key: condition_key(key) for key in keys}
    if len(set(spelled.values())) < len(spelled):
        # One key twice, in two spellings: whether both must hold or one of them, only the store knows.
        spelled = {key: key for key in keys}
    return {spelled[key]: _strings(values) for key, values in keys.items()}


AWS: Spelling = {
    "Principal": _principal,
    "NotPrincipal": _whom,
    "Action": _actions,
    "NotAction": _actions,
    "Resource": _strings,
    "NotResource": _strings,
    "Condition": _condition,
}
#: Of a store's own language nothing is known but that the order of things is nothing.
DIALECT: Spelling = dict.fromkeys(AWS, _ordered)
