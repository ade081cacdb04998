# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""DigitalOcean Spaces."""

from __future__ import annotations

from ..profile import DOCUMENTED, REMEMBERED, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="digitalocean",
    title="DigitalOcean Spaces",
    source=(
        Source(
            DOCUMENTED,
            "DigitalOcean, Spaces S3 Compatibility (December 2025): policies and versioning only through the API; lifecycle by "
            "time and for unfinished uploads, not by tags; SSE-C only, no encryption of buckets; copies within a region",
        ),
        Source(
            DOCUMENTED,
            "DigitalOcean, How to Configure Bucket Policies: cold storage has none; ACLs are private or public-read",
        ),
        Source(DOCUMENTED, "DigitalOcean's Terraform provider: CORS rules of a bucket"),
        Source(DOCUMENTED, "rclone's data on providers: endpoints by region; ETags of parts as Amazon's"),
        Source(
            DOCUMENTED,
            "DigitalOcean, Spaces S3 Compatibility: websites under a name of their own; how they are set was not read",
        ),
        Source(REMEMBERED, "no tags, no object lock, no public access block, no ownership controls; one storage class"),
        Source(REMEMBERED, "rules with dates, delete markers and old versions: what the store shows after the write decides"),
        Source(
            DOCUMENTED,
            "digitalocean/openapi, specification/resources/spaces: keys with grants of read or readwrite on buckets; no "
            "prefixes, expiry or switch; the secret is shown once; scopes of the token. DigitalOcean's Terraform provider "
            "changes the grants of a key that is there",
        ),
        Source(
            DOCUMENTED,
            "DigitalOcean, Manage Access to Spaces: limited keys have Read or Read/Write/Delete; settings of buckets need a full "
            "one",
        ),
    ),
    endpoint="https://{region}.digitaloceanspaces.com",
    region=None,
    facets=Facets(policy="enforce", acl="enforce", cors="enforce", versioning="enforce", lifecycle="enforce", website="ask"),
    lifecycle=Lifecycle(
        ("expiration_days", "abort_incomplete_multipart_upload_days"),
        ("prefix",),
        unsure=("expiration_date", "expired_object_delete_marker", "noncurrent_days"),
    ),
    keys=Keys(
        "digitalocean",
        endpoint="https://api.digitalocean.com",
        levels=("list+read", "list+read+write+delete"),
        console="DigitalOcean's control panel (Spaces Object Storage, Access Keys)",
    ),
    public_read="policy",
    bucket_acls=("private", "public-read"),
    object_acls=("private", "public-read"),
    instead={
        "acl": ways_out.POLICY,
        "public_access_block": ways_out.PRIVATE_BY_ITSELF,
        "ownership": ways_out.POLICY,
        "tagging": ways_out.NOTES,
        "encryption": ways_out.CUSTOMER_KEY,
        "object_lock": "Keep a copy with another account or provider; Spaces cannot lock objects.",
        "website": "Use the Spaces CDN, or put a web server in front of the bucket.",
        "quota": ways_out.QUOTA,
        "aliases": "Give the Spaces CDN a domain of yours.",
        "storage_class": "Leave storage_class out; cold storage is a kind of bucket there.",
        "sse": ways_out.CUSTOMER_KEY,
        "newer_noncurrent_versions": ways_out.ALL_OLD_VERSIONS,
        "transitions": ways_out.NO_TIERS,
        "noncurrent_transitions": ways_out.NO_TIERS,
        "tags": ways_out.BY_PREFIX,
        "object_size": ways_out.BY_PREFIX,
    },
    sse=("SSE-C",),
)
