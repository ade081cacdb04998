# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What to tell somebody whose bucket is open, or closed, and should not be."""

from __future__ import annotations

import typing as t

from .access import ALLOWED, LIST, OUTSIDE, PRIVATE, READ, REFUSED, UNCLEAR, WRITE, Try
from .errors import StoreRefused

#: in capitals, because nobody must read over it
OPEN = {
    READ: "EVERYBODY CAN READ its objects",
    LIST: "EVERYBODY CAN LIST its objects",
    WRITE: "EVERYBODY CAN PUT objects into it",
    OUTSIDE: "EVERYBODY CAN READ objects outside the prefix",
}
CLOSED = {READ: "nobody without a key can read its objects"}
VAGUE = {
    READ: "whether everybody can read its objects is unclear",
    LIST: "whether everybody can list its objects is unclear",
    WRITE: "whether everybody can put objects into it is unclear",
    OUTSIDE: "whether everybody can read objects outside the prefix is unclear",
}
WORDS: dict[str, dict[str, str]] = {ALLOWED: OPEN, REFUSED: CLOSED, UNCLEAR: VAGUE}

#: means of public reading, as in profiles -> how a bucket is closed, and how it is opened
CLOSING = {
    "policy": (
        "Take out of its policy what lets everybody in (mediastore.s3.bucket_policy), and set its acl to private and its "
        "public_access_block, where the store has them (mediastore.s3.bucket)."
    ),
    "bucket_acl": "Set its acl to private (mediastore.s3.bucket).",
    "website": "Switch its website off (mediastore.s3.bucket, website: {enabled: false}).",
    "none": "The store opens nothing by itself: look at what stands in front of it, and whether it asks for keys at all.",
}
OPENING = {
    "policy": (
        "Give it a policy by mediastore.s3.public_read_policy, and set block_public_policy and restrict_public_buckets of its "
        "public_access_block to false, those of the account too."
    ),
    "bucket_acl": "Set its acl to public-read (mediastore.s3.bucket).",
    "website": (
        "Switch its website on (mediastore.s3.bucket), and set public_url to the URL that the website has. Garage serves only "
        "buckets whose name is for all keys, as it is if the bucket is made with admin_url."
    ),
}
CLEARING = (
    "Nothing may redirect or fail on the way: check endpoint_url, region, ca_path, public_url if given, and the store's log."
)


def not_as_expected(
    bucket: str, expect: str, deviating: t.Sequence[Try], means: str, instead: str, patience_s: float
) -> StoreRefused:
    """The one error for all that is not as it should be."""
    kinds = {one.verdict for one in deviating}
    said = sentence(deviating) + (f", after {patience_s:.0f} s of trying" if patience_s else "")
    remedies = []
    if ALLOWED in kinds:
        remedies.append(CLOSING[means])
    if REFUSED in kinds:
        remedies.append(OPENING.get(means, instead))
    if UNCLEAR in kinds:
        remedies.append(CLEARING)
    code = "Public" if ALLOWED in kinds else "NotPublic" if REFUSED in kinds else "Unclear"
    return StoreRefused(tried(bucket, expect), said=said, remedy=" ".join(remedies), code=code)


def sentence(deviating: t.Sequence[Try]) -> str:
    """Each deviation once, with the answers that show it."""
    answers: dict[str, list[str]] = {}
    for one in deviating:
        shown = answers.setdefault(WORDS[one.verdict][one.name], [])
        words = one.answer.describe() + (
            " with other content" if one.verdict == UNCLEAR and 200 <= one.answer.status < 300 else ""
        )
        if words not in shown:
            shown.append(words)
    return "; ".join(f"{words} ({', '.join(shown)})" for words, shown in answers.items())


def tried(bucket: str, expect: str) -> str:
    """What errors say was tried."""
    claim = "private" if expect == PRIVATE else "readable for everybody, and no more than that"
    return f"prove that bucket {bucket} is {claim}"
