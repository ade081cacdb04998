# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Ceph's object gateway (RGW), on which several public providers run."""

from __future__ import annotations

from ..profile import CANNED_ACLS, MEASURED, Facets, Lifecycle, Profile, Source

PROFILE = Profile(
    name="ceph",
    title="Ceph RGW",
    source=(
        Source(
            MEASURED,
            "16.2.15, 18.2.7, 19.2.3 and 20.2.0: policy, ACL, public access block, CORS, tagging, versioning and "
            "object lock are kept and acted on; ownershipControls falls through to the bucket in all of them, encryption in 16",
        ),
        Source(MEASURED, "a LocationConstraint other than the zonegroup's name is refused, none is taken"),
        Source(MEASURED, "storage classes other than STANDARD are refused unless the placement target defines them"),
    ),
    facets=Facets(
        policy="enforce",
        acl="enforce",
        public_access_block="enforce",
        cors="enforce",
        tagging="store",
        encryption="ask",
        website="ask",
        versioning="enforce",
        lifecycle="enforce",
        object_lock="enforce",
    ),
    instead={
        "ownership": "Use mediastore.s3.bucket_policy to say who may do what.",
        "encryption": "Use sse_customer_key, or encrypt the disks.",
        "website": "Put a web server in front of it, or have the administrator enable rgw_enable_static_website.",
    },
    lifecycle=Lifecycle(
        (
            "expiration_days",
            "expiration_date",
            "expired_object_delete_marker",
            "noncurrent_days",
            "abort_incomplete_multipart_upload_days",
            "transitions",
            "noncurrent_transitions",
        ),
        ("prefix", "tags"),
        unsure=("object_size", "newer_noncurrent_versions"),
    ),
    public_read="policy",
    bucket_acls=CANNED_ACLS,
    conditional_put=True,
    object_tagging=True,
    # Administrators define more classes; only the store can tell.
    storage_classes=None,
    sse=("AES256", "aws:kms", "SSE-C"),
    object_acls=CANNED_ACLS,
)
