# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Wasabi."""

from __future__ import annotations

from ..profile import DOCUMENTED, REMEMBERED, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="wasabi",
    title="Wasabi",
    source=(
        Source(DOCUMENTED, "rclone's data on providers: endpoints by region; ETags of parts as Amazon's"),
        Source(DOCUMENTED, "Wasabi, Policies: bucket policies and ACLs; CORS is a setting of the bucket"),
        Source(
            DOCUMENTED,
            "Wasabi, Defining a Bucket Policy for Public Access: works where the account may; accounts since March 2023 must "
            "ask the support first",
        ),
        Source(
            DOCUMENTED,
            "Wasabi, Lifecycle Policy With the Wasabi S3 API: Expiration.Days, NoncurrentDays, prefix and object sizes",
        ),
        Source(DOCUMENTED, "Wasabi, Object Tagging With the Wasabi S3 API; Object Lock; versioning"),
        Source(
            DOCUMENTED,
            "Wasabi, IAM API: Amazon's calls at iam.wasabisys.com for all regions; two access keys for each user",
        ),
        Source(
            REMEMBERED,
            "tags and encryption of buckets, websites, the other parts of lifecycle rules: what the store shows decides. "
            "Objects are billed for 90 days, however early they are deleted",
        ),
        Source(REMEMBERED, "everything is encrypted with AES-256; whether headers that ask for it are looked at is not known"),
    ),
    endpoint="https://s3.{region}.wasabisys.com",
    region=None,
    facets=Facets(
        policy="enforce",
        acl="enforce",
        cors="enforce",
        tagging="ask",
        versioning="enforce",
        encryption="ask",
        lifecycle="enforce",
        object_lock="enforce",
        website="ask",
    ),
    lifecycle=Lifecycle(
        ("expiration_days", "noncurrent_days"),
        ("prefix", "object_size"),
        unsure=("expiration_date", "expired_object_delete_marker", "abort_incomplete_multipart_upload_days"),
    ),
    keys=Keys("iam", endpoint="https://iam.wasabisys.com", prefixes=True, disables=True, max_keys=2),
    public_read="policy",
    bucket_acls=("private", "public-read"),
    object_tagging=True,
    object_acls=("private", "public-read"),
    instead={
        "acl": ways_out.POLICY,
        "public_access_block": "Public use is a setting of the account there (Public Access); a bucket is private by itself.",
        "ownership": ways_out.POLICY,
        "tagging": ways_out.NOTES,
        "encryption": "Leave it out: everything is encrypted there.",
        "website": ways_out.WEBSITE,
        "quota": ways_out.QUOTA,
        "aliases": ways_out.ALIASES,
        "storage_class": ways_out.ONE_CLASS,
        "sse": "Leave it out: everything is encrypted there, with keys of the store's.",
        "newer_noncurrent_versions": ways_out.ALL_OLD_VERSIONS,
        "transitions": ways_out.NO_TIERS,
        "noncurrent_transitions": ways_out.NO_TIERS,
        "tags": ways_out.BY_PREFIX,
    },
)
