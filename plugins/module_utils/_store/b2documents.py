# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Lifecycle and CORS rules as S3 writes them, and as Backblaze's own interface does."""

from __future__ import annotations

import typing as t

Rule = t.Dict[str, t.Any]

#: what Backblaze calls a number of days -> where S3 has it
DAYS = {
    "daysFromUploadingToHiding": ("Expiration", "Days"),
    "daysFromHidingToDeleting": ("NoncurrentVersionExpiration", "NoncurrentDays"),
    "daysFromStartingToCancelingUnfinishedLargeFiles": ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
}
#: the parts of a CORS rule that are lists: S3's name -> Backblaze's
LISTS = {
    "AllowedOrigins": "allowedOrigins",
    "AllowedHeaders": "allowedHeaders",
    "ExposeHeaders": "exposeHeaders",
}
#: how Backblaze calls a method of S3; its own operations have no S3 name, and are shown by their own
METHOD = "s3_"
#: Backblaze wants every CORS rule to have a name and an age. One that was made without an age has this in its name, so that it is
#: shown without, and the age that browsers take where none is said.
NO_AGE, BROWSERS_AGE_S = "-no-max-age", 5


def lifecycle_to_b2(rules: t.Iterable[t.Mapping[str, t.Any]]) -> list[Rule]:
    """One rule for each prefix. What it does not say is said to be nothing, as Backblaze shows it."""
    made = []
    for rule in rules:
        days = {theirs: (rule.get(part) or {}).get(number) for theirs, (part, number) in DAYS.items()}
        made.append({"fileNamePrefix": rule["Filter"].get("Prefix", ""), **days})
    return made


def lifecycle_to_s3(rules: t.Iterable[t.Mapping[str, t.Any]]) -> list[Rule]:
    """The same the other way round."""
    made = []
    for rule in rules:
        days = {part: {number: rule[theirs]} for theirs, (part, number) in DAYS.items() if rule.get(theirs)}
        made.append({"Status": "Enabled", "Filter": {"Prefix": rule["fileNamePrefix"]}, **days})
    return made


def cors_to_b2(rules: t.Iterable[t.Mapping[str, t.Any]]) -> list[Rule]:
    """The rules in order, each with a name, since Backblaze wants one."""
    made = []
    for number, rule in enumerate(rules, start=1):
        age = rule.get("MaxAgeSeconds")
        lists = {theirs: list(rule[ours]) for ours, theirs in LISTS.items() if rule.get(ours)}
        named = {
            "corsRuleName": f"mediastore-{number}{NO_AGE if age is None else ''}",
            "maxAgeSeconds": BROWSERS_AGE_S if age is None else age,
        }
        made.append({**named, **lists, "allowedOperations": [_operation(method) for method in rule["AllowedMethods"]]})
    return made


def cors_to_s3(rules: t.Iterable[t.Mapping[str, t.Any]]) -> list[Rule]:
    """The same the other way round."""
    made = []
    for rule in rules:
        shown: Rule = {ours: list(rule[theirs]) for ours, theirs in LISTS.items() if rule.get(theirs)}
        shown["AllowedMethods"] = [_method(operation) for operation in rule["allowedOperations"]]
        if rule.get("maxAgeSeconds") is not None and not rule["corsRuleName"].endswith(NO_AGE):
            shown["MaxAgeSeconds"] = rule["maxAgeSeconds"]
        made.append(shown)
    return made


def _operation(method: str) -> str:
    # What was shown by its own name is put back by it.
    return METHOD + method.lower() if method.isupper() else method


def _method(operation: str) -> str:
    return operation[len(METHOD) :].upper() if operation.startswith(METHOD) else operation
