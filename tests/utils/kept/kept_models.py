# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing this keeps what botocore reads of a service and looks for of all services.

That takes a session a tenth of a second, and each module has a session of its own.

A plugin of pytest for the tests that run modules in their own process, and for kept_python.py.
"""

from __future__ import annotations

from typing import Any

from botocore.loaders import JSONFileLoader, Loader

read, look = JSONFileLoader.load_file, Loader.list_available_services
models: dict[str, Any] = {}
services: dict[tuple[str, ...], list[str]] = {}


def kept_or_read(self: JSONFileLoader, path: str) -> Any:
    """What the file says; None where there is no such file, as there are several places for one."""
    if path not in models:
        found = read(self, path)
        if found is None:
            return None
        models[path] = found
    return models[path]


def kept_or_found(self: Loader, type_name: str) -> list[str]:
    """The services that have a file of that type in the directories for such."""
    asked = (type_name, *self.search_paths)
    if asked not in services:
        services[asked] = look(self, type_name)
    return services[asked]


JSONFileLoader.load_file = kept_or_read
Loader.list_available_services = kept_or_found
