# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""MinIO and its forks."""

from __future__ import annotations

from ..profile import DOCUMENTED, MEASURED, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="minio",
    title="MinIO",
    source=(
        Source(
            MEASURED,
            "the last commit: a wrong Content-MD5 or x-amz-checksum-sha256 is refused, for objects and parts, with SSE-C too",
        ),
        Source(
            MEASURED,
            "the last commit (2026-02-12): every setting that this profile names is kept, shown and taken away again; DELETE of "
            "?publicAccessBlock and ?ownershipControls deletes the bucket, while GET answers 501",
        ),
        Source(
            MEASURED,
            "the last commit: objects below d/ are in no listing while there is an object d, and can still be read. So do not "
            "put an object where others have a folder; verify reports what it does not see as missing",
        ),
        Source(
            MEASURED,
            "the last commit: AbortIncompleteMultipartUpload alone is refused and in a mixed rule dropped; policies come back "
            "rewritten, with the same meaning; any LocationConstraint is accepted; a bucket policy binds no user who has a key",
        ),
        Source(
            MEASURED,
            "the last commit, minio 7.2.20: all combinations of rights but acl are kept, with a prefix and without, in effect "
            "within 0.1 s (there are no ACLs; s3:GetObjectAcl is refused). Keys are service accounts; they end 15 minutes to 365 "
            "days after they are made, or never; no secret is shown again",
        ),
        Source(
            MEASURED,
            "the last commit: whoever has a key can make others of the same user that outlive it, unless the policy denies it, "
            "as access_key's does; it can always list and delete those of the same user. A key with a policy of its own that "
            "is switched on or off without it being sent again may then do all that its user may",
        ),
        Source(
            MEASURED,
            "the last commit: access_key needs admin:CreateUser, DeleteUser, GetUser, CreatePolicy, DeletePolicy, GetPolicy, "
            "AttachUserOrGroupPolicy, ListServiceAccounts, UpdateServiceAccount and RemoveServiceAccount; consoleAdmin has them",
        ),
        Source(
            DOCUMENTED,
            "minio README of February 2026: this repository is no longer maintained. It was archived in April 2026; the last "
            "tag is RELEASE.2025-10-15T17-29-55Z. Forks go on",
        ),
        Source(
            DOCUMENTED,
            "minio cmd/dummy-handlers.go, cmd/api-router.go, cmd/bucket-*-handlers.go (RELEASE.2025-10-15): what is routed, "
            "rejected or answered 501",
        ),
        Source(DOCUMENTED, "minio cmd/acl-handlers.go: only the private ACL"),
        Source(
            DOCUMENTED,
            "minio internal/bucket/lifecycle: unfinished uploads have no rule. Alone it is malformed, in a rule with others it "
            "is dropped without a word; transitions go to tiers that the administrator has defined",
        ),
        Source(DOCUMENTED, "minio cmd/bucket-encryption-handlers.go: needs a key server (KMS); SSE-C is refused without TLS"),
        Source(DOCUMENTED, "minio cmd/handler-utils.go: a LocationConstraint other than the site's region is refused"),
        Source(
            DOCUMENTED,
            "minio docs/minio-limits.md and cmd/object-api-utils.go: 255 bytes between slashes, no //, no leading slash; a/b "
            "and a/b/c cannot both be objects",
        ),
        Source(
            DOCUMENTED,
            "minio cmd/object-handlers.go: storage classes STANDARD and REDUCED_REDUNDANCY; conditions on PUT hold",
        ),
    ),
    location_constraint="region",
    keys=Keys(keyring="minio", lacks=("acl",), prefixes=True, disables=True, expires=True),
    facets=Facets(
        policy="enforce", tagging="store", versioning="enforce", encryption="ask", lifecycle="enforce", object_lock="enforce"
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
        tiers=True,
    ),
    public_read="policy",
    checks=("md5", "sha256"),
    conditional_put=True,
    object_tagging=True,
    key_segment_max_bytes=255,
    key_empty_segments=False,
    instead={
        "acl": "Use mediastore.s3.bucket_policy for public objects.",
        "public_access_block": "A bucket without a bucket policy is private; use mediastore.s3.bucket_policy.",
        "ownership": ways_out.POLICY,
        "cors": "CORS is one setting of the whole server there: MINIO_API_CORS_ALLOW_ORIGIN.",
        "encryption": "Give the server a key server (MINIO_KMS_…) first, or encrypt the disks.",
        "website": "Put a web server in front of it.",
        "quota": "Set it with MinIO's own client: mc quota set ALIAS/BUCKET --size 50GiB.",
        "aliases": ways_out.ALIASES,
        "storage_class": "Use STANDARD or REDUCED_REDUNDANCY, or leave storage_class out.",
        "abort_incomplete_multipart_upload_days": (
            "It is one setting of the whole server there, 24 hours unless changed: "
            "mc admin config set ALIAS api stale_uploads_expiry=24h."
        ),
    },
    storage_classes=("STANDARD", "REDUCED_REDUNDANCY"),
    sse=("AES256", "aws:kms", "SSE-C"),
    object_acls=("private",),
)
