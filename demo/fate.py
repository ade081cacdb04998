# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fate: a kill -9 that strikes a running playbook in one of its tasks, at a moment that nobody chose."""

from __future__ import annotations

import random
import subprocess
import threading

from processes import kill_group, kill_tree
from screen import Screen

#: about as many tasks as a stage has; counted, not timed, so that a busy machine is struck where a quick one is
TASKS = {"provision": 15, "plan": 15, "sync": 20, "cutover": 54, "rollback": 22, "finalize": 14}
LONGEST_WAIT_S = 1.5


class Strike:
    """One kill: of the process group, as when a terminal dies, or of all processes below, as in a power cut."""

    def __init__(self, fate: random.Random, stage: str, process: subprocess.Popen[str], screen: Screen) -> None:
        self._left = fate.randint(1, TASKS.get(stage, 10))
        self._wait = fate.uniform(0, LONGEST_WAIT_S)
        self._power_cut = fate.random() < 0.5
        self._process = process
        self._screen = screen
        self._timer: threading.Timer | None = None
        self.struck = False

    def task_began(self, name: str) -> None:
        """Count a task, and let fate take its course when it is the one."""
        self._left -= 1
        if self._left == 0:
            self._timer = threading.Timer(self._wait, self._kill, [name])
            self._timer.daemon = True
            self._timer.start()

    def spare(self) -> None:
        """The playbook ended before its hour."""
        if self._timer:
            self._timer.cancel()

    def _kill(self, name: str) -> None:
        if self._process.poll() is not None:
            return
        self.struck = True
        (kill_tree if self._power_cut else kill_group)(self._process.pid)
        what = "everything below the playbook" if self._power_cut else "the playbook's process group"
        self._screen.remark(f"kill -9 of {what}, {self._wait:.1f} s after the beginning of: {name}")
