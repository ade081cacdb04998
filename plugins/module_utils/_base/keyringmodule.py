# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The module of those that make and look up keys."""

from __future__ import annotations

from .._core.errors import LibraryMissing
from .._store.keyring.port import Keyring
from .._store.keyring.registry import keyring_for
from .module import StoreModule


class KeyringModule(StoreModule):
    """A module for keys, by whichever interface the store has for them."""

    def keyring(self, tried: str) -> Keyring:
        """The keyring of the store; Unsupported where only a person can make keys."""
        try:
            return keyring_for(self.connection, self.profile, tried)
        except LibraryMissing as exc:
            self.respawn_with(exc.library)
            raise
