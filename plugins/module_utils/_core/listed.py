# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a listing holds, counted while somebody else reads it."""

from __future__ import annotations

from typing import Iterable, Iterator

from .model import RemoteObject


class Listed:
    """Objects and bytes below a prefix; they count when the listing has come to its end."""

    def __init__(self) -> None:
        self.objects = self.nbytes = 0
        self.complete = False

    def count(self, listing: Iterable[RemoteObject]) -> Iterator[RemoteObject]:
        """Pass a listing on."""
        for thing in listing:
            self.objects += 1
            self.nbytes += thing.size
            yield thing
        self.complete = True
