# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a measured store and a profile disagree."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._store.capabilities import capabilities_of
from ansible_collections.mediastore.s3.plugins.module_utils._store.probing.disagreements import disagreements
from ansible_collections.mediastore.s3.plugins.module_utils._store.profile import Facets, Lifecycle, Profile

KNOWN = Profile(
    name="known",
    title="Known",
    source=(),
    facets=Facets(policy="enforce", tagging="store", lifecycle="enforce", versioning="always", website="ask", cors="none"),
    lifecycle=Lifecycle(("expiration_days", "transitions"), ("prefix",), unsure=("tags",)),
    public_read="policy",
    sse=("AES256",),
    checks=("md5",),
    object_acls=("public-read", "public-read-write"),
    conditional_put=True,
)


def found(unmeasured=(), **changes):
    measured = copy.deepcopy(capabilities_of(KNOWN))
    for name, value in changes.items():
        if isinstance(value, dict):
            measured[name].update(value)
        else:
            measured[name] = value
    return [(entry["fact"], entry["kind"]) for entry in disagreements(KNOWN, measured, unmeasured)]


def test_a_profile_agrees_with_itself():
    assert found() == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"facets": {"tagging": "none"}}, ("facets.tagging", "less")),
        ({"facets": {"cors": "store"}}, ("facets.cors", "more")),
        ({"facets": {"policy": "store"}}, ("facets.policy", "less")),
        ({"facets": {"versioning": "none"}}, ("facets.versioning", "less")),
        ({"lifecycle": {"actions": ["expiration_days"]}}, ("lifecycle.transitions", "less")),
        ({"lifecycle": {"filters": ["prefix", "object_size"]}}, ("lifecycle.object_size", "more")),
        ({"lifecycle": {"keeps_ids": False}}, ("lifecycle.keeps_ids", "less")),
        ({"conditional_put": False}, ("conditional_put", "less")),
        ({"object_tagging": True}, ("object_tagging", "more")),
        ({"sse": []}, ("sse", "less")),
        ({"sse": ["AES256", "SSE-C"]}, ("sse", "more")),
        ({"key_segment_max_bytes": 255}, ("key_segment_max_bytes", "less")),
        ({"key_max_bytes": 900}, ("key_max_bytes", "less")),
        ({"presign_max_s": None}, ("presign_max_s", "more")),
        ({"multipart_etag": "opaque"}, ("multipart_etag", "less")),
        ({"checks": []}, ("checks", "less")),
        ({"checks": ["md5", "sha256"]}, ("checks", "more")),
        ({"location_constraint": "region"}, ("location_constraint", "less")),
        ({"public_read": "none"}, ("public_read", "less")),
        ({"list_sorted": False}, ("list_sorted", "less")),
    ],
)
def test_less_is_what_modules_would_be_wrong_about(change, expected):
    assert found(**change) == [expected]


@pytest.mark.parametrize(
    "change",
    [
        {"facets": {"website": "none"}},
        {"facets": {"tagging": "ask"}},
        # That a store acts on a lifecycle rule cannot be seen in a minute.
        {"facets": {"lifecycle": "store"}},
        {"facets": {"versioning": "enforce"}},
        {"lifecycle": {"filters": ["prefix", "tags"]}},
        {"lifecycle": {"actions": ["expiration_days"], "unsure": ["transitions"]}},
        {"object_acls": ["private", "public-read"]},
        {"storage_classes": None},
    ],
)
def test_what_either_is_unsure_about_is_no_disagreement(change):
    assert found(**change) == []


def test_what_was_not_measured_is_no_disagreement():
    assert found(unmeasured=["sse"], sse=[]) == []
    assert found(unmeasured=["facets.tagging"], facets={"tagging": "none"}) == []
