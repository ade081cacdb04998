# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Where a measured store and what is known about its provider disagree."""

from __future__ import annotations

import typing as t

from ..capabilities import capabilities_of
from ..profile import Profile

#: ``less``: the store lacks what the profile promises, so modules would be wrong about it. ``more``: it can do more than is used.
LESS, MORE = "less", "more"

#: settings of which a measurement can see more than that they are kept
EFFECTS = ("policy", "acl", "public_access_block", "cors", "versioning", "encryption")
#: yes is more than no
CLAIMS = (
    *("etag_is_md5", "multipart_copy", "multi_delete", "conditional_put", "object_tagging"),
    *("key_empty_segments", "list_sorted"),
)
#: larger is more, and this value is more than any number
LIMITS: t.Mapping[str, t.Any] = {"key_max_bytes": None, "key_segment_max_bytes": 0, "presign_max_s": None}
#: more words are more
WORDS = ("sse", "object_acls", "bucket_acls", "storage_classes", "checks")
#: what is not tried, so that it is not missed; and what every store can be said to do
UNTRIED, NOTHING = ("public-read-write",), ("private",)


class Difference(t.NamedTuple):
    """One fact on which they disagree."""

    fact: str
    profile: t.Any
    measured: t.Any
    kind: str


def disagreements(
    profile: Profile, measured: t.Mapping[str, t.Any], unmeasured: t.Collection[str] = ()
) -> list[dict[str, t.Any]]:
    """The facts on which a profile and measured capabilities disagree; what either of them is unsure about is none."""
    known = capabilities_of(profile)
    found = [*_facets(known["facets"], measured["facets"]), *_rules(known, measured), *_facts(known, measured)]
    return [difference._asdict() for difference in found if difference.fact not in unmeasured]


def _facets(known: t.Mapping[str, str], measured: t.Mapping[str, str]) -> t.Iterator[Difference]:
    ranks = {"none": 0, "store": 1, "enforce": 2, "always": 2}
    for name, support in known.items():
        if "ask" not in (support, measured[name]):
            # That a store acts on what it keeps is nothing that could be seen of every setting.
            top = 2 if name in EFFECTS else 1
            before, after = (min(ranks[word], top) for word in (support, measured[name]))
            if before != after:
                yield Difference(f"facets.{name}", support, measured[name], LESS if after < before else MORE)


def _rules(known: t.Mapping[str, t.Any], measured: t.Mapping[str, t.Any]) -> t.Iterator[Difference]:
    """Parts of lifecycle rules, where both have such rules at all."""
    if any(one["facets"]["lifecycle"] in ("none", "ask") for one in (known, measured)):
        return
    ours, theirs = known["lifecycle"], measured["lifecycle"]
    unsure = {*ours["unsure"], *theirs["unsure"]}
    for group in ("actions", "filters"):
        for part in sorted({*ours[group], *theirs[group]} - unsure):
            before, after = part in ours[group], part in theirs[group]
            if before != after:
                yield Difference(f"lifecycle.{part}", before, after, LESS if before else MORE)
    for name in ("keeps_ids", "dialect"):
        if ours[name] != theirs[name]:
            yield Difference(f"lifecycle.{name}", ours[name], theirs[name], MORE if theirs[name] is True else LESS)


def _facts(known: t.Mapping[str, t.Any], measured: t.Mapping[str, t.Any]) -> t.Iterator[Difference]:
    for name in (*CLAIMS, *LIMITS, *WORDS, "multipart_etag", "location_constraint", "public_read"):
        kind = _kind(name, known[name], measured[name])
        if kind:
            yield Difference(name, known[name], measured[name], kind)


def _kind(name: str, before: t.Any, after: t.Any) -> str:
    """How one fact differs; empty if it does not."""
    if name in WORDS:
        # None says that only the store can tell.
        if before is None or after is None:
            return ""
        return LESS if {*before} - {*after, *UNTRIED} else MORE if {*after} - {*before, *NOTHING} else ""
    if before == after:
        return ""
    if name == "location_constraint":
        # Where none is needed, the store's own region is taken too.
        return LESS if before == "omit" else ""
    if name in LIMITS:
        endless = LIMITS[name]
        return MORE if after == endless or (before != endless and after > before) else LESS
    return MORE if before in (False, "opaque", "none") else LESS
