# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The belt under the braces: no client of ours sends a sub-resource its provider lacks, or believes a listing that answers one.

A server that does not know ``DELETE /bucket?policy`` may read it as ``DELETE /bucket``, and ``GET /bucket?policy`` as a listing.
Both were seen, in released servers. So the client itself refuses, whoever calls it.
"""

from __future__ import annotations

import typing as t

from .._core.errors import Unsupported

if t.TYPE_CHECKING:
    from .profile import Profile

#: the S3 operations of each facet, in the names of the API: read, then writes
OPERATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "policy": ("GetBucketPolicy", ("PutBucketPolicy", "DeleteBucketPolicy")),
    "acl": ("GetBucketAcl", ("PutBucketAcl",)),
    "public_access_block": ("GetPublicAccessBlock", ("PutPublicAccessBlock", "DeletePublicAccessBlock")),
    "ownership": ("GetBucketOwnershipControls", ("PutBucketOwnershipControls", "DeleteBucketOwnershipControls")),
    "cors": ("GetBucketCors", ("PutBucketCors", "DeleteBucketCors")),
    "tagging": ("GetBucketTagging", ("PutBucketTagging", "DeleteBucketTagging")),
    "versioning": ("GetBucketVersioning", ("PutBucketVersioning",)),
    "encryption": ("GetBucketEncryption", ("PutBucketEncryption", "DeleteBucketEncryption")),
    "lifecycle": ("GetBucketLifecycleConfiguration", ("PutBucketLifecycleConfiguration", "DeleteBucketLifecycle")),
    "object_lock": ("GetObjectLockConfiguration", ("PutObjectLockConfiguration",)),
    "website": ("GetBucketWebsite", ("PutBucketWebsite", "DeleteBucketWebsite")),
}

READS: dict[str, str] = {read: facet for facet, (read, writes) in OPERATIONS.items()}
WRITES: dict[str, str] = {write: facet for facet, (read, writes) in OPERATIONS.items() for write in writes}


def guard(client: t.Any, profile: Profile) -> None:
    """Make the client refuse what the profile lacks and what falls through."""

    def before(model: t.Any, **kwargs: t.Any) -> None:
        facet = WRITES.get(model.name)
        if facet is not None:
            profile.require(facet, facet.replace("_", " "), f"send {model.name}")

    def after(model: t.Any, http_response: t.Any, **kwargs: t.Any) -> None:
        facet = READS.get(model.name)
        # The body is read only for these few small answers: asking for it would swallow the stream of an object.
        if facet is not None and http_response.status_code == 200 and is_listing(http_response.content):
            raise fell_through(profile, facet, f"read the bucket's {facet.replace('_', ' ')}")

    client.meta.events.register("before-call.s3", before)
    client.meta.events.register("after-call.s3", after)


def is_listing(body: bytes) -> bool:
    """Whether the answer is a listing of objects, whatever was asked."""
    return b"<ListBucketResult" in body[:1024] or b":ListBucketResult" in body[:1024]


def fell_through(profile: Profile, facet: str, tried: str) -> Unsupported:
    """The error for a store that took a sub-resource for the bucket itself."""
    return profile.refuse(
        facet, tried, f"the store answered with a listing of the bucket, so it does not know its {facet.replace('_', ' ')}"
    )
