# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a change of storage class will cost, and save: an estimate from a price list and a listing."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, NamedTuple

from .recopy import STANDARD, Stored

KIB = 1024
#: what Amazon bills as a GB
GIB = 1024**3
PAGE = 1000
DAY_S = 86400
MONTH_DAYS = 30


class Tariff(NamedTuple):
    """One storage class on a price list; None is a price that nobody has told."""

    #: for 1000 requests: those that write (COPY, parts) and those that read (HEAD, ACL)
    copy: float | None = None
    get: float | None = None
    #: for a GiB: kept for a month, and read, as a copy does
    storage: float | None = None
    retrieval: float | None = None
    #: a smaller object is billed as if it had this size, one that leaves earlier as if it had stayed so long
    min_bytes: int = 0
    min_days: int = 0
    #: kept beside each object at the same price, and what else an object of some size costs in a month
    extra_bytes: int = 0
    per_object: float = 0.0
    per_object_from: int = 0

    def billed(self, size: int) -> int:
        """The bytes that are paid for."""
        return max(size, self.min_bytes) + self.extra_bytes


#: where these prices are from; they change seldom, and differ by region
AWS_SOURCE = "Amazon S3 price list, us-east-1, June 2026"
#: an index entry of 8 KiB at the price of STANDARD belongs to each archived object; 32 KiB more are at the class's own price
_INDEX = 8 * KIB / GIB * 0.023
_IA_BYTES = 128 * KIB
AWS: Mapping[str, Tariff] = {
    STANDARD: Tariff(0.005, 0.0004, 0.023, 0.0),
    "REDUCED_REDUNDANCY": Tariff(0.005, 0.0004, 0.024, 0.0),
    # The tier for frequent access, in which every object begins; watching costs 0.0025 for 1000 objects, and no small ones.
    "INTELLIGENT_TIERING": Tariff(0.005, 0.0004, 0.023, 0.0, per_object=0.0025 / 1000, per_object_from=_IA_BYTES),
    "STANDARD_IA": Tariff(0.01, 0.001, 0.0125, 0.01, _IA_BYTES, 30),
    "ONEZONE_IA": Tariff(0.01, 0.001, 0.01, 0.01, _IA_BYTES, 30),
    "GLACIER_IR": Tariff(0.02, 0.01, 0.004, 0.03, _IA_BYTES, 90),
    # Reading is paid for with the restore that has to come first.
    "GLACIER": Tariff(0.03, 0.0004, 0.0036, 0.0, 0, 90, 32 * KIB, _INDEX),
    "DEEP_ARCHIVE": Tariff(0.05, 0.0004, 0.00099, 0.0, 0, 180, 32 * KIB, _INDEX),
}

R2_SOURCE = "Cloudflare R2 price list, June 2026"
#: its GB are decimal; LIST costs what a write costs, there as at Amazon's
_GB = GIB / 10**9
R2: Mapping[str, Tariff] = {
    STANDARD: Tariff(0.0045, 0.00036, 0.015 * _GB, 0.0),
    "STANDARD_IA": Tariff(0.009, 0.0009, 0.01 * _GB, 0.01 * _GB, 0, 30),
}

#: name of the provider -> its prices, and where they are from
PRICE_LISTS: Mapping[str, tuple[Mapping[str, Tariff], str]] = {"aws": (AWS, AWS_SOURCE), "r2": (R2, R2_SOURCE)}


class Prices:
    """A price list, and what the user knows better."""

    def __init__(self, table: Mapping[str, Tariff], source: str | None, said: Mapping[str, Any]) -> None:
        self._table = table
        self._said = said
        self.source = f"{source}, and the task" if source and said else "the task" if said else source
        self.currency: str | None = said.get("currency") or ("USD" if table else None)

    def of(self, storage_class: str) -> Tariff:
        """What this class costs, as far as it is known."""
        said, listed = self._said, self._table.get(storage_class, Tariff())
        own = {
            "copy": said.get("copy_per_1000"),
            "get": said.get("get_per_1000"),
            "retrieval": said.get("retrieval_per_gib"),
            "storage": (said.get("storage_per_gib_month") or {}).get(storage_class),
        }
        return listed._replace(**{name: price for name, price in own.items() if price is not None})

    @property
    def listing(self) -> float | None:
        """What 1000 pages of a listing cost, which no class has a say in."""
        said: float | None = self._said.get("list_per_1000")
        return self._table.get(STANDARD, Tariff()).copy if said is None else said


class _Leaving:
    """The objects that leave one class, in the sums that are paid for."""

    def __init__(self) -> None:
        self.objects = self.nbytes = self.copies = self.gets_before = 0
        self.billed_before = self.billed_after = self.small_after = self.early_byte_days = 0
        self.watched_before = self.watched_after = 0


