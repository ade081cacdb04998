# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo says: one line a step, and on a terminal what it is doing now."""

from __future__ import annotations

import shutil
import sys
import time


class Screen:
    """Lines that stay, and one that does not."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._lively = sys.stdout.isatty()

    def say(self, text: str = "") -> None:
        self._clear()
        print(text, flush=True)

    def step(self, name: str, seconds: float, text: str) -> None:
        """A step that is over, with the time since the beginning and the time it took."""
        clock = int(time.monotonic() - self._began)
        self.say(f"  {clock // 60:02d}:{clock % 60:02d}  {name:<13}{seconds:6.1f} s  {text}")

    def remark(self, text: str) -> None:
        """Something about the step that goes on."""
        self.say(f"{'':32}{text}")

    def now(self, text: str) -> None:
        """What is going on; only for somebody who looks."""
        if self._lively:
            self._clear()
            width = shutil.get_terminal_size().columns - 1
            print(f"         {text}"[:width], end="", flush=True)

    def _clear(self) -> None:
        if self._lively:
            print("\r\x1b[2K", end="")
