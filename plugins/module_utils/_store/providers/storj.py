# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Storj through its hosted S3 gateway."""

from __future__ import annotations

from ..profile import DOCUMENTED, GIB, Facets, Keys, Profile, Source
from . import ways_out

PROFILE = Profile(
    name="storj",
    title="Storj",
    source=(
        Source(
            DOCUMENTED,
            "Storj, S3 Compatibility (July 2026): tagging, versioning and object lock are there; policy, ACL, CORS, lifecycle, "
            "encryption, website, ownership and public access block are not",
        ),
        Source(
            DOCUMENTED,
            "the same: listings are in the order of the encrypted keys; CopyObject takes about 671 GB, UploadPartCopy is there "
            "on request only",
        ),
        Source(DOCUMENTED, "Storj, CORS: every answer allows every origin"),
        Source(DOCUMENTED, "Storj, Multipart Part Size: 64 MB are recommended; smaller parts cost more"),
        Source(DOCUMENTED, "gateway-st api/objecthandlers.go: storage classes are taken without effect, or refused"),
        Source(
            DOCUMENTED,
            "gateway-st miniogw: PUT with If-None-Match: * only; ETags of parts as Amazon's; presigned for 7 days",
        ),
        Source(DOCUMENTED, "gateway-st issue 89: newer checksums are refused"),
    ),
    endpoint="https://gateway.storjshare.io",
    facets=Facets(tagging="store", versioning="enforce", object_lock="enforce"),
    keys=Keys(console="Storj's console (Access, S3 credentials), or with uplink share --register for one bucket or prefix"),
    copy_max=600 * GIB,
    multipart_copy=False,
    object_tagging=True,
    list_sorted=False,
    instead={
        "policy": "Make an access grant for the bucket and prefix with the rights you want (uplink share).",
        "acl": "Share with uplink share --url; leave acl out.",
        "public_access_block": "A bucket is private there unless it was shared.",
        "ownership": "Objects belong to the project there; leave the option out.",
        "cors": "Leave it out: every origin is allowed there. To allow fewer, put a proxy in front of it.",
        "encryption": "Leave it out: everything is encrypted there, with the key of the access grant.",
        "lifecycle": "Upload with metadata Object-Expires (+720h, say), or remove what is too old with a timer of your own.",
        "website": "Use Storj's link sharing with a domain of yours, or a web server in front of it.",
        "quota": "Set limits of the project in the satellite's console.",
        "aliases": ways_out.ALIASES,
        "public_read": "Share the prefix with uplink share --url --not-after=none, and let the application use that URL.",
        "storage_class": ways_out.ONE_CLASS,
        "sse": "Leave it out: everything is encrypted there, with the key of the access grant.",
    },
)
