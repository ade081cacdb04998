# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured of a store is what its profile says, in both directions, and is a profile that the other modules accept."""

from __future__ import annotations

import secrets

import pytest

from ansible_collections.mediastore.s3.tests.interop.applies import only
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

#: Moto stands for Amazon S3: it keeps what it is told, but acts on little of it.
MOTO_LACKS = {
    *("facets.policy", "facets.public_access_block", "facets.cors", "public_read", "presign_max_s", "multipart_etag"),
    *("sse", "storage_classes", "object_acls", "bucket_acls", "location_constraint", "conditional_put"),
}


@pytest.fixture(scope="module")
def probed(store):
    """The store as it was measured, once for all tests here."""
    return run_module("probe", store.connection)


def test_the_profile_is_what_the_server_does(store, probed):
    assert not probed.get("failed"), probed
    wrong = {difference["fact"]: difference for difference in probed["differs"]}
    if store.name == "moto":
        assert set(wrong) <= MOTO_LACKS, wrong
    else:
        assert wrong == {}


def test_nothing_is_left_behind(store, probed):
    assert probed["removed"] is True and probed["leftovers"] == [] and not probed["changed"]
    names = [found["name"] for found in run_module("bucket_info", store.connection)["buckets"]]
    assert probed["scratch_bucket"] not in names


def test_what_was_measured_is_a_profile_that_the_other_modules_accept(store, probed):
    stranger = {**store.connection, "provider": "generic", "capabilities": probed["capabilities"]}
    name = f"media-{secrets.token_hex(4)}"
    options = {"tags": {"a": "b"}} if probed["capabilities"]["facets"]["tagging"] != "none" else {}
    assert run_module("bucket", {**stranger, "name": name, **options})["changed"]
    assert not run_module("bucket", {**stranger, "name": name, **options})["changed"]
    if not options:
        assert run_module("bucket", {**stranger, "name": name, "tags": {"a": "b"}})["error"]["code"] == "Unsupported"
    assert run_module("bucket", {**stranger, "name": name, "state": "absent"})["changed"]


@only("ceph", "rclone")
@pytest.mark.parametrize("provider", ["aws", "b2"])
def test_a_wrong_profile_is_found_out(store, provider):
    """The comparison can fail: of Ceph's and rclone's servers these profiles are not true."""
    differs = run_module("probe", {**store.connection, "region": "us-east-1", "provider": provider})["differs"]
    assert [difference["fact"] for difference in differs if difference["kind"] == "less"]
