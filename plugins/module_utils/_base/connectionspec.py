# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The options that say which store it is, and who comes."""

from __future__ import annotations

from .._store.registry import NAMES
from .argspec import ArgSpec

CONNECTION = ArgSpec(
    {
        "endpoint_url": {"type": "str"},
        "region": {"type": "str"},
        "access_key": {"type": "str", "no_log": False},
        "secret_key": {"type": "str", "no_log": True},
        "session_token": {"type": "str", "no_log": True},
        "profile": {"type": "str"},
        "provider": {"type": "str", "choices": list(NAMES)},
        "capabilities": {"type": "dict"},
        "api": {"type": "str", "choices": ["s3", "native"], "default": "s3"},
        "addressing_style": {"type": "str", "choices": ["path", "virtual"]},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "proxy_url": {"type": "str"},
        "admin_url": {"type": "str"},
        "admin_token": {"type": "str", "no_log": True},
        "connect_timeout": {"type": "int", "default": 10},
        "read_timeout": {"type": "int", "default": 60},
        "max_attempts": {"type": "int", "default": 5},
    },
    mutually_exclusive=[("profile", "access_key")],
    required_by={"session_token": ("access_key",)},
)
