# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that makes buckets, run as a user runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

SECRET = "a-secret-that-must-not-show"
BUCKETS = [
    {"name": "media", "versioning": True, "tags": {"service": "synapse"}, "preset": "private"},
    {"name": "avatars", "preset": "public_read", "prefix": "public/"},
    {"name": "team", "preset": "private", "principals": ["arn:aws:iam:::user/synapse"]},
    {"name": "old-media", "state": "absent"},
]


def provision(directory: Path, store: dict, buckets: list, *flags: str) -> tuple[int, str]:
    """Exit status and output of the playbook for one host that describes the buckets."""
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "mediastore_store": store,
        "mediastore_buckets": buckets,
    }
    inventory = directory / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"chat": host}}}))
    command = ["ansible-playbook", "-i", str(inventory), "mediastore.s3.provision", *flags]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=120, check=False)
    output = done.stdout + done.stderr
    assert SECRET not in output and "Traceback" not in output
    return done.returncode, output


def changed(output: str) -> int:
    return int(re.search(r"changed=(\d+)", output).group(1))


@pytest.fixture
def moto():
    with MotoS3() as store:
        store.secret_key = SECRET
        yield store


def test_check_predicts_the_run_and_the_second_run_changes_nothing(moto, tmp_path):
    status, output = provision(tmp_path, moto.connection, BUCKETS, "--check", "--diff")
    assert status == 0, output
    predicted = changed(output)
    assert moto.client().list_buckets()["Buckets"] == []

    status, output = provision(tmp_path, moto.connection, BUCKETS, "--diff", "-vvv")
    assert status == 0 and changed(output) == predicted == 2, output
    client = moto.client()
    assert sorted(bucket["Name"] for bucket in client.list_buckets()["Buckets"]) == ["avatars", "media", "team"]
    assert client.get_bucket_versioning(Bucket="media")["Status"] == "Enabled"
    policy = json.loads(client.get_bucket_policy(Bucket="avatars")["Policy"])
    assert policy["Statement"][0]["Resource"] == ["arn:aws:s3:::avatars/public/*"]

    status, output = provision(tmp_path, moto.connection, BUCKETS)
    assert status == 0 and changed(output) == 0, output


def test_a_store_of_objects_only_is_provisioned_and_refuses_the_rest(tmp_path):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", SECRET) as store:
        plain = [{"name": "media", "preset": "private"}]
        status, output = provision(tmp_path, store.connection, plain)
        assert status == 0 and changed(output) == 1, output
        status, output = provision(tmp_path, store.connection, plain)
        assert status == 0 and changed(output) == 0, output
        status, output = provision(tmp_path, store.connection, [{"name": "media", "tags": {"a": "b"}}])
        assert status == 2
        assert "rclone serve s3 has no bucket tags" in output
        assert (store.data / "media").is_dir()


@pytest.mark.parametrize(
    ("buckets", "words"),
    [
        ([{"name": "media"}, {"name": "media"}], "names a bucket twice"),
        ([{"name": "media", "policy": {"Statement": []}, "preset": "private"}], "gives both policy and preset for media"),
        ([{"name": "media", "versionning": True}], "versionning"),
        ([{"name": "media", "preset": "public"}], "public_read"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_made(moto, tmp_path, buckets, words):
    status, output = provision(tmp_path, moto.connection, buckets)
    assert status == 2
    assert words in output
    assert moto.requests == []
