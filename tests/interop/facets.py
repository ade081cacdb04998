# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to ask a store for: everything that its profile says it has, and something for each facet that it lacks."""

from __future__ import annotations

from typing import Any

from ansible_collections.mediastore.s3.plugins.module_utils._core.policies import public_read
from ansible_collections.mediastore.s3.plugins.module_utils._store.profile import Profile

#: facet -> the option of bucket that asks for it
OPTIONS: dict[str, dict[str, Any]] = {
    "public_access_block": {"public_access_block": {"ignore_public_acls": True, "restrict_public_buckets": False}},
    "ownership": {"ownership": "BucketOwnerPreferred"},
    "encryption": {"encryption": {"algorithm": "AES256"}},
    "object_lock": {"object_lock": True},
    "versioning": {"versioning": True},
    "tagging": {"tags": {"service": "synapse", "copies": 2, "owner": "chat team: ops@example.org"}},
    "quota": {"quota": {"max_size": "10G", "max_objects": 100000}},
    "aliases": {"aliases": ["chat-media"]},
    "website": {"website": {"index_document": "index.html", "error_document": "404.html"}},
    "acl": {"acl": "private"},
}
CORS = [
    {
        "allowed_origins": ["https://chat.example.org", "https://app.example.org"],
        "allowed_methods": ["GET", "HEAD"],
        "allowed_headers": ["Range", "Authorization"],
        "expose_headers": ["ETag"],
        "max_age_seconds": 3600,
    },
    {"allowed_origins": ["*"], "allowed_methods": ["GET"]},
]
#: part of a lifecycle rule -> a rule with it, and with what it cannot be without
RULES: dict[str, dict[str, Any]] = {
    "expiration_days": {"expiration_days": 7},
    "expiration_date": {"expiration_date": "2037-01-31"},
    "expired_object_delete_marker": {"expired_object_delete_marker": True},
    "noncurrent_days": {"noncurrent_days": 1},
    "newer_noncurrent_versions": {"noncurrent_days": 3, "newer_noncurrent_versions": 2},
    "abort_incomplete_multipart_upload_days": {"abort_incomplete_multipart_upload_days": 1},
    "transitions": {"transitions": [{"days": 30, "storage_class": "STANDARD_IA"}]},
    "noncurrent_transitions": {"noncurrent_transitions": [{"noncurrent_days": 30, "storage_class": "STANDARD_IA"}]},
}
FILTERS: dict[str, dict[str, Any]] = {
    "prefix": {"prefix": "exports/"},
    "tags": {"tags": {"kind": "draft", "for": "nobody"}},
    "object_size": {"object_size_greater_than": 4096, "object_size_less_than": 1 << 30},
}


def has(profile: Profile, facet: str) -> bool:
    """Whether the store surely has the facet; what depends on its version or settings is asked for in other tests."""
    return getattr(profile.facets, facet) in ("store", "enforce")


def rules(profile: Profile) -> list[dict[str, Any]]:
    """A rule for each part that the store surely keeps, each for objects of its own."""
    made = []
    for part in profile.lifecycle.actions:
        classes = profile.storage_classes
        if "transitions" in part and (classes is None or "STANDARD_IA" not in classes):
            continue  # there is nowhere to move to
        made.append({"id": part.replace("_", "-"), "prefix": f"{part}/", **RULES[part]})
    for part in profile.lifecycle.filters:
        made.append({"id": f"only-{part}", "prefix": f"filter/{part}/", "expiration_days": 7, **FILTERS[part]})
    return made


def tasks(profile: Profile, name: str) -> list[dict[str, Any]]:
    """The tasks of a play that uses every facet which the profile supports."""
    options: dict[str, Any] = {}
    for facet, option in OPTIONS.items():
        if has(profile, facet):
            options.update(option)
    if "aliases" in options:
        options["aliases"] = [f"{name}-chat"]  # names are shared by all buckets of a store
    made = [{"name": "bucket", "mediastore.s3.bucket": {"name": name, **options}}]
    if has(profile, "policy"):
        made.append({"name": "policy", "mediastore.s3.bucket_policy": {"name": name, "policy": public_read(name, "public/")}})
    if has(profile, "cors"):
        made.append({"name": "cors", "mediastore.s3.cors": {"name": name, "rules": CORS}})
    if has(profile, "lifecycle"):
        made.append({"name": "lifecycle", "mediastore.s3.lifecycle": {"name": name, "rules": rules(profile)}})
    return made
