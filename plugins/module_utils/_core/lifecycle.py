# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Lifecycle rules by meaning: flat rules as a user writes them, and S3's nested ones.

A flat rule holds only what it says: ``{"id": "tidy", "enabled": True, "prefix": "tmp/", "expiration_days": 7}``. Stores give one
rule back in several spellings (an empty filter, a filter with an empty prefix, a prefix without a filter); all are one flat rule.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import Any, Callable, Dict, Iterable, Mapping, Sequence

from .errors import BadInput

Rule = Dict[str, Any]

#: the parts that are a number of days, and the least that S3 takes
DAYS = {"expiration_days": 1, "noncurrent_days": 1, "newer_noncurrent_versions": 1, "abort_incomplete_multipart_upload_days": 1}
#: these act; without any of them a rule does nothing
ACTIONS = (*DAYS, "expiration_date", "expired_object_delete_marker", "transitions", "noncurrent_transitions")
SIZES = {"object_size_greater_than": "ObjectSizeGreaterThan", "object_size_less_than": "ObjectSizeLessThan"}
ID_MAX = 255


def flat(rule: Mapping[str, Any]) -> Rule:
    """The rule without the parts that say nothing."""
    said = {name: value for name, value in rule.items() if _says_something(value)}
    for name in ("transitions", "noncurrent_transitions"):
        if name in said:
            said[name] = [{key: value for key, value in step.items() if value is not None} for step in said[name]]
            said[name].sort(key=_text)
    if "tags" in said:
        said["tags"] = {str(key): "" if value is None else str(value) for key, value in sorted(said["tags"].items())}
    return {**said, "enabled": bool(rule.get("enabled", True)), "prefix": rule.get("prefix") or ""}


def _says_something(value: Any) -> bool:
    # not "if value": a size of 0 says something, and 0 days must be noticed
    return value is not None and value is not False and value not in ("", {}, [])


def parts(rule: Rule) -> set[str]:
    """The parts of a flat rule that a store may not know, by the names that profiles use."""
    used = {name for name in (*ACTIONS, "prefix", "tags") if _says_something(rule.get(name))}
    return used | ({"object_size"} if any(name in rule for name in SIZES) else set())


def canonical(rules: Iterable[Rule] | None, dialect: str = "s3", keeps_ids: bool = True) -> list[Rule]:
    """The rules in their one spelling; their order means nothing."""
    found = [flat(rule) for rule in rules or []]
    if dialect == "b2":
        found = _one_for_each_prefix(found)
    if not keeps_ids or dialect == "b2":
        found = [{name: value for name, value in rule.items() if name != "id"} for rule in found]
    return sorted(found, key=_text)


def meaning(rule: Rule) -> str:
    """What the rule does, whatever it is called."""
    return _text({name: value for name, value in rule.items() if name != "id"})


def merged(before: Sequence[Rule], given: Sequence[Rule], purge: bool) -> list[Rule]:
    """The rules that should be there: the given ones, and with ``purge`` off also those that they do not replace.

    A rule that was given without an id takes that of a rule which does the same, or replaces one for the same objects that nobody
    named; only then it gets an id of its own, which follows from what it does.
    """
    named = [_named(flat(rule), before) for rule in given]
    if purge:
        return named
    ids = {rule["id"] for rule in named}
    same = {meaning(rule) for rule in named}
    # A store that keeps no ids shows rules without one: there the objects that a rule is for are its name.
    targets = {_target(rule) for rule in named}
    kept = [rule for rule in before if rule.get("id") not in ids and meaning(rule) not in same]
    return [*(rule for rule in kept if "id" in rule or _target(rule) not in targets), *named]


def _named(rule: Rule, before: Sequence[Rule]) -> Rule:
    if "id" in rule:
        return rule
    twin = next((known["id"] for known in before if "id" in known and meaning(known) == meaning(rule)), None)
    return {**rule, "id": twin or "mediastore-" + hashlib.sha256(meaning(rule).encode()).hexdigest()[:12]}


