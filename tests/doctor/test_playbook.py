# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook on a host that host_vars describe: it says what is wrong and fails, and is silent when all is well."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from ansible_collections.mediastore.s3.plugins.module_utils._core import diagnosis
from ansible_collections.mediastore.s3.tests.doctor import (
    test_host,
    test_media,
    test_store,
    test_store_garage,
    test_store_versitygw,
)
from ansible_collections.mediastore.s3.tests.doctor.planting import ABOUT, CLASSES
from ansible_collections.mediastore.s3.tests.doctor.site import KEYS, PATTERN


def play(tmp_path, variables, *options):
    """A run of the playbook on this host, and what it printed."""
    hosts = {"here": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, **variables}}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    command = [sys.executable, "-m", "ansible.cli.playbook", "-i", str(tmp_path / "hosts.json"), "mediastore.s3.doctor", *options]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "false"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def described(site, tmp_path):
    """The host_vars of a site."""
    store = {name: value for name, value in site.connection.items() if name != "max_attempts"}
    return {
        "mediastore_store": store,
        "mediastore_buckets": [{"name": site.name, "preset": "public_read"}, {"name": "gone", "state": "absent"}],
        "mediastore_caches": [
            {"name": "media", "mode": "public", "bucket": site.name, "server_name": ["media.example.org"], "follow_dns": False}
        ],
        "migrate_state_dir": str(tmp_path / "state"),
        "doctor_buckets": [{"name": site.name, "path": str(site.files), "key_pattern": PATTERN}],
        "doctor_connect_to": {"media.example.org": site.nginx.url.rpartition("/")[2]},
    }


def test_the_playbook_says_what_is_wrong_and_fails(site, tmp_path):
    variables = described(site, tmp_path)
    fine = play(tmp_path, variables, "--check")
    assert fine.returncode == 0 and "Nothing is wrong" in fine.stdout, fine.stdout + fine.stderr
    site.delete(KEYS[2])
    wrong = play(tmp_path, variables)
    assert wrong.returncode == 2, wrong.stdout
    for words in (
        f"not_copied: bucket {site.name}",
        "  seen:  ",
        "  cause: The file came after the last copy",
        "  fix:   Copy once more",
    ):
        assert words in wrong.stdout
    assert "The doctor has found: not_copied." in wrong.stdout and "changed=0" in wrong.stdout
    assert site.connection["secret_key"] not in wrong.stdout + wrong.stderr
    asked = ("-e", json.dumps({"doctor_url": f"http://media.example.org/{KEYS[2]}", "doctor_ignore": ["not_copied"]}))
    known = play(tmp_path, variables, *asked)
    assert known.returncode == 0 and "not_copied: bucket" in known.stdout, known.stdout


def test_the_guide_to_mastodon_has_its_faults_planted():
    assert all(module.__doc__ for module in (test_host, test_media, test_store, test_store_garage, test_store_versitygw))
    assert {f"T{number}" for number in range(27, 33)} <= set(ABOUT)
    assert len(CLASSES) >= 25


def test_the_guide_lists_every_class():
    guide = (Path(__file__).parents[2] / "docs/doctor.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", guide, re.MULTILINE)
    classes = [*diagnosis.STORE, *diagnosis.VISITORS, *diagnosis.BUCKET, *diagnosis.HOST]
    assert listed == classes
    assert set(classes) == CLASSES
