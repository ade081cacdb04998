# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Which part of the keys is this run's, where several hosts move one directory together."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from .errors import BadInput

#: A quarter of the time of a cryptographic sum, and this factor mixes what CRC leaves alike: names that say the same twice would
#: else differ in few of its bits.
ODD = 0x9E3779B1


@dataclass(frozen=True)
class Shard:
    """One of several parts of all keys. Each key is in exactly one, and the key alone says in which.

    The whole key is summed up and not its folder: only so the parts are of one size whatever the layout, also where a folder
    holds a million files. What a run spares is to look at the files of the others; the names in the folders all of them read.
    """

    index: int = 0
    count: int = 1

    def __contains__(self, key: str | bytes) -> bool:
        """Whether a key, as text or in bytes, is in this part."""
        if self.count == 1:
            return True
        raw = key.encode("utf-8", "surrogateescape") if isinstance(key, str) else key
        mixed = zlib.crc32(raw) * ODD & 0xFFFFFFFF
        return mixed * self.count >> 32 == self.index

    def __str__(self) -> str:
        return f"{self.index} of {self.count}"

    @property
    def binding(self) -> dict[str, str]:
        """What ties a journal to this part; nothing for the whole."""
        return {"shard": str(self)} if self.count > 1 else {}


WHOLE = Shard()


def shard_of(said: dict[str, Any] | None, tried: str) -> Shard:
    """The part that the option means, or one clear error."""
    if not said:
        return WHOLE
    index, count = said["index"], said["count"]
    if count < 1:
        raise BadInput(tried, said=f"shard.count is {count}", remedy="Say how many runs share the work: 1 or more.")
    if not 0 <= index < count:
        remedy = f"Indexes are counted from 0, so with {count} of them use 0 to {count - 1}."
        raise BadInput(tried, said=f"shard.index is {index} and shard.count is {count}", remedy=remedy)
    return Shard(index, count)
