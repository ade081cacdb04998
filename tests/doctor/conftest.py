# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers for the faults: a Ceph for each worker, and in front of it an nginx for each test."""

from __future__ import annotations

import secrets

import pytest

from ansible_collections.mediastore.s3.tests.doctor.site import Bucket, Site
from ansible_collections.mediastore.s3.tests.servers.ceph import CephS3
from ansible_collections.mediastore.s3.tests.servers.garage import GarageS3
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3
from ansible_collections.mediastore.s3.tests.servers.versitygw import VersityS3


@pytest.fixture(scope="session")
def ceph(tmp_path_factory):
    with CephS3(tmp_path_factory.mktemp("ceph")) as server:
        yield server


@pytest.fixture(scope="session")
def garage(tmp_path_factory):
    with GarageS3(tmp_path_factory.mktemp("garage")) as server:
        yield server


@pytest.fixture(scope="session")
def versitygw(tmp_path_factory):
    with VersityS3(tmp_path_factory.mktemp("versitygw")) as server:
        yield server


@pytest.fixture
def rclone(tmp_path):
    """A store that can be stopped, and that speaks plain HTTP."""
    with RcloneS3(tmp_path / "rclone", "ACCESSKEY", secrets.token_hex(20), tls=False) as server:
        yield server


@pytest.fixture
def site(ceph, tmp_path):
    site = Site(ceph, tmp_path)
    with site.nginx:
        yield site
    site.close()


@pytest.fixture
def private(ceph):
    """A bucket that is nobody's business, with a medium in it."""
    bucket = Bucket(ceph)
    bucket.put("local_content/ab/cd/ef.png", b"private")
    yield bucket
    bucket.close()