class Estimate:
    """Adds up objects as a listing shows them; what it cannot know is not in it (taxes, discounts, other regions' prices)."""

    def __init__(self, prices: Prices, target: str, keeps_acl: bool, keeps_tags: bool, now_s: float) -> None:
        self._prices = prices
        self._target = prices.of(target)
        self._keeps_acl = keeps_acl
        self._keeps_tags = keeps_tags
        self._now_s = now_s
        self._seen = 0
        self._from: dict[str, _Leaving] = {}

    def seen(self) -> None:
        """Count an object that was listed, whether it is to change or not."""
        self._seen += 1

    def add(self, thing: Stored, parts: int) -> None:
        """Count an object that is to be copied, in one request or in so many parts."""
        before, after = self._prices.of(thing.storage_class), self._target
        row = self._from.setdefault(thing.storage_class, _Leaving())
        row.objects += 1
        row.nbytes += thing.size
        row.copies += parts + 2 if parts else 1
        # A large object is also asked for its first part and its tags, and once more before it is replaced.
        row.gets_before += (3 + self._keeps_tags if parts else 1) + self._keeps_acl
        row.billed_before += before.billed(thing.size)
        row.billed_after += after.billed(thing.size)
        row.small_after += after.billed(thing.size) - thing.size
        row.watched_before += thing.size >= before.per_object_from
        row.watched_after += thing.size >= after.per_object_from
        left_days = before.min_days - (self._now_s - thing.modified_s) / DAY_S
        row.early_byte_days += int(max(0.0, left_days) * before.billed(thing.size))

    def as_dict(self) -> dict[str, Any]:
        """The shape of the result; None is a sum in which a price is missing."""
        once = {"requests": self._requests(), "retrieval": self._retrieval(), "early_deletion": self._early()}
        rows = list(self._from.values())
        return {
            "requests": {
                "list": self._pages,
                "read": sum(row.gets_before + row.objects for row in rows),
                "copy": sum(row.copies for row in rows),
            },
            "once": {**_shown(once), "total": rounded(total(once.values()))},
            "monthly": _shown({"before": self._before(), "after": self._after(), "small_objects": self._small()}),
            "minimum_days": self._target.min_days,
            "currency": self._prices.currency,
            "prices": self._prices.source,
        }

    @property
    def _pages(self) -> int:
        return max(1, -(-self._seen // PAGE))

    def _requests(self) -> float | None:
        paid = [times(self._pages, self._prices.listing, 1000)]
        for name, row in self._from.items():
            paid.append(times(row.copies, self._target.copy, 1000))
            paid.append(times(row.gets_before, self._prices.of(name).get, 1000))
            # the look at each object in its new class
            paid.append(times(row.objects, self._target.get, 1000))
        return total(paid)

    def _retrieval(self) -> float | None:
        return total(times(row.nbytes, self._prices.of(name).retrieval, GIB) for name, row in self._from.items())

    def _early(self) -> float | None:
        owed = [(row.early_byte_days, self._prices.of(name).storage) for name, row in self._from.items()]
        # How long a class bills at least is known from the list that has its price, or taken for not at all.
        return total(None if price is None else byte_days * price / (GIB * MONTH_DAYS) for byte_days, price in owed)

    def _before(self) -> float | None:
        kept = [(row, self._prices.of(name)) for name, row in self._from.items()]
        watched = sum(row.watched_before * tariff.per_object for row, tariff in kept)
        return total([watched, *(times(row.billed_before, tariff.storage, GIB) for row, tariff in kept)])

    def _after(self) -> float | None:
        rows, after = self._from.values(), self._target
        watched = sum(row.watched_after for row in rows) * after.per_object
        return total([watched, times(sum(row.billed_after for row in rows), after.storage, GIB)])

    def _small(self) -> float | None:
        return times(sum(row.small_after for row in self._from.values()), self._target.storage, GIB)


def times(amount: int, price: float | None, per: int) -> float | None:
    """What an amount costs; of nothing the price need not be known."""
    if not amount:
        return 0.0
    return None if price is None else amount * price / per


def total(costs: Iterable[float | None]) -> float | None:
    """The sum of costs; not known as soon as one of them is not."""
    found = 0.0
    for cost in costs:
        if cost is None:
            return None
        found += cost
    return found


def rounded(cost: float | None) -> float | None:
    """A cost as results show it."""
    return None if cost is None else round(cost, 6)


def _shown(costs: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: rounded(cost) for name, cost in costs.items()}
