# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The administration interfaces that stores have beside S3: HTTP, a token or a signature, JSON or XML."""

from __future__ import annotations

import contextlib
import json
import ssl
import time
import typing as t
import urllib.error
import urllib.request
from urllib.parse import urlencode

from .._core.errors import MediastoreError, StoreRefused, StoreUnreachable
from .._core.retry import pauses
from .connection import Connection, without_userinfo

#: answers after which a request may be sent again; after the others only one that asks and changes nothing
BUSY, BUSY_WHEN_ASKED = (429,), (429, 500, 502, 503, 504)

#: method, URL, headers, body -> the headers that are sent
Sign = t.Callable[[str, str, t.Dict[str, str], bytes], t.Dict[str, str]]
#: the body of a refusal -> the store's code (empty where it has none), and its words; may raise whatever it likes about a body of
#: another shape
Refusal = t.Callable[[bytes], t.Tuple[str, str]]


class Rest:
    """One administration interface: where it is, how it is signed, and how its refusals are read."""

    def __init__(
        self,
        connection: Connection,
        url: str,
        title: str,
        *,
        headers: t.Mapping[str, str] | None = None,
        sign: Sign | None = None,
        refusal: Refusal | None = None,
        remedies: t.Mapping[t.Any, str] | None = None,
        option: str = "admin_url",
    ) -> None:
        self._connection = connection
        self._url = url.rstrip("/")
        self._title = title
        self._headers = dict(headers or {})
        self._sign = sign
        self._refusal = refusal or code_and_message
        #: error code or HTTP status -> what to do
        self._remedies = dict(remedies or {})
        self._option = option
        self._director: urllib.request.OpenerDirector | None = None

    def call(self, method: str, path: str, query: t.Mapping[str, t.Any] | None = None, body: t.Any = None) -> t.Any:
        """The answer as JSON has it, None where there is none."""
        data = b"" if body is None else json.dumps(body).encode()
        text = self.send(method, path, query, data, {"Content-Type": "application/json"})
        if not text.strip():
            return None
        try:
            return json.loads(text)
        except ValueError as exc:
            remedy = f"Check {self._option}: it must be the administration interface of {self._title}."
            raise StoreRefused(self._tried(method, path), said="the answer is not JSON", remedy=remedy, code="NotJSON") from exc

    def send(
        self,
        method: str,
        path: str,
        query: t.Mapping[str, t.Any] | None = None,
        body: bytes = b"",
        headers: t.Mapping[str, str] | None = None,
    ) -> bytes:
        """The answer's body; sent again while the interface says that it is busy."""
        waits = pauses(self._connection.max_attempts, 0.5, 10.0)
        while True:
            try:
                return self._send(method, path, query, body, headers or {})
            except StoreRefused as exc:
                again = BUSY_WHEN_ASKED if method == "GET" else BUSY
                wait = next(waits, None) if exc.result.get("status") in again else None
                exc.result = {}
                if wait is None:
                    raise
            time.sleep(wait)

    def _send(
        self, method: str, path: str, query: t.Mapping[str, t.Any] | None, body: bytes, headers: t.Mapping[str, str]
    ) -> bytes:
        url = f"{self._url}/{path.lstrip('/')}" + (f"?{urlencode(query)}" if query else "")
        sent = {**self._headers, **headers}
        if self._sign:
            sent = self._sign(method, url, sent, body)
        request = urllib.request.Request(url, body or None, sent, method=method)
        tried = self._tried(method, path)
        try:
            with self._opener().open(request, timeout=self._connection.read_timeout) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as exc:
            raise self._refused(exc, tried) from exc
        except OSError as exc:
            said = str(getattr(exc, "reason", exc))
            remedy = f"Check {self._option} and the way to it from this host."
            raise StoreUnreachable(tried, said=said, remedy=remedy) from exc

    def _opener(self) -> urllib.request.OpenerDirector:
        # Once: reading all certificates of the system takes longer than many a request.
        if self._director is None:
            self._director = self._made_opener()
        return self._director

    def _made_opener(self) -> urllib.request.OpenerDirector:
        proxy = self._connection.proxy_url
        # Without proxy_url none: the proxy of the environment is not for a machine of one's own.
        proxies = urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {})
        return urllib.request.build_opener(proxies, urllib.request.HTTPSHandler(context=self._tls()))

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._connection.ca_path)
        if not self._connection.validate_certs:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def _refused(self, exc: urllib.error.HTTPError, tried: str) -> MediastoreError:
        code, words = str(exc.code), ""
        with contextlib.suppress(ValueError, KeyError, IndexError, TypeError, OSError):
            found, words = self._refusal(exc.read())
            code = found or code
        said = f"{self._title} answered {exc.code} {code}".replace(f"{exc.code} {exc.code}", str(exc.code))
        said += f" ({words})" if words else ""
        remedy = self._remedies.get(code) or self._remedies.get(exc.code) or f"Look into the log of {self._title} for the reason."
        refused = StoreRefused(tried, said=said, remedy=remedy, code=code)
        refused.result = {"status": exc.code}
        return refused

    def _tried(self, method: str, path: str) -> str:
        return f"call {method} {path} at {without_userinfo(self._url)}"


def code_and_message(body: bytes) -> tuple[str, str]:
    """How most say why they refuse: a JSON object with ``code`` and ``message``."""
    said = json.loads(body)
    return str(said["code"]), str(said["message"])
