# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every facet that a store has, in a playbook and three times: predicted, done, and nothing left to do."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from botocore.httpsession import URLLib3Session

from ansible_collections.mediastore.s3.plugins.module_utils._store.garage import GarageAdmin
from ansible_collections.mediastore.s3.plugins.module_utils._store.profile import Facets
from ansible_collections.mediastore.s3.tests.interop.applies import where
from ansible_collections.mediastore.s3.tests.interop.facets import CORS, FILTERS, OPTIONS, RULES, has, tasks
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module


def connection(store):
    """The options of a module, with those for the store's administration if it has one."""
    return {**store.connection, **store.administration}


@pytest.fixture
def name(store):
    """A bucket that no other test uses, and that is gone afterwards."""
    name = f"media-{secrets.token_hex(4)}"
    yield name
    sure = {"name": name, "state": "absent", "force": True, "force_confirm": name}
    assert not run_module("bucket", {**connection(store), **sure}).get("failed")


@pytest.fixture
def requests(monkeypatch):
    """What is sent, to S3 and to administration interfaces."""
    sent: list[str] = []
    send, call = URLLib3Session.send, GarageAdmin._call

    def counting_send(self, request):
        sent.append(f"{request.method} {request.url}")
        return send(self, request)

    def counting_call(self, name, *arguments, **options):
        sent.append(name)
        return call(self, name, *arguments, **options)

    monkeypatch.setattr(URLLib3Session, "send", counting_send)
    monkeypatch.setattr(GarageAdmin, "_call", counting_call)
    return sent


def play(directory: Path, store, steps: list[dict], *flags: str) -> list[dict]:
    """The results of the tasks, as Ansible has them."""
    book = directory / "play.yml"
    book.write_text(
        yaml.safe_dump(
            [
                {
                    "hosts": "localhost",
                    "connection": "local",
                    "gather_facts": False,
                    "vars": {"ansible_python_interpreter": sys.executable},
                    "module_defaults": {"group/mediastore.s3.store": connection(store)},
                    "tasks": steps,
                }
            ]
        )
    )
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
    }
    command = ["ansible-playbook", "-i", "localhost,", str(book), *flags]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert store.connection["secret_key"] not in done.stdout + done.stderr
    return [task["hosts"]["localhost"] for task in json.loads(done.stdout)["plays"][0]["tasks"]]


def told(results: list[dict]) -> list[dict]:
    """What a task says about the bucket."""
    return [{part: result.get(part) for part in ("changed", "bucket", "diff")} for result in results]


def test_predicted_then_done_then_nothing_left_to_do(store, name, tmp_path):
    steps = tasks(store.profile, name)
    predicted = play(tmp_path, store, steps, "--check", "--diff")
    assert name not in [found["name"] for found in run_module("bucket_info", connection(store))["buckets"]]
    done = play(tmp_path, store, steps, "--diff")
    for foreseen, seen in zip(told(predicted), told(done)):
        assert foreseen == seen
    assert [result["changed"] for result in done] == [True] * len(steps)
    again = play(tmp_path, store, steps, "--diff")
    assert [result["changed"] for result in again] == [False] * len(steps)
    assert [result["bucket"] for result in again] == [result["bucket"] for result in done]


def test_an_unchanged_bucket_costs_one_request_and_one_for_each_facet(store, name, requests):
    for step in tasks(store.profile, name):
        module, arguments = next((key, value) for key, value in step.items() if key != "name")
        module, arguments = module.rpartition(".")[2], {**connection(store), **arguments}
        assert run_module(module, arguments)["changed"]
        requests.clear()
        assert not run_module(module, arguments)["changed"]
        facets = [facet for facet, option in OPTIONS.items() if set(option) & set(arguments)]
        assert len(requests) <= (1 + len(facets) if module == "bucket" else 1), requests


