# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stores that the tests here are run against: those that the variable STORES names, or `all`. As a command it prints them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.profile import LIFECYCLE_ACTIONS, LIFECYCLE_FILTERS, Profile
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for
from ansible_collections.mediastore.s3.tests.servers.ceph import CephS3
from ansible_collections.mediastore.s3.tests.servers.garage import Garage1S3, GarageS3
from ansible_collections.mediastore.s3.tests.servers.minio import MinioS3
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3
from ansible_collections.mediastore.s3.tests.servers.versitygw import VersityS3

#: how each is started in a directory; all of them speak TLS, as the stores in the world do
SERVERS: dict[str, Callable[[Path], AbstractContextManager[Any]]] = {
    "moto": lambda directory: MotoS3(directory, tls=True),
    "ceph": CephS3,
    "rclone": lambda directory: RcloneS3(directory, "ACCESSKEY", secrets.token_hex(20)),
    "garage": GarageS3,
    "garage1": Garage1S3,
    "minio": MinioS3,
    "versitygw": VersityS3,
}

#: what moto lacks of the store that it stands for: it drops these two without a word
MOTO_DROPS = ("newer_noncurrent_versions", "object_size")
MOTO = {
    # Amazon's new buckets are closed; moto's are not.
    "new_bucket": {},
    "lifecycle": {
        "actions": [part for part in LIFECYCLE_ACTIONS if part not in MOTO_DROPS],
        "filters": [part for part in LIFECYCLE_FILTERS if part not in MOTO_DROPS],
        "unsure": list(MOTO_DROPS),
    },
    # Its IAM looks neither at the conditions of a policy nor at whether a key is switched off.
    "keys": {"prefixes": False, "disables": False},
}

#: Garage 1 is Garage without times of keys.
GARAGE_1 = {"keys": {"expires": False, "disables": False}}

#: stores that are not called like what they stand for, and in what they differ from it
STAND_FOR: dict[str, tuple[str, dict[str, Any]]] = {"moto": ("aws", MOTO), "garage1": ("garage", GARAGE_1)}
#: those that are not among all of them, as building one more takes long and shows little: run when they are named
EXTRA = ("garage1",)
#: those that need no compiler
USUAL = ("moto", "ceph", "rclone")


@dataclass(frozen=True)
class Store:
    """A running store; `server` is what runs, for what only one kind of store has."""

    name: str
    connection: dict[str, Any]
    server: Any

    @property
    def profile(self) -> Profile:
        """What the collection knows about it."""
        return profile_of(self.name)

    @property
    def keys_connection(self) -> dict[str, Any]:
        """The connection of the store on which keys count, where that is another one (moto lets everybody in)."""
        return getattr(self.server, "keys_connection", self.connection)

    @property
    def administration(self) -> dict[str, Any]:
        """The options for what is no part of S3, where a store has an interface for it."""
        if not self.name.startswith("garage"):
            return {}
        return {"admin_url": self.server.admin_url, "admin_token": self.server.admin_token}


def profile_of(name: str) -> Profile:
    """What the collection knows about a store, before it runs."""
    provider, capabilities = STAND_FOR.get(name, (name, None))
    return profile_for(Connection(provider, capabilities=capabilities))


def every() -> tuple[str, ...]:
    """All of them."""
    return tuple(name for name in SERVERS if name not in EXTRA)


def selected() -> tuple[str, ...]:
    """The names in STORES, each once."""
    names = tuple(dict.fromkeys(os.environ.get("STORES", "").split())) or USUAL
    if names == ("all",):
        return every()
    unknown = [name for name in names if name not in SERVERS]
    if unknown:
        raise SystemExit(f"STORES names {', '.join(unknown)}; there are: {', '.join(SERVERS)}, or all of them: all.")
    return names


if __name__ == "__main__":
    print(*selected())
