# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the collection's own playbooks exactly as a user would, with every line in a log and the time before it."""

from __future__ import annotations

import os
import random
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from fate import Strike
from processes import end_group
from screen import Screen

TASK = re.compile(r"(?:TASK|RUNNING HANDLER) \[(?:[\w.]+ : )?(.*)\] \*+")
RECAP = re.compile(r"ok=(\d+)\s+changed=(\d+).*?failed=(\d+)")
#: how often a stage is struck; one that ends before its hour was lucky
KILLS = 2


class PlaybookFailed(Exception):
    """ansible-playbook ended with an error; the message is the end of its log."""


@dataclass
class Run:
    """One playbook from the first start to its end, kills and second starts included."""

    name: str
    began: float
    ended: float = 0.0
    changed: int = 0
    killed: int = 0
    tasks: list[tuple[str, float]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    def between(self, began: float, ended: float) -> list[tuple[str, float]]:
        """The tasks that ran between two moments, and how many seconds of them lie there."""
        ends = [at for name, at in self.tasks[1:]] + [self.ended]
        spent = [(name, min(end, ended) - max(at, began)) for (name, at), end in zip(self.tasks, ends, strict=True)]
        return [(name, seconds) for name, seconds in spent if seconds > 0]


class Playbooks:
    """ansible-playbook with one inventory and one environment."""

    def __init__(self, command: list[str], config: Path, logs: Path, screen: Screen, kill_seed: str) -> None:
        self._command = command
        self._environment = {**os.environ, "ANSIBLE_CONFIG": str(config)}
        self._logs = logs
        self._screen = screen
        self._fate = random.Random(kill_seed) if kill_seed else None
        self._number = 0

    def run(self, playbook: str, *extra: str) -> Run:
        """Run one playbook to its end; under the sign of KILL it is killed on the way and the same command given again."""
        run = Run(playbook.rpartition(".")[2], time.time())
        kills = KILLS if self._fate else 0
        while True:
            self._number += 1
            log = self._logs / f"{self._number:02d}-{run.name}.log"
            status = self._once(run, [*self._command, playbook, *extra], log, self._fate if kills else None)
            if status is None:
                kills -= 1
                run.killed += 1
                continue
            if status:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
                raise PlaybookFailed(f"{playbook} ended with {status}; {log} says at its end:\n{tail}")
            run.ended = time.time()
            return run

    def _once(self, run: Run, command: list[str], log: Path, fate: random.Random | None) -> int | None:
        """The exit status, or None when it was killed."""
        process = subprocess.Popen(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        strike = Strike(fate, run.name, process, self._screen) if fate else None
        try:
            with open(log, "w", encoding="utf-8") as out:
                self._follow(process, run, out, strike)
            status = process.wait()
        except BaseException:
            end_group(process.pid)
            raise
        finally:
            if strike:
                strike.spare()
        return None if strike and strike.struck else status

    def _follow(self, process: subprocess.Popen[str], run: Run, out: TextIO, strike: Strike | None) -> None:
        began = time.time()
        assert process.stdout is not None
        for line in process.stdout:
            now = time.time()
            out.write(f"{now - began:8.2f}  {line}" if line.strip() else line)
            out.flush()
            if task := TASK.match(line):
                run.tasks.append((task[1], now))
                self._screen.now(f"{run.name}: {task[1]}")
                if strike:
                    strike.task_began(task[1])
            if recap := RECAP.search(line):
                run.changed = int(recap[2])
