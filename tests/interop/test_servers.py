# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each store does what nothing else could be tested without: buckets come and go, objects are kept, keys and TLS are real."""

from __future__ import annotations

import dataclasses
import secrets

import pytest
from botocore.exceptions import ClientError, SSLError

from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for
from ansible_collections.mediastore.s3.tests.interop.applies import where
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

# More than one part for whoever splits, and not the same piece twice.
CONTENT = secrets.token_bytes(9 * 1024 * 1024)


@pytest.fixture
def name():
    """A bucket that no other test uses."""
    return f"media-{secrets.token_hex(4)}"


def bucket(store, name, **options):
    return run_module("bucket", {**store.connection, "name": name, **options})


def client_for(store, **changes):
    connection = dataclasses.replace(Connection.from_params(store.connection), **changes)
    return make_client(connection, profile_for(connection))


def test_every_test_here_is_about_some_store(idle_tests):
    assert not idle_tests, "tests that are never run, whatever STORES says"


def test_bucket_comes_keeps_objects_and_goes(store, name):
    assert bucket(store, name) == {"changed": True, "bucket": {"name": name, "state": "present"}}
    assert bucket(store, name) == {"changed": False, "bucket": {"name": name, "state": "present"}}

    client = client_for(store)
    client.put_object(Bucket=name, Key="a/b c/ü.bin", Body=CONTENT)
    assert client.get_object(Bucket=name, Key="a/b c/ü.bin")["Body"].read() == CONTENT
    assert [found["Key"] for found in client.list_objects_v2(Bucket=name)["Contents"]] == ["a/b c/ü.bin"]

    client.delete_object(Bucket=name, Key="a/b c/ü.bin")
    assert bucket(store, name, state="absent")["changed"]
    assert not bucket(store, name, state="absent")["changed"]


def test_certificate_is_checked(store):
    with pytest.raises(SSLError):
        client_for(store, ca_path=None, max_attempts=1).list_buckets()


@where(lambda name: name != "moto")  # it checks signatures only in a mode in which nothing can be public
def test_signature_is_checked(store, name):
    bucket(store, name)
    forger = client_for(store, secret_key=secrets.token_hex(20))
    with pytest.raises(ClientError):
        forger.list_objects_v2(Bucket=name)
    bucket(store, name, state="absent")
