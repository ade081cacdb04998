# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Ceph's object gateway (RGW), on which several public providers run."""

from __future__ import annotations

from ..profile import CANNED_ACLS, Facets, Profile

PROFILE = Profile(
    name="ceph",
    title="Ceph RGW",
    source=(
        "measured with 16.2.15, 18.2.7, 19.2.3 and 20.2.0: policy, ACL, public access block, CORS, tagging, versioning and "
        "object lock are kept and acted on; ownershipControls falls through to the bucket in all of them, encryption in 16",
        "measured: a LocationConstraint other than the zonegroup's name is refused, none is taken",
        "measured: storage classes other than STANDARD are refused unless the placement target defines them",
    ),
    facets=Facets(
        policy="enforce",
        acl="enforce",
        public_access_block="enforce",
        cors="enforce",
        tagging="store",
        versioning="enforce",
        lifecycle="enforce",
        object_lock="enforce",
    ),
    instead={
        "ownership": "Use mediastore.s3.bucket_policy to say who may do what.",
        "encryption": "Use sse_customer_key, or encrypt the disks.",
        "website": "Put a web server in front of it, or have the administrator enable rgw_enable_static_website.",
    },
    # Administrators define more classes; only the store can tell.
    storage_classes=None,
    sse=("AES256", "aws:kms", "SSE-C"),
    acl=CANNED_ACLS,
)
