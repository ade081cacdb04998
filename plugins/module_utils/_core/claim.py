# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Which run of Ansible is at work on a migration: two at once are refused, a dead one is followed at once.

A lock that a process holds cannot span the tasks of a play, for each task is a process of its own. So a claim is a file that
names the run on the controller. The controller of the next run can tell whether that one is still alive when both are on one
machine; a claim from another machine counts until it has not been renewed for LEASE_S seconds.
"""

from __future__ import annotations

import dataclasses
import os
import socket
from typing import Any

from .clock import Moment, boot
from .errors import Busy
from .files import read_json, write_json

LEASE_S = 180


@dataclasses.dataclass(frozen=True)
class Controller:
    """One run of Ansible: the machine (and process namespace) it is on, its process, and when that began."""

    machine: str
    pid: int
    started: str
    described: str

    def as_dict(self) -> dict[str, Any]:
        """As it travels in the claim."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Controller:
        """The inverse of as_dict()."""
        return cls(str(data["machine"]), int(data["pid"]), str(data["started"]), str(data["described"]))

    @property
    def identity(self) -> tuple[str, int, str]:
        """What makes two of them the same run."""
        return self.machine, self.pid, self.started


def this_controller(pid: int) -> Controller:
    """Describe the run of Ansible whose main process is *pid*, on the controller."""
    return Controller(_machine(), pid, started(pid), f"process {pid} on {socket.gethostname()}")


def is_dead(other: Controller) -> bool:
    """Whether that run has ended for certain; False when it is alive or on another machine."""
    return not other.started or (other.machine == _machine() and started(other.pid) != other.started)


def _machine() -> str:
    this = boot()
    try:
        # process ids mean something within one boot and one process namespace only
        return f"{this} {os.readlink('/proc/self/ns/pid')}" if this else socket.gethostname()
    except OSError:
        return socket.gethostname()


def started(pid: int) -> str:
    """When a process began, in the kernel's ticks; "alive" where there is no /proc; empty when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as source:
            # the second field is the command's name in parentheses, and may hold anything
            fields = source.read().rpartition(")")[2].split()
            return "" if fields[0] in ("Z", "X") else fields[19]
    except OSError:
        if os.path.exists("/proc/self/stat"):
            return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"


def take(path: str, mine: Controller, now: Moment, replaces: Controller | None = None) -> None:
    """Claim the migration for this run, or renew its claim; refuse while another run holds it.

    The caller holds the lock of the state directory.
    """
    refuse_if_held(path, mine, now, replaces)
    write_json(path, dict(mine.as_dict(), renewed=now.as_dict()))


def refuse_if_held(path: str, mine: Controller, now: Moment, replaces: Controller | None = None) -> None:
    """Raise Busy while another run holds it. Asked without the lock too: a task of that run may hold it for long."""
    held = read_json(path)
    if held:
        holder = Controller.from_dict(held)
        idle = now.since(Moment.from_dict(held["renewed"]))
        dead = replaces is not None and replaces.identity == holder.identity
        if holder.identity != mine.identity and not dead and idle < LEASE_S:
            raise _busy(path, holder, held["renewed"]["at"])


def _busy(path: str, holder: Controller, renewed: str) -> Busy:
    busy = Busy(
        "work on this migration",
        said=f"another run of Ansible is at work on it: {holder.described}, last seen {renewed}; its claim is {path}",
        remedy=f"Let it finish. If it died on another machine, run the same command again {LEASE_S} s after it was last seen.",
    )
    busy.result = {"holder": holder.as_dict()}
    return busy


def give_back(path: str) -> None:
    """Let the next run begin at once."""
    if os.path.exists(path):
        os.unlink(path)
