# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Linode (Akamai) Object Storage."""

from __future__ import annotations

from ..profile import DOCUMENTED, REMEMBERED, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="linode",
    title="Linode Object Storage",
    source=(
        Source(
            DOCUMENTED,
            "Akamai, Define access and permissions using bucket policies: Amazon's language, users by Ceph's names",
        ),
        Source(DOCUMENTED, "Akamai, Endpoint types: E0 and E1 are the older platform, E2 and E3 the newer; features differ"),
        Source(
            DOCUMENTED,
            "Linode, Lifecycle Policies: days, NoncurrentDays, unfinished uploads; prefix and tags; NewerNoncurrentVersions is "
            "missing",
        ),
        Source(DOCUMENTED, "Linode, guides: canned ACLs of buckets and objects, versioning"),
        Source(DOCUMENTED, "rclone's data on providers: endpoints by region; ETags of parts as Amazon's"),
        Source(
            REMEMBERED,
            "CORS, object lock, tags and websites depend on the type of the endpoint; public access block, ownership controls "
            "and encryption of buckets are missing",
        ),
        Source(
            DOCUMENTED,
            "linode/linode-api-openapi: keys with read_only or read_write on buckets of a region, which cannot be changed; no "
            "prefixes, no expiry, no switch; the secret is shown once",
        ),
        Source(
            DOCUMENTED,
            "Linode, Create an Object Storage key: without bucket_access a key may do everything; every key can list all buckets "
            "and make new ones, which it then cannot use",
        ),
        Source(DOCUMENTED, "linode/linodego, test/integration/fixtures: what the service answers, also in errors"),
    ),
    endpoint="https://{region}.linodeobjects.com",
    region=None,
    facets=Facets(
        policy="enforce",
        acl="enforce",
        cors="ask",
        tagging="ask",
        versioning="enforce",
        lifecycle="enforce",
        object_lock="ask",
        website="ask",
    ),
    lifecycle=Lifecycle(
        ("expiration_days", "noncurrent_days", "abort_incomplete_multipart_upload_days"),
        ("prefix",),
        unsure=("expiration_date", "expired_object_delete_marker", "tags"),
    ),
    keys=Keys(
        "linode",
        endpoint="https://api.linode.com",
        levels=("list+read", "list+read+write+delete"),
        regrants=False,
        oversteps=("create_bucket",),
        console="Cloud Manager (Object Storage, Access Keys)",
    ),
    public_read="policy",
    bucket_acls=("private", "public-read", "public-read-write", "authenticated-read"),
    object_acls=("private", "public-read", "public-read-write", "authenticated-read"),
    instead={
        "public_access_block": ways_out.PRIVATE_BY_ITSELF,
        "ownership": ways_out.POLICY,
        "cors": "Make the bucket on an endpoint of another type, or send the CORS headers from a proxy.",
        "tagging": ways_out.NOTES,
        "encryption": "Encrypt before uploading.",
        "object_lock": "Make the bucket on an endpoint of another type, or keep a copy elsewhere.",
        "website": ways_out.WEBSITE,
        "quota": ways_out.QUOTA,
        "aliases": ways_out.ALIASES,
        "storage_class": ways_out.ONE_CLASS,
        "sse": "Encrypt before uploading; if your endpoint has SSE-C, set capabilities to {sse: [SSE-C]}.",
        "newer_noncurrent_versions": ways_out.ALL_OLD_VERSIONS,
        "transitions": ways_out.NO_TIERS,
        "noncurrent_transitions": ways_out.NO_TIERS,
        "object_size": ways_out.BY_PREFIX,
    },
)
