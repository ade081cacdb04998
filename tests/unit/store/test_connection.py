# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user says about a store, and what a provider's profile adds."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.profile import LIFECYCLE_ACTIONS, LIFECYCLE_FILTERS
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import NAMES, PROFILES, profile_for

SECRETS = {
    "access_key": "AKEY",
    "secret_key": "s3cr3t-one",
    "session_token": "s3cr3t-two",
    "admin_token": "s3cr3t-four",
    "proxy_url": "http://me:s3cr3t-three@proxy:3128",
}


def test_the_provider_follows_from_the_endpoint():
    assert Connection.from_params({}).provider == "aws"
    assert Connection.from_params({"endpoint_url": "https://s3.example.org"}).provider == "generic"
    assert Connection.from_params({"endpoint_url": "https://s3.example.org", "provider": "ceph"}).provider == "ceph"


def test_an_empty_string_is_not_said():
    assert Connection.from_params({"endpoint_url": "", "region": "", "access_key": "", "secret_key": ""}) == Connection("aws")


def test_no_secret_shows():
    connection = Connection.from_params({"endpoint_url": "https://s3.example.org", **SECRETS})
    for text in (repr(connection), connection.describe(), connection.where):
        assert "s3cr3t" not in text
    assert connection.proxy_password == "s3cr3t-three"


def test_one_key_without_the_other_is_refused():
    with pytest.raises(BadInput, match="secret_key is set and access_key is empty"):
        Connection.from_params({"secret_key": "s3cr3t-one"})


@pytest.mark.parametrize(
    ("provider", "region", "endpoint", "style"),
    [
        ("aws", None, None, "auto"),
        ("garage", "garage", "https://s3.example.org", "path"),
        ("generic", "us-east-1", "https://s3.example.org", "path"),
    ],
)
def test_the_profile_completes_what_was_not_said(provider, region, endpoint, style):
    said = Connection(provider, endpoint_url=endpoint)
    done = profile_for(said).complete(said)
    assert (done.region, done.endpoint_url, done.addressing_style) == (region, endpoint, style)


def test_the_endpoint_may_follow_from_the_region():
    said = Connection("b2", region="eu-central-003")
    assert profile_for(said).complete(said).endpoint_url == "https://s3.eu-central-003.backblazeb2.com"


def test_what_was_said_stays():
    said = Connection("garage", endpoint_url="https://s3.example.org", region="mars", addressing_style="virtual")
    assert profile_for(said).complete(said) == said


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_has_evidence_and_known_words(name):
    profile = PROFILES[name]
    assert profile.source and all(profile.source)
    assert set(vars(profile.facets).values()) <= {"none", "ask", "store", "enforce", "always"}
    assert profile.multipart_etag in ("s3", "md5", "opaque")
    assert set(profile.lifecycle.actions) | set(profile.lifecycle.unsure) <= {*LIFECYCLE_ACTIONS, *LIFECYCLE_FILTERS}
    assert profile.public_read in ("policy", "bucket_acl", "website", "none")
    may_lack = {facet for facet, support in vars(profile.facets).items() if support in ("none", "ask", "always")}
    others = {"acl", "sse", "storage_class", "public_read", *LIFECYCLE_ACTIONS, *LIFECYCLE_FILTERS}
    assert set(profile.instead) <= may_lack | others
