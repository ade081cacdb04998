# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Everything wrong with the input, gathered so that one error names it all."""

from __future__ import annotations

from .errors import BadInput

SHOWN = 10


class Problems:
    """Gathers what is wrong with single files, counts all of it and keeps the first few."""

    def __init__(self, tried: str) -> None:
        self.tried = tried
        self.count = 0
        self.shown: list[str] = []

    def add(self, name: str | bytes, why: str) -> None:
        """Note one more file that cannot be handled."""
        self.count += 1
        if len(self.shown) < SHOWN:
            self.shown.append(f"{printable(name)}: {why}")

    def join(self, count: int, shown: list[str]) -> None:
        """Take over what another walk has gathered."""
        self.count += count
        self.shown = sorted(self.shown + shown)[:SHOWN]

    def raise_if_any(self) -> None:
        """Refuse the whole run, naming the files, before anything is sent."""
        if not self.count:
            return
        more = f" and {self.count - len(self.shown)} more" if self.count > len(self.shown) else ""
        raise BadInput(
            self.tried,
            said=f"{self.count} of the names cannot be handled, nothing was transferred: {'; '.join(self.shown)}{more}",
            remedy="Repair or remove them, or leave them out with exclude (links, sockets: special=skip), and run again.",
        )


def printable(name: str | bytes) -> str:
    """A name that is safe to show, whatever bytes it is made of."""
    raw = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    text = raw.decode("utf-8", "backslashreplace")
    clean = "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
    return clean if len(clean) <= 200 else f"{clean[:120]}…{clean[-60:]}"
