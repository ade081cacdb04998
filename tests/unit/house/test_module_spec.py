# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module takes is what its documentation says, and its examples use nothing else."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule

ROOT = Path(__file__).parents[3]
COLLECTION = "ansible_collections.mediastore.s3"
FRAGMENT = "mediastore.s3.connection"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
STORE_GROUP = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]["store"]


@lru_cache(maxsize=None)
def documentation() -> dict[str, dict]:
    """What ansible-doc shows, with the fragments filled in, for each module."""
    names = [f"mediastore.s3.{name}" for name in MODULES]
    command = [sys.executable, "-m", "ansible.cli.doc", "--type", "module", "--json", *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return {name.rpartition(".")[2]: entry for name, entry in json.loads(done.stdout).items()}


class Captured(Exception):
    """Carries what a module hands to AnsibleModule."""


def taken(name: str, monkeypatch: pytest.MonkeyPatch) -> dict:
    """The argument spec with which the module's main() makes its AnsibleModule."""

    def capture(self, argument_spec, **kwargs):
        raise Captured(argument_spec)

    monkeypatch.setattr(AnsibleModule, "__init__", capture)
    with pytest.raises(Captured) as caught:
        importlib.import_module(f"{COLLECTION}.plugins.modules.{name}").main()
    return caught.value.args[0]


def described(option: dict) -> dict:
    """One documented option in the form of the argument spec, as far as both speak of it."""
    return {
        "type": option.get("type", "str"),
        "elements": option.get("elements"),
        "required": bool(option.get("required", False)),
        "default": option.get("default"),
        "choices": list(option.get("choices") or []),
        "aliases": sorted(option.get("aliases") or []),
        "options": {name: described(sub) for name, sub in (option.get("suboptions") or option.get("options") or {}).items()},
    }


@pytest.mark.parametrize("name", MODULES)
def test_options_are_those_documented(name, monkeypatch):
    spec = {option: described(entry) for option, entry in taken(name, monkeypatch).items()}
    documented = {option: described(entry) for option, entry in documentation()[name]["doc"].get("options", {}).items()}
    assert spec == documented


@pytest.mark.parametrize("name", MODULES)
def test_every_documented_thing_is_whole(name):
    doc = documentation()[name]["doc"]
    assert doc["version_added"] and doc["author"] and doc["short_description"]
    assert {"check_mode", "diff_mode", "idempotent"} <= set(doc["attributes"])
    for returned, entry in documentation()[name]["return"].items():
        assert {"description", "returned", "type"} <= set(entry), returned


@pytest.mark.parametrize("name", ["bucket", "bucket_policy", "cors", "lifecycle"])
def test_what_a_module_returns_of_a_bucket_is_what_bucket_info_returns(name):
    def shapes(members):
        return {member: (entry["type"], entry.get("elements")) for member, entry in members.items() if member != "state"}

    returned = shapes(documentation()[name]["return"]["bucket"]["contains"])
    shared = shapes(documentation()["bucket_info"]["return"]["buckets"]["contains"])
    assert returned == {member: shared[member] for member in returned}


def source(name: str) -> str:
    return (ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8")


def test_the_group_is_the_modules_that_talk_to_the_store():
    assert sorted(STORE_GROUP) == [name for name in MODULES if FRAGMENT in source(name)]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_with_the_connection_has_all_of_it(name, monkeypatch):
    assert ("endpoint_url" in taken(name, monkeypatch)) == (name in STORE_GROUP)


def tasks(entries: list[dict]) -> list[dict]:
    """The tasks of an example, which may be a list of plays or have blocks."""
    found = []
    for entry in entries:
        inner = [entry[key] for key in ("tasks", "block", "rescue", "always", "pre_tasks", "post_tasks") if key in entry]
        found += tasks([task for group in inner for task in group]) if inner else [entry]
    return found


@pytest.mark.parametrize("name", MODULES)
def test_examples_use_what_there_is(name, monkeypatch):
    examples = yaml.safe_load(documentation()[name]["examples"])
    assert isinstance(examples, list) and examples
    spec = taken(name, monkeypatch)
    used = 0
    for task in tasks(examples):
        assert task.get("name"), task
        for key, arguments in task.items():
            assert key not in MODULES, f"not a full name: {key}"
            if key == f"mediastore.s3.{name}":
                used += 1
                assert set(arguments or {}) <= set(spec), task
    assert used, f"no example uses mediastore.s3.{name}"
