# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose application has a role of its own, and somebody without a key."""

from __future__ import annotations

import json
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import PLAYBOOK_TIMEOUT_S, Play, Site


class RoleSite(Site):
    """A host on which any playbook, and any part of the application's role, is run with everything shown that can be shown."""

    #: the application's role, without the collection
    role = ""
    timeout_s: float = PLAYBOOK_TIMEOUT_S

    def __init__(self, directory: Path, server: Any) -> None:
        self.shown: list[str] = []
        super().__init__(directory, server)

    def play(self, stage: str, *options: str) -> Play:
        return self.run(f"mediastore.s3.migrate.{stage}", *options)

    def run(self, playbook: str, *options: str) -> Play:
        """Run a playbook, and keep what it printed, in which no secret may be."""
        command = [*self.command("status")[:-1], playbook, "-vvv", "--diff", *options]
        done = subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, timeout=self.timeout_s, check=False
        )
        self.shown.append(done.stdout + done.stderr)
        return Play(done.returncode, done.stdout)

    def include(self, tasks: str) -> Play:
        """Run a task file of the role."""
        playbook = self.directory / f"{tasks}.yml"
        role = {"name": f"mediastore.s3.{self.role}", "tasks_from": tasks}
        task = {"name": "Include it", "ansible.builtin.include_role": role}
        playbook.write_text(json.dumps([{"name": "Include", "hosts": "all", "gather_facts": False, "tasks": [task]}]))
        return self.run(str(playbook))


def without_key(url: str, ca_path: str | None) -> int:
    """The status that somebody without a key gets."""
    try:
        with urllib.request.urlopen(url, context=ssl.create_default_context(cafile=ca_path), timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
