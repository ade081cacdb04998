# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""MinIO and its forks."""

from __future__ import annotations

from ..profile import DOCUMENTED, Facets, Lifecycle, Profile, Source

PROFILE = Profile(
    name="minio",
    title="MinIO",
    source=(
        Source(
            DOCUMENTED,
            "minio cmd/dummy-handlers.go, cmd/api-router.go, cmd/bucket-*-handlers.go (RELEASE.2025-10-15): what is routed, "
            "rejected or answered 501",
        ),
        Source(DOCUMENTED, "minio cmd/acl-handlers.go: only the private ACL"),
    ),
    location_constraint="region",
    facets=Facets(
        policy="enforce", tagging="store", versioning="enforce", encryption="enforce", lifecycle="enforce", object_lock="enforce"
    ),
    lifecycle=Lifecycle(
        (
            "expiration_days",
            "expiration_date",
            "expired_object_delete_marker",
            "noncurrent_days",
            "newer_noncurrent_versions",
            "transitions",
            "noncurrent_transitions",
        ),
        ("prefix", "tags", "object_size"),
    ),
    public_read="policy",
    conditional_put=True,
    object_tagging=True,
    instead={
        "public_access_block": "A bucket without a bucket policy is private; use mediastore.s3.bucket_policy.",
        "cors": "CORS is one setting of the whole server there: MINIO_API_CORS_ALLOW_ORIGIN.",
        "acl": "Use mediastore.s3.bucket_policy for public objects.",
        "website": "Put a web server in front of it.",
        "storage_class": "Use STANDARD or REDUCED_REDUNDANCY, or leave storage_class out.",
    },
    storage_classes=("STANDARD", "REDUCED_REDUNDANCY"),
    sse=("AES256", "aws:kms", "SSE-C"),
    object_acls=("private",),
)
