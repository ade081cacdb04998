# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Trying again, with pauses that grow."""

from __future__ import annotations

import random
import time
from typing import Callable, Iterator, TypeVar

_Result = TypeVar("_Result")

#: The first pause before a request is sent again, and how much longer each next one is: what happens to one request only costs
#: little time, and five attempts are still there after six seconds.
FIRST_S, FACTOR, MOST_S = 0.1, 4, 20.0


def pauses(attempts: int, first_s: float = 0.1, most_s: float = 5.0) -> Iterator[float]:
    """The pauses between so many attempts: doubling, capped, with a random part so that workers do not march in step."""
    for number in range(attempts - 1):
        pause = min(most_s, first_s * 2**number)
        yield pause * random.uniform(0.5, 1.0)


def pause_before_next(sent: int, most: int, busy: bool = False) -> float | None:
    """How long to wait before a request is sent again that was sent so often; None if that is enough.

    A store that asks for fewer requests gets twice as many attempts: five become nine, which is about a minute.
    """
    if sent >= (2 * most - 1 if busy else most):
        return None
    pause: float = min(MOST_S, FIRST_S * FACTOR ** (sent - 1))
    return pause * random.uniform(0.5, 1.0)


def looks(patience_s: float, first_s: float = 0.1, most_s: float = 2.0) -> Iterator[None]:
    """The moments at which to look whether something has come true: the first at once, then further and further apart."""
    deadline = time.monotonic() + patience_s
    pause = first_s
    while True:
        yield
        if time.monotonic() + pause > deadline:
            return
        time.sleep(pause)
        pause = min(pause * 2, most_s)


def retrying(
    act: Callable[[], _Result],
    again_on: type[Exception] | tuple[type[Exception], ...],
    waits: Iterator[float],
    sleep: Callable[[float], None] = time.sleep,
) -> _Result:
    """Call until it works; the last error is raised when the pauses are used up."""
    while True:
        try:
            return act()
        except again_on:
            wait = next(waits, None)
            if wait is None:
                raise
            sleep(wait)
