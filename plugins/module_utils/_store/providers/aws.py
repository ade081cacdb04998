# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Amazon S3."""

from __future__ import annotations

from ..profile import (
    CANNED_ACLS,
    DOCUMENTED,
    LIFECYCLE_ACTIONS,
    LIFECYCLE_FILTERS,
    REMEMBERED,
    Facets,
    Keys,
    Lifecycle,
    Profile,
    Source,
)
from . import ways_out

PROFILE = Profile(
    name="aws",
    title="Amazon S3",
    source=(
        Source(
            DOCUMENTED,
            "Amazon S3 User Guide: bucket naming, Block Public Access, quotas, storage classes, lifecycle elements",
        ),
        Source(DOCUMENTED, "botocore's service model and endpoint rules (endpoints, addressing)"),
        Source(
            DOCUMENTED,
            "Amazon S3 User Guide: since April 2023 new buckets block the public and have no ACLs (BucketOwnerEnforced); change "
            "public_access_block and ownership before a public policy or an ACL",
        ),
        Source(DOCUMENTED, "Amazon S3 User Guide: conditional writes; the ETag is no MD5 with SSE-KMS and SSE-C"),
        Source(
            DOCUMENTED,
            "AWS IAM User Guide: two access keys and 2048 characters of inline policies for each user; keys are switched off, "
            "and its secret is shown once",
        ),
        Source(REMEMBERED, "since 2026 new buckets refuse SSE-C unless it is allowed in the bucket's settings"),
    ),
    endpoint_known_to_boto=True,
    region=None,
    # virtual, except for dotted names, which no certificate covers
    addressing="auto",
    location_constraint="region",
    facets=Facets(
        policy="enforce",
        acl="enforce",
        public_access_block="enforce",
        ownership="enforce",
        cors="enforce",
        tagging="store",
        versioning="enforce",
        encryption="enforce",
        lifecycle="enforce",
        object_lock="enforce",
        website="enforce",
    ),
    new_bucket={
        "public_access_block": {
            "block_public_acls": True,
            "ignore_public_acls": True,
            "block_public_policy": True,
            "restrict_public_buckets": True,
        },
        "ownership": "BucketOwnerEnforced",
        "encryption": {"algorithm": "AES256"},
    },
    lifecycle=Lifecycle(LIFECYCLE_ACTIONS, LIFECYCLE_FILTERS),
    keys=Keys("iam", prefixes=True, disables=True, max_keys=2),
    public_read="policy",
    bucket_acls=CANNED_ACLS,
    conditional_put=True,
    object_tagging=True,
    # An ETag is no MD5 with SSE-KMS and SSE-C, which is known per upload, not per provider.
    storage_classes=(
        "STANDARD",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER_IR",
        "GLACIER",
        "DEEP_ARCHIVE",
        "REDUCED_REDUNDANCY",
    ),
    sse=("AES256", "aws:kms", "SSE-C"),
    object_acls=CANNED_ACLS,
    instead={
        "quota": "Set an alarm on the bucket's size in CloudWatch; Amazon S3 has no limit for it.",
        "aliases": "Use an access point; its alias is a name of the bucket.",
        "storage_class": ways_out.ONE_OF_THESE,
    },
)
