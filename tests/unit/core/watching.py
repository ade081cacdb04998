# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a feed as a module does, or holds the refusal against what it must say where this kernel or user cannot have one."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.mediastore.s3.plugins.module_utils._core import feed
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import Unsupported

FAN_REPORT_NAMES = 0xE00
FAN_MARK_FILESYSTEM = 0x101


def kernel_refuses(root: Path) -> bool:
    """Whether the kernel, asked without our code, would not let this user watch this filesystem."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.fanotify_init(FAN_REPORT_NAMES, os.O_RDONLY)
    if fd < 0:
        return True
    libc.fanotify_mark.argtypes = (ctypes.c_int, ctypes.c_uint, ctypes.c_uint64, ctypes.c_int, ctypes.c_char_p)
    marked = libc.fanotify_mark(fd, FAN_MARK_FILESYSTEM, 2, -100, os.fsencode(root))
    os.close(fd)
    return marked < 0 or "CapBnd:\t0000000000000000" in Path("/proc/self/status").read_text() or os.geteuid() != 0


@contextlib.contextmanager
def watched(root: Path, journal: Path, **options: int) -> Iterator[feed.Feed | None]:
    """A feed that runs; None, after the refusal was found to be an honest one, where there cannot be any."""
    try:
        feed.start(str(root), str(journal), **options)
    except Unsupported as exc:
        assert kernel_refuses(root), f"the kernel would have allowed it: {exc}"
        assert "Leave the change feed out" in exc.remedy and exc.said and errno.errorcode
        yield None
        return
    try:
        yield feed.Feed(str(journal))
    finally:
        feed.stop(str(journal))
