# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What must be seen before a setting of a bucket counts as more than a note that the store keeps."""

from __future__ import annotations

import json
import typing as t

from ..._core.policies import public_read
from .place import SUBJECT

if t.TYPE_CHECKING:
    from .scratch import Scratch

#: names that are reserved, so that nobody can own them
ORIGIN, OTHER_ORIGIN = "https://app.example.com", "https://elsewhere.example.net"


def reads_only(place: Scratch) -> bool:
    """Strangers read objects, and neither list nor write."""
    if not place.anybody_reads() or place.stranger.lists(place.bucket):
        return False
    return not place.stranger.writes(place.bucket, place.key("stranger"))


def lists_or_reads(place: Scratch) -> bool:
    """A public bucket shows strangers its list (Amazon's meaning) or its objects (Backblaze's)."""
    return place.stranger.lists(place.bucket) or place.anybody_reads()


def nothing_is_opened(place: Scratch) -> bool:
    """A policy that opens all objects is refused, or opens none."""
    answer = place.write("put_bucket_policy", Policy=json.dumps(public_read(place.bucket)))
    return not answer.done or not place.anybody_reads()


def lets_one_origin_in(place: Scratch) -> bool:
    """A page of the named origin may read, one of another may not; it is told before, or with the answer."""
    asks = (place.stranger.preflight, place.stranger.reads_from)
    return any(
        ask(place.bucket, place.key(SUBJECT), ORIGIN) and not ask(place.bucket, place.key(SUBJECT), OTHER_ORIGIN) for ask in asks
    )


def objects_are_encrypted(place: Scratch) -> bool:
    """An object is shown as encrypted of which that was not asked."""
    return place.put("encrypted").done and place.head("encrypted").said.get("ServerSideEncryption") == "AES256"


def old_versions_stay(place: Scratch) -> bool:
    """An object that was replaced has two versions."""
    for body in (b"old", b"new"):
        place.put("versions", body)
    answer = place.ask("list_object_versions", Prefix=place.key("versions"))
    return len(answer.said.get("Versions", [])) >= 2
