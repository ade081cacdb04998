# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The module of those that manage buckets and their settings."""

from __future__ import annotations

import typing as t

from .._store.b2native import NativeClient
from .._store.connection import Connection
from .._store.registry import profile_for
from .module import StoreModule


class BucketModule(StoreModule):
    """A module for buckets and their settings, which a store's own interface may manage as well."""

    def _make_client(self, connection: Connection) -> t.Any:
        if connection.api == "native":
            return NativeClient(connection, profile_for(connection))
        return super()._make_client(connection)
