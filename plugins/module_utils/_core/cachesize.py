# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How large a cache in front of a bucket should be, by what is in the bucket, and why."""

from __future__ import annotations

import math
import typing as t
from dataclasses import dataclass, field

from .progress import human

KIB, MIB = 1024, 1024 * 1024
#: nginx's own figure for an index: 128 bytes for each entry
ENTRIES_PER_MIB = 8000
#: upper ends of the classes of the histogram; whatever is larger is in one more
EDGES = tuple(KIB * 4**n for n in range(2, 10))
#: what the defaults are, and so the least
LEAST_MEMORY_MIB, LEAST_DISK_MIB = 1, 200
#: one part in so many more, for what comes between two looks of nginx at its disk use, and for the blocks of the filesystem
RESERVE = 10
#: how much of the free disk space is proposed at most
FREE_SHARE = 0.5
#: milliseconds to the store -> the share of older media that is worth a place: the farther away, the more a miss costs
SHARES = ((20.0, 0.1), (100.0, 0.25), (math.inf, 0.5))


@dataclass
class Amount:
    """Objects, with the entries that they are in a cache."""

    objects: int = 0
    bytes: int = 0
    entries: int = 0

    def add(self, size: int, slice_size: int) -> None:
        self.objects += 1
        self.bytes += size
        self.entries += max(1, math.ceil(size / slice_size))


@dataclass
class Census:
    """What is in a bucket, by size and age."""

    slice_size: int
    days: int
    recent: Amount = field(default_factory=Amount)
    older: Amount = field(default_factory=Amount)
    classes: list[Amount] = field(default_factory=lambda: [Amount() for _edge in range(len(EDGES) + 1)])

    def add(self, size: int, age_s: float) -> None:
        """Count one object."""
        (self.recent if age_s <= self.days * 86400 else self.older).add(size, self.slice_size)
        place = next((n for n, edge in enumerate(EDGES) if size <= edge), len(EDGES))
        self.classes[place].add(size, self.slice_size)

    @property
    def objects(self) -> int:
        return self.recent.objects + self.older.objects

    @property
    def bytes(self) -> int:
        return self.recent.bytes + self.older.bytes

    @property
    def entries(self) -> int:
        return self.recent.entries + self.older.entries

    def histogram(self) -> list[dict[str, t.Any]]:
        """The classes in which there is anything."""
        ends: list[int | None] = [*EDGES, None]
        return [
            {"up_to": end, "objects": amount.objects, "bytes": amount.bytes, "entries": amount.entries}
            for end, amount in zip(ends, self.classes)
            if amount.objects
        ]


class Advice(t.NamedTuple):
    """Three sizes in nginx's words, and the reasons in ours."""

    memory: str
    disk: str
    inactive: str
    limited: bool
    reasons: list[str]


def advise(census: Census, latency_ms: float, free: int | None) -> Advice:
    """What would fit."""
    if not census.objects:
        reason = "There are no objects yet. These are the defaults; ask again when there are some."
        return Advice(f"{LEAST_MEMORY_MIB}M", f"{LEAST_DISK_MIB}M", f"{census.days}d", False, [reason])
    share = next(part for limit, part in SHARES if latency_ms <= limit)
    wanted = census.recent.bytes + share * census.older.bytes
    wanted += wanted / RESERVE
    entries = census.recent.entries + share * census.older.entries
    disk, limited = max(LEAST_DISK_MIB * MIB, wanted), False
    if free is not None and disk > max(free * FREE_SHARE, LEAST_DISK_MIB * MIB):
        disk, limited = max(free * FREE_SHARE, LEAST_DISK_MIB * MIB), True
    # What there is no room for on the disk needs no room in the index.
    entries = entries * min(1.0, disk / wanted) if wanted else entries
    memory = max(LEAST_MEMORY_MIB, math.ceil(entries / ENTRIES_PER_MIB))
    disk_mib = math.floor(disk / MIB) if limited else math.ceil(disk / MIB)
    whole = disk_mib * MIB >= census.bytes + census.bytes / RESERVE
    inactive = "1y" if whole else f"{census.days}d"
    recent, older = census.recent, census.older
    reasons = [
        f"The bucket has {census.objects} objects of {human(census.bytes)}, on average {human(census.bytes / census.objects)}. "
        f"In slices of {human(census.slice_size)} they are {census.entries} entries.",
        f"s3_disk_cache_size {disk_mib}M: {human(recent.bytes)} are not older than {census.days} days, which is what most people "
        f"look at; of the {human(older.bytes)} that are older there is a place for {share:.0%}, as the store is "
        f"{latency_ms:.0f} ms away and a miss costs that much at least; and a tenth is in reserve, since nginx looks only every "
        f"ten seconds whether there is too much. It is never less than {LEAST_DISK_MIB}M.",
        f"s3_memory_cache_size {memory}M: these are some {math.ceil(entries)} entries, and 1M is enough for {ENTRIES_PER_MIB}.",
        f"s3_cache_inactive_time {inactive}: "
        + (
            "all of the bucket has a place, so there is no reason to forget anything."
            if whole
            else "so what was looked at once does not stay for longer than what people usually look at; the size decides earlier."
        ),
    ]
    if limited:
        reasons.append(
            f"More would be of use ({math.ceil(wanted / MIB)}M), but the filesystem of the cache has {human(free or 0)} free, "
            "and half of that is what is proposed at most."
        )
    return Advice(f"{memory}M", f"{disk_mib}M", inactive, limited, reasons)
