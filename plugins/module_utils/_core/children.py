# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a copy of this process has to leave to the one that it is a copy of."""

from __future__ import annotations

import contextlib
import os


def let_go(keep: list[int]) -> None:
    """Close all files but these: nobody is to wait for a child because it has a pipe, a lock or a database open."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    with contextlib.suppress(FileNotFoundError):  # where there is no /proc, what is open stays open until the child ends
        for fd in {int(name) for name in os.listdir("/proc/self/fd")} - {0, 1, 2, *keep}:
            with contextlib.suppress(OSError):  # that of the listing itself
                os.close(fd)