def _target(rule: Rule) -> str:
    return _text({name: rule[name] for name in ("prefix", "tags", *SIZES) if name in rule})


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _one_for_each_prefix(rules: list[Rule]) -> list[Rule]:
    # B2 shows a rule that hides as two, and removes delete markers that hide nothing without being told to.
    together: dict[str, Rule] = {}
    for rule in rules:
        together.setdefault(rule["prefix"], {}).update(rule)
    for rule in together.values():
        rule.pop("expired_object_delete_marker", None)
    return [rule for rule in together.values() if any(name in rule for name in ACTIONS)]


# -- to and from S3


def encode(rule: Rule) -> dict[str, Any]:
    """A flat rule as S3 takes it."""
    made: dict[str, Any] = {"Status": "Enabled" if rule["enabled"] else "Disabled", "Filter": _encode_filter(rule)}
    if "id" in rule:
        made["ID"] = rule["id"]
    expiration = {
        "Days": rule.get("expiration_days"),
        "Date": _midnight(rule.get("expiration_date")),
        "ExpiredObjectDeleteMarker": rule.get("expired_object_delete_marker"),
    }
    noncurrent = {"NoncurrentDays": rule.get("noncurrent_days"), "NewerNoncurrentVersions": rule.get("newer_noncurrent_versions")}
    abort = {"DaysAfterInitiation": rule.get("abort_incomplete_multipart_upload_days")}
    for name, value in (
        ("Expiration", _said(expiration)),
        ("NoncurrentVersionExpiration", _said(noncurrent)),
        ("AbortIncompleteMultipartUpload", _said(abort)),
        ("Transitions", [_encode_step(step) for step in rule.get("transitions", [])]),
        ("NoncurrentVersionTransitions", [_encode_step(step) for step in rule.get("noncurrent_transitions", [])]),
    ):
        if value:
            made[name] = value
    return made


def decode(rule: Mapping[str, Any]) -> Rule:
    """A rule as S3 gives it, in flat form."""
    expiration, noncurrent = rule.get("Expiration", {}), rule.get("NoncurrentVersionExpiration", {})
    return flat(
        {
            "id": rule.get("ID"),
            "enabled": rule.get("Status") == "Enabled",
            **_decode_filter(rule),
            "expiration_days": expiration.get("Days"),
            "expiration_date": _day(expiration.get("Date")),
            "expired_object_delete_marker": expiration.get("ExpiredObjectDeleteMarker"),
            "noncurrent_days": noncurrent.get("NoncurrentDays"),
            "newer_noncurrent_versions": noncurrent.get("NewerNoncurrentVersions"),
            "abort_incomplete_multipart_upload_days": rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
            "transitions": [_decode_step(step) for step in rule.get("Transitions", [])],
            "noncurrent_transitions": [_decode_step(step) for step in rule.get("NoncurrentVersionTransitions", [])],
        }
    )


def _encode_filter(rule: Rule) -> dict[str, Any]:
    tags = [{"Key": key, "Value": value} for key, value in rule.get("tags", {}).items()]
    sizes = {theirs: rule[ours] for ours, theirs in SIZES.items() if ours in rule}
    prefix = {"Prefix": rule["prefix"]} if rule["prefix"] else {}
    predicates = len(tags) + len(sizes) + len(prefix)
    if predicates > 1:
        return {"And": {**prefix, **({"Tags": tags} if tags else {}), **sizes}}
    return {"Tag": tags[0]} if tags else sizes or {"Prefix": rule["prefix"]}


def _decode_filter(rule: Mapping[str, Any]) -> Rule:
    chosen = rule.get("Filter") or {}
    both = chosen.get("And") or {}
    tags = [*both.get("Tags", []), *([chosen["Tag"]] if "Tag" in chosen else [])]
    found: Rule = {"prefix": both.get("Prefix") or chosen.get("Prefix") or rule.get("Prefix") or ""}
    found["tags"] = {tag["Key"]: tag["Value"] for tag in tags}
    for ours, theirs in SIZES.items():
        found[ours] = both.get(theirs, chosen.get(theirs))
    return found


def _encode_step(step: Mapping[str, Any]) -> dict[str, Any]:
    return _said(
        {
            "Days": step.get("days"),
            "Date": _midnight(step.get("date")),
            "NoncurrentDays": step.get("noncurrent_days"),
            "NewerNoncurrentVersions": step.get("newer_noncurrent_versions"),
            "StorageClass": step["storage_class"],
        }
    )


