# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The background process of a change feed: reads the kernel's events, and answers whoever asks through a socket.

It keeps everything in memory on purpose. When it is gone, by a kill or a reboot, then nobody knows what changed meanwhile, and
a list on a disk would be worth nothing. That nobody answers at the socket is all that has to be noticed.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import time
from typing import Any, Callable

from .changeset import MOST, ChangeSet
from .children import let_go
from .fanotify import Listener, events
from .mounts import MOUNTS, look

#: after a batch the kernel gets this long to put equal events together, which it does while they wait
NAP_S = 0.05
#: how often to see whether the socket is still there; without it nobody could ever ask or stop
LOOK_EVERY_S = 30.0
PATIENCE_S = 20.0
#: when nobody has asked for so long, whoever started it has forgotten it, or was killed
FORGOTTEN_S = 3 * 24 * 3600.0
COMMAND = "mediastore-feed"


class Keeper:
    """One feed: what has changed below one directory, and what an earlier copy of it covers."""

    def __init__(self, root_fd: int, listener: Listener, server: socket.socket, path: str, most: int = MOST) -> None:
        self._root_fd = root_fd
        self._listener = listener
        self._server = server
        #: where the socket can be found; through a descriptor of its folder, whose name may be too long for a socket
        self._path = path
        self._socket = os.stat(path).st_ino
        self._set = ChangeSet(root_fd, most)
        self._since = time.time()
        #: known to the journal as well while both agree that all but what is kept here is copied
        self._token = ""
        self._running = True
        self._asked = time.monotonic()
        self._mounts = os.open(MOUNTS, os.O_RDONLY | os.O_CLOEXEC)

    def run(self) -> None:
        """Work until told to stop, until the socket is gone, or until it is forgotten."""
        waiting, napping = select.poll(), select.poll()
        for poll in (waiting, napping):
            poll.register(self._server, select.POLLIN)
            poll.register(self._mounts, select.POLLPRI)
        waiting.register(self._listener.fd, select.POLLIN)
        looked = time.monotonic()
        while self._running:
            ready = {fd for fd, _event in waiting.poll(LOOK_EVERY_S * 1000)}
            if self._listener.fd in ready:
                self._pump()
                ready |= {fd for fd, _event in napping.poll(NAP_S * 1000)}
            if self._mounts in ready:
                self._look_around()
            if self._server.fileno() in ready:
                self._answer()
            elif time.monotonic() - looked >= LOOK_EVERY_S:
                looked = time.monotonic()
                self._running = self._reachable() and looked - self._asked < FORGOTTEN_S

    def _pump(self) -> None:
        """Take in all events of what happened before this call."""
        waiting = self._listener.pending()
        while waiting > 0:
            batch = list(events(self._listener.read()))
            if not batch:
                return
            self._set.note(batch)
            waiting -= len(batch)

    def _look_around(self) -> str:
        """What is mounted so that changes can go unseen, if anything; then they may have gone unseen already."""
        obstacle = look(os.readlink(b"/proc/self/fd/%d" % self._root_fd))
        if obstacle:
            self._set.lose(obstacle)
        return obstacle

    def _reachable(self) -> bool:
        try:
            return os.stat(self._path).st_ino == self._socket
        except OSError:
            return False

    def _answer(self) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError), self._server.accept()[0] as client:
            client.settimeout(PATIENCE_S)
            with client.makefile("rwb") as stream:
                question = json.loads(stream.readline())
                self._asked = time.monotonic()
                self._pump()
                stream.write(json.dumps(self._reply(question)).encode("ascii") + b"\n")

    def _reply(self, question: dict[str, Any]) -> dict[str, Any]:
        asks: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "status": self._sifted,
            "begin": self._begin,
            "changes": self._changes,
            "settle": self._settle,
            "stop": self._stop,
        }
        answer = asks[question["ask"]](question)
        # after the answer, which may change it
        return {**self._status(), **answer}

    def _status(self) -> dict[str, Any]:
        root = os.fstat(self._root_fd)
        return {
            "root": os.readlink(f"/proc/self/fd/{self._root_fd}"),
            "device": root.st_dev,
            "inode": root.st_ino,
            "pid": os.getpid(),
            "since": self._since,
            "changed": self._set.named,
            "token": self._token,
            "lost": self._set.lost,
        }

    def _sifted(self, _question: dict[str, Any]) -> dict[str, Any]:
        self._set.sift()
        return {}

    def _begin(self, _question: dict[str, Any]) -> dict[str, Any]:
        """A copy begins that looks at everything: what happened until now is none of our business once it is done."""
        return {"obstacle": self._look_around(), "position": self._set.position}

    def _changes(self, question: dict[str, Any]) -> dict[str, Any]:
        """What may differ from what the journal with this token proves."""
        found = self._set.changes()
        agreed = self._token and self._token == question["token"]
        if self._look_around() or self._set.lost or not agreed:
            return {"changes": None}
        return {"changes": found.as_dict()}

    def _settle(self, question: dict[str, Any]) -> dict[str, Any]:
        """A copy is done but for the files that it names, and the journal has the token that stands for it."""
        self._set.settle(int(question["position"]))
        self._set.add(os.fsencode(path) for path in question["left"])
        self._token = str(question["token"])
        return {}

    def _stop(self, _question: dict[str, Any]) -> dict[str, Any]:
        self._running = False
        os.unlink(self._path)
        return {}


def detached(work: Callable[[], None], keep: list[int]) -> None:
    """Let a process of its own do the work, that no terminal, connection or run of Ansible takes down with it.

    It goes on with what is loaded: the files that a module came in are removed when the module ends.
    """
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.chdir("/")
        let_go(keep)
        with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as out:
            out.write(COMMAND)
        work()
    finally:
        # not the end of the module that we are a copy of: its clean-up is its own
        os._exit(0)
