# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Where the key of an object of one bucket is in another: a prefix is added, stripped or replaced."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rebase:
    """What comes after the old prefix is put behind the new one.

    All keys begin with the same prefix before, and with the same one afterwards, so they stay in the order in which they were.
    """

    old: str
    new: str
    #: whether source and destination are one bucket
    same_bucket: bool = False

    def relative(self, source_key: str) -> str:
        """What comes after the prefix."""
        return source_key[len(self.old) :]

    def target(self, source_key: str) -> str:
        """The key in the destination."""
        return self.new + source_key[len(self.old) :]

    def source(self, target_key: str) -> str:
        """The key in the source of what has this key in the destination."""
        return self.old + target_key[len(self.new) :]

    @property
    def goes_nowhere(self) -> bool:
        """Whether each object would be copied onto itself."""
        return self.same_bucket and self.old == self.new

    def is_copy(self, source_key: str) -> bool:
        """Whether an object below the source's prefix is below that of the destination, which lies in it: ``a`` to ``old/a``."""
        return self.same_bucket and len(self.new) > len(self.old) and source_key.startswith(self.new)

    def unfit(self, target_key: str) -> str:
        """Why nothing may be copied to this key, or an empty string."""
        if not target_key:
            return "the key is the prefix itself and leaves no name"
        if self.same_bucket and target_key.startswith(self.old) and not self.new.startswith(self.old):
            return f"its copy would be {target_key}, which is below the prefix from which the objects are taken"
        return ""
