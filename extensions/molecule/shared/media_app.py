# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stores media as an application does, and notes each one that it believes to be stored.

media_app.py DIRECTORY LOGS [SECONDS]    LOGS/acknowledged: name and SHA-256 of each medium; LOGS/pause stops it from writing

SECONDS between two media, 0.02 without it: whoever compares all media again and again wants few of them.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time


def store(path: str, content: bytes) -> None:
    """Believe in a file only if fsync() and close() say that it is there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main(directory: str, logs: str, pause_s: str = "0.02") -> None:
    began = time.time_ns()
    with open(f"{logs}/acknowledged", "a", buffering=1, encoding="ascii") as acknowledged:
        for number in range(10**9):
            while os.path.exists(f"{logs}/pause"):
                time.sleep(0.05)
            name, content = f"medium-{began}-{number}", os.urandom(3000)
            try:
                store(f"{directory}/{name}", content)
                acknowledged.write(f"{name} {hashlib.sha256(content).hexdigest()}\n")
            except OSError:
                pass
            time.sleep(float(pause_s))


if __name__ == "__main__":
    main(*sys.argv[1:])
