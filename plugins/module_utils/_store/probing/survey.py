# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A store measured from one end to the other, as capabilities that the other modules take."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from dataclasses import dataclass

from ..._core.errors import MediastoreError
from ..capabilities import capabilities_of
from ..profile import Facets, Profile
from ..providers.generic import PROFILE as GENERIC
from . import facets, keys, objects, rules, trials, uploads
from .access import access
from .scratch import Scratch

Facts = t.Dict[str, t.Any]

OBJECTS: tuple[t.Callable[[Scratch], Facts], ...] = (
    *(objects.etags, objects.checks, objects.parts, objects.several_at_once, objects.conditions, objects.tags, objects.links),
    *(keys.order, keys.empty_segments, keys.lengths),
    *(uploads.storage_classes, uploads.encryption),
)
#: what there is to find out beside the facets
MEASURED = (
    *("etag_is_md5", "multipart_etag", "multipart_copy", "multi_delete", "conditional_put", "object_tagging", "presign_max_s"),
    *("list_sorted", "key_empty_segments", "key_segment_max_bytes", "key_max_bytes", "storage_classes", "sse", "object_acls"),
    *("bucket_acls", "public_read", "location_constraint", "lifecycle", "checks"),
)
#: how stores say that the region is wrong, and which one would be right
WRONG_REGION = ("AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException")
EXPECTED = re.compile(r"expecting '([\w-]+)'")


@dataclass(frozen=True)
class Survey:
    """The result of a measurement."""

    capabilities: Facts
    #: names of facts that could not be measured and are as the profile has them, and of settings that have to be asked for
    unmeasured: list[str]


def stranger_to(profile: Profile, own: bool) -> Profile:
    """A profile that knows nothing but where the store is; in a bucket that is not ours it lets no setting through the guard."""
    return dataclasses.replace(
        GENERIC,
        endpoint=profile.endpoint,
        endpoint_known_to_boto=profile.endpoint_known_to_boto,
        region=profile.region,
        addressing=profile.addressing,
        facets=GENERIC.facets if own else Facets(),
    )


def survey(place: Scratch, profile: Profile) -> Survey:
    """Measure the store in a place that was settled; what cannot be measured stays as the profile has it."""
    found: Facts = {"new_bucket": facets.new_bucket(place)} if place.own else {}
    for measurement in OBJECTS:
        found.update(measurement(place))
    supports, facts = access(place)
    found.update(facts)
    for trial in (trials.CORS, trials.TAGGING, trials.ENCRYPTION, rules.LIFECYCLE):
        supports[trial.facet.name] = facets.measure(place, trial)
    if supports["lifecycle"] == "store":
        found["lifecycle"] = rules.parts(place, found.get("storage_classes", ()))
    elif supports["lifecycle"] == "none":
        found["lifecycle"] = {"actions": [], "filters": [], "unsure": []}
    supports["object_lock"] = facets.object_lock(place)
    # The last one: what is put from here on has versions.
    supports["versioning"] = facets.versioning(place)
    if place.own:
        found["location_constraint"] = place.location
    result = _summary(profile, found, supports)
    # The customer's key is never sent in the clear, so the other half of this fact stays open.
    return result if place.tls else dataclasses.replace(result, unmeasured=sorted({*result.unmeasured, "sse"}))


def _summary(profile: Profile, found: Facts, supports: t.Mapping[str, str]) -> Survey:
    known = capabilities_of(profile)
    capabilities = {**known, **found}
    for group, measured in (("facets", supports), ("lifecycle", found.get("lifecycle", {}))):
        capabilities[group] = {**known[group], **measured}
    asked = [f"facets.{name}" for name, support in supports.items() if support == "ask"]
    return Survey(capabilities, sorted([*asked, *(name for name in MEASURED if name not in found)]))


def naming_the_region(exc: MediastoreError) -> MediastoreError:
    """The error; where it is about a wrong region, with the right one as its remedy."""
    answer = (getattr(exc.__cause__, "response", None) or {}).get("Error", {})
    words = EXPECTED.search(exc.said)
    region = answer.get("Region") or (words.group(1) if words else "")
    if exc.code in WRONG_REGION and region:
        exc.remedy = f"Set region to {region}, which is what the store calls its own."
    return exc
