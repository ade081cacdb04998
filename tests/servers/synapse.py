# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Matrix Synapse on loopback: SQLite, a free port, `-c homeserver.yaml -c conf.d/` as the Debian package lays it out.

As a command it is what an operator would write in `synapse_media_start_command`:

    python tests/servers/synapse.py start DIRECTORY     returns when /health answers
    python tests/servers/synapse.py stop DIRECTORY      returns when the process is gone
    python tests/servers/synapse.py status DIRECTORY    exit status 0: running, 3: not running
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_TIMEOUT_S = 90.0
# as the role synapse has it for a unit: the storage provider holds Synapse for 90 seconds if a client has gone away
STOP_TIMEOUT_S = 10.0

HOMESERVER = """\
server_name: {name}
pid_file: {directory}/synapse.pid
public_baseurl: http://127.0.0.1:{port}/
listeners:
  - port: {port}
    type: http
    bind_addresses: ["127.0.0.1"]
    resources:
      - names: [client]
database:
  name: sqlite3
  args:
    database: {directory}/homeserver.db
log_config: {directory}/log.yaml
media_store_path: {directory}/media_store
signing_key_path: {directory}/signing.key
registration_shared_secret: {secret}
trusted_key_servers: []
federation_domain_whitelist: []
report_stats: false
url_preview_enabled: false
max_upload_size: 50M
rc_login: {{address: {fast}, account: {fast}, failed_attempts: {fast}}}
rc_registration: {fast}
rc_media_create: {fast}
"""

LOGGING = """\
version: 1
formatters: {{plain: {{format: '%(asctime)s %(levelname)s %(name)s %(message)s'}}}}
handlers: {{file: {{class: logging.FileHandler, formatter: plain, filename: {directory}/homeserver.log}}}}
root: {{level: WARNING, handlers: [file]}}
disable_existing_loggers: false
"""


