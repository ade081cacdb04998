# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The option with prices, and the list that it completes or replaces."""

from __future__ import annotations

import typing as t

from .._core import billing
from .._core.billing import Billing
from .._core.errors import BadInput
from .._core.recopy import STANDARD
from .._core.tariff import PRICE_LISTS, Prices
from .module import StoreModule
from .tree import etag_is_md5

PRICES: dict[str, dict[str, t.Any]] = {
    "currency": {"type": "str"},
    "copy_per_1000": {"type": "float"},
    "get_per_1000": {"type": "float"},
    "list_per_1000": {"type": "float"},
    "retrieval_per_gib": {"type": "float"},
    "storage_per_gib_month": {"type": "dict"},
}


def prices(module: StoreModule, doing: str) -> Prices:
    """The provider's list, if there is one here, and what the task says."""
    said = {name: value for name, value in (module.params["prices"] or {}).items() if value is not None}
    classes = said.get("storage_per_gib_month", {})
    numbers = {**{name: value for name, value in said.items() if name in PRICES and name != "currency"}, **classes}
    numbers.pop("storage_per_gib_month", None)
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            raise BadInput(doing, said=f"the price {name} is {value!r}", remedy="Give a number that is 0 or more.")
    table, source = PRICE_LISTS.get(module.profile.name, ({}, None))
    return Prices(table, source, said)


def upload_billing(module: StoreModule, doing: str) -> Billing:
    """What counts the requests of an upload, and their costs."""
    params, profile = module.params, module.profile
    hidden = bool(params["sse_customer_key"]) or params["encryption"] == "aws:kms"
    # each engine sends one of the two checksums, wherever a store compares any
    rules = billing.Rules(
        part_size=params["part_size"],
        part_min=profile.part_min,
        max_parts=profile.max_parts,
        storage_class=params["storage_class"] or STANDARD,
        reads_back=not etag_is_md5(module) and not profile.checks,
        reads_back_parts=(profile.multipart_etag == "opaque" or hidden) and not profile.checks,
    )
    return Billing(rules, prices(module, doing))
