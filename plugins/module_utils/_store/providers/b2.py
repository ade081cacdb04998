# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Backblaze B2 through its S3-compatible interface."""

from __future__ import annotations

from ..profile import DOCUMENTED, Facets, Lifecycle, Profile, Source

PROFILE = Profile(
    name="b2",
    title="Backblaze B2",
    source=(
        Source(
            DOCUMENTED,
            "Backblaze documentation, S3-Compatible API: supported calls and differences (no bucket tagging, policy or public "
            "access block; buckets always keep versions; ACL private or public-read for the whole bucket; lifecycle rules)",
        ),
        Source(DOCUMENTED, "s3transfer issue 327: newer checksum headers are refused"),
    ),
    endpoint="https://s3.{region}.backblazeb2.com",
    region=None,
    facets=Facets(
        acl="enforce", cors="enforce", encryption="enforce", versioning="always", object_lock="enforce", lifecycle="enforce"
    ),
    lifecycle=Lifecycle(
        ("expiration_days", "noncurrent_days", "abort_incomplete_multipart_upload_days"), ("prefix",), dialect="b2", max_rules=100
    ),
    public_read="bucket_acl",
    bucket_acls=("private", "public-read"),
    instead={
        "policy": "Make application keys with the capabilities and prefix you want; a bucket is public or private as a whole.",
        "public_access_block": "A bucket is private there unless it was made public.",
        "tagging": "Use B2's own bucket information (bucketInfo).",
        "versioning": "Leave the option out; let a lifecycle rule remove old versions.",
        "acl": "An object has its bucket's ACL there; leave acl out.",
        "storage_class": "There is one class only; leave storage_class out.",
    },
    sse=("AES256", "SSE-C"),
)
