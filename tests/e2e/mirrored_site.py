# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host of migrate_site.py with an application that has its media as files and in the bucket, and a role that says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import Site

#: what a role has to have to be an application; all but the first is as in the role generic
TASKS = ("describe", "prepare", "stop", "start", "switch_on", "health")


def write_role(collections: Path) -> str:
    """The role of an application that can be switched first, as somebody else would write it; its full name."""
    tasks = collections / "ansible_collections" / "tests" / "apps" / "roles" / "mirrored" / "tasks"
    tasks.mkdir(parents=True, exist_ok=True)
    for name in TASKS:
        generic = {"name": "As any", "ansible.builtin.include_role": {"name": "mediastore.s3.generic", "tasks_from": name}}
        said = "{{ generic_description | combine({'orders': ['stop-first', 'switch-first']}) }}"
        more = (
            [{"name": "Say what it can", "ansible.builtin.set_fact": {"mirrored_description": said}}]
            if name == "describe"
            else []
        )
        (tasks / f"{name}.yml").write_text(yaml.safe_dump([generic, *more]))
    return "tests.apps.mirrored"


class MirroredSite(Site):
    """Switched first, unless told otherwise."""

    def inventory(self) -> dict[str, Any]:
        made = super().inventory()
        mirrored = {
            "migrate_app": write_role(self.directory / "collections"),
            "migrate_order": "switch-first",
            "generic_switch_files": [{"path": str(self.config), "content": json.dumps(self.settings("both"))}],
        }
        host = made["all"]["hosts"]["depot"]
        host.update({name: what for name, what in mirrored.items() if name not in self.variables})
        return made

    def environment(self) -> dict[str, str]:
        environment = super().environment()
        paths = f"{environment['ANSIBLE_COLLECTIONS_PATH']}:{self.directory / 'collections'}"
        return {**environment, "ANSIBLE_COLLECTIONS_PATH": paths}
