# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The providers by name. A static table, since only what is imported by name travels to the target."""

from __future__ import annotations

import typing as t

from .capabilities import with_capabilities
from .profile import Profile
from .providers.aws import PROFILE as AWS
from .providers.b2 import PROFILE as B2
from .providers.ceph import PROFILE as CEPH
from .providers.garage import PROFILE as GARAGE
from .providers.generic import PROFILE as GENERIC
from .providers.minio import PROFILE as MINIO
from .providers.rclone import PROFILE as RCLONE

if t.TYPE_CHECKING:
    from .connection import Connection

PROFILES: dict[str, Profile] = {p.name: p for p in (AWS, B2, CEPH, GARAGE, GENERIC, MINIO, RCLONE)}

NAMES: tuple[str, ...] = tuple(sorted(PROFILES))


def profile_for(connection: Connection) -> Profile:
    """The profile of the connection's provider, with what the user knows better."""
    return with_capabilities(PROFILES[connection.provider], connection.capabilities or {})
