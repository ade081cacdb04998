# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused before anything is sent."""

from __future__ import annotations

import json

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, Unsupported
from ansible_collections.mediastore.s3.plugins.module_utils._store.capabilities import capabilities_of, with_capabilities
from ansible_collections.mediastore.s3.plugins.module_utils._store.facets import POLICY, VERSIONING
from ansible_collections.mediastore.s3.plugins.module_utils._store.guard import ADMINISTERED, OPERATIONS
from ansible_collections.mediastore.s3.plugins.module_utils._store.lifecycle import lifecycle_facet
from ansible_collections.mediastore.s3.plugins.module_utils._store.profile import Facets
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import PROFILES
from ansible_collections.mediastore.s3.plugins.modules.bucket_info import FACETS

ALL = [*FACETS.values(), lifecycle_facet(PROFILES["generic"])]


def test_the_guard_knows_every_facet():
    assert {*OPERATIONS, *ADMINISTERED} == set(vars(Facets()))
    assert {facet.name for facet in ALL} == set(vars(Facets()))


def test_a_refusal_names_the_provider_and_the_alternative():
    with pytest.raises(Unsupported) as caught:
        POLICY.require(PROFILES["b2"], {}, "set a policy")
    assert "Backblaze B2 has no bucket policy" in str(caught.value)
    assert "application keys" in caught.value.remedy


def test_what_is_always_on_may_be_asked_for_and_not_refused():
    VERSIONING.require(PROFILES["b2"], True, "set up")
    with pytest.raises(Unsupported, match="always on"):
        VERSIONING.require(PROFILES["b2"], False, "set up")


@pytest.mark.parametrize("facet", ALL, ids=[facet.name for facet in ALL])
def test_an_unknown_store_may_be_asked_for_everything_in_s3(facet):
    if facet.administered:
        with pytest.raises(Unsupported):
            facet.require(PROFILES["generic"], None, "look")
    else:
        facet.require(PROFILES["generic"], None, "look")


@pytest.mark.parametrize(
    ("provider", "wish", "words"),
    [
        ("minio", {"storage_class": "GLACIER"}, "no storage class GLACIER"),
        ("garage", {"acl": "public-read"}, "does not take the ACL"),
        ("rclone", {"sse": "SSE-C"}, "cannot encrypt with SSE-C"),
        ("b2", {"sse": "aws:kms"}, "cannot encrypt with aws:kms"),
    ],
)
def test_uploads_that_the_provider_cannot_keep(provider, wish, words):
    with pytest.raises(Unsupported, match=words):
        PROFILES[provider].check_upload("put objects", **wish)


@pytest.mark.parametrize(
    ("provider", "wish"),
    [("generic", {"storage_class": "ANYTHING", "acl": "private", "sse": "SSE-C"}), ("rclone", {}), ("garage", {"sse": "SSE-C"})],
)
def test_uploads_that_it_can(provider, wish):
    PROFILES[provider].check_upload("put objects", **wish)


@pytest.mark.parametrize("provider", PROFILES)
def test_capabilities_are_plain_data_that_makes_the_same_profile(provider):
    profile = PROFILES[provider]
    said = json.loads(json.dumps(capabilities_of(profile)))
    assert with_capabilities(profile, said) == profile


def test_capabilities_change_what_they_name_and_nothing_else():
    ceph = with_capabilities(PROFILES["ceph"], {"facets": {"encryption": "store"}, "storage_classes": ["STANDARD", "COLD"]})
    assert (ceph.facets.encryption, ceph.facets.policy) == ("store", "enforce")
    assert ceph.storage_classes == ("STANDARD", "COLD")
    assert ceph.lifecycle == PROFILES["ceph"].lifecycle


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"facet": {}}, "there is no facet among them"),
        ({"facets": {"colour": "store"}}, "facets has no colour"),
        ({"facets": {"cors": "yes"}}, "facets.cors is 'yes'"),
        ({"public_read": "everybody"}, "public_read is 'everybody'"),
        ({"multipart_etag": "sha1"}, "multipart_etag is 'sha1'"),
        ({"lifecycle": {"dialect": "r2"}}, "lifecycle.dialect is 'r2'"),
        ({"lifecycle": {"rules": 1}}, "lifecycle has no rules"),
        ({"facets": "all"}, "type dict"),
        ({"max_parts": "many"}, "type int"),
        ({"list_sorted": 1}, "type bool"),
        ({"sse": "AES256"}, "type list"),
        ({"endpoint": "https://x"}, "there is no endpoint among them"),
    ],
)
def test_capabilities_that_cannot_be_meant(said, words):
    with pytest.raises(BadInput, match=words):
        with_capabilities(PROFILES["generic"], said)
