# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of the scenario: who puts objects, who asks for them through nginx, and what the store was asked."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

SCENARIO = Path(__file__).parent.parent
INVENTORY = yaml.safe_load((SCENARIO / "inventory.yml").read_text())["all"]
WEB, STORE, GATE = "cache-web", "cache-store", "cache-gate"
MIB = 1024 * 1024
#: as the inventory describes them
CACHES = {cache["name"]: cache for cache in INVENTORY["children"]["apps"]["hosts"][WEB]["mediastore_caches"]}
CONNECTION = INVENTORY["vars"]["mediastore_store"]
NOTED = "/var/log/nginx/noted.log"

#: puts objects of given sizes, whose bytes follow from their keys
PUT = """
import hashlib, json, random, sys, boto3, botocore.config
s3 = boto3.client("s3", endpoint_url="https://s3.test", region_name="garage", aws_access_key_id="GK000102030405060708090a0b",
    aws_secret_access_key="000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", verify="/etc/ssl/store.pem",
    config=botocore.config.Config(s3=dict(addressing_style="path")))
bucket, sizes = json.load(sys.stdin)
digests = {}
for key, size in sizes.items():
    body = random.Random(bucket + key).randbytes(size)
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="image/jpeg", CacheControl="no-store",
        Metadata={"mtime": "1", "user_profile_id": "9"})
    digests[key] = hashlib.sha256(body).hexdigest()
print(json.dumps(digests))
"""


class Answer(NamedTuple):
    """What a client was answered."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def cache(self) -> str:
        return self.headers.get("x-cache-status", "")


def run(host: str, *command: str, stdin: bytes = b"", check: bool = True, timeout: int = 120) -> bytes:
    """A command in a container; what it has printed."""
    there = ["ssh", "-F", os.environ["SSH_CONFIG"], host, shlex.join(command)]
    done = subprocess.run(there, input=stdin, capture_output=True, timeout=timeout, check=False)
    assert not check or done.returncode == 0, (command, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def put(bucket: str, **sizes: int) -> dict[str, str]:
    """Objects, by the names of keywords with .jpg behind them; their SHA-256."""
    return put_keys(bucket, {f"{name}.jpg": size for name, size in sizes.items()})


def put_keys(bucket: str, sizes: dict[str, int]) -> dict[str, str]:
    digests: dict[str, str] = json.loads(run(STORE, "python3", "-c", PUT, stdin=json.dumps([bucket, sizes]).encode()))
    return digests


#: where each mode is asked, and how
PLACES = {
    "social": ("https://files.example.org", ["--cacert", "/etc/ssl/store.pem", "--resolve", "files.example.org:443:127.0.0.1"]),
    "vault": ("http://127.0.0.1:8081", ["-H", "Host: vault.example.org"]),
    "chat": ("http://127.0.0.1:8000", ["-H", "Host: chat.example.org"]),
}


def get(mode: str, path: str, *options: str, timeout: int = 30) -> Answer:
    """Ask nginx on its own host, as curl does."""
    place, needed = PLACES[mode]
    command = ["curl", "-s", "-i", "--path-as-is", "--max-time", str(timeout), *needed, *options, place + path]
    began = time.monotonic()
    said = run(WEB, *command)
    head, _blank, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split()[1]), headers, body, time.monotonic() - began)


def media(mode: str, key: str, *options: str, **said: Any) -> Answer:
    """Ask for a medium, as somebody who may see it."""
    if mode == "chat":
        return get(mode, f"/media/{key}", "-H", "X-User: me", *options, **said)
    return get(mode, f"/{key}", *options, **said)


def noted(host: str = STORE) -> list[dict[str, Any]]:
    """What the store was asked since the last time, without what was put and listed."""
    said = run(host, "sh", "-c", f"sleep 0.1; cat {NOTED}; : > {NOTED}")
    entries = [json.loads(line) for line in said.decode().splitlines()]
    return [entry for entry in entries if entry["method"] in ("GET", "HEAD")]


@contextmanager
def stopped(host: str, *, hanging: bool = False) -> Iterator[None]:
    """Without the front of the store on this host: gone, or there and silent."""
    signal = "for pid in $(pgrep nginx); do kill -%s $pid; done"
    run(host, "sh", "-c", signal % "STOP" if hanging else "systemctl stop nginx")
    try:
        yield
    finally:
        run(host, "sh", "-c", signal % "CONT" if hanging else "systemctl start nginx")


def store_is_at(host: str) -> None:
    """Let the DNS server say another address."""
    address = run(host, "hostname", "-i").decode().split()[0]
    script = f"sed -i 's|^address=.*|address=/s3.test/web.test/{address}|' /etc/dnsmasq.d/store.conf && systemctl restart dnsmasq"
    run(GATE, "sh", "-c", script)


def masters() -> str:
    """Which processes serve: others after a reload, all others after a restart."""
    return run(WEB, "pgrep", "-f", "^nginx: (master|worker) process").decode()


def wait(condition: Callable[[], Any], seconds: float, what: str) -> float:
    """Until it is so; the seconds that it has taken."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.2)
    return time.monotonic() - began


def configuration() -> str:
    """All files of nginx's, as one digest."""
    script = "cd /etc/nginx && find . -type f | sort | xargs sha256sum | sha256sum; ls /tmp"
    return run(WEB, "sh", "-c", script).decode()


def play(*options: str) -> tuple[int, str]:
    """The playbook as a user runs it."""
    command = ["ansible-playbook", "-i", str(SCENARIO / "inventory.yml"), "--limit", WEB, "mediastore.s3.cache", *options]
    environment = {**os.environ, "ANSIBLE_PIPELINING": "true", "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def with_caches(*caches: dict[str, Any], **said: Any) -> tuple[int, str]:
    """The playbook with other caches than those of the inventory."""
    return play("-e", json.dumps({"mediastore_caches": list(caches), **said}))
