# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's defaults are what its argument_specs say, typed to the last leaf, and playbooks only put roles in order."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "playbooks").rglob("*.yml"))

#: what the variables of a role begin with; one dictionary of the user's is for all of them
PREFIXES = {
    "bucket": ("mediastore_",),
    "engine": ("mediastore_engine_",),
    "mastodon": ("mastodon_media_",),
    "mount": ("mediastore_mount",),
    "nginx_cache": ("mediastore_cache",),
    "sentinel": ("mediastore_sentinel_", "mediastore_buckets"),
    "synapse": ("synapse_media_",),
    "zulip": ("zulip_media_",),
}
SHARED = ("mediastore_store", "mediastore_admin", "mediastore_keys")
#: users fill these in as they like: there are no leaves to type
FREE_FORM = {
    "metadata",
    "tags",
    "policy",
    "capabilities",
    "storage_per_gib_month",
    "store",
    "mediastore_buckets",
    "doctor_connect_to",
    "mastodon_media_connect_to",
    "mastodon_media_environment",
    *SHARED,
}


def load(role: str, path: str):
    file = ROOT / "roles" / role / path
    return (yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None) or {}


def entry_points(role: str) -> dict[str, dict]:
    return load(role, "meta/argument_specs.yml")["argument_specs"]


def options_of(role: str) -> dict[str, dict]:
    """The options of all entry points; where two have the same one it is the same."""
    merged: dict[str, dict] = {}
    for entry, spec in entry_points(role).items():
        for name, option in (spec.get("options") or {}).items():
            assert merged.setdefault(name, option) == option, f"{role}: {name} of {entry} differs from another entry point's"
    return merged


def untyped(name: str, option: dict) -> list[str]:
    """The leaves below an option that lack a type or a description."""
    found = [f"{name}: no {key}" for key in ("type", "description") if key not in option]
    kind = option.get("type")
    if kind == "list" and "elements" not in option:
        found.append(f"{name}: a list of what?")
    if "dict" in (kind, option.get("elements")):
        free = any(name.split(".")[-1] == word or name.endswith("_" + word) for word in FREE_FORM)
        if not option.get("options") and not free:
            found.append(f"{name}: a dictionary of what?")
        for key, sub in (option.get("options") or {}).items():
            found += untyped(f"{name}.{key}", sub)
    return found


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_those_specified(role):
    specified = {name: option["default"] for name, option in options_of(role).items() if "default" in option}
    assert load(role, "defaults/main.yml") == specified


@pytest.mark.parametrize("role", ROLES)
def test_every_leaf_is_typed(role):
    assert [problem for name, option in options_of(role).items() for problem in untyped(name, option)] == []


@pytest.mark.parametrize("role", ROLES)
def test_variables_carry_the_name_of_their_role(role):
    prefixes = PREFIXES.get(role, (f"{role}_",))
    assert [name for name in options_of(role) if not name.startswith(prefixes) and name not in SHARED] == []
    assert [name for name in load(role, "vars/main.yml") if not name.startswith(f"__{role}_")] == []


@pytest.mark.parametrize("role", ROLES)
def test_secrets_are_not_logged(role):
    secret = ("secret_key", "session_token", "password", "customer_key")
    loud = [name for name, option in options_of(role).items() if name.endswith(secret) and option.get("no_log") is not True]
    assert loud == []


@pytest.mark.parametrize("role", ROLES)
def test_entry_points_exist(role):
    for entry in entry_points(role):
        assert (ROOT / "roles" / role / "tasks" / f"{entry}.yml").exists(), entry


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_playbooks_only_put_roles_in_order(playbook):
    for play in yaml.safe_load((ROOT / playbook).read_text(encoding="utf-8")):
        if "ansible.builtin.import_playbook" in play:
            continue
        assert play["name"]
        for section in ("pre_tasks", "tasks", "post_tasks"):
            for task in play.get(section, []):
                assert {"ansible.builtin.include_role", "ansible.builtin.import_role"} & set(task), f"{playbook}: {task['name']}"
        assert not play.get("handlers"), playbook
