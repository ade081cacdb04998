# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Files that survive a power cut, and locks that say who holds them."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from .errors import BadInput, Busy, MediastoreError

_REMEDIES = {
    errno.ENOSPC: "Free some space there, or use a directory on another filesystem.",
    errno.EDQUOT: "Raise the quota there, or use a directory on another filesystem.",
    errno.EROFS: "Use a directory on a filesystem that can be written.",
    errno.EACCES: "Run as a user who may write there (become), or correct its permissions.",
    errno.EPERM: "Run as a user who may write there (become), or correct its permissions.",
    errno.ENOENT: "Create it, or correct the path.",
    errno.ENOTDIR: "Correct the path: a part of it is not a directory.",
}

_POLL_S = 0.1

#: a list of numbers that is spread over lines; in strings there are no line ends
_NUMBERS = re.compile(r"\[\n[-+.,\w\s]*\n *\]")


@contextlib.contextmanager
def explaining_os(tried: str, remedy: str = "") -> Iterator[None]:
    """Turn any OSError inside into an error that says what was tried and what to do."""
    try:
        yield
    except OSError as exc:
        where = f" ({os.fsdecode(exc.filename)})" if exc.filename is not None else ""
        said = f"{os.strerror(exc.errno) if exc.errno else exc}{where}"
        default = _REMEDIES.get(exc.errno or 0, "Correct that, and run the same command again.")
        code = errno.errorcode.get(exc.errno or 0, "OSError")
        raise BadInput(tried, said=said, remedy=remedy or default, code=code) from exc


def fsync_directory(path: str) -> None:
    """Make renames and removals inside a directory survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    except OSError as exc:
        # some network and FUSE filesystems cannot fsync a directory; their own server decides then
        if exc.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(fd)


def write_atomic(path: str, data: bytes, mode: int = 0o600, owner: tuple[int, int] | None = None) -> None:
    """Replace a file so that every reader, also after a power cut, sees the old or the new content whole."""
    directory = os.path.dirname(os.path.abspath(path))
    with explaining_os(f"write {path}"):
        fd, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", dir=directory)
        try:
            with os.fdopen(fd, "wb") as out:
                out.write(data)
                out.flush()
                if owner not in (None, (os.geteuid(), os.getegid())):
                    os.fchown(out.fileno(), *owner)
                os.fchmod(out.fileno(), mode)
                os.fsync(out.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        fsync_directory(directory)


def read_json(path: str, default: Any = None) -> Any:
    """The value in a JSON file; *default* when the file does not exist, an error when it is damaged."""
    try:
        with explaining_os(f"read {path}"), open(path, "rb") as source:
            return json.loads(source.read().decode("utf-8"))
    except BadInput as exc:
        if exc.code == "ENOENT":
            return default
        raise
    except ValueError as exc:
        raise MediastoreError(
            f"read {path}",
            said=f"it is not valid JSON ({exc})",
            remedy="Restore it from a backup; it is written atomically, so something else changed it.",
            code="Damaged",
        ) from exc


def write_json(path: str, value: Any, mode: int = 0o600) -> None:
    """Write a JSON file atomically, laid out for a person: numbers in a row stand in a row."""
    text = _NUMBERS.sub(lambda found: " ".join(found.group().split()), json.dumps(value, indent=2, ensure_ascii=False))
    write_atomic(path, (text + "\n").encode("utf-8"), mode)


def free_bytes(path: str) -> int:
    """Bytes an ordinary user can still write on the filesystem of *path*, or of its nearest existing parent."""
    current = os.path.abspath(path)
    while not os.path.exists(current):
        current = os.path.dirname(current)
    with explaining_os(f"ask for the free space of {current}"):
        numbers = os.statvfs(current)
    return numbers.f_bavail * numbers.f_frsize


class Lock:
    """An exclusive lock on a path; it ends with the process, so a kill leaves nothing behind.

    The file stays: removing a lock file lets two processes hold "the same" lock on two inodes.
    """

    def __init__(self, path: str, wait_s: float = 0, tried: str = "") -> None:
        self.path = path
        self.wait_s = wait_s
        self.tried = tried or f"lock {path}"
        self._fd = -1

    def __enter__(self) -> Lock:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock, waiting up to ``wait_s`` seconds; Busy names the process that holds it."""
        with explaining_os(self.tried):
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait(fd)
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()} {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\n".encode(), 0)
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd

    def _wait(self, fd: int) -> None:
        deadline = time.monotonic() + self.wait_s
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise self._busy(fd) from None
                time.sleep(_POLL_S)

    def _busy(self, fd: int) -> Busy:
        fields = os.pread(fd, 200, 0).decode("utf-8", "replace").split()
        holder = f"process {fields[0]}, since {fields[1]}" if len(fields) == 2 else "another process"
        waited = f" (waited {self.wait_s:g} s)" if self.wait_s else ""
        return Busy(
            self.tried,
            said=f"another run is at work on this host: {holder}{waited}; lock file {self.path}",
            remedy="Let it finish, then run the same command again.",
        )

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
