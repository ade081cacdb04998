# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket that is mounted with rclone, which can be killed, stopped, made read-only, and mounted again. Only root can mount.

with Mounted(tmp_path, store.connection, "media") as mount:
    mount.kill()
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .process import Process
from .rclone import find_rclone

START_TIMEOUT_S = 30.0


class Mounted:
    """One mount."""

    def __init__(self, directory: Path, connection: dict[str, Any], bucket: str) -> None:
        self.path = directory / "mount"
        self.path.mkdir(parents=True)
        self._directory, self._bucket = directory, bucket
        self._environment = {
            "RCLONE_CONFIG": "/dev/null",
            "RCLONE_CONFIG_STORE_TYPE": "s3",
            "RCLONE_CONFIG_STORE_PROVIDER": "Other",
            "RCLONE_CONFIG_STORE_ENDPOINT": connection["endpoint_url"],
            "RCLONE_CONFIG_STORE_ACCESS_KEY_ID": connection["access_key"],
            "RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY": connection["secret_key"],
            "RCLONE_CA_CERT": connection["ca_path"],
            "RCLONE_CACHE_DIR": str(directory / "cache"),
        }
        self._process: Process | None = None

    def start(self, *options: str) -> Self:
        """Mount it; returns when it is there."""
        command = [find_rclone(), "mount", f"store:{self._bucket}", str(self.path), *options]
        self._process = Process(command, self._directory / "mount.log", self._environment)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not os.path.ismount(self.path):
            self._process.check()
            assert time.monotonic() < deadline, self._process.last_words()
            time.sleep(0.05)
        return self

    def signal(self, number: int) -> None:
        """Send its program a signal, and wait until that has had its effect."""
        assert self._process
        os.kill(self._process.pid, number)
        wanted = {signal.SIGSTOP: "T", signal.SIGKILL: "ZX"}[signal.Signals(number)]
        deadline = time.monotonic() + START_TIMEOUT_S
        while Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[0] not in wanted:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def unmount(self, *options: str) -> None:
        """As an operator does it."""
        subprocess.run(["umount", *options, self.path], check=True)

    def stop(self) -> None:
        """End it, whatever state it is in."""
        if self._process:
            os.kill(self._process.pid, signal.SIGCONT)
            subprocess.run(["umount", "-l", self.path], check=False, stderr=subprocess.DEVNULL)
            self._process.stop()
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
