# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Garage."""

from __future__ import annotations

from ..profile import DOCUMENTED, MEASURED, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="garage",
    title="Garage",
    source=(
        Source(
            MEASURED,
            "2.3.0, 1.3.0: a wrong Content-MD5 or x-amz-checksum-sha256 is refused, for objects and parts, with SSE-C too",
        ),
        Source(MEASURED, "2.3.0: a key that begins with a slash loses it without a word"),
        Source(
            MEASURED,
            "2.3.0: every setting that this profile names is kept, shown and taken away again, quotas and aliases through "
            "version 2 of the administration interface; a lifecycle filter by tags and rules for old versions are "
            "dropped without a word",
        ),
        Source(
            MEASURED,
            "2.3.0: a bucket that is made through S3 has its name for that key only, and while it has no other, a preflight "
            "request is answered with * whatever its CORS rules say. A key with the right to write may change lifecycle rules",
        ),
        Source(
            MEASURED,
            "2.3.0: conditions on PUT, storage classes and the headers of SSE-S3 and SSE-KMS are accepted and ignored; so are "
            "small parts. Only signatures for its own region are accepted",
        ),
        Source(
            MEASURED,
            "2.3.0, 1.3.0: a key reads (and lists) a bucket, or writes (and deletes) in it, or both, at once; who may only "
            "write cannot resume an upload in parts. With the right to write it may change and delete lifecycle rules, but "
            "neither CORS rules, websites nor buckets. The administration interface shows secrets again",
        ),
        Source(
            MEASURED,
            "2.3.0: a key that has ended is refused, and works again when its end is taken away; so one that ends in January "
            "1970 is one that was switched off here",
        ),
        Source(
            MEASURED,
            "1.3.0: version 1 of the administration interface answers to all of it but the ends of keys; through it quotas and "
            "aliases work as well. A bucket without CORS rules or lifecycle rules is answered without an error code",
        ),
        Source(DOCUMENTED, "Garage, S3 compatibility status, and src/api/s3/router.rs (v1, v2): the endpoints that answer 501"),
        Source(DOCUMENTED, "Garage src/api/s3/bucket.rs: a LocationConstraint other than s3_region is refused"),
        Source(
            DOCUMENTED,
            "Garage src/api/s3/lifecycle.rs (v1.2): expiration, unfinished uploads, prefix and size are kept, ids too; anything "
            "else in a rule is dropped without a word",
        ),
        Source(DOCUMENTED, "Garage administration API (v1, v2): quotas, aliases, rights of keys, websites"),
        Source(
            DOCUMENTED,
            "Garage src/api/s3/encryption.rs: SSE-C since 1.0; src/api/common/signature: presigned for 7 days at most",
        ),
        Source(DOCUMENTED, "Garage src/api/s3/get.rs: If-Match and If-None-Match hold for reading, not for PUT"),
    ),
    region="garage",
    location_constraint="region",
    facets=Facets(cors="enforce", lifecycle="enforce", website="enforce", quota="enforce", aliases="enforce"),
    lifecycle=Lifecycle(
        ("expiration_days", "expiration_date", "abort_incomplete_multipart_upload_days"), ("prefix", "object_size")
    ),
    keys=Keys(
        keyring="garage",
        levels=("list+read", "write+delete", "list+read+write+delete"),
        disables=True,
        expires=True,
        secret_readable=True,
        oversteps=("put_lifecycle",),
    ),
    public_read="website",
    checks=("md5", "sha256"),
    key_empty_segments=False,
    instead={
        "policy": "Access is granted per key and bucket there (garage bucket allow); anonymous reading is its website feature.",
        "acl": "Access is granted per key and bucket there (garage bucket allow).",
        "public_access_block": "A bucket is private there unless its website is switched on.",
        "ownership": "Objects belong to the bucket there; leave the option out.",
        "tagging": ways_out.NOTES,
        "versioning": "Keep old versions with a backup; Garage does not keep them.",
        "encryption": ways_out.DISKS,
        "object_lock": "Give the application a key that may write and use a backup; Garage cannot lock objects.",
        "storage_class": ways_out.ONE_CLASS,
        "sse": ways_out.DISKS,
        "expired_object_delete_marker": ways_out.NO_OLD_VERSIONS,
        "noncurrent_days": ways_out.NO_OLD_VERSIONS,
        "newer_noncurrent_versions": ways_out.NO_OLD_VERSIONS,
        "transitions": ways_out.NO_TIERS,
        "noncurrent_transitions": ways_out.NO_TIERS,
        "tags": "Use prefix or object sizes; Garage has no tags on objects.",
    },
    sse=("SSE-C",),
)
