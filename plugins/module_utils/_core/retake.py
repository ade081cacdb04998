# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""An object of the bucket is taken again when somebody replaced it meanwhile."""

from __future__ import annotations

import time
from typing import Callable

from .errors import MediastoreError
from .model import FAILED, UNSETTLED, Outcome
from .retry import pauses

#: how often an object is taken again that was replaced while it was copied, over some three seconds
RETAKES = 6


class Replaced(Exception):
    """Somebody put another object in its place, or took it away: what was about to be copied is no longer what is there."""


def until_settled(key: str, take: Callable[[int], Outcome]) -> Outcome:
    """Take it until it stays the same for as long as that takes; ``take`` is told how often it was taken before."""
    waits = pauses(RETAKES)
    retaken = 0
    while True:
        try:
            return take(retaken)
        except Replaced:
            wait = next(waits, None)
            if wait is None:
                return Outcome(key, UNSETTLED, retaken=retaken)
            retaken += 1
            time.sleep(wait)
        except MediastoreError as exc:
            return Outcome(key, FAILED, retaken=retaken, error=str(exc))
