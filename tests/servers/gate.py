# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moto behind a gate: what a request without a key is answered, a test decides.

with GatedS3() as store:
    store.gate = lambda method, path, query: OPEN if method == "GET" else CLOSED
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from .moto import MotoS3


class Word(NamedTuple):
    """What the gate answers instead of the store."""

    status: str
    body: bytes = b""
    location: str = ""


CLOSED = Word("403 Forbidden", b"<Error><Code>AccessDenied</Code></Error>")
#: the request reaches the store, as if it had a key
OPEN = None

#: method, path and query -> what is answered
Gate = Callable[[str, str, str], "Word | None"]


def closed(method: str, path: str, query: str) -> Word | None:
    """A private bucket."""
    return CLOSED


class GatedS3(MotoS3):
    """A running store whose ``gate`` may be changed at any time; ``strangers`` are the requests without a key, with headers."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.gate: Gate = closed
        self.strangers: list[tuple[str, str, str, dict[str, str]]] = []

    def _counted(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        counted = super()._counted(app)

        def gated(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", "")
            signed = "HTTP_AUTHORIZATION" in environ or "Signature" in query or path.startswith("/moto-api/")
            if signed:
                return counted(environ, start_response)
            self.strangers.append((method, path, query, {name: str(value) for name, value in environ.items() if "HTTP" in name}))
            word = self.gate(method, path, query)
            if word is None:
                # Moto itself lets nobody read an object without a key, unless a policy does.
                return counted({**environ, "HTTP_AUTHORIZATION": SOMEBODY}, start_response)
            headers = [("Content-Length", str(len(word.body))), *([("Location", word.location)] if word.location else [])]
            start_response(word.status, headers)
            return [word.body]

        return gated


SOMEBODY = "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
