# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The settings of a bucket, one after another: look, write, look again, see the effect, take back.

A store that does not know a setting may take it for the bucket itself, and delete that. So a GET comes before everything else,
and only its answer allows the PUT; after every write the bucket is looked for; and only what a GET has shown is deleted.
"""

from __future__ import annotations

import typing as t

from ..facet import NotThisFacet
from ..facets import ENCRYPTION, OWNERSHIP, PUBLIC_ACCESS, VERSIONING
from . import trials
from .answers import ask, eventually
from .place import MOMENT_S
from .trial import Trial

if t.TYPE_CHECKING:
    from .scratch import Scratch

#: how long a store may take to act on a setting that it shows
EFFECT_S = 4.0
#: answers of stores that read a setting as the body of a CreateBucket
TAKEN_FOR_THE_BUCKET = ("MalformedXML", "InvalidLocationConstraint")


def new_bucket(place: Scratch) -> dict[str, t.Any]:
    """What a bucket has that nobody has touched."""
    given = {}
    for facet in (PUBLIC_ACCESS, OWNERSHIP, ENCRYPTION, VERSIONING):
        answer = place.ask(facet.get)
        try:
            value = facet.canonical(facet.parse(answer.said) if answer.done else None)
        except (NotThisFacet, LookupError):
            continue
        if value != facet.canonical(None):
            given[facet.name] = value
    return given


def measure(place: Scratch, trial: Trial) -> str:
    """What the store does with one setting, as profiles say it."""
    first = look(place, trial)
    if first != "known":
        return first
    if not place.own:
        return "ask"
    plain = _is_plain(place, trial)
    answer = place.write(str(trial.facet.put), **trial.body(place.bucket))
    if not answer.done:
        # Refused by name it is not there. Refused for another reason, it may be there in a dialect of the store's own.
        return "none" if answer.unknown or answer.code in TAKEN_FOR_THE_BUCKET else "ask"
    kept = eventually(lambda: trial.kept(place.ask(trial.facet.get), place.bucket), MOMENT_S)
    support = "store" if kept else "none"
    if kept and plain and trial.effect and _comes(place, trial.effect):
        support = "enforce"
    # Only what a GET has shown is deleted. What is taken back by writing is taken back in any case.
    if (kept or trial.back is not None) and not _goes(place, trial):
        return "none"
    return support


def look(place: Scratch, trial: Trial) -> str:
    """Whether a GET proves that the store knows the setting: known; else what there is to say about it."""
    answer = place.ask(trial.facet.get)
    if trial.known(answer):
        return "known"
    # An answer that is neither this setting nor a refusal proves nothing, so nothing is written.
    return "ask" if answer.done or answer.undecided or (answer.status == 404 and not answer.unknown) else "none"


def object_lock(place: Scratch) -> str:
    """Whether a bucket can be made with it. Nothing is locked: that could not be removed again."""
    answer = place.ask("get_object_lock_configuration")
    if answer.undecided:
        return "ask"
    if not answer.done and answer.code not in ("ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"):
        return "none"
    if not place.own:
        return "ask"
    name, made = place.another(ObjectLockEnabledForBucket=True)
    if not made.done:
        return "none" if made.unknown else "ask"
    said = ask(place.connection, place.client.get_object_lock_configuration, Bucket=name).said
    return "store" if said.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled" else "none"


def versioning(place: Scratch) -> str:
    """Versions, which some stores always keep."""
    answer = place.ask(VERSIONING.get)
    if place.own and answer.said.get("Status") == "Enabled":
        suspended = place.write(str(VERSIONING.put), **VERSIONING.body(False))
        if not suspended.done:
            return "ask" if suspended.undecided else "always"
    return measure(place, trials.VERSIONING)


def _is_plain(place: Scratch, trial: Trial) -> bool:
    """Whether the effect is not there before the write."""
    effect = trial.effect
    return not trial.contrast or effect is None or eventually(lambda: not effect(place), MOMENT_S)


def _comes(place: Scratch, effect: t.Callable[[Scratch], bool]) -> bool:
    return eventually(lambda: effect(place), EFFECT_S)


def _goes(place: Scratch, trial: Trial) -> bool:
    """Whether the setting can be taken back without harm; what stays, stays until the bucket goes."""
    if trial.stays:
        return True
    facet = trial.facet
    if facet.delete and trial.back is None:
        answer = place.write(facet.delete)
    else:
        answer = place.write(str(facet.put), **facet.body(trial.back))
    return not answer.unknown
