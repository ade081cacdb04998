# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Backblaze B2, through its S3-compatible interface or its own."""

from __future__ import annotations

import itertools

from ..profile import DOCUMENTED, REMEMBERED, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

#: any rights, except that nobody deletes by name who may not write
LEVELS = tuple(
    "+".join(rights)
    for number in (1, 2, 3, 4)
    for rights in itertools.combinations(("list", "read", "write", "delete"), number)
    if "delete" not in rights or "write" in rights
)

PROFILE = Profile(
    name="b2",
    title="Backblaze B2",
    source=(
        Source(
            DOCUMENTED,
            "Backblaze, S3-Compatible API: HTTPS only, signature V4 only, path and virtual hosts; a bucket's ACL is private or "
            "public-read, objects have their bucket's; a public bucket cannot be listed without a key",
        ),
        Source(DOCUMENTED, "Backblaze, S3 Put Bucket CORS and S3 Put Bucket Encryption (AES256); buckets always keep versions"),
        Source(
            DOCUMENTED,
            "Backblaze, S3 Put and Get Lifecycle Configuration: hide is Expiration, delete is NoncurrentVersionExpiration; a "
            "rule that hides is shown as two, orphaned delete markers always go, rules have no ids of their own",
        ),
        Source(
            DOCUMENTED,
            "Backblaze, PutBucketPolicy: early access from July 2026, for customers of the Enterprise console only",
        ),
        Source(
            DOCUMENTED,
            "Backblaze, Application Keys and S3-Compatible App Keys: the account's master key is not for S3; keys are never "
            "changed; a key for single buckets needs listAllBucketNames for S3 clients; to delete by name needs writeFiles, a "
            "version deleteFiles",
        ),
        Source(
            DOCUMENTED,
            "Backblaze, b2_create_key (version 4): several buckets with one prefix; 1000 days at most; keys that are made for "
            "buckets so are unknown to versions 1 to 3 of the native interface",
        ),
        Source(
            DOCUMENTED,
            "Backblaze, native server-side encryption, and b2sdk 2.13: new buckets encrypt with AES256 by themselves, older "
            "ones by and by, and it cannot be switched off",
        ),
        Source(
            DOCUMENTED,
            "the native interface was tried on the simulator in b2sdk 2.13.1 only, never on Backblaze's own servers",
        ),
        Source(DOCUMENTED, "s3transfer issue 327: newer checksum headers are refused"),
        Source(REMEMBERED, "the ETag of an object put in one request is its MD5; if it were not, uploads would stop, loudly"),
        Source(REMEMBERED, "no tags on buckets or objects, no conditional writes, one storage class"),
    ),
    endpoint="https://s3.{region}.backblazeb2.com",
    native="https://api.backblazeb2.com",
    region=None,
    facets=Facets(
        acl="enforce", cors="enforce", encryption="enforce", versioning="always", object_lock="enforce", lifecycle="enforce"
    ),
    lifecycle=Lifecycle(
        ("expiration_days", "noncurrent_days", "abort_incomplete_multipart_upload_days"),
        ("prefix",),
        keeps_ids=False,
        dialect="b2",
        max_rules=100,
    ),
    keys=Keys(
        keyring="b2",
        levels=LEVELS,
        prefixes=True,
        regrants=False,
        expires=True,
        # Who may write may hide, which is what deleting by name is.
        oversteps=("delete",),
        console="Application Keys in Backblaze's web console",
    ),
    new_bucket={"encryption": {"algorithm": "AES256"}},
    public_read="bucket_acl",
    bucket_acls=("private", "public-read"),
    instead={
        "policy": "Make application keys with the capabilities and prefix you want; a bucket is public or private as a whole.",
        "acl": "An object has its bucket's ACL there; leave acl out.",
        "public_access_block": "A bucket is private there unless it was made public.",
        "ownership": "All objects belong to the bucket's account there; leave the option out.",
        "tagging": "Use B2's own bucket information (bucketInfo).",
        "versioning": "Leave the option out; let a lifecycle rule remove old versions.",
        "website": ways_out.WEBSITE,
        "quota": "Set caps and alerts in the account's settings (Caps & Alerts).",
        "aliases": ways_out.ALIASES,
        "storage_class": ways_out.ONE_CLASS,
        "sse": "Use AES256 or sse_customer_key; there is no key server.",
        "expiration_date": ways_out.DAYS,
        "newer_noncurrent_versions": ways_out.ALL_OLD_VERSIONS,
        "expired_object_delete_marker": "Leave it out: delete markers that hide nothing go by themselves.",
        "transitions": ways_out.NO_TIERS,
        "noncurrent_transitions": ways_out.NO_TIERS,
        "tags": ways_out.BY_PREFIX,
        "object_size": ways_out.BY_PREFIX,
    },
    multipart_etag="opaque",
    sse=("AES256", "SSE-C"),
)
