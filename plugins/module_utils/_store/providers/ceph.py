# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Ceph's object gateway (RGW), on which several public providers run."""

from __future__ import annotations

from ..profile import CANNED_ACLS, DOCUMENTED, MEASURED, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

#: measured: aws-exec-read is refused
ACLS = tuple(acl for acl in CANNED_ACLS if acl != "aws-exec-read")

PROFILE = Profile(
    name="ceph",
    title="Ceph RGW",
    source=(
        Source(
            MEASURED,
            "16.2.15: with block_public_acls every PutObject is refused, the owner's as well (Ceph issue 49135, corrected in "
            "July 2025); with block_public_policy every policy that allows anything, also to one named user",
        ),
        Source(
            MEASURED,
            "16.2.15, 18.2.7, 19.2.3 and 20.2.0: policy, ACL, public access block, CORS, tagging, versioning and object lock "
            "are kept and acted on; ownershipControls falls through to the bucket in all of them, encryption in 16",
        ),
        Source(
            MEASURED,
            "16 and 18 keep a lifecycle rule without its object sizes and NewerNoncurrentVersions, so that more expires than "
            "was asked for; 19 and 20 keep both. An empty filter is shown as an empty prefix",
        ),
        Source(DOCUMENTED, "Ceph, S3 bucket lifecycle: an expiration has days or a date"),
        Source(MEASURED, "a LocationConstraint other than the zonegroup's name is refused, none is taken"),
        Source(MEASURED, "storage classes other than STANDARD are refused unless the placement target defines them"),
        Source(MEASURED, "website is 405 unless the administrator has enabled it"),
        Source(
            MEASURED,
            "AES256 and aws:kms need a key server: without one 18, 19 and 20 answer 400, and 16 stores in the clear without a "
            "word; SSE-C is enforced, and its ETag is the MD5",
        ),
        Source(
            MEASURED,
            "a public-read bucket ACL lets everybody list and nobody read; a policy with s3:GetObject does the opposite",
        ),
        Source(
            MEASURED,
            "16.2.15: an object belongs to the user who wrote it. The bucket's owner may overwrite and delete it, and not read "
            "it; the writer may read it, tag it and open it with an ACL, whatever its policy grants. So the policies that this "
            "collection writes deny what is not granted, and the bucket's owner gets a policy mediastore-BUCKET of its own",
        ),
        Source(
            MEASURED,
            "16.2.15: DeleteObjects is refused unless s3:DeleteObject is allowed on the bucket as well; NotAction is ignored; "
            "PutObject with the ACL public-read needs no right to ACLs",
        ),
        Source(
            MEASURED,
            "16.2.15: the policies of a user are forgotten when its keys, quota, name or suspension are changed (Ceph issue "
            "48761, corrected by pull request 53750 of October 2023). So each key is a user of its own, NAME-STAMP",
        ),
        Source(DOCUMENTED, "rgw_op.cc of 19.2.6 and 20.2.4, as cited in others' code: DeleteObjects looks at each object only"),
        Source(
            MEASURED,
            "16.2.15: a wrong Content-MD5 is refused, for objects and parts, with SSE-C too; x-amz-checksum-sha256 is ignored",
        ),
        Source(MEASURED, "If-Match and If-None-Match on PUT hold; a presigned URL of 604801 seconds is refused"),
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
    keys=Keys("rgw", prefixes=True, disables=True, secret_readable=True),
    public_read="policy",
    bucket_acls=ACLS,
    checks=("md5",),
    conditional_put=True,
    object_tagging=True,
    # Administrators define more classes; only the store can tell.
    storage_classes=None,
    sse=("SSE-C",),
    object_acls=ACLS,
    cautions={
        "block_public_acls": "Ceph before July 2025 then refuses every upload in one request, the owner's too (its issue 49135).",
        "block_public_policy": "Ceph then refuses every bucket policy that allows anything, also to one named user.",
    },
    instead={
        "ownership": ways_out.POLICY,
        "encryption": ways_out.DISKS,
        "website": "Put a web server in front of it, or have the administrator enable rgw_enable_static_website.",
        "quota": "Have the administrator set it: radosgw-admin quota set --quota-scope=bucket.",
        "aliases": ways_out.ALIASES,
        "sse": "Use sse_customer_key; on a cluster with a key server set capabilities to {sse: [AES256, aws:kms, SSE-C]}.",
    },
)
