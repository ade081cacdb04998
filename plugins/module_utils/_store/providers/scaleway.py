# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Scaleway Object Storage."""

from __future__ import annotations

from ..profile import DOCUMENTED, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="scaleway",
    title="Scaleway Object Storage",
    source=(
        Source(
            DOCUMENTED,
            "Scaleway, Supported Object Storage API calls: ACL, CORS, lifecycle, tagging, versioning, website, object lock; no "
            "public access block or ownership controls",
        ),
        Source(
            DOCUMENTED,
            "Scaleway, Bucket policies overview: a language of its own (Version 2023-04-17, Principal SCW, resources without "
            "arn:). Once there is a policy, whoever it does not name is shut out, the application too",
        ),
        Source(
            DOCUMENTED,
            "Scaleway, Managing the lifecycle of objects (March 2026): days, old versions, transitions, unfinished uploads; "
            "prefix and tags; 1000 rules",
        ),
        Source(DOCUMENTED, "Scaleway, Object Storage FAQ: an upload has at most 1000 parts; GLACIER is not in every region"),
        Source(DOCUMENTED, "Scaleway, Enabling SSE-ONE (AES256, a setting of the bucket), SSE-KMS and SSE-C"),
        Source(DOCUMENTED, "Scaleway, Using conditional writes (July 2026)"),
        Source(DOCUMENTED, "rclone's data on providers: endpoints by region, 1000 parts; ETags of parts as Amazon's"),
        Source(
            DOCUMENTED,
            "scaleway/scaleway-sdk-python, iam/v1alpha1, and what scaleway/terraform-provider-scaleway records of the service: "
            "applications, policies and API keys, which can end by themselves and not be switched off; the secret is shown once",
        ),
        Source(
            DOCUMENTED,
            "Scaleway, Products supporting resource-level conditions (July 2026): not Object Storage, so rights are for all "
            "buckets of a project. Combining IAM and bucket policies: a bucket's policy can only take away",
        ),
        Source(
            DOCUMENTED,
            "Scaleway, Amazon S3 and IAM permissions equivalence: what each permission set is; giving up an upload needs the one "
            "for deleting. Using IAM API keys with Object Storage: the preferred project; rights need up to 5 minutes",
        ),
    ),
    endpoint="https://s3.{region}.scw.cloud",
    region=None,
    # policy stays unsent: what this collection writes in Amazon's language would shut out the application
    facets=Facets(
        acl="enforce",
        cors="enforce",
        tagging="store",
        versioning="enforce",
        encryption="enforce",
        lifecycle="enforce",
        object_lock="enforce",
        website="enforce",
    ),
    lifecycle=Lifecycle(
        (
            "expiration_days",
            "noncurrent_days",
            "abort_incomplete_multipart_upload_days",
            "transitions",
            "noncurrent_transitions",
        ),
        ("prefix", "tags"),
        unsure=("expiration_date", "expired_object_delete_marker"),
    ),
    keys=Keys(
        "scaleway",
        endpoint="https://api.scaleway.com",
        # each is for all buckets of a project: keyring/scaleway.py refuses grants that leave one out
        levels=("list+read", "list+read+write", "list+read+write+delete"),
        expires=True,
        console="Scaleway's console (Security and Identity, IAM, Applications and API keys)",
    ),
    bucket_acls=("private", "public-read"),
    max_parts=1000,
    conditional_put=True,
    object_tagging=True,
    object_acls=("private", "public-read"),
    instead={
        "policy": (
            "Give the application's IAM key its rights. For a policy in Scaleway's own language that also names the application, "
            "set capabilities to {facets: {policy: ask}}."
        ),
        "public_access_block": ways_out.PRIVATE_BY_ITSELF,
        "ownership": "Leave it out; rights come from IAM there.",
        "quota": ways_out.QUOTA,
        "aliases": "Put Edge Services with a domain of yours in front of the bucket.",
        "public_read": ways_out.OBJECT_ACL,
        "storage_class": ways_out.ONE_OF_THESE,
        "sse": "Set the bucket's encryption to AES256 (SSE-ONE), or use sse_customer_key.",
        "newer_noncurrent_versions": ways_out.ALL_OLD_VERSIONS,
        "object_size": "Use prefix or tags.",
    },
    storage_classes=("STANDARD", "ONEZONE_IA", "GLACIER"),
    sse=("SSE-C",),
)
