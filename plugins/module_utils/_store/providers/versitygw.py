# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The Versity S3 Gateway, which serves a directory."""

from __future__ import annotations

from ..profile import DOCUMENTED, MEASURED, Facets, Keys, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="versitygw",
    title="versitygw",
    source=(
        Source(MEASURED, "1.7.0: a wrong Content-MD5 or x-amz-checksum-sha256 is refused, for objects and parts"),
        Source(
            MEASURED,
            "1.7.0: every setting that this profile names is kept, shown and taken away again; lifecycle, encryption and public "
            "access block are answered 501; a LocationConstraint other than the gateway's region is refused",
        ),
        Source(
            MEASURED,
            "1.7.0: the headers of all kinds of encryption are accepted and ignored, and with SSE-C the object can be read "
            "without the key; so are storage classes",
        ),
        Source(
            MEASURED, "1.7.0: an object f beside f/g is refused with 409, and so is a key with a slash at its end and content"
        ),
        Source(
            MEASURED,
            "1.7.0: what an account with the role user may do is what the policies of the buckets say, at once, and the "
            "account itself works and ends at once; another gateway on the same accounts lets a deleted one in for up to 120 s, "
            "where its policies do not. Who has the root key or the role admin can read all secrets. What a key "
            "writes, the bucket's owner can read and delete",
        ),
        Source(
            MEASURED,
            "1.7.0: Condition in a policy is accepted and not looked at, so a listing cannot be limited to a prefix; a policy "
            "that names an account which is not there is refused; and once a bucket has a policy, its ACL counts no more, not "
            "even for the account that owns it. On ext4 a policy may have about 3.5 KB",
        ),
        Source(
            DOCUMENTED,
            "versitygw s3api/router.go (1.7): policy, ACL, ownership, CORS, tagging, versioning, object lock and website are "
            "routed; lifecycle, encryption and public access block are answered 501",
        ),
        Source(
            DOCUMENTED,
            "versitygw backend/posix/posix.go: versioning answers VersioningNotConfigured without --versioning-dir",
        ),
        Source(DOCUMENTED, "versitygw README: a website is served only with --website"),
        Source(
            DOCUMENTED,
            "versitygw auth/acl.go: canned ACLs of buckets; ACLs of objects are not implemented (backend/backend.go)",
        ),
        Source(
            DOCUMENTED,
            "versitygw s3api/controllers/bucket-put.go: a LocationConstraint must be the gateway's region, and left out for "
            "us-east-1",
        ),
        Source(
            DOCUMENTED,
            "versitygw backend/posix/posix.go: conditions on PUT hold, parts below 5 MiB are refused, keys are paths of the "
            "file system, and so are their limits; backend/common.go: ETags as Amazon's, unless it runs with checksums for "
            "ETags",
        ),
        Source(
            DOCUMENTED,
            "versitygw auth/iam.go: an account has a secret and a role; it cannot be switched off, and does not end by itself",
        ),
        Source(DOCUMENTED, "versitygw s3api: headers of server-side encryption are not looked at"),
    ),
    location_constraint="region",
    facets=Facets(
        policy="enforce",
        acl="enforce",
        ownership="enforce",
        cors="enforce",
        tagging="store",
        versioning="ask",
        object_lock="enforce",
        website="ask",
    ),
    keys=Keys(keyring="versitygw", secret_readable=True, in_bucket_policy=True),
    public_read="policy",
    bucket_acls=("private", "public-read", "public-read-write"),
    checks=("md5", "sha256"),
    conditional_put=True,
    object_tagging=True,
    key_segment_max_bytes=255,
    key_empty_segments=False,
    instead={
        "acl": "Use mediastore.s3.bucket_policy for public objects.",
        "public_access_block": ways_out.PRIVATE_BY_ITSELF,
        "versioning": "Start the gateway with --versioning-dir.",
        "encryption": "Encrypt the file system below it.",
        "lifecycle": ways_out.NO_RULES,
        "website": "Start the gateway with --website, or put a web server in front of it.",
        "quota": "Set a quota of the file system on the bucket's directory.",
        "aliases": ways_out.ALIASES,
        "storage_class": ways_out.ONE_CLASS,
        "sse": "Encrypt the file system below it.",
    },
)
