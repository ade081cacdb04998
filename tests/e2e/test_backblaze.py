# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from nothing to a bucket and a key at Backblaze, as the manual prints it."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.servers.backblaze import Backblaze

GUIDE = Path(__file__).parents[2] / "docs" / "backblaze.md"
BUCKET = "matrix-example-org-media-store"
KEPT = "/etc/matrix-s3.json"


@pytest.fixture
def store():
    with Backblaze() as running:
        yield running


def play(store, directory, *options):
    """Run the playbook of the manual; only addresses, paths and keys are replaced."""
    text = re.search(r"^```yaml\n(- name: .*?)^```", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE).group(1)
    plays = yaml.safe_load(text.replace(KEPT, str(directory / "matrix-s3.json")))
    plays[0]["module_defaults"]["group/mediastore.s3.store"]["admin_url"] = store.url
    (directory / "play.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "vault_b2_key_id": store.access_key,
        "vault_b2_application_key": store.secret_key,
    }
    command = [
        "ansible-playbook",
        "-i",
        "matrix.example.org,",
        str(directory / "play.yml"),
        "-e",
        json.dumps(variables),
        *options,
    ]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert store.secret_key not in done.stdout + done.stderr
    return done.stdout


def test_from_nothing_to_a_bucket_and_a_key(store, tmp_path):
    done = play(store, tmp_path)
    assert "changed=3 " in done
    assert "endpoint https://s3.us-west-004.backblazeb2.com, region us-west-004" in done
    bucket = store.bucket(BUCKET)
    assert bucket.bucket_type == "allPrivate"
    assert [rule["daysFromHidingToDeleting"] for rule in bucket.lifecycle_rules] == [1]
    (key,) = store.simulator.all_application_keys
    assert (key.name, [place["id"] for place in key.buckets_or_none]) == ("matrix-example-org", [bucket.bucket_id])
    kept = tmp_path / "matrix-s3.json"
    secret = json.loads(kept.read_text())
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert (secret["access_key"], secret["secret_key"]) == (key.application_key_id, key.key)
    assert key.key not in done
    assert "changed=0 " in play(store, tmp_path)
    assert len(store.simulator.all_application_keys) == 1
