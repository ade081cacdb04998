# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""``rclone serve s3``: objects and nothing else."""

from __future__ import annotations

from ..profile import DOCUMENTED, GIB, MEASURED, Keys, Profile, Source
from . import ways_out

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
            "PutBucketVersioning 501; storage classes, ACLs, SSE headers and conditions on PUT are accepted and ignored; so are "
            "small parts",
        ),
        Source(MEASURED, "LIST and HEAD give the MD5 of the whole for objects put in parts"),
        Source(MEASURED, "keys with empty segments and segments over 255 bytes are refused (they are files)"),
        Source(MEASURED, "presigned URLs may live as long as they like; every key may do everything, nobody else anything"),
        Source(MEASURED, "UploadPartCopy answers without an ETag"),
        Source(MEASURED, "a wrong Content-MD5 is refused, a wrong x-amz-checksum-sha256 is ignored"),
        Source(DOCUMENTED, "rclone's data on providers: CopyObject of any size, no UploadPartCopy"),
    ),
    presign_max_s=None,
    keys=Keys(console="the server's own start (rclone serve s3 --auth-key ACCESS,SECRET); every key may do everything"),
    multipart_etag="md5",
    checks=("md5",),
    copy_max=5 * 1024 * GIB,
    multipart_copy=False,
    key_segment_max_bytes=255,
    key_empty_segments=False,
    instead={
        "policy": "Every key may do everything there; put a proxy in front of it for public reading.",
        "acl": "Put a proxy in front of it for public reading.",
        "public_access_block": "Nothing is public there.",
        "ownership": "Every key may do everything there; leave the option out.",
        "cors": "Send the CORS headers from a proxy in front of it.",
        "tagging": ways_out.NOTES,
        "versioning": "Keep old versions in the storage below it.",
        "encryption": "Encrypt the storage below it (rclone's crypt).",
        "lifecycle": "Remove what is too old with a timer: rclone delete --min-age.",
        "object_lock": "Use a storage below it that can lock files.",
        "website": "Put a web server in front of it, or run rclone serve http.",
        "quota": "Set a quota of the file system below it.",
        "aliases": ways_out.ALIASES,
        "public_read": "Put a proxy in front of it for public reading.",
        "storage_class": ways_out.ONE_CLASS,
        "sse": "Encrypt the storage below it (rclone's crypt).",
    },
)
