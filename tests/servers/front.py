# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server in front of a bucket that visitors know, and of the page on which they see media, with all that can be wrong there.

with Front("https://127.0.0.1:9000/media", ca_path="ca.pem") as front:
    print(front.url)
    front.answers["/"] = Said(200, [("Content-Security-Policy", "img-src 'self'")])
    front.sets["Content-Type"] = "text/plain"
"""

from __future__ import annotations

import ssl
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self

from .tls import Certificates

PASSED = ("Content-Type", "Cache-Control", "Access-Control-Allow-Origin", "Content-Security-Policy")


class Said(NamedTuple):
    """What it says by itself."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""


class Front:
    """A running server; what it does may be changed at any time."""

    def __init__(self, behind: str, ca_path: str | None = None, host: str = "", tls: Certificates | None = None) -> None:
        self.behind = behind
        #: path -> what is said there instead of what is behind; the path None is every path
        self.answers: dict[str | None, Said] = {}
        #: headers in the place of those from behind; an empty value removes one
        self.sets: dict[str, str] = {}
        self._host = host
        self._trust = ssl.create_default_context(cafile=ca_path)
        self._tls = tls

    def start(self) -> Self:
        """Start it; returns when it listens."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._tls.cert, self._tls.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop it; from then on nobody answers."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"

    def _fetched(self, path: str, origin: str | None) -> Said:
        headers = {name: value for name, value in (("Host", self._host), ("Origin", origin)) if value}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self.behind + path, headers=headers), context=self._trust, timeout=20
            ) as answer:
                found = Said(answer.status, list(answer.headers.items()), answer.read())
        except urllib.error.HTTPError as error:
            found = Said(error.code, list(error.headers.items()), error.read())
        except OSError as error:
            return Said(502, [], str(error).encode())
        kept = [(name, value) for name, value in found.headers if name.title() in PASSED and name.title() not in self.sets]
        return found._replace(headers=[*kept, *((name, value) for name, value in self.sets.items() if value)])

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                said = front.answers.get(path) or front.answers.get(None) or front._fetched(path, self.headers["Origin"])
                self.send_response(said.status)
                for name, value in said.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                self.wfile.write(said.body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
