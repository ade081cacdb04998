# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What an upload asks of the store and leaves there, counted while it is planned, and what that costs by a price list."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, NamedTuple

from .model import RemoteObject
from .tariff import GIB, PAGE, Prices, rounded, times, total
from .upload import part_size_of


class Rules(NamedTuple):
    """How a store is uploaded to."""

    #: the largest part that is wanted, the smallest and the number that the store takes
    part_size: int
    part_min: int
    max_parts: int
    storage_class: str
    #: whether an object has to be read back to be proved, because neither ETag nor checksum can; one in parts, too
    reads_back: bool
    reads_back_parts: bool


class Billing:
    """Counts files as they are planned; tries again after errors, discounts, taxes and other regions' prices are not in it."""

    def __init__(self, rules: Rules, prices: Prices) -> None:
        self._rules = rules
        self._prices = prices
        self._tariff = prices.of(rules.storage_class)
        self._puts = self._gets = self._lists = 0
        self._listed = self._new = self._billed = self._watched = 0

    def asked(self, puts: int = 0, gets: int = 0, lists: int = 0) -> None:
        """Count requests that are about no file."""
        self._puts += puts
        self._gets += gets
        self._lists += lists

    def listed(self, objects: Iterable[RemoteObject]) -> Iterator[RemoteObject]:
        """Pass a listing on, and count it."""
        for thing in objects:
            self._listed += 1
            yield thing

    def send(self, size: int, replaces: bool) -> None:
        """Count a file that is to be sent."""
        rules = self._rules
        part_size = part_size_of(size, rules.part_size, rules.part_min, rules.max_parts)
        # in parts: one request to begin, one for each part, one to complete
        self._puts += -(-size // part_size) + 2 if part_size else 1
        self._gets += rules.reads_back_parts if part_size else rules.reads_back
        self._new += not replaces
        self.keep(size)

    def keep(self, size: int) -> None:
        """Count a file that is in the store, now or when all is done."""
        self._billed += self._tariff.billed(size)
        self._watched += size >= self._tariff.per_object_from

    def as_dict(self) -> dict[str, Any]:
        """The shape of the result; None is a sum in which a price is missing."""
        prices, tariff = self._prices, self._tariff
        lists, after = _pages(self._listed) + self._lists, _pages(self._listed + self._new)
        upload = [times(self._puts, tariff.copy, 1000), times(self._gets, tariff.get, 1000), times(lists, prices.listing, 1000)]
        storage = [times(self._billed, tariff.storage, GIB), self._watched * tariff.per_object]
        return {
            "requests": {"write": self._puts, "read": self._gets, "list": lists, "verify": after},
            "estimate": {
                "upload": rounded(total(upload)),
                "verify": rounded(times(after, prices.listing, 1000)),
                "monthly": rounded(total(storage)),
                "currency": prices.currency,
                "prices": prices.source,
            },
        }


def _pages(objects: int) -> int:
    """Requests that list so many objects; that there are none has to be asked, too."""
    return max(1, -(-objects // PAGE))
