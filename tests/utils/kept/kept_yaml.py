# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what Ansible reads of its own large YAML files, for sitecustomize.py in the process of ansible-playbook.

Each playbook reads the names of all modules that there ever were, and all settings: half a megabyte.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from kept_later import Later

META, CONFIG = "ansible.utils.collection_loader._collection_meta", "ansible.config.manager"


def keep(kept_code: Callable[[tuple[bytes, ...], Callable[[], Any]], Any]) -> None:
    """From here on."""

    def change_meta(module: ModuleType) -> None:
        read = module._meta_yml_to_dict

        def kept_meta(text: bytes | str, content_id: Any) -> Any:
            named = text if isinstance(text, bytes) else text.encode()
            return kept_code((META.encode(), named), lambda: read(text, content_id))

        module._meta_yml_to_dict = kept_meta

    def change_config(module: ModuleType) -> None:
        manager = module.ConfigManager
        read = manager._read_config_yaml_file

        def kept_config(self: Any, file: str | bytes) -> Any:
            with open(file, "rb") as text:
                return kept_code((CONFIG.encode(), text.read()), lambda: read(self, file))

        manager._read_config_yaml_file = kept_config

    Later(META, change_meta)
    Later(CONFIG, change_config)
