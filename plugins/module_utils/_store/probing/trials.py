# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""For each facet of a bucket: what is tried, and how its effect shows."""

from __future__ import annotations

from ..._core.policies import public_read
from .. import acl, cors, facets
from . import effects
from .trial import Trial

EVERYTHING_BLOCKED = dict.fromkeys(facets.PUBLIC_ACCESS_BLOCK, True)
NOTHING_BLOCKED = dict.fromkeys(facets.PUBLIC_ACCESS_BLOCK, False)

#: who is the owner decides whether ACLs do anything, so it is tried before them
OWNERSHIP = Trial(facets.OWNERSHIP, lambda bucket: "BucketOwnerPreferred", stays=True)

POLICY = Trial(facets.POLICY, public_read, effect=effects.reads_only)

ACL = Trial(acl.ACL, lambda bucket: "public-read", back="private", effect=effects.lists_or_reads)

#: with all four on, nothing that was opened to the public is open
PUBLIC_ACCESS_BLOCK = Trial(
    facets.PUBLIC_ACCESS, lambda bucket: EVERYTHING_BLOCKED, back=NOTHING_BLOCKED, effect=effects.nothing_is_opened
)

CORS = Trial(
    cors.CORS,
    lambda bucket: [{"allowed_origins": [effects.ORIGIN], "allowed_methods": ["GET"]}],
    effect=effects.lets_one_origin_in,
)

TAGGING = Trial(facets.TAGGING, lambda bucket: {"purpose": "probe"})

#: some encrypt from the start
ENCRYPTION = Trial(
    facets.ENCRYPTION, lambda bucket: {"algorithm": "AES256"}, effect=effects.objects_are_encrypted, contrast=False
)

WEBSITE = Trial(facets.WEBSITE, lambda bucket: {"index_document": "index.html"})

#: the last one: what is put from here on has versions
VERSIONING = Trial(facets.VERSIONING, lambda bucket: True, stays=True, effect=effects.old_versions_stay, contrast=False)
