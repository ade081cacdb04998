# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is wrong with the keys of host_vars is said at once."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.keyentries import problems

GRANT = {"bucket": "media", "preset": "zulip"}
GOOD = {"name": "app", "grants": [GRANT], "secret_file": {"path": "/root/key"}}


def provider(**keys):
    facts = {"keyring": "fake", "levels": [], "prefixes": True, "lacks": [], "expires": True, "console": "the console", **keys}
    return {"title": "A store", "capabilities": {"keys": facts}}


def test_nothing_is_wrong():
    assert problems([], provider()) == []
    assert problems([GOOD, {**GOOD, "name": "old", "state": "absent", "grants": None}], provider()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"secret_vault": {"path": "keys.yml"}}, "both secret_file and secret_vault"),
        ({"secret_file": None}, "its secret would be lost"),
        ({"grants": []}, "it has no grants"),
        ({"name": "-"}, "is no name that every store would take"),
        ({"name": "under_score"}, "is no name that every store would take"),
        ({"grants": [{"bucket": "media"}]}, "neither preset nor rights"),
        ({"grants": [{"bucket": "my media", "preset": "zulip"}]}, "my media"),
    ],
)
def test_one_thing_is_wrong(change, words):
    (said,) = problems([{**GOOD, **change}], provider())
    assert words in said and said.startswith(f"Key {change.get('name', 'app')}: ") and said.endswith(".")


@pytest.mark.parametrize(
    ("keys", "change", "words"),
    [
        ({"keyring": "none"}, {}, "Make it in the console"),
        ({"expires": False}, {"expires": "2037-01-31"}, "does not end by itself"),
        ({"prefixes": False}, {"grants": [{**GRANT, "prefix": "a/"}]}, "whole buckets"),
        ({"levels": ["list+read"]}, {"grants": [{"bucket": "media", "rights": ["write"]}]}, "cannot give write on media"),
    ],
)
def test_what_a_store_cannot_do_is_wrong(keys, change, words):
    (said,) = problems([{**GOOD, **change}], provider(**keys))
    assert words in said


def test_all_of_it_at_once():
    said = problems([GOOD, {"name": "app", "grants": [{"bucket": "media"}]}], provider())
    assert len(said) == 3 and "names a key twice: app" in said[0]
