# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of the scenario, and what is asked of all of them at once: what one waits for, the others wait for too."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import testinfra

SCENARIO = Path(__file__).parent.parent
NAMES = ("mount-goofys", "mount-rclone", "mount-s3fs")
UNIT, APP = "mediastore-mount-media.service", "media-app.service"
SSE_C_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

#: prints the keys below a prefix, or, of those that it is given, SHA-256 and storage class of each that is there
READ = """
import base64, hashlib, json, sys, boto3, botocore.config, botocore.exceptions
from concurrent.futures import ThreadPoolExecutor
prefix, key = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url="https://s3:9000", aws_access_key_id="mount-test", region_name="us-east-1",
    aws_secret_access_key="a-secret-of-the-mounts", verify="/etc/ssl/store.pem",
    config=botocore.config.Config(s3=dict(addressing_style="path")))
owned = dict(SSECustomerAlgorithm="AES256", SSECustomerKey=base64.b64decode(key)) if key else {}

def read(name):
    try:
        got = s3.get_object(Bucket="site-media", Key=prefix + name, **owned)
    except botocore.exceptions.ClientError as exc:
        return name, ["missing", exc.response["Error"]["Code"]]
    return name, [hashlib.sha256(got["Body"].read()).hexdigest(), got.get("StorageClass", "STANDARD")]

names = json.load(sys.stdin)
if names:
    with ThreadPoolExecutor(8) as pool:
        print(json.dumps(dict(pool.map(read, names))))
else:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="site-media", Prefix=prefix)
    print(json.dumps([thing["Key"][len(prefix):] for page in pages for thing in page.get("Contents", [])]))
"""


class Machine:
    """A host with a mount."""

    def __init__(self, name: str) -> None:
        self.name, self.backend = name, name.split("-")[1]
        self.host = testinfra.get_host(f"ssh://{name}", ssh_config=os.environ["SSH_CONFIG"])
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

    def listing(self) -> set[str]:
        """What the bucket holds of this mount, by asking the store."""
        return set(self._ask(f"{self.backend}/media/", self.key, []))

    def read(self, *names: str) -> dict[str, list[str]]:
        """SHA-256 and storage class of these objects."""
        return self._ask(f"{self.backend}/media/", self.key, list(names))

    def read_cheap(self, name: str) -> list[str]:
        """The same of one in the mount that has another storage class."""
        return self._ask("cheap/", "", [name])[name]

    def _ask(self, prefix: str, key: str, names: list[str]) -> Any:
        command = ["ssh", "-F", os.environ["SSH_CONFIG"], self.name, shlex.join(["python3", "-c", READ, prefix, key])]
        done = subprocess.run(command, input=json.dumps(names), capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    def acknowledged(self) -> dict[str, str]:
        """What the application believes to be stored."""
        lines = self.sh("cat /var/log/media-app/acknowledged").splitlines()
        return dict(line.split() for line in lines if len(line.split()) == 2)

    def told(self, name: str) -> float:
        """What the monitoring reads of the mount."""
        lines = self.sh("cat /var/lib/node-exporter/mediastore_mount_media.prom").splitlines()
        return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"mediastore_mount_{name}{{"))

    def waiting(self) -> bool:
        """Whether a cache holds what is not uploaded."""
        return self.host.run("grep -rq '\"Dirty\": true' /var/lib/mediastore/mounts/media/vfsMeta").rc == 0

    def journal(self, unit: str) -> str:
        return self.sh("journalctl --no-pager --output=cat --unit=%s", unit)


MACHINES = [Machine(name) for name in NAMES]
STORE = testinfra.get_host("ssh://mount-store", ssh_config=os.environ["SSH_CONFIG"])


def wait(condition, seconds, what):
    """Until it is so on every machine; the seconds that each has taken."""
    began, took = time.monotonic(), {}
    while len(took) < len(MACHINES):
        for machine in MACHINES:
            if machine.name not in took and condition(machine):
                took[machine.name] = time.monotonic() - began
        if time.monotonic() - began > seconds:
            late = [machine for machine in MACHINES if machine.name not in took]
            logs = "\n".join(f"{machine.name}:\n{machine.journal(UNIT)[-3000:]}" for machine in late)
            raise AssertionError(f"not within {seconds} s: {what}\n{logs}")
        time.sleep(0.2)
    return took


def each(action):
    """Do it on all machines at once; what it returned, in their order."""
    with ThreadPoolExecutor(len(MACHINES)) as pool:
        return list(pool.map(action, MACHINES))


def nothing_is_lost(seconds=60):
    """All that the application believes in is in the bucket, whole; what waits in a cache has some time to arrive."""

    def missing(machine):
        believed = machine.acknowledged()
        held = machine.read(*believed)
        return [name for name, digest in believed.items() if held[name][0] != digest]

    def arrived(machine):
        return not missing(machine)

    for machine in MACHINES:
        assert len(machine.acknowledged()) > 10, machine.name
    wait(arrived, seconds, "every acknowledged medium is in the bucket")


def play(*options, limit="mounts", playbook="mediastore.s3.mount"):
    """The playbook as a user runs it."""
    command = ["ansible-playbook", "-i", str(SCENARIO / "inventory.yml"), "--limit", limit, playbook, *options]
    environment = {**os.environ, "ANSIBLE_PIPELINING": "true", "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def measured(backend, **facts):
    """Keep figures for the table in docs/mounts.md."""
    path = Path(os.environ["RESULTS"], f"mount.{backend}.json")
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**before, **facts}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
