# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Google Cloud Storage through its XML interface, with HMAC keys."""

from __future__ import annotations

from ..profile import DOCUMENTED, REMEMBERED, Facets, Keys, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="gcs",
    title="Google Cloud Storage",
    source=(
        Source(DOCUMENTED, "Google, XML API: Delete multiple objects, up to 1000 in a request"),
        Source(
            DOCUMENTED,
            "Google, XML API headers: conditions of a PUT are x-goog-if-generation-match; keys have x-goog-encryption headers",
        ),
        Source(
            DOCUMENTED,
            "rclone's data on providers: the endpoint; UploadPartCopy is missing; object lock differs; ETags in listings are MD5",
        ),
        Source(
            REMEMBERED,
            "lifecycle, CORS and websites have XML documents of their own under the names of S3's, so they are never sent; "
            "there is no policy, tagging or public access block in this interface",
        ),
        Source(REMEMBERED, "versioning is like S3's: what the store answers to a GET decides"),
        Source(REMEMBERED, "storage classes STANDARD, NEARLINE, COLDLINE and ARCHIVE; region auto; uniform access refuses ACLs"),
        Source(REMEMBERED, "buckets are made in the default project of the HMAC key, in the multi-region US"),
    ),
    endpoint="https://storage.googleapis.com",
    region="auto",
    facets=Facets(versioning="ask"),
    keys=Keys(
        console="Google's console (Cloud Storage, Settings, Interoperability) or with gcloud storage hmac create, for a service "
        "account that may use the bucket"
    ),
    multipart_etag="opaque",
    multipart_copy=False,
    instead={
        "policy": "Use IAM: gcloud storage buckets add-iam-policy-binding.",
        "acl": "Use IAM: gcloud storage buckets add-iam-policy-binding.",
        "public_access_block": "Use gcloud storage buckets update --public-access-prevention.",
        "ownership": "Use uniform bucket-level access: gcloud storage buckets update --uniform-bucket-level-access.",
        "cors": "Use gcloud storage buckets update --cors-file; Google's rules differ from S3's.",
        "tagging": "Use labels: gcloud storage buckets update --update-labels.",
        "versioning": "Use gcloud storage buckets update --versioning.",
        "encryption": "Use gcloud storage buckets update --default-encryption-key; without it Google's keys are used.",
        "lifecycle": "Use gcloud storage buckets update --lifecycle-file; Google's rules differ from S3's.",
        "object_lock": "Use retention policies: gcloud storage buckets update --retention-period.",
        "website": "Use gcloud storage buckets update --web-main-page-suffix.",
        "quota": ways_out.QUOTA,
        "aliases": ways_out.ALIASES,
        "public_read": "Grant allUsers roles/storage.legacyObjectReader on the bucket: everybody reads, and nobody lists.",
        "storage_class": ways_out.ONE_OF_THESE,
        "sse": "Leave it out: everything is encrypted there. For a key of yours set the bucket's default with gcloud.",
    },
    storage_classes=("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"),
)
