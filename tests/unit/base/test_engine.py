# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine is chosen, what the result says about it, and when the module starts again to have it."""

from __future__ import annotations

import sys

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._base import engine
from ansible_collections.mediastore.s3.plugins.module_utils._base import module as base
from ansible_collections.mediastore.s3.plugins.module_utils._store import obstore_client
from ansible_collections.mediastore.s3.tests.servers.troubled import TroubledS3
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

ABSENT = f"the Python library obstore is not installed for {sys.executable}"


@pytest.fixture
def store(tmp_path):
    with TroubledS3(tmp_path / "store") as server:
        (tmp_path / "media").mkdir()
        (tmp_path / "media" / "a").write_bytes(b"1")
        yield server


@pytest.fixture
def starts(monkeypatch):
    """The interpreters that a module was started again with; the environment beside has both libraries."""
    started = []
    monkeypatch.setattr(base, "has_respawned", lambda: False)
    monkeypatch.setattr(base, "probe_interpreters_for_module", lambda paths, name: paths[0])
    monkeypatch.setattr(base, "respawn_module", started.append)
    return started


def run(store, tmp_path, name="sync", check=False, **options):
    return run_module(name, {**store.connection, "path": str(tmp_path / "media"), "bucket": "media", **options}, check=check)


@pytest.mark.parametrize(
    ("asked", "chosen", "reason"),
    [("auto", "obstore", engine.FASTER), ("obstore", "obstore", engine.ASKED), ("boto3", "boto3", engine.ASKED)],
)
def test_the_result_says_which_and_why(store, tmp_path, starts, asked, chosen, reason):
    done = run(store, tmp_path, engine=asked)
    assert (done["complete"], done["engine"], done["engine_reason"]) == (True, chosen, reason)
    found = run(store, tmp_path, "verify", engine=asked, read_back="all")
    assert (found["verified"], found["engine"], found["engine_reason"]) == (True, chosen, reason)
    assert starts == []


def test_without_obstore_it_is_boto3_after_a_look_beside(store, tmp_path, starts, monkeypatch):
    monkeypatch.setattr(obstore_client, "VERSION", "")
    done = run(store, tmp_path)
    assert (done["complete"], done["engine"], done["engine_reason"]) == (True, "boto3", ABSENT)
    assert starts == ["/opt/mediastore/venv/bin/python"]


@pytest.mark.parametrize(("name", "options"), [("sync", {"check": True}), ("sync", {"against": "journal"}), ("verify", {})])
def test_where_little_is_moved_nothing_is_started_for_it(store, tmp_path, starts, monkeypatch, name, options):
    options = {"journal": str(tmp_path / "journal"), **options}
    run(store, tmp_path, journal=options["journal"])
    monkeypatch.setattr(obstore_client, "VERSION", "")
    assert run(store, tmp_path, name, **options)["engine"] == "boto3"
    assert starts == []


def test_an_environment_that_lacks_one_of_the_two_is_of_no_use(store, tmp_path, starts, monkeypatch):
    monkeypatch.setattr(obstore_client, "VERSION", "")
    monkeypatch.setattr(base, "probe_interpreters_for_module", lambda paths, name: paths[0] if name == "obstore" else None)
    assert run(store, tmp_path)["complete"]
    assert starts == []


def test_asked_for_and_missing_is_one_clear_error(store, tmp_path, starts, monkeypatch):
    monkeypatch.setattr(obstore_client, "VERSION", "")
    monkeypatch.setattr(base, "has_respawned", lambda: True)
    failed = run(store, tmp_path, engine="obstore")
    assert failed["failed"] and f"engine is obstore, and {ABSENT}. Make a virtual environment with obstore" in failed["msg"]
    assert failed["error"]["code"] == "ObstoreMissing"
    assert store.requests == [] and starts == []


def test_one_that_is_too_old(store, tmp_path, starts, monkeypatch):
    monkeypatch.setattr(obstore_client, "VERSION", "0.8.2")
    monkeypatch.setattr(base, "has_respawned", lambda: True)
    assert "obstore 0.8.2 is older than 0.11" in run(store, tmp_path, engine="obstore")["msg"]
    assert run(store, tmp_path)["engine_reason"] == "obstore 0.8.2 is older than 0.11"


def test_what_obstore_cannot_store_boto3_stores(store, tmp_path):
    said = "obstore cannot store metadata that is called Cache-Control"
    failed = run(store, tmp_path, engine="obstore", metadata={"Cache-Control": "x"})
    assert failed["failed"] and said in failed["msg"]
    done = run(store, tmp_path, metadata={"Cache-Control": "x"})
    assert (done["complete"], done["engine"], done["engine_reason"]) == (True, "boto3", said)
    assert store.requests[-1].headers["x-amz-meta-cache-control"] == "x"
