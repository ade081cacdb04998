# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of the benchmark: nulls3.c, built once into the cache directory, which keeps no bytes but proves that they came."""

from __future__ import annotations

import hashlib
import os
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterable
from json import loads
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from ..servers.process import Process
from ..servers.tls import make_certificates

SOURCE = Path(__file__).with_name("nulls3.c")
COMPILE = Path(__file__).parents[1] / "utils" / "compile.sh"
START_TIMEOUT_S = 20.0
CALL_TIMEOUT_S = 120.0
#: what is counted that is no request
NO_REQUESTS = ("connections", "continue100", "notfound", "bytes_in", "objects", "bytes", "max_conn")


class Held(NamedTuple):
    """What the server says of one key; the parts are pairs of size and MD5."""

    size: int
    etag: str
    parts: tuple[tuple[int, str], ...]


class NullS3:
    """A running server; ends with the ``with`` block, or with whoever started it."""

    access_key = "ACCESSKEY"
    secret_key = "a-secret-of-the-benchmark"
    region = "us-east-1"

    def __init__(self, directory: Path, tls: bool = True) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._log = directory / "nulls3.log"
        self._tls = make_certificates(directory / "tls") if tls else None
        self.ca_path = str(self._tls.ca) if self._tls else None
        self.endpoint_url = ""
        self._process: Process | None = None

    def __enter__(self) -> Self:
        command = [str(program()), "0"]
        if self._tls:
            command.append(f"tls={self._tls.cert},{self._tls.key}")
        self._process = Process(command, self._log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (port := self._log.read_text().strip()).isdigit():
            self._process.check()
            if time.monotonic() > deadline:
                self._process.stop()
                raise TimeoutError(f"nulls3 did not start: {self._process.last_words()}")
            time.sleep(0.02)
        self.endpoint_url = f"{'https' if self._tls else 'http'}://127.0.0.1:{port}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process:
            self._process.stop()
            self._process = None

    @property
    def connection(self) -> dict[str, Any]:
        """The options of a module that talks to it."""
        options = {"endpoint_url": self.endpoint_url, "provider": "minio"}
        options |= {"access_key": self.access_key, "secret_key": self.secret_key}
        return {**options, **({"ca_path": self.ca_path} if self.ca_path else {})}

    @property
    def pid(self) -> int:
        """The process, for whoever wants to know what it costs."""
        assert self._process
        return self._process.pid

    def check(self) -> None:
        """Raise when it has ended by itself."""
        assert self._process
        self._process.check()

    def latency(self, milliseconds: float) -> None:
        """How far away it is from now on."""
        self._call(f"/__set?rtt={round(milliseconds * 1000)}", b"")

    def reset(self) -> None:
        """Forget every bucket and every count."""
        self._call("/__reset", b"")

    def zero(self) -> None:
        """Forget the counts."""
        self._call("/__zero", b"")

    def stats(self) -> dict[str, int]:
        """What was asked since the last reset, by kind, and how much is there."""
        return dict(loads(self._call("/__stats")))

    def load(self, bucket: str, lines: Iterable[str]) -> None:
        """Hold these objects as if they had been uploaded; the form of a line is in nulls3.c."""
        self._call(f"/__load?bucket={bucket}", "\n".join(lines).encode())

    def dump(self, bucket: str) -> dict[str, Held]:
        """Everything that is in the bucket."""
        found: dict[str, Held] = {}
        for line in self._call(f"/__dump?bucket={bucket}").decode().splitlines():
            key, size, etag, _mtime, parts = line.split("\t")
            split = (part.split(":") for part in parts.split(",") if part)
            found[key] = Held(int(size), etag, tuple((int(length), md5) for length, md5 in split))
        return found

    def _call(self, path: str, data: bytes | None = None) -> bytes:
        trust = ssl.create_default_context(cafile=self.ca_path) if self.ca_path else None
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
        with opener.open(self.endpoint_url + path, data, CALL_TIMEOUT_S) as answer:
            return bytes(answer.read())


def program() -> Path:
    """The compiled server; compiled when this source was not yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    built = cache / "mediastore.s3" / "servers" / f"nulls3-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]}"
    if not built.exists():
        built.parent.mkdir(parents=True, exist_ok=True)
        making = built.with_name(f"{built.name}.{os.getpid()}")
        done = subprocess.run([str(COMPILE), str(SOURCE), str(making)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{SOURCE.name} could not be compiled:\n{done.stderr}")
        making.replace(built)
    return built
