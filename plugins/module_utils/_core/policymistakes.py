# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What is wrong with a policy that a user wrote: which statement, and what to do about it."""

from __future__ import annotations

import difflib
import fnmatch
import reprlib
import typing as t

from .errors import BadInput
from .policylanguage import ELEMENTS, as_list, is_aws

#: what is wrong ("has no Action"), and what to do
Mistake = t.Tuple[str, str]
Mistakes = t.Iterator[Mistake]

DOCUMENT = ("Version", "Id", "Statement")
EXAMPLE = {
    "Action": "the actions, such as s3:GetObject",
    "Resource": "the bucket (arn:aws:s3:::bucket) or its objects (arn:aws:s3:::bucket/*)",
    "Principal": "whom it is for, such as {AWS: [arn:aws:iam:::user/app]}; a policy without is one for a key, not for a bucket",
}


def check_policy(policy: t.Mapping[str, t.Any], tried: str, *, what: str = "the policy", bucket: str = "") -> None:
    """Raise for the first mistake. With a bucket, the policy is to be that bucket's; without, it may be that of a user too."""
    aws = is_aws(policy)
    for said, remedy in _about_document(policy, aws):
        raise BadInput(tried, said=f"{what} {said}", remedy=remedy)
    for number, statement in enumerate(as_list(policy["Statement"]), start=1):
        for said, remedy in _about_statement(statement, aws, bucket):
            raise BadInput(tried, said=f"statement {number} of {what} {said}", remedy=remedy)


def _about_document(policy: t.Mapping[str, t.Any], aws: bool) -> Mistakes:
    if aws:
        yield from _unknown(policy, DOCUMENT, "a policy")
    for name in ("Version", "Id"):
        if not isinstance(policy.get(name, ""), str):
            yield f"has the {name} {_shown(policy[name])}", "Write it as text, in quotes."
    if not policy.get("Statement"):
        yield "has no Statement", "Give at least one; to have no policy at all, use state absent (mediastore.s3.bucket_policy)."


def _about_statement(statement: t.Any, aws: bool, bucket: str) -> Mistakes:
    if not isinstance(statement, dict):
        yield "is not a dictionary", "Write each statement as a dictionary with Effect, Principal, Action and Resource."
        return
    if aws:
        yield from _unknown(statement, ELEMENTS, "a statement")
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"has the Effect {_shown(statement.get('Effect'))} (it must be Allow or Deny)", "Write Allow or Deny."
    if not isinstance(statement.get("Sid", ""), str):
        yield f"has the Sid {_shown(statement['Sid'])}", "Write it as text, in quotes."
    yield from _about_pairs(statement, bucket)
    yield from _about_words(statement, aws)
    yield from _about_principals(statement)
    yield from _about_condition(statement)
    if bucket:
        yield from _about_place(statement, bucket)


def _unknown(found: t.Iterable[str], known: t.Sequence[str], what: str) -> Mistakes:
    # Most stores would refuse it; one that does not would leave out, say, a misspelt Condition.
    for name in found:
        if name not in known:
            close = difflib.get_close_matches(name.title(), known, n=1)
            yield f"has {_shown(name)}, which is no part of {what}", f"Write {close[0] if close else ' or '.join(known)}."


def _about_pairs(statement: t.Mapping[str, t.Any], bucket: str) -> Mistakes:
    for one in ("Action", "Resource", "Principal"):
        given = [name for name in (one, f"Not{one}") if statement.get(name)]
        if len(given) > 1:
            yield f"has both {one} and Not{one}", "Keep one of the two, or make two statements of it."
        if not given and (one != "Principal" or bucket):
            yield f"has no {one}", f"Say {EXAMPLE[one]}."


def _about_words(statement: t.Mapping[str, t.Any], aws: bool) -> Mistakes:
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        for word in as_list(statement.get(name, [])):
            if not isinstance(word, str) or not word:
                yield f"has the {name} {_shown(word)}", "Write it as text, or as a list of texts."
            elif aws and name.endswith("Action") and ":" not in word and word != "*":
                yield f"has the {name} {word}, which names no service", f"Write s3:{word}."


def _about_principals(statement: t.Mapping[str, t.Any]) -> Mistakes:
    for name in ("Principal", "NotPrincipal"):
        value = statement.get(name, [])
        for who in (who for whos in (value.values() if isinstance(value, dict) else [value]) for who in as_list(whos)):
            if isinstance(who, int):
                yield f"has the {name} {who}, which is a number", "Put the number of the account in quotes."
            elif not isinstance(who, str) or not who:
                yield f"has the {name} {_shown(who)}", f'Write {name}: "*", or {name}: {{AWS: [...]}} with a list of texts.'


def _about_condition(statement: t.Mapping[str, t.Any]) -> Mistakes:
    operators = statement.get("Condition", {})
    if not isinstance(operators, dict) or not all(isinstance(keys, dict) for keys in operators.values()):
        yield (
            "has a Condition that is not a dictionary",
            "Write it as operator, key and values: {StringLike: {s3:prefix: [a/*]}}.",
        )
        return
    for keys in operators.values():
        for key, values in keys.items():
            for value in as_list(values):
                if not isinstance(value, (str, int, float)):
                    yield f"has the value {_shown(value)} for {key} in its Condition", "Write text, a number, true or false."


def _about_place(statement: t.Mapping[str, t.Any], bucket: str) -> Mistakes:
    for resource in as_list(statement.get("Resource", [])):
        if not _names_bucket(resource, bucket):
            yield (
                f"names {resource}, which is not in bucket {bucket}",
                f"Write arn:aws:s3:::{bucket}, or arn:aws:s3:::{bucket}/* for its objects; each bucket has a policy of its own.",
            )


def _names_bucket(resource: str, bucket: str) -> bool:
    # Some stores have a dialect of their own without ARNs; theirs are left to them.
    if not resource.startswith("arn:"):
        return True
    # arn:partition:service:region:account:bucket/key; Ceph writes a tenant where AWS leaves the account out.
    parts = resource.split(":", 5)
    return len(parts) == 6 and fnmatch.fnmatchcase(bucket, parts[5].partition("/")[0])


def _shown(value: t.Any) -> str:
    return reprlib.repr(value)