def test_what_was_set_is_what_bucket_info_shows(store, name):
    set_up: dict = {}
    for step in tasks(store.profile, name):
        module, arguments = next((key, value) for key, value in step.items() if key != "name")
        set_up.update(run_module(module.rpartition(".")[2], {**connection(store), **arguments})["bucket"])
    del set_up["state"]
    found = run_module("bucket_info", {**connection(store), "name": name, "gather": [key for key in set_up if key != "name"]})
    assert found["buckets"] == [set_up]


def test_everything_is_taken_away_again(store, name):
    known = store.profile
    for step in tasks(known, name):
        module, arguments = next((key, value) for key, value in step.items() if key != "name")
        run_module(module.rpartition(".")[2], {**connection(store), **arguments})
    here = {**connection(store), "name": name}
    for module, facet in (("bucket_policy", "policy"), ("cors", "cors"), ("lifecycle", "lifecycle")):
        assert run_module(module, {**here, "state": "absent"})["changed"] == has(known, facet)
        assert not run_module(module, {**here, "state": "absent"})["changed"]
    nothing = {
        "tagging": {"tags": {}},
        "website": {"website": {"enabled": False}},
        "quota": {"quota": {"max_size": 0, "max_objects": 0}},
        "aliases": {"aliases": []},
    }
    for facet, option in nothing.items():
        if has(known, facet):
            assert run_module("bucket", {**here, **option})["changed"]
            assert not run_module("bucket", {**here, **option})["changed"]


@where(lambda profile, facet: getattr(profile.facets, facet) == "none")
@pytest.mark.parametrize("facet", vars(Facets()))
def test_what_the_store_lacks_is_refused_before_the_first_request(store, requests, facet):
    known = store.profile
    if facet in OPTIONS:
        failed = run_module("bucket", {**connection(store), "name": "media", **OPTIONS[facet]})
    else:
        asked = {
            "policy": (
                "bucket_policy",
                {"policy": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}},
            ),
            "cors": ("cors", {"rules": CORS}),
            "lifecycle": ("lifecycle", {"rules": [RULES["expiration_days"]]}),
        }
        module, arguments = asked[facet]
        failed = run_module(module, {**connection(store), "name": "media", **arguments})
    assert failed["error"]["code"] == "Unsupported", failed
    assert failed["error"]["remedy"] == known.instead[facet]
    assert requests == []


@where(lambda profile, facet: getattr(profile.facets, facet) == "ask")
@pytest.mark.parametrize("facet", OPTIONS)
def test_what_depends_on_the_server_is_done_or_refused_and_costs_no_bucket(store, name, facet):
    here = {**connection(store), "name": name}
    run_module("bucket", here)
    done = run_module("bucket", {**here, **OPTIONS[facet]})
    if done.get("failed"):
        assert done["error"]["said"] and done["error"]["remedy"]
    else:
        assert not run_module("bucket", {**here, **OPTIONS[facet]})["changed"]
    assert not run_module("bucket", here)["changed"]


@where(lambda profile: profile.facets.lifecycle != "none")
@pytest.mark.parametrize("part", [*RULES, *FILTERS])
def test_a_part_of_a_lifecycle_rule_is_kept_or_refused_but_never_dropped(store, name, part):
    """Of a store of which nothing is known, every part is asked for; the answer must be what the profile says."""
    known = store.profile
    rule = (
        {"id": "only", "prefix": "filter/", "expiration_days": 7, **FILTERS[part]}
        if part in FILTERS
        else {"id": "only", **RULES[part]}
    )
    here = {**connection(store), "name": name}
    run_module("bucket", here)
    unknown = {**here, "provider": "generic", "capabilities": {}}
    done = run_module("lifecycle", {**unknown, "rules": [rule]})
    shown = run_module("bucket_info", {**here, "gather": ["lifecycle"]})
    if done.get("failed"):
        assert part not in (*known.lifecycle.actions, *known.lifecycle.filters) or "transitions" in part, done["msg"]
        # nothing was set before, so nothing is
        assert shown.get("failed") or shown["buckets"][0]["lifecycle"] is None
    else:
        assert part in (*known.lifecycle.actions, *known.lifecycle.filters, *known.lifecycle.unsure)
        assert not run_module("lifecycle", {**unknown, "rules": [rule]})["changed"]
