# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stores for the modules to talk to."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.naive import NaiveS3
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3


@pytest.fixture(scope="module")
def one_moto():
    with MotoS3() as store:
        store.secret_key = "a-secret-that-must-not-show"
        yield store


@pytest.fixture
def moto(one_moto):
    """A store that keeps every setting and counts requests."""
    one_moto.reset()
    return one_moto


@pytest.fixture
def moto_with_keys(tmp_path):
    """The same over TLS, checking keys and signatures."""
    with MotoS3(tmp_path, tls=True, auth=True) as store:
        yield store


@pytest.fixture
def rclone(tmp_path):
    """A store that knows objects and nothing else, over TLS, checking signatures."""
    with RcloneS3(tmp_path / "store", "ACCESSKEY", "a-secret-that-must-not-show") as store:
        yield store


@pytest.fixture
def naive():
    """A store that takes every sub-resource for the bucket."""
    with NaiveS3() as store:
        yield store
