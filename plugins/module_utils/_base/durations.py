# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Options that are durations."""

from __future__ import annotations

from .._core.clock import UNITS, duration
from .._core.errors import BadInput


def seconds_of(text: str, option: str, doing: str) -> float:
    """The seconds that an option says, such as ``30d``."""
    try:
        return duration(text)
    except ValueError:
        remedy = f"Write a whole number and one of {', '.join(UNITS)}, as in 30d. Months and minutes have no letter here."
        raise BadInput(doing, said=f"{option} is {text!r}", remedy=remedy) from None
