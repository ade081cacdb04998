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
from .providers.digitalocean import PROFILE as DIGITALOCEAN
from .providers.garage import PROFILE as GARAGE
from .providers.gcs import PROFILE as GCS
from .providers.generic import PROFILE as GENERIC
from .providers.hetzner import PROFILE as HETZNER
from .providers.idrive import PROFILE as IDRIVE
from .providers.linode import PROFILE as LINODE
from .providers.minio import PROFILE as MINIO
from .providers.ovh import PROFILE as OVH
from .providers.r2 import PROFILE as R2
from .providers.rclone import PROFILE as RCLONE
from .providers.scaleway import PROFILE as SCALEWAY
from .providers.seaweedfs import PROFILE as SEAWEEDFS
from .providers.storj import PROFILE as STORJ
from .providers.versitygw import PROFILE as VERSITYGW
from .providers.wasabi import PROFILE as WASABI

if t.TYPE_CHECKING:
    from .connection import Connection

PROFILES: dict[str, Profile] = {
    p.name: p
    for p in (
        AWS,
        B2,
        CEPH,
        DIGITALOCEAN,
        GARAGE,
        GCS,
        GENERIC,
        HETZNER,
        IDRIVE,
        LINODE,
        MINIO,
        OVH,
        R2,
        RCLONE,
        SCALEWAY,
        SEAWEEDFS,
        STORJ,
        VERSITYGW,
        WASABI,
    )
}

NAMES: tuple[str, ...] = tuple(sorted(PROFILES))


def profile_for(connection: Connection) -> Profile:
    """The profile of the connection's provider, with what the user knows better."""
    return with_capabilities(PROFILES[connection.provider], connection.capabilities or {})
