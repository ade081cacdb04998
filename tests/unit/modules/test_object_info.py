# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object_info module against a store that runs. The scenario of mounts asks MinIO for encrypted objects."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module


@pytest.fixture
def media(moto):
    moto.client().create_bucket(Bucket="media")
    moto.client().put_object(
        Bucket="media", Key="a/b.jpg", Body=b"photo", StorageClass="STANDARD_IA", ContentType="image/jpeg", Metadata={"by": "us"}
    )
    moto.requests.clear()
    return moto


def look(store, check=False, **options):
    return run_module("object_info", {**store.connection, "bucket": "media", **options}, check=check)


@pytest.mark.parametrize("check", [False, True])
def test_what_the_store_says_of_an_object(media, check):
    assert look(media, check, key="a/b.jpg") == {
        "changed": False,
        "exists": True,
        "readable": True,
        "said": "",
        "size": 5,
        "storage_class": "STANDARD_IA",
        "etag": "5ae0c1c8a5260bc7b6648f6fbd115c35",
        "content_type": "image/jpeg",
        "metadata": {"by": "us"},
    }
    assert media.requests == ["HEAD /media/a/b.jpg"]


def test_one_that_says_no_class_is_standard(media):
    media.client().put_object(Bucket="media", Key="plain", Body=b"")
    assert look(media, key="plain")["storage_class"] == "STANDARD"


def test_one_that_is_not_there(media):
    found = look(media, key="missing")
    assert (found["exists"], found["readable"], found["said"]) == (False, False, "there is no such object")


def test_a_key_that_would_be_seen_by_everybody_on_the_way_is_not_sent(media):
    failed = look(media, key="a/b.jpg", sse_customer_key="MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    assert "would go over plain HTTP" in failed["msg"] and media.requests == []
