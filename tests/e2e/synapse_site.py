# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host of migrate_site.py with a real Matrix Synapse, whose clients upload and download by its own API."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import BUCKET, Site
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3
from ansible_collections.mediastore.s3.tests.servers.synapse import Synapse

ROOT = Path(__file__).parents[2]


def synapse_python() -> str:
    """A Python with Synapse and its storage provider: the one that the demo uses."""
    made = [str(ROOT / "tests" / "utils" / "venv.sh"), str(ROOT / "demo" / "requirements-synapse.txt")]
    return f"{subprocess.run(made, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()}/bin/python"


class SynapseSite(Site):
    """What is acknowledged is known by its address (mxc://), whatever name it was given."""

    def __init__(self, directory: Path, store: RcloneS3, python: str) -> None:
        super().__init__(directory, store)
        self.python = python
        self.server = Synapse.create(directory / "synapse", python, {"AWS_CA_BUNDLE": str(store.ca_path)})
        self.media, self.backup = self.server.media_store, self.server.directory / "media_store.before-s3"
        self.config = self.server.conf_d / "s3_media.yaml"
        self._headers: dict[str, str] = {}

    def build(self, files: int = 60) -> None:
        """Start Synapse and upload the first media."""
        (self.store.data / BUCKET).mkdir(parents=True)
        self.vary()
        self.server.start()
        self._headers = {"Authorization": f"Bearer {self.server.register('ann')}", "Content-Type": "application/octet-stream"}
        for number in range(files):
            assert self.upload(f"first-{number}", self.random.choice((0, 10, 3000, 70_000)) if number else 9_000_000)

    def inventory(self) -> dict[str, Any]:
        """As a user would write it whose Synapse has no unit."""
        host = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "mediastore_store": self.store.connection,
            "mediastore_engine_install": False,
            "migrate_app": "synapse",
            "migrate_order": "switch-first",
            "migrate_bucket": BUCKET,
            "migrate_state_dir": str(self.state),
            "synapse_media_path": str(self.media),
            "synapse_media_homeserver_config": str(self.server.directory / "homeserver.yaml"),
            "synapse_media_config_file": str(self.config),
            "synapse_media_python": self.python,
            "synapse_media_user": self.media.owner(),
            "synapse_media_provider_install": False,
            **{f"synapse_media_{verb}_command": self.server.command(verb) for verb in ("start", "stop", "status")},
            "synapse_media_health_url": f"{self.server.url}/health",
        }
        return {"all": {"hosts": {"chat": {**host, **self.variables}}}}

    def command(self, stage: str, *options: str) -> list[str]:
        """A stage of a migration, or the `role` alone."""
        command = super().command(stage, *options)
        if stage != "role":
            return command
        playbook = self.directory / "role.yml"
        playbook.write_text(yaml.safe_dump([{"hosts": "chat", "gather_facts": False, "roles": ["mediastore.s3.synapse"]}]))
        return [str(playbook) if word == "mediastore.s3.migrate.role" else word for word in command]

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """One request of a client, status 0 when there is no answer."""
        connection = http.client.HTTPConnection(self.server.url.partition("//")[2], timeout=20)
        try:
            connection.request(method, path, body, self._headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def upload(self, key: str, size: int) -> bool:
        """Upload random bytes under a name and remember them if Synapse acknowledged."""
        body = self.random.randbytes(size)
        status, answer = self.ask("POST", f"/_matrix/media/v3/upload?filename={key.replace('/', '-')}", body)
        if status == 200:
            self.acknowledged[str(json.loads(answer)["content_uri"])] = body
        return status == 200

    def lost(self) -> list[str]:
        """The media that Synapse no longer serves as it acknowledged them."""
        return [address for address, body in list(self.acknowledged.items()) if self.served(address) != (200, body)]

    def served(self, address: str) -> tuple[int, bytes]:
        """What a client gets for an address."""
        return self.ask("GET", f"/_matrix/client/v1/media/download/{address.partition('//')[2]}")

    def file_of(self, address: str) -> Path:
        """Where Synapse keeps it."""
        name = address.rpartition("/")[2]
        return self.media / "local_content" / name[:2] / name[2:4] / name[4:]

    def close(self) -> None:
        """Stop it."""
        self.server.stop()
