# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The belt under the braces: no client of ours sends what its provider lacks, or believes an answer to another question.

A server that does not know ``DELETE /bucket?policy`` may read it as ``DELETE /bucket``, and ``GET /bucket?policy`` as a listing.
Both were seen, in released servers. And boto3 takes a web page for an empty listing. So the client refuses, whoever calls it.
"""

from __future__ import annotations

import re
import typing as t

from .._core.errors import StoreRefused, Unsupported

if t.TYPE_CHECKING:
    from .profile import Profile

LISTING = "ListBucketResult"

#: facet -> the operation that reads it and those that write it, in the names of the API
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

#: facets that are no part of S3, so that no S3 client could send them
ADMINISTERED = ("quota", "aliases")

READS: dict[str, str] = {read: facet for facet, (read, writes) in OPERATIONS.items()}
WRITES: dict[str, str] = {write: facet for facet, (read, writes) in OPERATIONS.items() for write in writes}
#: an empty one would mean that everything is missing, so only the real thing will do
LISTS: dict[str, str] = {"ListObjects": LISTING, "ListObjectsV2": LISTING, "ListBuckets": "ListAllMyBucketsResult"}

_ROOT = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")


def guard(client: t.Any, profile: Profile) -> None:
    """Make the client refuse what the profile lacks and what answers another question."""

    def before(model: t.Any, **kwargs: t.Any) -> None:
        facet = WRITES.get(model.name)
        if facet is not None:
            profile.require(facet, facet.replace("_", " "), f"send {model.name}")

    def after(model: t.Any, http_response: t.Any, **kwargs: t.Any) -> None:
        # The body is read only for these few small answers: asking for it would swallow the stream of an object.
        if (model.name in READS or model.name in LISTS) and http_response.status_code == 200:
            _check_root(profile, model.name, root_of(http_response.content))

    client.meta.events.register("before-call.s3", before)
    client.meta.events.register("after-call.s3", after)


def root_of(body: bytes) -> str:
    """The name of the first element; empty if there is none, as in JSON or nothing."""
    start = body.lstrip()[:2048]
    # A policy is JSON, and may say <anything> in it.
    found = None if start.startswith(b"{") else _ROOT.search(start)
    return found.group(1).decode() if found else ""


def _check_root(profile: Profile, operation: str, root: str) -> None:
    tried = f"send {operation}"
    facet = READS.get(operation)
    if facet and root == LISTING:
        raise fell_through(profile, facet, tried)
    # Stores differ in the names of their roots, so of a facet only what is surely wrong is refused.
    if root.lower() == "html" or (facet is None and root != LISTS[operation]):
        raise not_s3(tried, f"begins with <{root}>" if root else "is no listing")


def fell_through(profile: Profile, facet: str, tried: str) -> Unsupported:
    """The error for a store that took a sub-resource for the bucket itself."""
    name = facet.replace("_", " ")
    return profile.refuse(facet, tried, f"the store answered with a listing of the bucket, so it does not know its {name}")


def not_s3(tried: str, what: str) -> StoreRefused:
    """The error for a server that answers something, but not as a store does."""
    return StoreRefused(
        tried,
        said=f"the server's answer {what}, which is not S3",
        remedy="Check endpoint_url: it must be the store's S3 interface, not its console or a web site.",
        code="NotS3",
    )