@dataclass(frozen=True)
class Synapse:
    """One homeserver below one directory; the directory alone is enough to find it again."""

    directory: Path

    # -- what it is -----------------------------------------------------------------------------------------------------

    @property
    def _settings(self) -> dict[str, Any]:
        return dict(json.loads((self.directory / "server.json").read_text()))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._settings['port']}"

    @property
    def media_store(self) -> Path:
        return self.directory / "media_store"

    @property
    def conf_d(self) -> Path:
        return self.directory / "conf.d"

    @property
    def log(self) -> Path:
        return self.directory / "homeserver.log"

    def command(self, verb: str) -> str:
        """The shell-free command line for an Ansible `command` task."""
        return f"{sys.executable} {Path(__file__).resolve()} {verb} {self.directory}"

    def federate(self, certificate: Path, key: Path) -> None:
        """Talk to other servers, and be one that they find: `127.0.0.1:PORT`. To be said before the first start."""
        port = free_port()
        listener = {"port": port, "type": "http", "tls": True, "bind_addresses": ["127.0.0.1"]}
        client = {"port": self._settings["port"], "type": "http", "bind_addresses": ["127.0.0.1"]}
        wanted = {
            "server_name": f"127.0.0.1:{port}",
            "listeners": [
                {**client, "resources": [{"names": ["client"]}]},
                {**listener, "resources": [{"names": ["federation", "media"]}]},
            ],
            "tls_certificate_path": str(certificate),
            "tls_private_key_path": str(key),
            "federation_verify_certificates": False,
            "federation_domain_whitelist": None,
            "ip_range_blacklist": [],
        }
        # what is JSON is YAML
        private(self.conf_d / "federation.yaml", json.dumps(wanted))

    # -- life -----------------------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, directory: Path, python: str, environment: dict[str, str] | None = None) -> Synapse:
        """Write the configuration of a new homeserver; `environment` is added to that of every start."""
        directory = directory.resolve()
        (directory / "conf.d").mkdir(parents=True)
        (directory / "media_store").mkdir()
        values = {"name": "demo.test", "directory": directory, "port": free_port(), "secret": secrets.token_hex(16)}
        key = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        private(directory / "homeserver.yaml", HOMESERVER.format(fast="{per_second: 10000, burst_count: 10000}", **values))
        private(directory / "signing.key", f"ed25519 a_demo {key}\n")
        (directory / "log.yaml").write_text(LOGGING.format(directory=directory))
        settings = {"python": python, "port": values["port"], "secret": values["secret"], "environment": environment or {}}
        private(directory / "server.json", json.dumps(settings))
        return cls(directory)

    def pid(self) -> int | None:
        """The process id of the running server; None when the pid file is stale or absent."""
        try:
            pid = int((self.directory / "synapse.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        # A recycled pid must never be taken for the server: its command line names our own homeserver.yaml.
        return pid if os.fsencode(self.directory / "homeserver.yaml") in command else None

    def healthy(self, timeout: float = 2.0) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=timeout) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def start(self) -> None:
        """Start it in a session of its own and return when it listens. Starting a running server is no error."""
        process = self._spawn() if self.pid() is None else None
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.healthy():
            dead = self.pid() is None if process is None else process.poll() is not None
            if dead or time.monotonic() > deadline:
                raise SystemExit(f"Synapse did not start; the end of its log:\n{self._tail()}")
            time.sleep(0.05)

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = self._settings
        server = [settings["python"], "-m", "synapse.app.homeserver"]
        server += ["-c", str(self.directory / "homeserver.yaml"), "-c", str(self.conf_d) + "/"]
        # The server's own process writes the pid file: if this starter is killed now, the server can still be found.
        record = 'echo $$ >"$0" && exec "$@"'
        with open(self.directory / "console.log", "ab") as console:
            return subprocess.Popen(
                ["/bin/sh", "-c", record, str(self.directory / "synapse.pid"), *server],
                cwd=self.directory,
                env={**os.environ, **settings["environment"]},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ask it to stop, wait until it is gone, insist after a while. Stopping a stopped server is no error."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self.pid() == pid:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)

    def _tail(self) -> str:
        logs = [path.read_text(errors="replace") for path in (self.directory / "console.log", self.log) if path.exists()]
        return "\n".join("\n".join(logs).splitlines()[-15:])

    # -- users ----------------------------------------------------------------------------------------------------------

    def admin_token(self) -> str:
        """The access token of an administrator."""
        return self.register(f"admin{secrets.token_hex(4)}", admin=True)

    def admin_call(self, method: str, path: str) -> dict[str, Any]:
        """What an administrator may ask."""
        headers = {"Authorization": f"Bearer {self.admin_token()}"}
        return _json(urllib.request.Request(self.url + path, data=b"{}", headers=headers, method=method))

    def register(self, name: str, admin: bool = False) -> str:
        """Register a user by the shared secret and return the access token."""
        address = f"{self.url}/_synapse/admin/v1/register"
        nonce = _json(urllib.request.Request(address))["nonce"]
        password = secrets.token_hex(16)
        proof = f"{nonce}\0{name}\0{password}\0{'admin' if admin else 'notadmin'}".encode()
        mac = hmac.new(self._settings["secret"].encode(), proof, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": password, "admin": admin, "mac": mac}
        return str(_json(urllib.request.Request(address, data=json.dumps(body).encode(), method="POST"))["access_token"])


def _json(request: urllib.request.Request) -> dict[str, Any]:
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.load(answer))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def private(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)


def main() -> int:
    parser = argparse.ArgumentParser(description="Start, stop or look at a Synapse made by this file.")
    parser.add_argument("verb", choices=("start", "stop", "status"))
    parser.add_argument("directory", type=Path)
    asked = parser.parse_args()
    server = Synapse(asked.directory.resolve())
    if asked.verb == "status":
        return 0 if server.pid() else 3
    server.start() if asked.verb == "start" else server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
