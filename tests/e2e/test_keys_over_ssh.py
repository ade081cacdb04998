# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Through SSH, whose plugin shows with -vvv what modules answer, no secret is shown either; and it can be registered."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.interop.keysite import KeySite
from ansible_collections.mediastore.s3.tests.interop.stores import Store
from ansible_collections.mediastore.s3.tests.servers.moto_auth import MotoAuthS3
from ansible_collections.mediastore.s3.tests.servers.sshhost import SshHost


@pytest.fixture
def site(tmp_path):
    with MotoAuthS3(tmp_path / "store") as server, SshHost(tmp_path) as host:
        made = KeySite(tmp_path, Store("moto", server.connection, server))
        made.variables |= {**host.variables, "mediastore_prove_access": False}
        yield made


def test_keys_are_made_and_rotated_and_no_secret_is_shown(site):
    keys = [site.key("read_write")]
    made = site.run("mediastore.s3.provision", mediastore_keys=keys)
    assert made.status == 0, made.output
    assert "ESTABLISH SSH CONNECTION" in made.output
    old = site.kept()
    quick = {"rotate_key_drain": 0, "rotate_key_grace": 0}
    rotated = site.run("mediastore.s3.rotate_key", mediastore_keys=keys, rotate_key_name=site.name, **quick)
    assert rotated.status == 0, rotated.output
    assert site.kept()["access_key"] != old["access_key"]
    assert len(site.known) >= 4 and site.leaks() == []


def test_a_secret_is_registered_and_not_shown(site):
    task = {"name": site.name, "grants": [{"bucket": site.bucket, "preset": "read_only"}], **site.admin}
    kept = site.directory / "registered.json"
    tasks = [
        {"mediastore.s3.bucket": {"name": site.bucket, **site.admin}},
        {"mediastore.s3.access_key": task, "register": "made"},
        {
            "ansible.builtin.copy": {"content": "{{ made.secret_key }}", "dest": str(kept), "mode": "0600"},
            "no_log": True,
            "delegate_to": "localhost",
            "vars": {"ansible_connection": "local"},
        },
    ]
    play = site.directory / "play.yml"
    play.write_text(yaml.safe_dump([{"hosts": "chat", "gather_facts": False, "tasks": tasks}]))
    done = site.run(str(play))
    assert done.status == 0, done.output
    assert "the output has been hidden" in done.output
    secret = kept.read_text()
    assert len(secret) >= 20
    site.known.add(secret)
    assert site.leaks() == []


def test_the_test_can_see_a_secret_that_is_shown(site):
    """The same look at a module that shows one, so that finding none means something."""
    site.known.add("a-secret-that-a-module-answers")
    play = site.directory / "play.yml"
    tasks = [{"ansible.builtin.command": "echo a-secret-that-a-module-answers"}]
    play.write_text(yaml.safe_dump([{"hosts": "chat", "gather_facts": False, "tasks": tasks}]))
    assert site.run(str(play)).status == 0
    assert site.leaks()
