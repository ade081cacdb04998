# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs that can be added to."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._base.argspec import ArgSpec
from ansible_collections.mediastore.s3.plugins.module_utils._base.connectionspec import CONNECTION
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection


def test_options_and_constraints_travel_together():
    one = ArgSpec({"a": {}}, mutually_exclusive=[("a", "b")], required_by={"a": ("c",)})
    other = ArgSpec({"b": {}}, mutually_exclusive=[("b", "d")], required_if=[("b", 1, ("a",))], required_by={"b": ("c",)})
    assert one.merge(other).kwargs() == {
        "argument_spec": {"a": {}, "b": {}},
        "mutually_exclusive": [("a", "b"), ("b", "d")],
        "required_if": [("b", 1, ("a",))],
        "required_by": {"a": ("c",), "b": ("c",)},
    }
    assert one.kwargs()["argument_spec"] == {"a": {}}


def test_an_option_cannot_be_defined_twice():
    with pytest.raises(TypeError, match="defined twice: a"):
        ArgSpec({"a": {}}).merge(ArgSpec({"a": {}}))


def test_a_misspelt_constraint_is_found():
    with pytest.raises(TypeError, match="required_wehn"):
        ArgSpec({}, required_wehn=[])


def test_every_option_of_the_connection_is_a_field_with_the_same_default():
    fields = {name: field.default for name, field in Connection.__dataclass_fields__.items()}
    assert set(CONNECTION.options) == set(fields)
    for name, option in CONNECTION.options.items():
        if "default" in option:
            assert option["default"] == fields[name]


def test_secrets_are_marked():
    secrets = ["secret_key", "session_token", "admin_token"]
    assert [name for name, option in CONNECTION.options.items() if option.get("no_log")] == secrets
