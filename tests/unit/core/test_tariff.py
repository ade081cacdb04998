# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimate, checked by hand for each thing that is billed."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.recopy import Stored
from ansible_collections.mediastore.s3.plugins.module_utils._core.tariff import AWS, AWS_SOURCE, DAY_S, GIB, KIB, Estimate, Prices

NOW = 1_800_000_000.0
AMAZON = Prices(AWS, AWS_SOURCE, {})


def thing(size, storage_class="STANDARD", days=365.0, key="x"):
    return Stored(key, size, "0" * 32, storage_class, NOW - days * DAY_S)


def estimate(things, target="STANDARD_IA", prices=AMAZON, parts=0, acl=False, tags=False):
    counting = Estimate(prices, target, acl, tags, NOW)
    for each in things:
        counting.seen()
        counting.add(each, parts)
    return counting.as_dict()


def test_a_million_photos_to_infrequent_access():
    found = estimate([thing(GIB)] * 1000)
    assert found["requests"] == {"list": 1, "read": 2000, "copy": 1000}
    # one LIST, 1000 copies, 1000 looks before and 1000 after
    assert found["once"]["requests"] == pytest.approx(0.000005 + 0.01 + 0.0004 + 0.001)
    assert found["once"]["retrieval"] == found["once"]["early_deletion"] == 0
    assert found["once"]["total"] == found["once"]["requests"]
    assert found["monthly"] == {"before": 23.0, "after": 12.5, "small_objects": 0.0}
    assert (found["minimum_days"], found["currency"], found["prices"]) == (30, "USD", AWS_SOURCE)


def test_small_objects_are_billed_as_large_ones():
    found = estimate([thing(8 * KIB)] * 1000)["monthly"]
    assert found["before"] == pytest.approx(1000 * 8 * KIB / GIB * 0.023, abs=1e-6)
    assert found["after"] == pytest.approx(1000 * 128 * KIB / GIB * 0.0125, abs=1e-6)
    assert found["small_objects"] == pytest.approx(1000 * 120 * KIB / GIB * 0.0125, abs=1e-6)
    assert found["after"] > found["before"]


def test_what_leaves_early_is_billed_on():
    # ten days in a class that bills thirty: twenty are paid for nothing
    assert estimate([thing(GIB, "STANDARD_IA", days=10)], "STANDARD")["once"]["early_deletion"] == pytest.approx(
        0.0125 * 20 / 30, abs=1e-5
    )
    assert estimate([thing(GIB, "STANDARD_IA", days=31)], "STANDARD")["once"]["early_deletion"] == 0
    assert estimate([thing(GIB, "DEEP_ARCHIVE", days=100)], "STANDARD")["once"]["early_deletion"] == pytest.approx(
        (GIB + 32 * KIB) / GIB * 0.00099 * 80 / 30, abs=1e-5
    )
    assert estimate([thing(GIB, "GLACIER_IR", days=0)], "STANDARD")["once"]["early_deletion"] == pytest.approx(0.012, abs=1e-5)


def test_reading_from_a_cold_class_costs():
    found = estimate([thing(GIB, "GLACIER_IR"), thing(2 * GIB, "STANDARD_IA"), thing(GIB)], "INTELLIGENT_TIERING")["once"]
    assert found["retrieval"] == pytest.approx(0.03 + 0.02)
    assert found["total"] == pytest.approx(found["requests"] + 0.05)


def test_archives_keep_an_index_and_tiering_watches():
    archived = estimate([thing(0)] * 1000, "GLACIER")["monthly"]
    assert archived["after"] == pytest.approx(1000 * (32 * KIB / GIB * 0.0036 + 8 * KIB / GIB * 0.023), abs=1e-6)
    watched = estimate([thing(128 * KIB)] * 1000, "INTELLIGENT_TIERING")["monthly"]
    assert watched["after"] == pytest.approx(watched["before"] + 0.0025, abs=1e-6)
    assert estimate([thing(127 * KIB)] * 1000, "INTELLIGENT_TIERING")["monthly"]["after"] < watched["after"] - 0.0024


def test_requests_for_acls_tags_and_parts():
    assert estimate([thing(1)], acl=True, tags=True)["requests"] == {"list": 1, "read": 3, "copy": 1}
    # before, first part, tags, ACL, once more, and after; begun, 12 parts, completed
    assert estimate([thing(GIB)], acl=True, tags=True, parts=12)["requests"] == {"list": 1, "read": 6, "copy": 14}


def test_pages_of_the_listing():
    counting = Estimate(AMAZON, "STANDARD_IA", False, False, NOW)
    assert counting.as_dict()["requests"]["list"] == 1
    for _number in range(2001):
        counting.seen()
    found = counting.as_dict()
    assert found["requests"] == {"list": 3, "read": 0, "copy": 0}
    assert found["once"]["total"] == pytest.approx(0.000015)
    assert found["monthly"] == {"before": 0, "after": 0, "small_objects": 0}


def test_without_prices_only_requests_are_counted():
    found = estimate([thing(GIB)], "COLD", Prices({}, None, {}))
    assert found["requests"] == {"list": 1, "read": 2, "copy": 1}
    assert set(found["once"].values()) == {None}
    assert (found["monthly"]["before"], found["monthly"]["after"]) == (None, None)
    assert (found["currency"], found["prices"], found["minimum_days"]) == (None, None, 0)


def test_prices_of_the_task():
    said = {
        "currency": "EUR",
        "copy_per_1000": 1.0,
        "get_per_1000": 0.5,
        "list_per_1000": 2.0,
        "retrieval_per_gib": 0.1,
        "storage_per_gib_month": {"STANDARD": 0.02, "COLD": 0.005},
    }
    found = estimate([thing(2 * GIB)], "COLD", Prices({}, None, said))
    assert found["once"] == {"requests": 0.002 + 0.001 + 0.001, "retrieval": 0.2, "early_deletion": 0.0, "total": 0.204}
    assert found["monthly"] == {"before": 0.04, "after": 0.01, "small_objects": 0.0}
    assert (found["currency"], found["prices"]) == ("EUR", "the task")


def test_some_prices_of_the_task_and_the_others_of_the_list():
    prices = Prices(AWS, AWS_SOURCE, {"storage_per_gib_month": {"STANDARD_IA": 0.0138}})
    assert estimate([thing(GIB)], prices=prices)["monthly"] == {"before": 0.023, "after": 0.0138, "small_objects": 0.0}
    assert prices.source == f"{AWS_SOURCE}, and the task"


def test_a_class_that_is_on_no_list_has_no_price():
    found = estimate([thing(GIB, "OUTPOSTS"), thing(GIB)])
    assert found["monthly"]["before"] is None and found["monthly"]["after"] == 0.025
    assert found["once"]["total"] is None


def test_every_listed_class_has_all_prices():
    for name, tariff in AWS.items():
        assert None not in tariff, name
