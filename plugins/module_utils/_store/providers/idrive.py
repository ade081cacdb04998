# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""IDrive e2."""

from __future__ import annotations

from ..profile import DOCUMENTED, LIFECYCLE_ACTIONS, LIFECYCLE_FILTERS, REMEMBERED, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="idrive",
    title="IDrive e2",
    source=(
        Source(DOCUMENTED, "IDrive e2, Endpoint URLs: by region; older accounts have hosts of their own, for endpoint_url"),
        Source(
            DOCUMENTED,
            "IDrive e2, S3 Developer Guide: buckets, objects, copies, DeleteObjects and versioning are named, and nothing else",
        ),
        Source(DOCUMENTED, "rclone's data on providers: path addressing; ETags of parts as Amazon's"),
        Source(
            REMEMBERED,
            "it is said to be made from MinIO; policy, CORS, tags, lifecycle, object lock and encryption: what the store "
            "answers to a GET decides",
        ),
    ),
    endpoint="https://s3.{region}.idrivee2.com",
    region=None,
    facets=Facets(
        policy="ask",
        cors="ask",
        tagging="ask",
        versioning="enforce",
        encryption="ask",
        lifecycle="ask",
        object_lock="ask",
    ),
    lifecycle=Lifecycle(unsure=LIFECYCLE_ACTIONS + LIFECYCLE_FILTERS),
    keys=Keys(console="IDrive's console (Access Keys), where a key can be for one bucket"),
    public_read="policy",
    instead={
        "policy": "Make access keys for the bucket, and public buckets, in IDrive's console.",
        "acl": "Make the bucket public in IDrive's console, or use mediastore.s3.bucket_policy.",
        "public_access_block": ways_out.PRIVATE_BY_ITSELF,
        "ownership": ways_out.POLICY,
        "cors": "Set it in IDrive's console.",
        "tagging": ways_out.NOTES,
        "encryption": "Choose default encryption when you make the bucket in IDrive's console.",
        "lifecycle": "Set the rules in IDrive's console, or remove what is too old with a timer of your own.",
        "object_lock": "Choose it when you make the bucket in IDrive's console.",
        "website": ways_out.WEBSITE,
        "quota": ways_out.QUOTA,
        "aliases": ways_out.ALIASES,
        "storage_class": ways_out.ONE_CLASS,
        "sse": "Choose default encryption of the bucket in IDrive's console, or encrypt before uploading.",
    },
)
