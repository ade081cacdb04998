# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Linux's fanotify: which files of a filesystem are written, made or moved, told by the kernel as it happens."""

from __future__ import annotations

import array
import ctypes
import errno
import fcntl
import os
import struct
import termios
from typing import Iterator, NamedTuple

FAN_CLOEXEC = 0x1
FAN_NONBLOCK = 0x2
FAN_REPORT_FID = 0x200
FAN_REPORT_DFID_NAME = 0xC00
FAN_MARK_ADD = 0x1
FAN_MARK_FILESYSTEM = 0x100

FAN_MODIFY = 0x2
FAN_CLOSE_WRITE = 0x8
FAN_MOVED_TO = 0x80
FAN_CREATE = 0x100
FAN_Q_OVERFLOW = 0x4000
FAN_ONDIR = 0x40000000

#: By what a file can come to differ from what was copied. MODIFY is write(2) and truncate(2), so a file that is never closed
#: is seen as well; CLOSE_WRITE is for mmap(2), whose writes are not told, but whose mapping keeps the file open. What is
#: deleted or moved away is of no interest, because nothing is deleted in a bucket.
CHANGES = FAN_MODIFY | FAN_CLOSE_WRITE | FAN_CREATE | FAN_MOVED_TO | FAN_ONDIR

_FID, _DFID_NAME, _DFID = 1, 2, 3
#: length, version, reserved, length of this head, mask, file, process
_HEAD = struct.Struct("=IBBHQii")
#: type, padding, length of the record, filesystem, bytes of the handle, type of the handle
_RECORD = struct.Struct("=BBH8sIi")
#: where the handle (its length, type and bytes) begins in a record
_HANDLE_AT = 12
_BUFFER = 256 * 1024
_AT_EMPTY_PATH = 0x1000


class Event(NamedTuple):
    """One thing that happened; ``about`` says to what, undeciphered, so that equal ones are equal bytes."""

    mask: int
    about: bytes


class About(NamedTuple):
    """What an event is about, as far as the kernel knows: the name in a folder, and the file itself."""

    folder: bytes | None
    name: bytes
    file: bytes | None


def events(buffer: bytes) -> Iterator[Event]:
    """The events that one read of the kernel's queue gave."""
    at = 0
    while at < len(buffer):
        length, _version, _reserved, head, mask, _fd, _pid = _HEAD.unpack_from(buffer, at)
        yield Event(mask, buffer[at + head : at + length])
        at += length


def decipher(about: bytes) -> About:
    """What the records of an event say."""
    folder, name, file, at = None, b"", None, 0
    while at < len(about):
        kind, _padding, length, _filesystem, size, _type = _RECORD.unpack_from(about, at)
        end = at + _RECORD.size + size
        handle = about[at + _HANDLE_AT : end]
        if kind == _FID:
            file = handle
        elif kind in (_DFID_NAME, _DFID):
            folder = handle
            name = about[end : at + length].partition(b"\0")[0]
        at += length
    return About(folder, name, file)


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.fanotify_mark.argtypes = (ctypes.c_int, ctypes.c_uint, ctypes.c_uint64, ctypes.c_int, ctypes.c_char_p)
    libc.name_to_handle_at.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int)
    return libc


def _checked(result: int, call: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{call}: {os.strerror(code)}")
    return result


class Listener:
    """The kernel's queue of what changes on one filesystem. OSError when the kernel refuses."""

    def __init__(self, folder_fd: int) -> None:
        try:
            libc = _libc()
        except AttributeError:
            raise OSError(errno.ENOSYS, "fanotify: this C library has no such call") from None
        flags = FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_FID | FAN_REPORT_DFID_NAME
        self.fd = _checked(libc.fanotify_init(flags, os.O_RDONLY | os.O_CLOEXEC), "fanotify_init")
        try:
            how = FAN_MARK_ADD | FAN_MARK_FILESYSTEM
            _checked(libc.fanotify_mark(self.fd, how, CHANGES, folder_fd, None), "fanotify_mark")
        except OSError:
            os.close(self.fd)
            raise

    def pending(self) -> int:
        """How many events are waiting."""
        size = array.array("i", [0])
        fcntl.ioctl(self.fd, termios.FIONREAD, size)
        # the kernel counts the heads of the events only
        return size[0] // _HEAD.size

    def read(self) -> bytes:
        """What is waiting, or a good part of it; empty when there is nothing."""
        try:
            return os.read(self.fd, _BUFFER)
        except BlockingIOError:
            return b""


class Handles:
    """Opens what the kernel names by a handle, which stays valid whatever the file is called."""

    def __init__(self, mount_fd: int) -> None:
        self._mount_fd = mount_fd
        self._libc = _libc()

    def open(self, handle: bytes) -> int | None:
        """A descriptor that can be asked for the place and the state of the file, or None if the file is gone."""
        try:
            flags = os.O_PATH | os.O_CLOEXEC
            return _checked(self._libc.open_by_handle_at(self._mount_fd, handle, flags), "open_by_handle_at")
        except OSError as exc:
            if exc.errno in (errno.ESTALE, errno.ENOENT):
                return None
            raise

    def of_mount(self) -> bytes:
        """The handle of the folder that this began with."""
        most = 128
        handle = ctypes.create_string_buffer(struct.pack("=Ii", most, 0), 8 + most)
        mount = ctypes.c_int()
        _checked(
            self._libc.name_to_handle_at(self._mount_fd, b"", handle, ctypes.byref(mount), _AT_EMPTY_PATH), "name_to_handle_at"
        )
        size = struct.unpack_from("=I", handle.raw)[0]
        return handle.raw[: 8 + size]
