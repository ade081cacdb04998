# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real nginx in front of a bucket: the media host that visitors know, with its cache, and the page on which they see media.

with Nginx(tmp_path, "https://127.0.0.1:9000/media", ca_path="ca.pem") as nginx:
    print(nginx.url)
    nginx.set(page="default-src 'none'")       # writes the configuration anew, and reloads
"""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .binaries import find
from .process import Process, free_port

START_TIMEOUT_S = 20.0
CONFIGURATION = """\
{user}
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  proxy_cache_path {directory}/cache keys_zone=media:1m;
  server {{
    listen 127.0.0.1:{port} {tls};
    {certificate}
    location = /page {{ {page} default_type text/html; return 200 "<html>a page</html>"; }}
    location = /links {{ default_type application/json; return 200 '{links}'; }}
    location = /console {{ default_type text/html; return 200 "<html>a console</html>"; }}
    location / {{
      {instead}
      proxy_pass {behind};
      proxy_ssl_trusted_certificate {ca_path};
      proxy_ssl_verify on;
      # it compares names only, and never addresses
      proxy_ssl_name localhost;
      proxy_cache media;
      proxy_cache_valid 200 1h;
      {errors}
      add_header X-Cache-Status $upstream_cache_status always;
      {cors}
    }}
  }}
}}
"""


class Nginx:
    """A running nginx; what it does may be set at any time."""

    def __init__(self, directory: Path, behind: str, ca_path: str) -> None:
        self.directory = directory
        self.port = free_port()
        self._said: dict[str, Any] = {"behind": f"{behind}/", "ca_path": ca_path, "tls": None}
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self._said['tls'] else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start it; returns when it listens."""
        self._write()
        self._process = Process([find("nginx"), "-p", str(self.directory), "-c", str(self._file)], self.directory / "nginx.log")
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            self._process.check()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        """Stop it; from then on nobody answers."""
        if self._process:
            self._process.stop()
            self._process = None

    def set(self, **said: Any) -> None:
        """Have it do something else from now on: behind, tls, page, links, instead, errors, cors."""
        self._said.update(said)
        if self._process:
            self._write()
            before = self._workers()
            os.kill(self._process.pid, signal.SIGHUP)
            deadline = time.monotonic() + START_TIMEOUT_S
            # the old workers may answer until they are gone
            while not self._workers() or self._workers() & before:
                self._process.check()
                assert time.monotonic() < deadline, self._process.last_words()
                time.sleep(0.02)

    def forget(self) -> None:
        """Empty its cache, as one does by hand."""
        for folder, _folders, files in os.walk(self.directory / "cache"):
            for file in files:
                os.unlink(os.path.join(folder, file))

    @property
    def _file(self) -> Path:
        return self.directory / "nginx.conf"

    def _workers(self) -> set[str]:
        assert self._process
        return set(Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split())

    def _write(self) -> None:
        said, tls = self._said, self._said["tls"]
        values = {
            "user": "user root;" if os.geteuid() == 0 else "",
            "directory": self.directory,
            "port": self.port,
            "tls": "ssl" if tls else "",
            "certificate": f"ssl_certificate {tls.cert}; ssl_certificate_key {tls.key};" if tls else "",
            "behind": said["behind"],
            "ca_path": said["ca_path"],
            "page": f'add_header Content-Security-Policy "{said["page"]}";' if said.get("page") else "",
            "cors": f"proxy_hide_header Access-Control-Allow-Origin; {said['cors']}" if "cors" in said else "",
        }
        words = {name: said.get(name, "") for name in ("links", "instead", "errors")}
        self.directory.mkdir(parents=True, exist_ok=True)
        self._file.write_text(CONFIGURATION.format(**values, **words))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