def _decode_step(step: Mapping[str, Any]) -> dict[str, Any]:
    return _said(
        {
            "days": step.get("Days"),
            "date": _day(step.get("Date")),
            "noncurrent_days": step.get("NoncurrentDays"),
            "newer_noncurrent_versions": step.get("NewerNoncurrentVersions"),
            "storage_class": step["StorageClass"],
        }
    )


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _midnight(day: str | None) -> datetime.datetime | None:
    if day is None:
        return None
    return datetime.datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=datetime.timezone.utc)


def _day(moment: Any) -> str | None:
    return moment.strftime("%Y-%m-%d") if isinstance(moment, datetime.datetime) else moment


# -- what cannot be meant


def check(rules: Sequence[Mapping[str, Any]], tried: str) -> None:
    """Refuse rules that no store could carry out, naming the rule."""
    if not rules:
        raise BadInput(tried, said="there is no rule", remedy="Give at least one, or use state absent to remove them.")
    seen: set[str] = set()
    for number, given in enumerate(rules, start=1):
        rule = flat(given)
        name = rule.get("id", "")
        wrong = next((found for found in (look(rule) for look in _CHECKS) if found), "")
        if name in seen:
            wrong = f"has the id {name!r} of an earlier one"
        if wrong:
            called = f" ({name})" if name else ""
            raise BadInput(tried, said=f"rule {number}{called} {wrong}", remedy="Correct the rule.")
        seen |= {name} if name else set()


def _acts(rule: Rule) -> str:
    return "" if any(name in rule for name in ACTIONS) else f"does nothing: it needs one of {', '.join(ACTIONS)}"


def _has_a_short_id(rule: Rule) -> str:
    return f"has an id of more than {ID_MAX} characters" if len(rule.get("id", "")) > ID_MAX else ""


def _counts_from_one(rule: Rule) -> str:
    for name, least in DAYS.items():
        if name in rule and rule[name] < least:
            return f"has {name} {rule[name]} (the least is {least})"
    return ""


def _expires_in_one_way(rule: Rule) -> str:
    ways = [name for name in ("expiration_days", "expiration_date", "expired_object_delete_marker") if name in rule]
    return f"has both {ways[0]} and {ways[1]}; make it two rules" if len(ways) > 1 else ""


def _fits_its_filter(rule: Rule) -> str:
    for name in ("expired_object_delete_marker", "abort_incomplete_multipart_upload_days"):
        if "tags" in rule and name in rule:
            return f"has tags and {name}, which has no tags to look at; make it two rules"
    more, less = (rule.get(name) for name in SIZES)
    if more is not None and less is not None and more >= less:
        return f"has object_size_greater_than {more} and object_size_less_than {less}, between which there is nothing"
    return ""


def _keeps_versions_for_some_time(rule: Rule) -> str:
    lonely = "newer_noncurrent_versions" in rule and "noncurrent_days" not in rule
    return "has newer_noncurrent_versions without noncurrent_days" if lonely else ""


def _has_real_dates(rule: Rule) -> str:
    for day in [rule.get("expiration_date"), *(step.get("date") for step in rule.get("transitions", []))]:
        try:
            _midnight(day)
        except ValueError:
            return f"has the date {day!r}, which is not a day written as 2027-01-31"
    return ""


def _steps_are_whole(rule: Rule) -> str:
    for step in rule.get("transitions", []):
        if ("days" in step) == ("date" in step):
            return "has a transition that does not have either days or date"
        if step.get("days", 0) < 0:
            return f"has a transition after {step['days']} days"
    for step in rule.get("noncurrent_transitions", []):
        if step.get("noncurrent_days", 0) < 1:
            return "has a noncurrent transition without noncurrent_days of 1 or more"
    return ""


_CHECKS: tuple[Callable[[Rule], str], ...] = (
    _acts,
    _has_a_short_id,
    _counts_from_one,
    _expires_in_one_way,
    _fits_its_filter,
    _keeps_versions_for_some_time,
    _has_real_dates,
    _steps_are_whole,
)
