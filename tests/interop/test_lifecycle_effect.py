# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documented rules do what they say, on a Ceph whose days are two seconds long."""

from __future__ import annotations

import time

import pytest
import yaml

from ansible_collections.mediastore.s3.plugins.modules import lifecycle
from ansible_collections.mediastore.s3.tests.interop.stores import selected
from ansible_collections.mediastore.s3.tests.servers.ceph import CephS3
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

DAY_S = 2
PATIENCE_S = 60

KEEP_LAST, EXPORTS, _none = (task["mediastore.s3.lifecycle"].get("rules") for task in yaml.safe_load(lifecycle.EXAMPLES))


def everything(client):
    """What is in the bucket: current keys, other versions and markers, unfinished uploads."""
    versions = client.list_object_versions(Bucket="media")
    current = sorted(found["Key"] for found in versions.get("Versions", []) if found["IsLatest"])
    old = [found["Key"] for found in versions.get("Versions", []) if not found["IsLatest"]]
    markers = [found["Key"] for found in versions.get("DeleteMarkers", [])]
    uploads = [found["Key"] for found in client.list_multipart_uploads(Bucket="media").get("Uploads", [])]
    return current, sorted(old + markers), uploads


# only where Ceph is among the stores: elsewhere there is nothing to run, and a test that is skipped is a failure
if "ceph" in selected():

    @pytest.mark.parametrize("rules", [[*KEEP_LAST, *EXPORTS]], ids=["ceph"])
    def test_old_versions_and_exports_and_broken_uploads_go_and_the_rest_stays(rules, tmp_path):
        with CephS3(tmp_path, lc_debug=DAY_S) as store:
            here = {**store.connection, "name": "media"}
            run_module("bucket", {**here, "versioning": True})
            client = store.client()
            for body in (b"one", b"two", b"three"):
                client.put_object(Bucket="media", Key="photo", Body=body)
            client.put_object(Bucket="media", Key="deleted", Body=b"x")
            client.delete_object(Bucket="media", Key="deleted")
            client.put_object(Bucket="media", Key="exports/all.zip", Body=b"x")
            client.create_multipart_upload(Bucket="media", Key="half")
            assert everything(client)[1:] == (["deleted", "deleted", "photo", "photo"], ["half"])

            assert run_module("lifecycle", {**here, "rules": rules})["changed"]
            deadline = time.monotonic() + PATIENCE_S
            while everything(client) != (["photo"], [], []):
                assert time.monotonic() < deadline, everything(client)
                time.sleep(0.5)
            assert client.get_object(Bucket="media", Key="photo")["Body"].read() == b"three"
