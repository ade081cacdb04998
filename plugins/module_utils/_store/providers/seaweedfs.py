# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""SeaweedFS, whose S3 interface keeps objects as files of its filer."""

from __future__ import annotations

from ..profile import DOCUMENTED, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="seaweedfs",
    title="SeaweedFS",
    source=(
        Source(
            DOCUMENTED,
            "weed/s3api/s3api_server.go (August 2026, after 4.44): the routes. Unknown sub-resources are answered 501 to GET "
            "only; PUT and DELETE of a website, and of anything else without a route, reach the bucket itself",
        ),
        Source(
            DOCUMENTED,
            "weed/s3api/s3api_bucket_policy_handlers.go: publicAccessBlock is 501; ownership controls are kept, not used",
        ),
        Source(DOCUMENTED, "weed/s3api/s3api_bucket_handlers.go: a public-read bucket may be listed and read by everybody"),
        Source(DOCUMENTED, "weed/s3api/s3api_object_handlers_put.go: an ACL on an object sets file modes, and opens nothing"),
        Source(
            DOCUMENTED,
            "weed/s3api/lifecycle_xml: all filters, all actions except transitions; the document is given back as it was put",
        ),
        Source(
            DOCUMENTED,
            "weed/s3api/s3_constants/header.go: // becomes /, a backslash becomes a slash; filer.toml: 255 bytes between slashes",
        ),
        Source(DOCUMENTED, "weed/s3api/s3api_object_handlers_list.go: folder by folder, so a/b comes before a.txt"),
        Source(
            DOCUMENTED,
            "weed/s3api/s3api_object_handlers_put.go: names of storage classes are checked and kept, nothing more",
        ),
        Source(
            DOCUMENTED,
            "weed/iam/helpers.go, weed/s3api/s3api_embedded_iam.go (August 2026): its IAM refuses a policy that names "
            "s3:ListMultipartUploadParts or s3:ListBucketMultipartUploads, has one right for writing and deleting, and takes "
            "s3:GetBucketLocation on a bucket for reading all of it; keys have no dates. So this collection makes no keys there",
        ),
        Source(DOCUMENTED, "rclone's data on providers: the ETag of an object put in parts differs from Amazon's"),
        Source(
            DOCUMENTED,
            "seaweedfs issue 6526 and pull request 7623: before 2025-12 newer checksums could end up inside the object; this "
            "collection never sends them",
        ),
    ),
    facets=Facets(
        policy="enforce",
        acl="enforce",
        ownership="store",
        cors="enforce",
        tagging="store",
        versioning="enforce",
        encryption="enforce",
        lifecycle="enforce",
        object_lock="enforce",
    ),
    lifecycle=Lifecycle(
        (
            "expiration_days",
            "expiration_date",
            "expired_object_delete_marker",
            "noncurrent_days",
            "newer_noncurrent_versions",
            "abort_incomplete_multipart_upload_days",
        ),
        ("prefix", "tags", "object_size"),
    ),
    keys=Keys(console="weed shell (s3.configure -user=NAME -buckets=BUCKET -actions=Read,Write,List -apply)"),
    public_read="policy",
    bucket_acls=("private", "public-read"),
    multipart_etag="opaque",
    conditional_put=True,
    object_tagging=True,
    key_segment_max_bytes=255,
    key_empty_segments=False,
    list_sorted=False,
    instead={
        "acl": "Use mediastore.s3.bucket_policy for public objects.",
        "public_access_block": ways_out.PRIVATE_BY_ITSELF,
        "website": ways_out.WEBSITE,
        "quota": "Set it in weed shell: s3.bucket.quota -name=BUCKET -op=set -sizeMB=50000.",
        "aliases": ways_out.ALIASES,
        "storage_class": ways_out.ONE_OF_THESE,
        "transitions": "Leave them out: SeaweedFS keeps the name of a class and moves nothing.",
        "noncurrent_transitions": "Leave them out: SeaweedFS keeps the name of a class and moves nothing.",
    },
    storage_classes=(
        "STANDARD",
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER",
        "GLACIER_IR",
        "DEEP_ARCHIVE",
    ),
    sse=("AES256", "aws:kms", "SSE-C"),
)
