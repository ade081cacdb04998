# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stores that are programs of others have in common: processes that end with the test, free ports, keys, one client."""

from __future__ import annotations

import abc
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from .plain import plain_client
from .tls import make_certificates

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
POLL_S = 0.05
LAST_LINES = 15


class Process:
    """A running program; its output is in a file, and it does not outlive the thread that started it."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str] | None = None) -> None:
        self.name = Path(command[0]).name
        self.log = log
        # A killed test run must not leave gigabytes of servers behind: the kernel ends them.
        setpriv = shutil.which("setpriv")
        bound = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
        with open(log, "wb") as out:
            self._process = subprocess.Popen(
                [*bound, *command],
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                # Ctrl-C is for the tests; they stop their servers themselves.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def check(self) -> None:
        """Raise with its last words when it has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self._process.returncode}:\n{self.last_words()}")

    def last_words(self) -> str:
        """The end of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]) + f"\n(all of it: {self.log})"

    def stop(self) -> None:
        """End it, by force if it takes long; returns when it is gone."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class ProcessS3(abc.ABC):
    """A store of one or more processes with a directory, a certificate and keys of its own."""

    provider: str
    region: str | None = None

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)
        self.access_key = ""
        self.secret_key = ""
        self.endpoint_url = ""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._tls = make_certificates(self.directory / "tls")
        self.ca_path = str(self._tls.ca)
        self._processes: list[Process] = []
        self._ports: dict[str, int] = {}

    @property
    def connection(self) -> dict[str, Any]:
        """The options of a module that talks to this store."""
        return self._connection(self.access_key, self.secret_key)

    def client(self, connection: dict[str, Any] | None = None, service: str = "s3") -> Any:
        """A plain boto3 client, for a test to look at what the collection did."""
        return plain_client(connection or self.connection, self.region, service)

    def start(self) -> Self:
        """Start it; returns when it answers, and leaves nothing behind when it does not."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop it; returns when it is gone."""
        while self._processes:
            self._processes.pop().stop()

    @abc.abstractmethod
    def _start(self) -> None:
        """Start the processes, and return when `connection` can be used."""

    def _connection(self, access_key: str, secret_key: str) -> dict[str, Any]:
        options: dict[str, Any] = {
            "endpoint_url": self.endpoint_url,
            "provider": self.provider,
            "access_key": access_key,
            "secret_key": secret_key,
            "ca_path": self.ca_path,
        }
        return {**options, "region": self.region} if self.region else options

    def _port(self, name: str) -> int:
        """A free port, which stays the store's when it is stopped and started again."""
        return self._ports.setdefault(name, free_port())

    def _run(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> Process:
        process = Process(command, self.directory / f"{name}.log", environment)
        self._processes.append(process)
        return process

    def _wait_until(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not ready():
            for process in self._processes:
                process.check()
            if time.monotonic() > deadline:
                words = self._processes[-1].last_words()
                raise TimeoutError(f"{self._processes[-1].name} did not answer within {START_TIMEOUT_S:.0f} s:\n{words}")
            time.sleep(POLL_S)

    def _listens(self) -> bool:
        """Whether the endpoint speaks HTTP, whatever it says."""
        context = ssl.create_default_context(cafile=self.ca_path)
        try:
            with urllib.request.urlopen(self.endpoint_url, timeout=5, context=context):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def _lets_us_in(self) -> bool:
        """Whether the endpoint answers a request that is signed with our key."""
        try:
            self.client().list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def free_port() -> int:
    """A port of loopback that nobody is given by chance for the next minute, which is for a server that cannot choose its own.

    The kernel does not hand out a port on which a connection has just ended (TIME_WAIT), while a server may still ask for it.
    """
    with socket.socket() as listening, socket.socket() as calling:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)
        port = int(listening.getsockname()[1])
        calling.connect(("127.0.0.1", port))
        # The side that closes first keeps the port in TIME_WAIT.
        answered, _address = listening.accept()
        answered.close()
    return port


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
