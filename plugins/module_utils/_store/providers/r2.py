# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Cloudflare R2."""

from __future__ import annotations

from ..profile import DOCUMENTED, REMEMBERED, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="r2",
    title="Cloudflare R2",
    source=(
        Source(
            DOCUMENTED,
            "Cloudflare, R2: S3 API compatibility: CORS and lifecycle rules of buckets; no policy, ACL, tags, versioning, "
            "website, ownership or public access block; encryption of a bucket can be read and not set",
        ),
        Source(DOCUMENTED, "the same: the account is part of the endpoint; the region is auto, also for making buckets"),
        Source(
            DOCUMENTED,
            "the same: storage classes STANDARD and STANDARD_IA, SSE-C, no other headers of encryption, no x-amz-acl",
        ),
        Source(
            DOCUMENTED,
            "Cloudflare, R2: Object lifecycles: days or a date, transitions to STANDARD_IA, unfinished uploads (after 7 days by "
            "itself), prefix; 1000 rules",
        ),
        Source(DOCUMENTED, "Cloudflare, R2: Limits: keys of 1024 bytes, 5 GiB in one request, 10 000 parts"),
        Source(DOCUMENTED, "rclone's data on providers: the ETag of an object put in parts is random"),
        Source(DOCUMENTED, "conditions on PUT are part of R2's S3 extensions"),
        Source(REMEMBERED, "all parts of an upload but the last must be of one size, as this collection sends them"),
        Source(
            DOCUMENTED,
            "Cloudflare, R2: Authentication: API tokens for buckets (Workers R2 Storage Bucket Item Read or Write), no prefixes; "
            "the access key is the token's id, the secret the SHA-256 of its value",
        ),
        Source(
            DOCUMENTED,
            "cloudflare/cloudflare-python, accounts/tokens: policies, status and expiry of a token can be changed; making tokens "
            "needs the permission Account API Tokens Write",
        ),
        Source(REMEMBERED, "Bucket Item Write deletes objects, too; a token without policies is not made"),
    ),
    endpoint="https://{account}.r2.cloudflarestorage.com",
    region="auto",
    facets=Facets(cors="enforce", lifecycle="enforce"),
    lifecycle=Lifecycle(
        ("expiration_days", "expiration_date", "abort_incomplete_multipart_upload_days", "transitions"), ("prefix",)
    ),
    keys=Keys(
        "r2",
        endpoint="https://api.cloudflare.com/client/v4",
        levels=("list+read", "list+read+write+delete"),
        disables=True,
        expires=True,
        console="Cloudflare's dashboard (R2, Manage API tokens)",
    ),
    multipart_etag="opaque",
    conditional_put=True,
    instead={
        "policy": "Make API tokens for the bucket (Object Read & Write); for public reading connect a domain to the bucket.",
        "acl": "A bucket is public or private as a whole there: connect a domain to it, and leave acl out.",
        "public_access_block": "A bucket is private there unless a domain is connected to it.",
        "ownership": "Objects belong to the bucket there; leave the option out.",
        "tagging": ways_out.NOTES,
        "versioning": "Keep old versions with a backup; R2 does not keep them.",
        "encryption": "Leave it out: everything is encrypted with AES-256 there.",
        "object_lock": "Use bucket locks, in R2's own API or with wrangler r2 bucket lock.",
        "website": "Connect a domain to the bucket, and serve pages with a Worker or Cloudflare Pages.",
        "quota": ways_out.QUOTA,
        "aliases": "Connect domains to the bucket.",
        "public_read": "Connect a domain to the bucket (Settings, Custom Domains): everybody reads, and nobody lists.",
        "storage_class": ways_out.ONE_OF_THESE,
        "sse": ways_out.CUSTOMER_KEY,
        "expired_object_delete_marker": ways_out.NO_OLD_VERSIONS,
        "noncurrent_days": ways_out.NO_OLD_VERSIONS,
        "newer_noncurrent_versions": ways_out.NO_OLD_VERSIONS,
        "noncurrent_transitions": ways_out.NO_OLD_VERSIONS,
        "tags": ways_out.BY_PREFIX,
        "object_size": ways_out.BY_PREFIX,
    },
    storage_classes=("STANDARD", "STANDARD_IA"),
    sse=("SSE-C",),
)
