# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An S3 server that takes every sub-resource for the bucket itself, as Ceph RGW and rclone do with some.

``GET /bucket?tagging`` lists, ``PUT /bucket?tagging`` creates and ``DELETE /bucket?tagging`` deletes the bucket.
With a ``region`` it refuses signatures for any other, as Garage does.
"""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

LISTING = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{name}</Name>'
    "<Prefix></Prefix><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>"
)
ERROR = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/([^/]+)/s3/")


class NaiveS3:
    """A running server; ``buckets`` and ``requests`` may be looked at and changed at any time."""

    content_type = "application/xml"

    def __init__(self, region: str | None = None) -> None:
        self.region = region
        self.buckets: set[str] = set()
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        # looks twenty times a second whether it is to end, not twice
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def connection(self) -> dict[str, Any]:
        """The options of a module that talks to this store, of which nothing is known."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return {"endpoint_url": url, "access_key": "KEY", "secret_key": "the-secret-key", "max_attempts": 1}

    def answer(self, method: str, path: str, signed_for: str) -> tuple[int, str]:
        """Status and body for a request."""
        name = path.strip("/")
        if self.region and signed_for != self.region:
            said = f"The authorization header is malformed; the region '{signed_for}' is wrong; expecting '{self.region}'"
            return 400, ERROR.format(code="AuthorizationHeaderMalformed", message=said)
        if method == "PUT":
            self.buckets.add(name)
            return 200, ""
        if name not in self.buckets:
            return 404, ERROR.format(code="NoSuchBucket", message="The bucket does not exist")
        if method == "DELETE":
            self.buckets.remove(name)
            return 204, ""
        return 200, LISTING.format(name=name)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                store.requests.append(f"{self.command} {self.path}")
                signed = SIGNED_FOR.search(self.headers.get("Authorization", ""))
                status, body = store.answer(self.command, urlsplit(self.path).path, signed.group(1) if signed else "")
                data = body.encode()
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", str(len(data)))
                    self.send_header("Content-Type", store.content_type)
                self.end_headers()
                if self.command != "HEAD" and status != 204:
                    self.wfile.write(data)

            do_GET = do_HEAD = do_PUT = do_DELETE = do

            def log_message(self, format: str, *args: Any) -> None:
                """A test's output is not an access log."""

        return Handler

    def __enter__(self) -> NaiveS3:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
