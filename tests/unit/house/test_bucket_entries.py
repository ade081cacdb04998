# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An entry of mediastore_buckets has every option of the modules behind it, with the same types, and each reaches its module."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.plugins.modules import bucket, cors, lifecycle

ROLE = Path(__file__).parents[3] / "roles" / "bucket"
SPECS = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
ENTRY = SPECS["mediastore_buckets"]["options"]

#: key of an entry -> the option behind it
BEHIND = {
    **bucket.SPEC.options,
    "cors": cors.SPEC.options["rules"],
    "lifecycle": lifecycle.SPEC.options["rules"],
    "purge_lifecycle_rules": lifecycle.SPEC.options["purge_rules"],
}
#: what a role says of an option that a module says too; a role fills in no defaults, so it may leave them out
SHARED = ("type", "elements", "choices", "required")


def differences(name: str, said: dict, meant: dict) -> list[str]:
    """Where an option of the role differs from the module's, down to the last leaf."""
    found = [f"{name}: {key}" for key in SHARED if (said.get(key) or None) != (meant.get(key) or None)]
    if "default" in said and said["default"] != meant.get("default"):
        found.append(f"{name}: default")
    inner, outer = said.get("options", {}), meant.get("options", {})
    found += [f"{name}.{key}: only in one of them" for key in set(inner) ^ set(outer)]
    return found + [words for key in set(inner) & set(outer) for words in differences(f"{name}.{key}", inner[key], outer[key])]


@pytest.mark.parametrize("key", BEHIND)
def test_the_role_has_what_the_module_has(key):
    assert differences(key, ENTRY[key], BEHIND[key]) == []


@pytest.mark.parametrize(
    ("tasks", "keys"),
    [("buckets", [*bucket.SPEC.options]), ("cors", ["cors"]), ("lifecycle", ["lifecycle", "purge_lifecycle_rules"])],
)
def test_every_key_reaches_its_module(tasks, keys):
    text = (ROLE / "tasks" / f"{tasks}.yml").read_text(encoding="utf-8")
    assert [key for key in keys if f"__bucket.{key} " not in text and f"__bucket.{key}}}" not in text] == []
