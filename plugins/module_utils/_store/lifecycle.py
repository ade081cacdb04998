# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The lifecycle rules of a bucket, in the dialect of its provider."""

from __future__ import annotations

import typing as t

from .._core import lifecycle
from .facet import Facet

if t.TYPE_CHECKING:
    from .profile import Profile


def lifecycle_facet(profile: Profile) -> Facet:
    """The facet; what two sets of rules have to share to be the same depends on the provider."""
    dialect, keeps_ids = profile.lifecycle.dialect, profile.lifecycle.keeps_ids

    def canonical(rules: t.Any) -> list[lifecycle.Rule] | None:
        return lifecycle.canonical(rules, dialect, keeps_ids) or None

    def body(rules: t.Sequence[lifecycle.Rule]) -> dict[str, t.Any]:
        # B2 has one rule for each prefix, so there the canonical form is also what is sent.
        sent = canonical(rules) or [] if dialect == "b2" else rules
        return {"LifecycleConfiguration": {"Rules": [lifecycle.encode(lifecycle.flat(rule)) for rule in sent]}}

    return Facet(
        name="lifecycle",
        title="lifecycle rules",
        option="lifecycle",
        get="get_bucket_lifecycle_configuration",
        put="put_bucket_lifecycle_configuration",
        delete="delete_bucket_lifecycle",
        missing=("NoSuchLifecycleConfiguration", "NoSuchLifecycle"),
        # Some stores answer an empty configuration, which has no member at all; a listing is recognised by the guard.
        parse=lambda answer: [lifecycle.decode(rule) for rule in answer.get("Rules", [])] or None,
        body=body,
        canonical=canonical,
    )


def require(profile: Profile, rules: t.Sequence[t.Mapping[str, t.Any]], tried: str) -> None:
    """Raise before anything is sent if the provider would refuse, or silently drop, a part of a rule."""
    profile.require("lifecycle", "lifecycle rules", tried)
    known = profile.lifecycle
    if len(rules) > known.max_rules:
        raise profile.refuse(
            "lifecycle", tried, f"{len(rules)} rules are more than the {known.max_rules} that {profile.title} takes"
        )
    if known.dialect == "b2":
        _for_one_prefix_each(rules, profile, tried)
    for number, given in enumerate(rules, start=1):
        rule = lifecycle.flat(given)
        for part in sorted(lifecycle.parts(rule) - {*known.actions, *known.filters, *known.unsure, *_implied(profile)}):
            said = f"rule {number} has {part}, which {profile.title} does not have in lifecycle rules"
            raise profile.refuse(part, tried, said)
        if known.dialect == "b2" and not rule["enabled"]:
            raise profile.refuse("enabled", tried, f"rule {number} is switched off, and {profile.title} has no such rules")
        for step in [*rule.get("transitions", []), *rule.get("noncurrent_transitions", [])]:
            if not known.tiers:
                profile.check_upload(tried, storage_class=step["storage_class"])


def _for_one_prefix_each(rules: t.Sequence[t.Mapping[str, t.Any]], profile: Profile, tried: str) -> None:
    seen: set[tuple[str, str]] = set()
    for given in rules:
        rule = lifecycle.flat(given)
        for part in lifecycle.parts(rule) - {"prefix", *_implied(profile)}:
            if (rule["prefix"], part) in seen:
                said = (
                    f"two rules for the prefix {rule['prefix']!r} have {part}, and {profile.title} takes one rule for each prefix"
                )
                raise profile.refuse("lifecycle", tried, said)
            seen.add((rule["prefix"], part))
    prefixes = sorted({prefix for prefix, _part in seen})
    for shorter, longer in zip(prefixes, prefixes[1:]):
        if longer.startswith(shorter):
            said = f"two rules are both for objects that begin with {longer!r}, and {profile.title} takes one for each object"
            raise profile.refuse("lifecycle", tried, said)


def _implied(profile: Profile) -> tuple[str, ...]:
    # It happens there without being asked for, so asking for it is no mistake.
    return ("expired_object_delete_marker",) if profile.lifecycle.dialect == "b2" else ()
