# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module can rely on, in a module of two lines."""

from __future__ import annotations

import os

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._base import module as base
from ansible_collections.mediastore.s3.plugins.module_utils._base.argspec import ArgSpec
from ansible_collections.mediastore.s3.plugins.module_utils._base.module import HostModule, StoreModule
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import Incomplete
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_main

STORE = {"endpoint_url": "http://127.0.0.1:1", "access_key": "A", "secret_key": "the-secret"}


def run(kind, act, args, options=None):
    return run_main(lambda: kind(ArgSpec(options or {})).run(act), args)


def test_a_result_is_the_result():
    assert run(HostModule, lambda module: {"changed": True, "answer": 42}, {}) == {"changed": True, "answer": 42}


def test_what_was_said_is_told_from_a_default():
    options = {"said": {"type": "int", "default": 1}, "default": {"type": "int", "default": 1}, "nothing": {"type": "str"}}

    def act(module):
        return {name: module.asked(name) for name in options}

    asked = run(HostModule, act, {"said": 1, "nothing": None}, options)
    assert asked == {"said": True, "default": False, "nothing": False}


def test_an_error_of_ours_is_a_message_and_its_parts():
    def act(module):
        error = Incomplete("sync", said="2 files failed", remedy="Run again.")
        error.result = {"changed": True, "files": 3}
        raise error

    failed = run(HostModule, act, {})
    assert failed["msg"] == "Could not sync: 2 files failed. Run again."
    assert failed["error"] == {"tried": "sync", "said": "2 files failed", "remedy": "Run again.", "code": "Incomplete"}
    assert failed["changed"] and failed["files"] == 3


@pytest.mark.parametrize("kind", [HostModule, StoreModule])
def test_an_error_that_nobody_thought_of_is_one_line(kind):
    failed = run(kind, lambda module: {"x": 1 // 0}, STORE if kind is StoreModule else {})
    assert "ZeroDivisionError" in failed["msg"] and "Please report it" in failed["msg"]
    assert "test_module.py:" in failed["msg"] and "\n" not in failed["msg"]


def test_a_file_that_cannot_be_used_is_named():
    failed = run(HostModule, lambda module: {"size": os.stat("/nonexistent/file").st_size}, {})
    assert failed["msg"] == "Could not use /nonexistent/file: No such file or directory. Check the path and its permissions."


def test_an_error_of_boto_that_nobody_caught_is_explained():
    failed = run(StoreModule, lambda module: module.client.list_buckets(), {**STORE, "max_attempts": 1})
    assert failed["error"]["code"] == "EndpointConnectionError"


def test_nothing_is_made_before_it_is_needed(monkeypatch):
    monkeypatch.setattr(base.clients, "HAS_BOTO3", False)
    assert run(StoreModule, lambda module: {"where": module.connection.where}, STORE)["where"] == STORE["endpoint_url"]


def test_the_client_is_made_once():
    assert run(StoreModule, lambda module: {"same": module.client is module.client}, STORE)["same"]


def test_the_password_of_a_proxy_does_not_show():
    args = {**STORE, "proxy_url": "http://me:proxy-password@127.0.0.1:2"}
    result = run_main(lambda: StoreModule(ArgSpec({})).run(lambda module: {"repr": str(module.connection.proxy_url)}), args)
    assert "proxy-password" not in str(result)


@pytest.mark.parametrize(
    ("found", "respawned", "expected"), [(None, False, []), ("/opt/x/python", False, ["/opt/x/python"]), ("/opt/x", True, [])]
)
def test_without_boto3_the_environment_beside_is_tried_once(monkeypatch, found, respawned, expected):
    started = []
    monkeypatch.setattr(base.clients, "HAS_BOTO3", False)
    monkeypatch.setattr(base, "has_respawned", lambda: respawned)
    monkeypatch.setattr(base, "probe_interpreters_for_module", lambda paths, name: found)
    monkeypatch.setattr(base, "respawn_module", started.append)
    failed = run(StoreModule, lambda module: {"client": str(module.client)}, STORE)
    assert started == expected
    assert "boto3 is not installed" in failed["msg"] and "/opt/mediastore/venv" in failed["msg"]
