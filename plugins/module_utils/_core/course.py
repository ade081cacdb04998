# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How a transfer went over its time, in few numbers however long it takes."""

from __future__ import annotations

import time
from typing import Callable

#: a chart of a page has no room for more; above that, every other one is dropped
MOST = 100
FIRST_STEP_S = 1.0


class Course:
    """What had been moved at moments that lie equally far apart, and at the end."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._begun = now()
        self._step = FIRST_STEP_S
        self._rows: list[list[float]] = []
        self._next = self._begun + self._step

    def note(self, files: int, nbytes: int) -> None:
        """So much has been moved until now; told as often as one likes."""
        now = self._now()
        if now < self._next:
            return
        self._rows.append([round(now - self._begun, 2), files, nbytes])
        if len(self._rows) >= MOST:
            del self._rows[::2]
            self._step *= 2
        self._next = now + self._step

    def until(self, files: int, nbytes: int) -> list[list[float]]:
        """All rows of (seconds since the start, files, bytes), the last one of now; empty if nothing was moved."""
        return [*self._rows, [round(self._now() - self._begun, 2), files, nbytes]] if files else []
