# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and costs of an upload, checked by hand."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.billing import Billing, Rules
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import RemoteObject
from ansible_collections.mediastore.s3.plugins.module_utils._core.tariff import AWS, AWS_SOURCE, GIB, KIB, PRICE_LISTS, Prices

MIB = 1024 * KIB
AMAZON = Prices(AWS, AWS_SOURCE, {})


def billing(prices=AMAZON, **rules):
    usual = {
        "part_size": 8 * MIB,
        "part_min": 5 * MIB,
        "max_parts": 10_000,
        "storage_class": "STANDARD",
        "reads_back": False,
        "reads_back_parts": False,
    }
    return Billing(Rules(**{**usual, **rules}), prices)


@pytest.mark.parametrize(
    ("size", "puts"),
    [
        (0, 1),
        (8 * MIB, 1),
        (8 * MIB + 1, 4),
        (16 * MIB, 4),
        (16 * MIB + 1, 5),
        # more than 10 000 parts of 8 MiB: they become as large as they have to be, in whole MiB
        (100 * GIB, 2 + 9310),
    ],
)
def test_requests_that_write(size, puts):
    counted = billing()
    counted.send(size, replaces=False)
    assert counted.as_dict()["requests"] == {"write": puts, "read": 0, "list": 1, "verify": 1}


def test_parts_are_not_smaller_than_the_store_takes():
    counted = billing(part_size=6 * MIB, part_min=16 * MIB)
    counted.send(40 * MIB, replaces=False)
    assert counted.as_dict()["requests"]["write"] == 2 + 3


def test_listings_grow_by_what_is_new():
    counted = billing()
    assert sum(1 for thing in counted.listed(RemoteObject(str(number), 1, "") for number in range(1999))) == 1999
    for number in range(3):
        counted.send(1, replaces=number > 1)
    counted.asked(puts=1, gets=1, lists=1)
    assert counted.as_dict()["requests"] == {"write": 4, "read": 1, "list": 3, "verify": 3}


def test_what_cannot_be_proved_otherwise_is_read_back():
    counted = billing(reads_back=True)
    counted.send(1, replaces=False)
    counted.send(9 * MIB, replaces=False)
    assert counted.as_dict()["requests"]["read"] == 1
    counted = billing(reads_back_parts=True)
    counted.send(1, replaces=False)
    counted.send(9 * MIB, replaces=False)
    assert counted.as_dict()["requests"]["read"] == 1


def test_the_bill_at_amazon():
    counted = billing()
    for _number in range(1000):
        counted.send(8 * MIB, replaces=False)
    for _number in range(24):
        counted.keep(8 * MIB)
    counted.asked(gets=1)
    found = counted.as_dict()["estimate"]
    # 1000 PUT, one LIST, one GET; 8 GiB stay
    assert found["upload"] == pytest.approx(0.005 + 0.000005 + 0.0000004, abs=1e-6)
    assert found["verify"] == pytest.approx(0.000005)
    assert found["monthly"] == pytest.approx(8 * 0.023)
    assert (found["currency"], found["prices"]) == ("USD", AWS_SOURCE)


def test_a_class_that_bills_small_objects_as_large_ones():
    counted = billing(storage_class="STANDARD_IA")
    for _number in range(8192):
        counted.send(1, replaces=False)
    assert counted.as_dict()["estimate"]["monthly"] == pytest.approx(0.0125)
    assert counted.as_dict()["estimate"]["upload"] == pytest.approx(8.192 * 0.01 + 0.000005)
    watched = billing(storage_class="INTELLIGENT_TIERING")
    for _number in range(1000):
        watched.keep(128 * KIB)
        watched.keep(128 * KIB - 1)
    stored = 1000 * (256 * KIB - 1) / GIB * 0.023
    assert watched.as_dict()["estimate"]["monthly"] == pytest.approx(stored + 0.0025, abs=1e-6)


def test_a_gb_of_cloudflare_is_decimal():
    table, source = PRICE_LISTS["r2"]
    counted = billing(Prices(table, source, {}))
    counted.send(10**9, replaces=False)
    found = counted.as_dict()
    assert found["estimate"]["monthly"] == pytest.approx(0.015)
    # 120 parts, and the two around them; and a listing, which is a Class A operation
    assert found["requests"]["write"] == 122
    assert found["estimate"]["upload"] == pytest.approx(123 * 4.5 / 1e6, abs=1e-6)


def test_no_price_is_invented():
    counted = billing(Prices({}, None, {}))
    counted.send(MIB, replaces=False)
    unknown = {"upload": None, "verify": None, "monthly": None, "currency": None, "prices": None}
    assert counted.as_dict() == {"requests": {"write": 1, "read": 0, "list": 1, "verify": 1}, "estimate": unknown}
    said = Prices({}, None, {"copy_per_1000": 2.0, "list_per_1000": 1.0, "currency": "EUR"})
    counted = billing(said)
    counted.send(MIB, replaces=False)
    found = counted.as_dict()["estimate"]
    assert found == {"upload": 0.003, "verify": 0.001, "monthly": None, "currency": "EUR", "prices": "the task"}
