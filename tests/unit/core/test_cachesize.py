# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sizes are proposed for what is in a bucket, and with which words."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.cachesize import Census, advise

MIB = 1024 * 1024
DAY = 86400


def census(*objects, slice_size=5 * MIB, days=30):
    """Of (how many, size, age in days)."""
    counted = Census(slice_size, days)
    for number, size, age in objects:
        for _object in range(number):
            counted.add(size, age * DAY)
    return counted


def test_the_seeds_rule_a_megabyte_for_eight_thousand_entries():
    advice = advise(census((20_000, 100_000, 1)), 5, None)
    assert advice.memory == "3M", "20000 entries, and 8000 fit into 1 MB"
    assert "1M is enough for 8000" in " ".join(advice.reasons)


def test_slices_count_as_entries():
    counted = census((100, 50 * MIB, 1), (10, 0, 1), (10, 5 * MIB, 1), (10, 5 * MIB + 1, 1))
    assert counted.entries == 100 * 10 + 10 + 10 + 20
    assert advise(census((5000, 50 * MIB, 1)), 5, None).memory == "7M", "50000 entries, though only 5000 objects"


def test_what_is_new_has_a_place_and_some_of_what_is_older():
    counted = census((100, 10 * MIB, 1), (100, 100 * MIB, 400))
    near, far, farther = (advise(counted, away, None) for away in (5, 50, 150))
    assert (near.disk, far.disk, farther.disk) == ("2200M", "3850M", "6600M"), "the farther away, the more a miss costs"
    assert near.inactive == "30d" and "5 ms away" in near.reasons[1]


def test_never_less_than_the_defaults():
    advice = advise(census((1, 1000, 1)), 5, None)
    assert (advice.memory, advice.disk) == ("1M", "200M")
    empty = advise(census(), 5, None)
    assert (empty.memory, empty.disk, empty.inactive) == ("1M", "200M", "30d") and "no objects yet" in empty.reasons[0]


def test_where_all_has_a_place_nothing_need_be_forgotten():
    assert advise(census((100, MIB, 1)), 5, None).inactive == "1y"


def test_half_of_the_free_disk_at_most_and_then_the_index_is_smaller_too():
    counted = census((100_000, MIB, 1))
    assert advise(counted, 5, None)[:2] == ("13M", "110000M")
    tight = advise(counted, 5, 40_000 * MIB)
    assert (tight.memory, tight.disk, tight.limited) == ("3M", "20000M", True)
    assert "More would be of use (110000M)" in tight.reasons[-1]
    assert advise(counted, 5, 1)[:3] == ("1M", "200M", "30d"), "not less than the default"


@pytest.mark.parametrize(("size", "end"), [(0, 16384), (16384, 16384), (16385, 65536), (268435456, 268435456), (268435457, None)])
def test_the_histogram(size, end):
    slices = max(1, -(-size // (5 * MIB)))
    assert census((3, size, 1)).histogram() == [{"up_to": end, "objects": 3, "bytes": 3 * size, "entries": 3 * slices}]
