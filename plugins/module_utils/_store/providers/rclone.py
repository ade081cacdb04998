# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""``rclone serve s3``: objects and nothing else."""

from __future__ import annotations

from ..profile import MEASURED, Profile, Source

PROFILE = Profile(
    name="rclone",
    title="rclone serve s3",
    source=(
        Source(
            MEASURED,
            "1.75.2: DELETE of lifecycle, cors, policy, tagging, publicAccessBlock, encryption, ownershipControls, website and "
            "replication deletes the empty bucket; GET of them answers with a listing; PUT answers as CreateBucket does",
        ),
        Source(
            MEASURED,
            "PutBucketVersioning 501; storage classes, ACLs and SSE headers are accepted and ignored; so are small parts",
        ),
        Source(MEASURED, "LIST and HEAD give the MD5 of the whole for objects put in parts"),
        Source(MEASURED, "keys with empty segments and segments over 255 bytes are refused (they are files)"),
    ),
    instead={
        "policy": "Every key may do everything there; put a proxy in front of it for public reading.",
        "acl": "Put a proxy in front of it for public reading.",
        "versioning": "Keep old versions in the storage below it.",
        "public_access_block": "Nothing is public there.",
        "sse": "Encrypt the storage below it (rclone's crypt).",
    },
    multipart_etag="md5",
    key_segment_max_bytes=255,
    key_empty_segments=False,
)
