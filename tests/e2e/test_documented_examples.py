# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples in the documentation of modules and filters, run as they are printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from ansible_collections.mediastore.s3.plugins.filter import private_policy, public_read_policy
from ansible_collections.mediastore.s3.plugins.modules import bucket, bucket_info, bucket_policy
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3

#: in the order in which a reader would try them
DOCUMENTED = [bucket, bucket_info, bucket_policy, private_policy, public_read_policy]


def tasks_of(text: str, endpoint_url: str) -> list[dict]:
    """The tasks of one EXAMPLES, on a store that runs instead of the one that is named."""
    return yaml.safe_load(text.replace("https://s3.example.org", endpoint_url))


def test_the_examples_run(tmp_path):
    with MotoS3() as store:
        tasks = [task for plugin in DOCUMENTED for task in tasks_of(plugin.EXAMPLES, store.endpoint_url)]
        variables = {
            "ansible_python_interpreter": sys.executable,
            "vault_access_key": store.access_key,
            "vault_secret_key": store.secret_key,
            "mediastore_store": store.connection,
        }
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": tasks}
        path = tmp_path / "examples.yml"
        path.write_text(yaml.safe_dump([play], sort_keys=False))
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        command = ["ansible-playbook", "-i", "localhost,", str(path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"ok={len(tasks)} " in done.stdout and "failed=0" in done.stdout
