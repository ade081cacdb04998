# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A change feed as those see it who start it, ask it or stop it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
from typing import Any, Iterable, Iterator

from .changeset import MOST, Changes
from .errors import BadInput, MediastoreError, Unsupported
from .fanotify import Handles, Listener
from .feedkeeper import PATIENCE_S, Keeper, detached
from .mounts import look

SUFFIX = ".feed"
_REMEDY = "Leave the change feed out: a sync with against=journal walks through the directory instead, and needs none of this."
_MEANINGS = {
    errno.EPERM: "this needs root with CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH, outside of a container",
    errno.EINVAL: "this kernel is older than 5.9",
    errno.ENOSYS: "this kernel or C library has no fanotify",
    errno.EOPNOTSUPP: "this filesystem has no file handles",
    errno.ENODEV: "this filesystem has no identity",
    errno.EXDEV: "this is a subvolume, for which the kernel is too old",
    errno.EMFILE: "too many such watches exist already (/proc/sys/fs/fanotify/max_user_groups)",
}


class Feed:
    """A feed that runs: questions to it, one connection each. NoFeed when there is none."""

    def __init__(self, journal: str) -> None:
        self._journal = journal

    def status(self) -> dict[str, Any]:
        """What it watches and how it stands."""
        return self._ask("status")

    def begin(self) -> dict[str, Any]:
        """Its position now, before a copy that looks at everything."""
        return self._ask("begin")

    def changes(self, token: str) -> tuple[Changes | None, dict[str, Any]]:
        """All that changed and is not settled, or None if that is not all; and how it stands."""
        answer = self._ask("changes", token=token)
        return Changes.from_dict(answer["changes"]) if answer["changes"] else None, answer

    def settle(self, position: int, token: str, left: Iterable[bytes]) -> None:
        """Forget what was copied, but for the paths that are left."""
        self._ask("settle", position=position, token=token, left=[os.fsdecode(path) for path in left])

    def stop(self) -> None:
        """End it."""
        self._ask("stop")

    def _ask(self, what: str, **more: Any) -> dict[str, Any]:
        try:
            with _socket(self._journal) as (line, place, _folder):
                line.settimeout(PATIENCE_S)
                line.connect(place)
                with line.makefile("rwb") as stream:
                    stream.write(json.dumps({"ask": what, **more}).encode("ascii") + b"\n")
                    stream.flush()
                    answer: dict[str, Any] = json.loads(stream.readline())
                    return answer
        except (OSError, ValueError) as exc:
            raise NoFeed(
                f"ask the change feed {self._journal}{SUFFIX}",
                said=_silence(exc),
                remedy="Start it with mediastore.s3.change_feed before the copy that is to be followed.",
            ) from exc


class NoFeed(MediastoreError):
    """Nobody watches, or whoever does gives no answer."""


def _silence(exc: Exception) -> str:
    if isinstance(exc, FileNotFoundError):
        return "no feed was started"
    if isinstance(exc, ConnectionRefusedError):
        return "the feed has ended, by a restart of the host or because it was killed"
    return f"the feed gives no answer ({exc})"


@contextlib.contextmanager
def _socket(journal: str) -> Iterator[tuple[socket.socket, str, int]]:
    """A socket, the feed's address, and the descriptor in it: of the folder, for an address is at most 107 bytes long."""
    folder = os.open(os.path.dirname(journal) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            yield line, f"/proc/self/fd/{folder}/{os.path.basename(journal)}{SUFFIX}", folder
    finally:
        os.close(folder)


def running(journal: str) -> dict[str, Any] | None:
    """How the feed of a journal stands, or None if there is none."""
    try:
        return Feed(journal).status()
    except NoFeed:
        return None


def stop(journal: str) -> None:
    """End the feed of a journal, if there is one."""
    with contextlib.suppress(NoFeed):
        Feed(journal).stop()
    # left behind by one that was killed; one that does not answer ends when it does not find it
    with contextlib.suppress(FileNotFoundError):
        os.unlink(journal + SUFFIX)


def check(root: str) -> None:
    """Refuse a directory whose changes cannot all be seen, as far as that can be known without trying."""
    if not os.path.isdir(root):
        raise BadInput(_tried(root), said="it is not a directory", remedy="Create it, or correct path.")
    try:
        obstacle = look(os.fsencode(os.path.realpath(root)))
    except OSError as exc:
        obstacle = f"this is no Linux with /proc ({exc.strerror})"
    if obstacle:
        raise Unsupported(_tried(root), said=obstacle, remedy=_REMEDY)


def start(root: str, journal: str, most: int = MOST) -> dict[str, Any]:
    """Watch a directory from now on, in the background; Unsupported if not all of its changes can be seen.

    What happens after this call is seen: the kernel's queue exists before the process that reads it.
    """
    check(root)
    with contextlib.ExitStack() as ours, _explained(_tried(root)):
        root_fd = os.open(os.path.realpath(root), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        ours.callback(os.close, root_fd)
        listener = Listener(root_fd)
        ours.callback(os.close, listener.fd)
        _check_handles(root_fd)
        server, place, folder = ours.enter_context(_socket(journal))
        _listen(server, place)
        keep = [root_fd, listener.fd, server.fileno(), folder]
        detached(lambda: Keeper(root_fd, listener, server, place, most).run(), keep)
    return Feed(journal).status()


def _tried(root: str) -> str:
    return f"watch what changes in {root}"


def _check_handles(root_fd: int) -> None:
    """Open the root by its handle, as every folder will have to be: some containers may listen but not do that."""
    handles = Handles(root_fd)
    fd = handles.open(handles.of_mount())
    if fd is None:
        raise OSError(errno.EOPNOTSUPP, "open_by_handle_at: the directory is not found by its handle")
    os.close(fd)


@contextlib.contextmanager
def _explained(tried: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        meaning = _MEANINGS.get(exc.errno or 0)
        raise Unsupported(tried, said=f"{exc.strerror or exc}{f'; {meaning}' if meaning else ''}", remedy=_REMEDY) from exc


def _listen(server: socket.socket, place: str) -> None:
    before = os.umask(0o177)
    try:
        server.bind(place)
    finally:
        os.umask(before)
    server.listen(8)
