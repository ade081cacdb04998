# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sizes of a cache are proposed by what each store itself lists."""

from __future__ import annotations

from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

MIB = 1024 * 1024


def test_the_histogram_is_the_stores_own(store):
    client = make_client(Connection.from_params(store.connection), store.profile)
    client.create_bucket(Bucket="advised")
    for number in range(1003):
        client.put_object(Bucket="advised", Key=f"small/{number}", Body=b"x")
    client.put_object(Bucket="advised", Key="large", Body=b"x" * (11 * MIB))
    said = run_module("cache_advice", {**store.connection, "bucket": "advised"})
    assert (said["objects"], said["bytes"], said["entries"]) == (1004, 1003 + 11 * MIB, 1003 + 3), said
    assert [(one["up_to"], one["objects"]) for one in said["histogram"]] == [(16384, 1003), (16 * MIB, 1)]
    assert said["recent"]["objects"] == 1004 and said["sizes"]["s3_cache_inactive_time"] == "1y"
