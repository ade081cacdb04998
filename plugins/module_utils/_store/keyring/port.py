# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What every store's keys have in common: a name, what it may do, and the access keys that act in that name."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..._core.grants import Grants, merged


@dataclass(frozen=True)
class Key:
    """One access key of a name."""

    id: str
    #: whether the store lets it in
    active: bool = True
    #: times as ISO 8601 in UTC with seconds (2026-11-25T12:00:00Z), None where the store does not say
    created: str | None = None
    expires: str | None = None
    last_used: str | None = None
    #: only of a key that was just made, or that was asked for where a store shows it again
    secret: str | None = field(default=None, repr=False)
    #: where each key has grants of its own: what this one may do; else None, for they are its holder's
    grants: Grants | None = None


@dataclass(frozen=True)
class Holder:
    """A name with its keys, of which there may be none."""

    name: str
    keys: tuple[Key, ...]
    #: what its active keys may do; None when that is something grants cannot say, or not the same for all of them
    grants: Grants | None
    #: every name of its buckets -> the one that grants has, where a bucket can have several names
    names: t.Mapping[str, str] = field(default_factory=dict)

    def named(self, grants: Grants) -> Grants:
        """The same grants with the names of buckets that this holder's have, so that they can be compared."""
        return merged(grant._replace(bucket=self.names.get(grant.bucket, grant.bucket)) for grant in grants)


class Keyring(t.Protocol):
    """The keys of one store. Nothing is remembered between calls; each call asks the store and raises a MediastoreError."""

    def find(self, name: str) -> Holder | None:
        """The holder of exactly that name, its keys with the oldest first; None if the store has never heard of it."""

    def create(self, name: str, grants: Grants, expires: str | None) -> Key:
        """Make one more key, with its secret; whatever the name lacks (a user, a policy, grants) is made first.

        Killed at any moment, it leaves what the next ``find`` shows and the next ``create`` or ``remove`` can go on with.
        """

    def regrant(self, holder: Holder, grants: Grants) -> None:
        """Let all active keys of the name do exactly this. Called only where the profile says that a store can."""

    def reveal(self, key: Key) -> str | None:
        """The secret of a key that is there. Called only where the profile says that a store shows it."""

    def switch(self, holder: Holder, key: Key, active: bool) -> None:
        """Switch one key off or on. Called only where the profile says that a store can."""

    def delete(self, holder: Holder, key: Key) -> None:
        """Delete one key; that it is gone already is no error. The name and its grants stay where a store keeps them apart."""

    def remove(self, holder: Holder) -> None:
        """Delete the name with all that was made for it: keys, policies, grants."""
