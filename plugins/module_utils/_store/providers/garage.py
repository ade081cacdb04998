# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Garage."""

from __future__ import annotations

from ..profile import DOCUMENTED, Facets, Lifecycle, Profile, Source

PROFILE = Profile(
    name="garage",
    title="Garage",
    source=(
        Source(DOCUMENTED, "Garage, S3 compatibility status, and src/api/s3/router.rs (v1, v2): the endpoints that answer 501"),
        Source(DOCUMENTED, "Garage src/api/s3/bucket.rs: a LocationConstraint other than s3_region is refused"),
    ),
    region="garage",
    location_constraint="region",
    facets=Facets(cors="enforce", lifecycle="enforce", website="enforce", quota="enforce", aliases="enforce"),
    lifecycle=Lifecycle(
        ("expiration_days", "expiration_date", "abort_incomplete_multipart_upload_days"), ("prefix", "object_size")
    ),
    public_read="website",
    instead={
        "policy": "Access is granted per key and bucket there (garage bucket allow); anonymous reading is its website feature.",
        "public_access_block": "A bucket is private there unless its website is switched on.",
        "acl": "Access is granted per key and bucket there (garage bucket allow).",
        "tagging": "Keep such notes in the bucket's name or in your inventory.",
        "versioning": "Keep old versions with a backup; Garage does not keep them.",
        "sse": "Use sse_customer_key, or encrypt the disks.",
    },
    sse=("SSE-C",),
)
