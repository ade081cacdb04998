# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Sizes and times in nginx's words, with their units, since a number without one means something else in each directive."""

from __future__ import annotations

import re

SIZE = re.compile(r"([1-9][0-9]{0,11})([kKmMgG])")
TIME = re.compile(r"([1-9][0-9]{0,8})(ms|s|m|h|d|w|M|y)")
FACTORS = {"k": 1024, "m": 1024**2, "g": 1024**3}


def bytes_of(text: object) -> int | None:
    """The bytes that a size means, or nothing if it is none."""
    found = SIZE.fullmatch(str(text))
    return int(found.group(1)) * FACTORS[found.group(2).lower()] if found else None


def zone_size(text: object) -> str:
    """A size for a zone of memory, where nginx knows no g."""
    size = bytes_of(text) or 0
    return f"{size // 1024**2}m" if size % 1024**2 == 0 else f"{size // 1024}k"


def is_time(text: object) -> bool:
    """Whether it is one, with its unit."""
    return TIME.fullmatch(str(text)) is not None
