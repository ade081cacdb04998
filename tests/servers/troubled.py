# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store that keeps objects in memory, remembers every request as it came, and makes trouble when it is told to.

with TroubledS3(tmp_path) as store:
    store.trouble = lambda request, number: RESET if number == 2 else None
    ...
    assert "content-type" in store.requests[0].signed
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from .tls import make_certificates

#: the connection is reset before the answer, or the answer ends in the middle of the body, or never begins
RESET, TRUNCATE, STALL = "reset", "truncate", "stall"
#: the ETag is not the MD5 of the bytes
LIE = "lie"
WRONG = "0123456789abcdef0123456789abcdef"
STALL_S = 20.0


@dataclass(frozen=True)
class Seen:
    """A request as it came over the wire."""

    method: str
    #: host and path, whether they came in one line (as for a proxy) or in two
    host: str
    path: str
    query: dict[str, list[str]]
    #: names in small letters
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def signed(self) -> list[str]:
        """The headers that the signature covers."""
        return self.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")

    @property
    def region(self) -> str:
        """The region that is signed for."""
        return self.headers["authorization"].split("/")[2]


class TroubledS3:
    """A running store over TLS, or without it where no directory for the certificates is given."""

    access_key, secret_key = "ACCESSKEY", "a-secret-that-must-not-show"

    def __init__(self, directory: Path | None = None) -> None:
        self.requests: list[Seen] = []
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        #: what happens to a request, by itself and its number; None for what is right, a status and a code for an error
        self.trouble: Callable[[Seen, int], Any] = lambda request, number: None
        #: headers that every answer has
        self.says: dict[str, str] = {}
        self._tls = make_certificates(directory / "tls") if directory else None
        self.ca_path = str(self._tls.ca) if self._tls else None
        self._lock = threading.Lock()

    @property
    def connection(self) -> dict[str, Any]:
        """The options of a module that talks to this store."""
        trust = {"ca_path": self.ca_path} if self.ca_path else {}
        keys = {"access_key": self.access_key, "secret_key": self.secret_key}
        return {"endpoint_url": self.endpoint_url, "provider": "generic", **keys, **trust}

    def number(self, request: Seen) -> int:
        """Remember a request; how many came before it."""
        with self._lock:
            self.requests.append(request)
            return len(self.requests) - 1

    def __enter__(self) -> TroubledS3:
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"store": self}))
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._tls.cert, self._tls.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.endpoint_url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: TroubledS3

    def _handle(self) -> None:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        host = url.netloc or headers.get("host", "")
        request = Seen(self.command, host, unquote(url.path), parse_qs(url.query, keep_blank_values=True), headers, body)
        trouble = self.store.trouble(request, self.store.number(request))
        if trouble == RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif trouble == STALL:
            time.sleep(STALL_S)
            self.close_connection = True
        elif isinstance(trouble, tuple):
            status, code = trouble
            self._answer(status, f"<Error><Code>{code}</Code><Message>trouble &amp; toil</Message></Error>".encode())
        else:
            self._serve(request, trouble)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _handle

    def _serve(self, request: Seen, trouble: Any) -> None:
        if request.method == "PUT":
            etag = WRONG if trouble == LIE else hashlib.md5(request.body).hexdigest()
            self.store.objects[request.path] = (request.body, {"ETag": f'"{etag}"', **self._kept(request)})
            return self._answer(200, b"", {"ETag": f'"{etag}"'})
        if "list-type" in request.query:
            return self._answer(200, self._listing(request))
        if request.path not in self.store.objects:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        body, kept = self.store.objects[request.path]
        self._answer(200, body, {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT", **kept}, trouble)

    @staticmethod
    def _kept(request: Seen) -> dict[str, str]:
        return {name: value for name, value in request.headers.items() if name.startswith("x-amz-meta-")}

    def _listing(self, request: Seen) -> bytes:
        root = request.path.rstrip("/") + "/"
        found = sorted(path for path in self.store.objects if path.startswith(root + request.query.get("prefix", [""])[0]))
        lines = [
            f"<Contents><Key>{escape(path[len(root) :])}</Key><Size>{len(self.store.objects[path][0])}</Size>"
            f"<ETag>{escape(self.store.objects[path][1]['ETag'])}</ETag>"
            "<LastModified>2024-01-01T00:00:00.000Z</LastModified></Contents>"
            for path in found
        ]
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{''.join(lines)}</ListBucketResult>".encode()

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None, trouble: Any = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), **self.store.says, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if trouble == TRUNCATE:
            body = body[: len(body) // 2]
            self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """A test's output is not an access log."""
