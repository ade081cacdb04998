# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three hosts whose application has one directory, as over NFS: each with its own process, configuration and state."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import Play, Site
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

NAMES = ("one", "two", "three")


class SharedSite:
    """The hosts by their names; the first one is the one that moves the directory."""

    def __init__(self, directory: Path, store: RcloneS3, together: bool = True) -> None:
        self.store = store
        self.media, self.backup = directory / "media", directory / "media.before-s3"
        self.hosts = {name: Site(directory / name, store, seed) for seed, name in enumerate(NAMES)}
        for host in self.hosts.values():
            host.media, host.backup = self.media, self.backup
        self.lead = self.hosts[NAMES[0]]
        self._together = {"migrate_shared_by": list(NAMES)} if together else {}

    def build(self, files: int = 60) -> None:
        """Start the application on all of them, and upload the first files, to this one and to that."""
        for host in self.hosts.values():
            host.build(files=0)
        dice = random.Random(3)
        for number in range(files):
            host = self.hosts[NAMES[number % len(NAMES)]]
            assert host.upload(f"first/{number % 7}/{number}.bin", dice.choice((0, 10, 3000, 70_000)) if number else 9_000_000)
        self.vary()

    def vary(self, name: str = "", **variables: Any) -> None:
        """Change variables of one host in the inventory, or of all."""
        for host in [self.hosts[name]] if name else self.hosts.values():
            host.variables.update(variables)
        described = {name: {**host.inventory()["all"]["hosts"]["depot"], **self._together} for name, host in self.hosts.items()}
        (self.lead.directory / "inventory.json").write_text(json.dumps({"all": {"hosts": described}}, indent=1))

    def play(self, stage: str, *options: str) -> Play:
        """Run a playbook for all hosts."""
        return self.lead.play(stage, *options)

    def stages(self) -> list[str]:
        """The stage that each host has recorded."""
        return [host.stage() for host in self.hosts.values()]

    def backends(self) -> list[str]:
        """Where the application of each host is told to have its media."""
        return [str(json.loads(host.config.read_text())["backend"]) for host in self.hosts.values()]

    def running(self) -> list[bool]:
        """Whether the application of each host runs."""
        return [host.depot("status") == 0 for host in self.hosts.values()]

    def lost(self) -> list[str]:
        """What any host does not serve of what any host has acknowledged."""
        stored = {key: body for host in self.hosts.values() for key, body in host.acknowledged.items()}
        return [
            f"{name}: {key}"
            for name, host in self.hosts.items()
            for key, body in stored.items()
            if host.request("GET", key) != (200, body)
        ]

    def close(self) -> None:
        """Stop the application on all of them."""
        for host in self.hosts.values():
            host.close()
