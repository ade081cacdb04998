# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An entry of mediastore_keys has the options of access_key that describe a key, with the same types, and all arrive there."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.plugins.module_utils._base.connectionspec import CONNECTION
from ansible_collections.mediastore.s3.plugins.modules import access_key
from ansible_collections.mediastore.s3.tests.unit.house.test_bucket_entries import SPECS, differences

ENTRY = SPECS["mediastore_keys"]["options"]
TASKS = Path(__file__).parents[3] / "roles"
#: what is done to a key rather than said of it
ACTS = {"rotate", "others", "kept"}


@pytest.mark.parametrize("key", sorted(set(access_key.SPEC.options) - ACTS))
def test_the_role_has_what_the_module_has(key):
    assert differences(key, ENTRY[key], access_key.SPEC.options[key]) == []


def test_and_nothing_else():
    assert set(ENTRY) == set(access_key.SPEC.options) - ACTS


def test_every_key_reaches_the_module():
    text = (TASKS / "bucket" / "tasks" / "keys.yml").read_text(encoding="utf-8")
    (task,) = yaml.safe_load(text)
    assert set(task["mediastore.s3.access_key"]) == set(ENTRY)


def test_a_connection_in_host_vars_has_every_option_of_the_modules():
    for name in ("mediastore_store", "mediastore_admin"):
        options = SPECS[name]["options"]
        assert {key: option["type"] for key, option in options.items()} == {
            key: option["type"] for key, option in CONNECTION.options.items()
        }
