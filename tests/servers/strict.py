# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store that is as strict about copies as Amazon S3 is: conditions hold, and objects with the customer's key need that key.

with StrictS3(tmp_path, tls=True) as store:
    store.before["PUT /media/a"] = lambda: ...      # called once, when the first such request has come
    store.refuses["PUT /media/b"] = (500, "InternalError")
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from moto.s3.models import s3_backends

from .moto import MotoS3

ACCOUNT = "123456789012"
COPY_SOURCE = "HTTP_X_AMZ_COPY_SOURCE"
CUSTOMER_KEY = "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_CUSTOMER_KEY_MD5"
SOURCE_KEY = "HTTP_X_AMZ_COPY_SOURCE_SERVER_SIDE_ENCRYPTION_CUSTOMER_KEY_MD5"
PUBLIC = b"/groups/global/AllUsers"
LOCKS = ("HTTP_X_AMZ_OBJECT_LOCK_MODE", "HTTP_X_AMZ_OBJECT_LOCK_LEGAL_HOLD")
ERROR = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>refused</Message></Error>'

#: what a request is refused with
Refusal = tuple[int, str]


class StrictS3(MotoS3):
    """Moto behind a filter that checks what moto lets pass."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: method and path -> what happens just before the first such request that copies
        self.before: dict[str, Callable[[], object]] = {}
        #: method and path -> how such requests that copy are refused
        self.refuses: dict[str, Refusal] = {}
        #: headers of requests that copy which the store takes no notice of, in WSGI's spelling
        self.ignores: set[str] = set()
        #: path -> MD5 of the key that it is encrypted with
        self._keys: dict[str, str] = {}

    def _counted(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        honest = super()._counted(app)

        def strict(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            refusal = self._refusal(environ)
            if refusal is None:
                return honest(environ, start_response)
            self.requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
            status, code = refusal
            body = b"" if environ["REQUEST_METHOD"] == "HEAD" else ERROR.format(code=code).encode()
            start_response(f"{status} {code}", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [body]

        return strict

    def _refusal(self, environ: dict[str, Any]) -> Refusal | None:
        method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        key = environ.get(CUSTOMER_KEY)
        if COPY_SOURCE in environ:
            return self._refused_copy(f"{method} {path}", environ)
        if method == "PUT" and not query or method == "POST" and query.startswith("uploads"):
            self._keys.pop(path, None)
            if key:
                self._keys[path] = key
        elif method in ("GET", "HEAD") and (not query or query.startswith("partNumber")) and self._keys.get(path) != key:
            return (400, "InvalidRequest")
        elif method == "PUT" and query == "acl" and PUBLIC in self._body(environ):
            # moto takes an ACL from headers only.
            environ["HTTP_X_AMZ_ACL"] = "public-read"
        elif method == "POST" and not self._holds(path, environ.get("HTTP_IF_MATCH")):
            return (412, "PreconditionFailed")
        return None

    def _refused_copy(self, request: str, environ: dict[str, Any]) -> Refusal | None:
        if request in self.before:
            self.before.pop(request)()
        source = "/" + unquote(environ[COPY_SOURCE], "latin-1").lstrip("/")
        if request in self.refuses:
            return self.refuses[request]
        if self._keys.get(source) != environ.get(SOURCE_KEY):
            return (400, "InvalidRequest")
        conditions = (environ.get("HTTP_X_AMZ_COPY_SOURCE_IF_MATCH"), environ.get("HTTP_IF_MATCH"))
        if not all(self._holds(source, condition) for condition in conditions):
            return (412, "PreconditionFailed")
        if any(lock in environ for lock in LOCKS):
            # moto asks for a checksum of the body, which a copy has not.
            environ["HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"] = "CRC32"
        for header in self.ignores:
            environ.pop(header, None)
        return None

    @staticmethod
    def _body(environ: dict[str, Any]) -> bytes:
        """The body of the request, which can be read once more afterwards."""
        body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return body

    def _holds(self, path: str, condition: str | None) -> bool:
        """Whether the object has this ETag, if one is asked for."""
        if condition is None:
            return True
        # WSGI gives the bytes of a path as Latin-1.
        _root, bucket, key = path.encode("latin-1").decode().split("/", 2)
        found = s3_backends[ACCOUNT]["aws"].buckets[bucket].keys.get(key)
        return found is not None and found.etag.strip('"') == condition.strip('"')
