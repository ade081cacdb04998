# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""OVHcloud Object Storage (the S3 one, not Swift)."""

from __future__ import annotations

from ..profile import DOCUMENTED, LIFECYCLE_ACTIONS, LIFECYCLE_FILTERS, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="ovh",
    title="OVHcloud Object Storage",
    source=(
        Source(
            DOCUMENTED,
            "OVHcloud, Object Storage: Compliancy (November 2024), for regions: ACL, CORS, tagging, versioning, object lock, "
            "website, encryption of buckets; no policy, public access block or ownership controls; Local Zones differ",
        ),
        Source(DOCUMENTED, "OVHcloud, Bucket ACL: private, public-read, public-read-write and authenticated-read"),
        Source(
            DOCUMENTED,
            "OVHcloud, Smart Storage Management with Lifecycle Rules (December 2025): all parts of rules, transitions after 30 "
            "days at least; no rules while versioning is suspended",
        ),
        Source(
            DOCUMENTED,
            "OVHcloud, Endpoints and geoavailability (February 2026): region in small letters; the United States have endpoints "
            "under ovh.us. Of the storage classes only these are shown as they were put, the last two in regions with three "
            "zones",
        ),
        Source(DOCUMENTED, "OVHcloud, Conditional Writes (April 2026); Technical Limitations: 10 000 parts"),
        Source(
            DOCUMENTED,
            "OVHcloud, Compliancy: SSE-C; the guide of 2024 says that CopyObject is missing, that of 2021 that it is there",
        ),
        Source(DOCUMENTED, "rclone's data on providers: endpoints by region; ETags of parts as Amazon's"),
    ),
    endpoint="https://s3.{region}.io.cloud.ovh.net",
    region=None,
    facets=Facets(
        acl="enforce",
        cors="enforce",
        tagging="store",
        versioning="enforce",
        encryption="enforce",
        lifecycle="enforce",
        object_lock="enforce",
        website="enforce",
    ),
    lifecycle=Lifecycle(LIFECYCLE_ACTIONS, LIFECYCLE_FILTERS),
    keys=Keys(
        console="OVHcloud's control panel (Public Cloud, Object Storage, Users), with an S3 policy for the user; OVHcloud's own "
        "API (cloud/project/…/user/…/s3Credentials and policy) is not spoken here"
    ),
    bucket_acls=("private", "public-read", "public-read-write", "authenticated-read"),
    conditional_put=True,
    object_tagging=True,
    object_acls=("private", "public-read", "public-read-write", "authenticated-read"),
    instead={
        "policy": "Give the user a policy in OVHcloud's control panel or API (user S3 policy).",
        "public_access_block": ways_out.PRIVATE_BY_ITSELF,
        "ownership": "Leave it out; use users' policies in OVHcloud's API.",
        "quota": ways_out.QUOTA,
        "aliases": ways_out.ALIASES,
        "public_read": ways_out.OBJECT_ACL,
        "storage_class": ways_out.ONE_OF_THESE,
        "sse": "Set the bucket's encryption to AES256 (SSE-OMK), or use sse_customer_key.",
    },
    storage_classes=("STANDARD", "EXPRESS_ONEZONE", "STANDARD_IA", "GLACIER_IR", "DEEP_ARCHIVE"),
    sse=("SSE-C",),
)
