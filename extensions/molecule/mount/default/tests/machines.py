# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of the scenario, and what is asked of all of them at once: what one waits for, the others wait for too."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import testinfra

SCENARIO = Path(__file__).parent.parent
NAMES = ("mount-goofys", "mount-rclone", "mount-s3fs")
UNIT, APP = "mediastore-mount-media.service", "media-app.service"
SSE_C_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

#: prints the objects of one prefix: key, SHA-256 and storage class
READ = """
import base64, hashlib, json, sys, boto3, botocore.config
prefix, key = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url="https://s3:9000", aws_access_key_id="mount-test", region_name="us-east-1",
    aws_secret_access_key="a-secret-of-the-mounts", verify="/etc/ssl/store.pem",
    config=botocore.config.Config(s3=dict(addressing_style="path")))
owned = dict(SSECustomerAlgorithm="AES256", SSECustomerKey=base64.b64decode(key)) if key else {}
found = {}
for page in s3.get_paginator("list_objects_v2").paginate(Bucket="site-media", Prefix=prefix):
    for thing in page.get("Contents", []):
        if not thing["Key"].endswith("/"):
            got = s3.get_object(Bucket="site-media", Key=thing["Key"], **owned)
            digest = hashlib.sha256(got["Body"].read()).hexdigest()
            found[thing["Key"][len(prefix):]] = (digest, got.get("StorageClass", "STANDARD"))
print(json.dumps(found))
"""


class Machine:
    """A host with a mount."""

    def __init__(self, name: str) -> None:
        self.name, self.backend = name, name.split("-")[1]
        self.host = testinfra.get_host(f"docker://{name}")
        self.key = "" if self.backend == "goofys" else SSE_C_KEY
        #: whether this container may make directories immutable
        self.immutable = self.backend != "s3fs"

    def sh(self, command: str, *words: str) -> str:
        return self.host.check_output(command, *words)

    def begin(self, script: str, user: str = "root") -> subprocess.Popen[str]:
        """A shell that goes on by itself; what it is given and says is text."""
        command = ["docker", "exec", "-i", "-u", user, self.name, "sh", "-c", script]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def unit(self, name: str, value: str) -> str:
        return self.sh("systemctl show --property=%s --value %s", value, name)

    def active(self, name: str) -> bool:
        return self.host.run("systemctl is-active --quiet %s", name).rc == 0

    def bucket(self, prefix: str | None = None) -> dict[str, list[str]]:
        """What the bucket holds of this mount, by asking the store."""
        prefix = f"{self.backend}/media/" if prefix is None else prefix
        return json.loads(self.sh("python3 -c %s %s %s", READ, prefix, self.key if "media" in prefix else ""))

    def acknowledged(self) -> dict[str, str]:
        """What the application believes to be stored."""
        lines = self.sh("cat /var/log/media-app/acknowledged").splitlines()
        return dict(line.split() for line in lines if len(line.split()) == 2)

    def journal(self, unit: str) -> str:
        return self.sh("journalctl --no-pager --output=cat --unit=%s", unit)


MACHINES = [Machine(name) for name in NAMES]
STORE = testinfra.get_host("docker://mount-store")


def wait(machines, condition, seconds, what):
    """Until it is so on every machine; the seconds that each has taken."""
    began, took = time.monotonic(), {}
    while len(took) < len(machines):
        for machine in machines:
            if machine.name not in took and condition(machine):
                took[machine.name] = time.monotonic() - began
        if time.monotonic() - began > seconds:
            late = [machine for machine in machines if machine.name not in took]
            logs = "\n".join(f"{machine.name}:\n{machine.journal(UNIT)[-3000:]}" for machine in late)
            raise AssertionError(f"not within {seconds} s: {what}\n{logs}")
        time.sleep(0.2)
    return took


def nothing_is_lost(machines):
    """All that the application believes in is in the bucket, whole; what waits in a cache has some seconds to arrive."""

    def arrived(machine):
        held = machine.bucket()
        return all(held.get(name, ["missing"])[0] == digest for name, digest in machine.acknowledged().items())

    for machine in machines:
        assert len(machine.acknowledged()) > 10
    wait(machines, arrived, 30, "every acknowledged medium is in the bucket")


def play(*options, limit="mounts"):
    """The playbook as a user runs it."""
    command = ["ansible-playbook", "-i", str(SCENARIO / "inventory.yml"), "--limit", limit, "mediastore.s3.mount", *options]
    environment = {**os.environ, "ANSIBLE_PIPELINING": "true", "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def measured(backend, **facts):
    """Keep figures for the table in docs/mounts.md."""
    path = Path(os.environ["RESULTS"], f"mount.{backend}.json")
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**before, **facts}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
