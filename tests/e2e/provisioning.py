# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the playbook that makes buckets, and reads what it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

#: moto lets everybody list, and write to a bucket without a policy, so there is nothing to prove
UNPROVED = {"mediastore_prove_access": False}


def provision(directory: Path, store: dict, buckets: list, *flags: str, **variables) -> tuple[int, str]:
    """Exit status and output of the playbook for one host that describes the buckets."""
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "mediastore_store": store,
        "mediastore_buckets": buckets,
        **variables,
    }
    inventory = directory / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"chat": host}}}))
    command = ["ansible-playbook", "-i", str(inventory), "mediastore.s3.provision", *flags]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=300, check=False)
    output = done.stdout + done.stderr
    assert store["secret_key"] not in output and "Traceback" not in output
    return done.returncode, output


def changed(output: str) -> int:
    return int(re.search(r"changed=(\d+)", output).group(1))


def differences(output: str) -> list[str]:
    """What --diff shows, and of what."""
    return [line for line in output.splitlines() if re.match(r"[-+]|changed: ", line)]
