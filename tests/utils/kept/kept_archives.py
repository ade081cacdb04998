# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the archives in which Ansible sends its modules, for sitecustomize.py in the process of ansible-playbook.

Each playbook looks through all that a module imports, once for each module. That is a quarter of the processor time of a cutover.
Archives are found by the size and time of every file that could be in one, so they are never old.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from kept_later import Later

#: what makes the archives
MAKER = "ansible.executor.module_common"


class Constants:
    """Ansible's, but with another directory for the archives than that of this one run."""

    def __init__(self, constants: ModuleType, place: Path) -> None:
        self._constants = constants
        self.DEFAULT_LOCAL_TMP = str(place)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._constants, name)


def state_of(maker: str) -> str:
    """A digest of what the archives are made of: this Ansible, and the collection as it is now."""
    digest = hashlib.sha256(maker.encode())
    for root in os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":"):
        plugins = Path(root, "ansible_collections", "mediastore", "s3", "plugins")
        for path in sorted([*plugins.glob("modules/*.py"), *plugins.glob("module_utils/**/*.py")]):
            found = path.stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:20]


def keep(kept: str) -> None:
    """From here on."""

    def change(module: ModuleType) -> None:
        module.C = Constants(module.C, Path(kept, "archives", state_of(module.__file__)))

    Later(MAKER, change)
