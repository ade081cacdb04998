# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A block in homeserver.yaml: what Synapse reads of it, and that everything else stays byte for byte."""

from __future__ import annotations

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.mediastore.s3.plugins.filter.homeserver_block import homeserver_block

BLOCK = yaml.safe_dump({"media_storage_providers": [{"module": "one", "config": {"bucket": "media"}}]})
BEFORE = "# a comment\nserver_name:   example.org  # odd spaces stay\n\n#media_storage_providers:\n#  - module: example\n"


@pytest.mark.parametrize(
    "text",
    [
        BEFORE,
        "",
        "---\n" + BEFORE,
        BEFORE + "media_storage_providers: []  # none yet\nlisteners: []\n",
        "media_storage_providers:\n" + BEFORE,
        "media_storage_providers: [\n]\nlisteners: []\n",
        "media_storage_providers: null\n",
        "media_storage_providers:\n  null\nlisteners: []\n",
    ],
)
def test_it_is_read_and_goes_without_a_trace(text):
    edited = homeserver_block(text, BLOCK)
    wanted = {**(yaml.safe_load(text) or {}), **yaml.safe_load(BLOCK)}
    assert yaml.safe_load(edited) == wanted
    assert sum(line.startswith("media_storage_providers") for line in edited.splitlines()) == 1
    assert homeserver_block(edited, BLOCK) == edited
    other = homeserver_block(edited, BLOCK.replace("media\n", "other\n"))
    assert yaml.safe_load(other)["media_storage_providers"][0]["config"]["bucket"] == "other"
    for written in (edited, other, text):
        assert homeserver_block(written) == text


def test_a_file_that_does_not_end_its_last_line():
    edited = homeserver_block("server_name: example.org", BLOCK)
    assert yaml.safe_load(edited)["server_name"] == "example.org"
    assert homeserver_block(edited) == "server_name: example.org\n"


@pytest.mark.parametrize(
    "text, words",
    [
        ("media_storage_providers: [{module: file}]\n", "sets media_storage_providers already"),
        ("media_storage_providers:\n- module: file\n", "sets media_storage_providers already"),
        ("{server_name: example.org}\n", "Use a drop-in"),
        ("server_name: example.org\n...\n", "Use a drop-in"),
        ("- a list\n", "Use a drop-in"),
        ("a: [\n", "not valid YAML.*line 2"),
        ("# BEGIN written by Ansible, role mediastore.s3.synapse\na: 1\n", "is missing"),
    ],
)
def test_what_is_refused(text, words):
    with pytest.raises(AnsibleFilterError, match=words):
        homeserver_block(text, BLOCK)
