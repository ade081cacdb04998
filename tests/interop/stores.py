# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stores that the tests here are run against: those that the variable STORES names, or `all`. As a command it prints them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.mediastore.s3.tests.servers.ceph import CephS3
from ansible_collections.mediastore.s3.tests.servers.garage import GarageS3
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
    "minio": MinioS3,
    "versitygw": VersityS3,
}

#: those that need no compiler
USUAL = ("moto", "ceph", "rclone")


@dataclass(frozen=True)
class Store:
    """A running store; `server` is what runs, for what only one kind of store has."""

    name: str
    connection: dict[str, Any]
    server: Any


def selected(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The names in STORES, each once."""
    names = tuple(dict.fromkeys(environment.get("STORES", "").split())) or USUAL
    if names == ("all",):
        return tuple(SERVERS)
    unknown = [name for name in names if name not in SERVERS]
    if unknown:
        raise SystemExit(f"STORES names {', '.join(unknown)}; there are: {', '.join(SERVERS)}, or all of them: all.")
    return names


if __name__ == "__main__":
    print(*selected())
