# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stranger knocks where the store is, and brings nothing along."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for
from ansible_collections.mediastore.s3.plugins.module_utils._store.scratch import key_outside, scratch_key, stem_of
from ansible_collections.mediastore.s3.plugins.module_utils._store.stranger import below, bucket_address, object_address

KEYS = {"access_key": "A-KEY", "secret_key": "the-secret", "session_token": "a-token"}
OWN = {"provider": "ceph", "endpoint_url": "https://s3.example.org:8443"}


@pytest.mark.parametrize(
    ("said", "bucket", "start"),
    [
        (OWN, "media", "https://s3.example.org:8443/media"),
        ({**OWN, "addressing_style": "virtual"}, "media", "https://media.s3.example.org:8443"),
        ({**OWN, "addressing_style": "path"}, "media.example.org", "https://s3.example.org:8443/media.example.org"),
        ({"provider": "b2", "region": "eu-central-003"}, "media", "https://s3.eu-central-003.backblazeb2.com/media"),
        ({"provider": "aws", "region": "eu-west-1"}, "media", "https://media.s3.eu-west-1.amazonaws.com"),
        # no certificate covers a dot, so botocore takes the path here
        ({"provider": "aws", "region": "eu-west-1"}, "a.b", "https://s3.eu-west-1.amazonaws.com/a.b"),
    ],
)
def test_addresses_follow_the_client_and_carry_no_key(said, bucket, start):
    connection = Connection.from_params({**KEYS, **said})
    client = make_client(connection, profile_for(connection))
    assert bucket_address(client, bucket).rstrip("/") == start
    assert object_address(client, bucket, "a b/ü+%.png") == f"{start}/a%20b/%C3%BC%2B%25.png"


def test_addresses_need_no_key(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    connection = Connection.from_params(OWN)
    assert bucket_address(make_client(connection, profile_for(connection)), "media") == "https://s3.example.org:8443/media"


@pytest.mark.parametrize("url", ["https://cdn.example.org/media", "https://cdn.example.org/media/"])
def test_a_key_below_a_public_url(url):
    assert below(url, "a b/ü+%.png") == "https://cdn.example.org/media/a%20b/%C3%BC%2B%25.png"
    assert below(url, "") == "https://cdn.example.org/media/"


@pytest.mark.parametrize("prefix", ["", "a/", "m", "mediastore-access-", "x"])
def test_names_of_scratch_objects(prefix):
    key = scratch_key(prefix)
    assert key.startswith(prefix) and key != scratch_key(prefix)
    assert stem_of(key) == f"{prefix}mediastore-access-"
    if prefix:
        assert not key_outside(prefix).startswith(prefix)
