# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The CORS rules of a bucket. A browser takes the first rule that fits, so their order is everything."""

from __future__ import annotations

import typing as t

from .._core.errors import BadInput
from .facet import Facet, member

#: our name of a part that is a list -> S3's
LISTS = {
    "allowed_origins": "AllowedOrigins",
    "allowed_methods": "AllowedMethods",
    "allowed_headers": "AllowedHeaders",
    "expose_headers": "ExposeHeaders",
}
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
MOST_RULES = 100
#: names of headers are the same in small and in capital letters
CASELESS = ("allowed_headers", "expose_headers")


def canonical(rules: t.Sequence[t.Mapping[str, t.Any]] | None) -> list[dict[str, t.Any]] | None:
    """The rules in order; within a rule the order of origins, methods and headers means nothing."""
    return [_rule(rule) for rule in rules] if rules else None


def check(rules: t.Sequence[t.Mapping[str, t.Any]], tried: str) -> None:
    """Refuse rules that no browser or store could follow, naming the rule."""
    if not 1 <= len(rules) <= MOST_RULES:
        said = f"{len(rules)} rules were given (1 to {MOST_RULES} are allowed)"
        raise BadInput(tried, said=said, remedy="Give at least one rule, or use state absent to remove them.")
    for number, rule in enumerate(rules, start=1):
        wrong = _mistake(rule)
        if wrong:
            raise BadInput(tried, said=f"rule {number} {wrong}", remedy="Correct the rule.")


def _mistake(rule: t.Mapping[str, t.Any]) -> str:
    for name in ("allowed_origins", "allowed_methods"):
        if not rule.get(name):
            return f"has no {name}"
    for origin in rule["allowed_origins"]:
        if origin.count("*") > 1:
            return f"has the origin {origin!r} with more than one *"
        if origin != "*" and "://" not in origin:
            return f"has the origin {origin!r}, which is not the beginning of a URL such as https://chat.example.org"
        if origin.endswith("/"):
            return f"has the origin {origin!r}, and browsers send origins without a slash at the end"
    for header in rule.get("allowed_headers") or []:
        if header.count("*") > 1:
            return f"has the header {header!r} with more than one *"
    age = rule.get("max_age_seconds")
    return f"has max_age_seconds {age}" if age is not None and age < 0 else ""


def _rule(rule: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    made: dict[str, t.Any] = {}
    for name in LISTS:
        words = {word.lower() if name in CASELESS else word for word in rule.get(name) or []}
        if words:
            made[name] = sorted(words)
    if rule.get("max_age_seconds") is not None:
        made["max_age_seconds"] = rule["max_age_seconds"]
    return made


def _parse(answer: t.Mapping[str, t.Any]) -> t.Any:
    return [
        {**{ours: list(rule.get(theirs, [])) for ours, theirs in LISTS.items()}, "max_age_seconds": rule.get("MaxAgeSeconds")}
        for rule in member(answer, "CORSRules")
    ]


def _body(rules: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    made = []
    for rule in rules:
        theirs: dict[str, t.Any] = {LISTS[name]: list(rule[name]) for name in LISTS if rule.get(name)}
        if rule.get("max_age_seconds") is not None:
            theirs["MaxAgeSeconds"] = rule["max_age_seconds"]
        made.append(theirs)
    return {"CORSConfiguration": {"CORSRules": made}}


CORS = Facet(
    name="cors",
    title="CORS rules",
    option="cors",
    get="get_bucket_cors",
    put="put_bucket_cors",
    delete="delete_bucket_cors",
    missing=("NoSuchCORSConfiguration",),
    parse=_parse,
    body=_body,
    canonical=canonical,
)
