# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Lifecycle rules: each part is written in a rule of its own, and counts if the store shows the rule as it was written.

Some stores drop what they do not know without a word, and then delete more than was asked for.
"""

from __future__ import annotations

import typing as t

from ..._core import lifecycle
from ..lifecycle import lifecycle_facet
from ..profile import LIFECYCLE_ACTIONS, LIFECYCLE_FILTERS
from ..providers.generic import PROFILE as GENERIC
from .answers import eventually
from .place import MOMENT_S
from .trial import Trial

if t.TYPE_CHECKING:
    from .scratch import Scratch

Facts = t.Dict[str, t.Any]

ID = "mediastore-probe"
#: long enough that nothing happens to anything, wherever the rule is left behind
DAYS = 400
BASE: lifecycle.Rule = {"id": ID, "prefix": "old/", "expiration_days": DAYS}
#: the store would move objects, if it knew where to: its administrator names places for that, and nobody can guess the names
NO_SUCH_CLASS = "InvalidStorageClass"


def _rules(storage_class: str) -> dict[str, lifecycle.Rule]:
    """For each part the rule that is tried. Their prefixes differ, so that what is shown is never what was there before."""
    later = {"expiration_days": DAYS}
    made: dict[str, lifecycle.Rule] = {
        "expiration_days": later,
        "expiration_date": {"expiration_date": "2099-01-01"},
        "expired_object_delete_marker": {"expired_object_delete_marker": True},
        "noncurrent_days": {"noncurrent_days": DAYS},
        "newer_noncurrent_versions": {"noncurrent_days": DAYS, "newer_noncurrent_versions": 3},
        "abort_incomplete_multipart_upload_days": {"abort_incomplete_multipart_upload_days": DAYS},
        "transitions": {"transitions": [{"days": DAYS, "storage_class": storage_class}]},
        "noncurrent_transitions": {"noncurrent_transitions": [{"noncurrent_days": DAYS, "storage_class": storage_class}]},
        "prefix": later,
        "tags": {**later, "tags": {"kind": "scratch", "keep": "no"}},
        "object_size": {**later, "object_size_greater_than": 1000, "object_size_less_than": 1000000},
    }
    return {part: {"id": ID, "prefix": f"{part}/", **rule} for part, rule in made.items()}


def shown(said: t.Mapping[str, t.Any]) -> list[lifecycle.Rule]:
    """The rules of an answer."""
    return [lifecycle.decode(rule) for rule in said.get("Rules", [])]


def mean_the_same(found: t.Sequence[lifecycle.Rule], wanted: t.Sequence[lifecycle.Rule]) -> bool:
    """Whether the store shows these rules, whatever it calls them, or what Backblaze makes of them."""
    return any(
        lifecycle.canonical(found, dialect, keeps_ids=False) == lifecycle.canonical(wanted, dialect, keeps_ids=False) != []
        for dialect in ("s3", "b2")
    )


FACET = lifecycle_facet(GENERIC)
LIFECYCLE = Trial(FACET, lambda bucket: [BASE], same=mean_the_same)


def parts(place: Scratch, classes: t.Sequence[str]) -> Facts:
    """Which parts a rule may have. For a store that was seen to keep rules."""
    place.write(str(FACET.put), **FACET.body([BASE]))
    found = _now(place)
    facts: Facts = {"keeps_ids": [rule.get("id") for rule in found] == [ID], "dialect": "b2" if len(found) > 1 else "s3"}
    other = next((name for name in classes if name != "STANDARD"), "STANDARD_IA")
    verdicts = {part: _verdict(place, rule) for part, rule in _rules(other).items()}
    place.write(str(FACET.delete))
    for group, names in (("actions", LIFECYCLE_ACTIONS), ("filters", LIFECYCLE_FILTERS)):
        facts[group] = [part for part in names if verdicts[part] == "kept"]
    facts["unsure"] = [part for part, verdict in verdicts.items() if verdict in ("unsure", NO_SUCH_CLASS)]
    facts["tiers"] = NO_SUCH_CLASS in verdicts.values()
    return facts


def _verdict(place: Scratch, rule: lifecycle.Rule) -> str:
    before = _now(place)
    answer = place.write(str(FACET.put), **FACET.body([rule]))
    if answer.code == NO_SUCH_CLASS:
        return NO_SUCH_CLASS
    if answer.undecided:
        return "unsure"

    def as_written() -> bool:
        return mean_the_same(_now(place), [rule])

    # A third state, neither this nor the one before, is what the store has made of the rule; it will not change any more.
    kept = answer.done and eventually(lambda: as_written() or _now(place) != before, MOMENT_S) and as_written()
    return "kept" if kept else "dropped"


def _now(place: Scratch) -> list[lifecycle.Rule]:
    return shown(place.ask(FACET.get).said)
