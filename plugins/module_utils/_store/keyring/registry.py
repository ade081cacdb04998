# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The keyrings by name. A static table, since only what is imported by name travels to the target."""

from __future__ import annotations

import typing as t

from ..._core.errors import Unsupported
from .b2 import B2Keyring
from .digitalocean import DigitalOceanKeyring
from .garage import GarageKeyring
from .iam import IamKeyring
from .linode import LinodeKeyring
from .minio import MinioKeyring
from .port import Keyring
from .r2 import R2Keyring
from .rgw import RgwKeyring
from .scaleway import ScalewayKeyring
from .versitygw import VersityKeyring

if t.TYPE_CHECKING:
    from ..connection import Connection
    from ..profile import Profile

KEYRINGS: dict[str, t.Callable[[Connection, Profile], Keyring]] = {
    "b2": B2Keyring,
    "digitalocean": DigitalOceanKeyring,
    "garage": GarageKeyring,
    "iam": IamKeyring,
    "linode": LinodeKeyring,
    "minio": MinioKeyring,
    "r2": R2Keyring,
    "rgw": RgwKeyring,
    "scaleway": ScalewayKeyring,
    "versitygw": VersityKeyring,
}


def keyring_for(connection: Connection, profile: Profile, tried: str) -> Keyring:
    """The keyring of a store; Unsupported where only a person can make keys. Sends nothing yet."""
    make = KEYRINGS.get(profile.keys.keyring)
    if make is None:
        where = profile.keys.console or "the provider's console"
        raise Unsupported(
            tried,
            said=f"{profile.title} has no interface that makes keys",
            remedy=f"Make the key in {where}, and prove what it may do with mediastore.s3.key_access.",
            code="Unsupported",
        )
    return make(connection, profile)
