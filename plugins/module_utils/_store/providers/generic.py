# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""An S3 endpoint of which nothing is known: every facet is asked for before it is written."""

from __future__ import annotations

from ..profile import CANNED_ACLS, LIFECYCLE_ACTIONS, LIFECYCLE_FILTERS, MEASURED, Facets, Keys, Lifecycle, Profile, Source
from . import ways_out

ASK = "ask"
KNOWN = Facets(
    policy=ASK,
    acl=ASK,
    public_access_block=ASK,
    ownership=ASK,
    cors=ASK,
    tagging=ASK,
    versioning=ASK,
    encryption=ASK,
    lifecycle=ASK,
    object_lock=ASK,
    website=ASK,
)
LEAVE_OUT = "Leave the option out for this store, or set provider to what the store really is."

PROFILE = Profile(
    name="generic",
    title="this S3 endpoint",
    source=(Source(MEASURED, "what the store answers decides, and what it answers to a GET decides before any write"),),
    facets=KNOWN,
    lifecycle=Lifecycle(unsure=LIFECYCLE_ACTIONS + LIFECYCLE_FILTERS),
    keys=Keys(console="the store's own administration; if it is one of those that are known, set provider to it"),
    public_read="policy",
    bucket_acls=CANNED_ACLS,
    multipart_etag="opaque",
    storage_classes=None,
    sse=("AES256", "aws:kms", "SSE-C"),
    object_acls=CANNED_ACLS,
    instead={
        **{facet: LEAVE_OUT for facet, support in vars(KNOWN).items() if support == ASK},
        "quota": "Use the store's own administration; with Garage set provider to garage.",
        "aliases": ways_out.ALIASES,
        "sse": LEAVE_OUT,
    },
)
