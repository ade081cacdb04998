# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Hetzner Object Storage."""

from __future__ import annotations

from ..profile import DOCUMENTED, REMEMBERED, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="hetzner",
    title="Hetzner Object Storage",
    source=(
        Source(
            DOCUMENTED,
            "Hetzner, List of supported actions: ACL private or public-read when a bucket is made; SSE-C only; no website, "
            "ownership controls or tags of buckets; object lock only when a bucket is made; CopyObject may fail, and never "
            "copies SSE-C",
        ),
        Source(
            DOCUMENTED,
            "Hetzner, Applying lifecycle policies (April 2025): days, old versions by NoncurrentDays only, delete markers, "
            "unfinished uploads, prefix; rules do nothing while versioning is suspended",
        ),
        Source(DOCUMENTED, "rclone's data on providers: endpoints by location; ETags of parts as Amazon's"),
        Source(REMEMBERED, "policy and CORS have guides and are not in the list: what the store answers to a GET decides"),
        Source(REMEMBERED, "Ceph is underneath, so a public-read bucket may be listed by everybody; use a policy"),
    ),
    endpoint="https://{region}.your-objectstorage.com",
    region=None,
    facets=Facets(policy="ask", acl="ask", cors="ask", versioning="enforce", lifecycle="enforce", object_lock="enforce"),
    lifecycle=Lifecycle(
        ("expiration_days", "expired_object_delete_marker", "noncurrent_days", "abort_incomplete_multipart_upload_days"),
        ("prefix",),
        unsure=("expiration_date", "tags"),
    ),
    keys=Keys(console="Hetzner's console (the project, Security, S3 credentials); such a key is for all buckets of the project"),
    public_read="policy",
    bucket_acls=("private", "public-read"),
    instead={
        "policy": "Set the bucket's visibility in Hetzner's console.",
        "acl": "Set the bucket's visibility in Hetzner's console, or use mediastore.s3.bucket_policy.",
        "public_access_block": ways_out.PRIVATE_BY_ITSELF,
        "ownership": ways_out.POLICY,
        "cors": "Send the CORS headers from a proxy in front of the bucket.",
        "tagging": ways_out.NOTES,
        "encryption": ways_out.CUSTOMER_KEY,
        "website": ways_out.WEBSITE,
        "quota": ways_out.QUOTA,
        "aliases": ways_out.ALIASES,
        "storage_class": ways_out.ONE_CLASS,
        "sse": ways_out.CUSTOMER_KEY,
        "newer_noncurrent_versions": ways_out.ALL_OLD_VERSIONS,
        "transitions": ways_out.NO_TIERS,
        "noncurrent_transitions": ways_out.NO_TIERS,
        "object_size": ways_out.BY_PREFIX,
    },
    sse=("SSE-C",),
)
