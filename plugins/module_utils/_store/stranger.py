# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Requests as anybody on the Internet can send them: no key, no signature, nothing but an address."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import typing as t
import urllib.error
import urllib.request
from urllib.parse import quote, urlsplit, urlunsplit

from .._core.access import Answer
from .._core.errors import BadInput
from .client import USER_AGENT

if t.TYPE_CHECKING:
    from .connection import Connection

#: more than any error document, and than the scratch objects; nobody's media are read
ENOUGH = 64 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: t.Any, **kwargs: t.Any) -> None:
        """A redirect is an answer by itself: whoever follows it asks another question."""


class Stranger:
    """Somebody without a key, who trusts the certificates that the system and the connection trust."""

    def __init__(self, connection: Connection, connect_to: t.Mapping[str, str] | None = None) -> None:
        self.requests = 0
        self._timeout = connection.connect_timeout
        proxies = {"http": connection.proxy_url, "https": connection.proxy_url} if connection.proxy_url else None
        self._opener = urllib.request.build_opener(
            _NoRedirect, urllib.request.ProxyHandler(proxies), *_handlers(_tls(connection), connect_to or {})
        )

    def get(self, url: str) -> Answer:
        """What is there, or why not."""
        return self.send("GET", url)

    def put(self, url: str, content: bytes) -> Answer:
        """Try to put something there."""
        return self.send("PUT", url, {"Content-Type": "application/octet-stream"}, content)

    def send(self, method: str, url: str, headers: t.Mapping[str, str] | None = None, content: bytes | None = None) -> Answer:
        """One request and its answer, whatever it is."""
        self.requests += 1
        request = urllib.request.Request(url, content, {"User-Agent": USER_AGENT, **(headers or {})}, method=method)
        try:
            with self._open(request) as found:
                shown = joined(found.headers.items())
                return Answer(found.code, found.read(ENOUGH), shown)
        except (OSError, http.client.HTTPException) as exc:
            # No error yet: while a name or a certificate is being set up, the next look may be answered.
            return Answer(0, _cause(exc).encode())

    def _open(self, request: urllib.request.Request) -> t.Any:
        try:
            return self._opener.open(request, timeout=self._timeout)
        except urllib.error.HTTPError as exc:
            # an answer like any other
            return exc


class _Address(Exception):
    """Carries the URL of a request that is not sent."""


def object_address(client: t.Any, bucket: str, key: str) -> str:
    """The URL of an object, in the addressing style of the client."""
    return _address(client, "get_object", {"Bucket": bucket, "Key": key})


def bucket_address(client: t.Any, bucket: str) -> str:
    """The URL of a bucket."""
    return _address(client, "list_objects", {"Bucket": bucket})


def below(public_url: str, key: str) -> str:
    """The URL of an object below the one under which the public reads."""
    return f"{public_url.rstrip('/')}/{quote(key)}"


def check_public_url(url: str | None, tried: str) -> None:
    """Refuse a public URL to which no key can be appended."""
    parts = urlsplit(url or "https://-")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        remedy = "Write it as https://host or https://host/path; the key of an object is appended."
        raise BadInput(tried, said="public_url is not a URL to which a key can be appended", remedy=remedy)


def _address(client: t.Any, operation: str, params: dict[str, str]) -> str:
    """Where botocore would send a request; it is stopped on its way, before it is signed.

    A presigned link would not do: on AWS those go to another host, which redirects.
    """

    def stop(request: t.Any, **kwargs: t.Any) -> None:
        raise _Address(request.url)

    client.meta.events.register_last("before-sign.s3", stop)
    try:
        getattr(client, operation)(**params)
    except _Address as found:
        return urlunsplit(urlsplit(str(found))._replace(query=""))
    finally:
        client.meta.events.unregister("before-sign.s3", stop)
    raise AssertionError("the request was sent")


def _handlers(tls: ssl.SSLContext, connect_to: t.Mapping[str, str]) -> list[urllib.request.BaseHandler]:
    """What opens connections: to other places than names lead to where that is said, as curl does with --connect-to."""

    def open_socket(address: tuple[str, int], *arguments: t.Any) -> socket.socket:
        there, _colon, port = connect_to.get(address[0], "").partition(":")
        return socket.create_connection((there or address[0], int(port or address[1])), *arguments)

    class Plain(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> t.Any:
            return self.do_open(t.cast(t.Any, plain), req)

    class Secure(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> t.Any:
            return self.do_open(t.cast(t.Any, secure), req)

    def plain(host: str, **options: t.Any) -> http.client.HTTPConnection:
        return turned(http.client.HTTPConnection(host, **options))

    def secure(host: str, **options: t.Any) -> http.client.HTTPConnection:
        return turned(http.client.HTTPSConnection(host, context=tls, **options))

    def turned(connection: http.client.HTTPConnection) -> http.client.HTTPConnection:
        # http.client asks this attribute for its socket; Host and the name in TLS stay as they are
        t.cast(t.Any, connection)._create_connection = open_socket
        return connection

    return [Plain(), Secure(context=tls)]


def joined(headers: t.Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by their names in small letters; what is said twice counts twice, as HTTP has it."""
    found: dict[str, str] = {}
    for name, value in headers:
        known = found.get(name.lower())
        found[name.lower()] = value if known is None else f"{known}, {value}"
    return found


def _tls(connection: Connection) -> ssl.SSLContext:
    context = ssl.create_default_context()
    # Beside the system's: a store with a CA of its own may be read by the public through a name with a certificate for all.
    own = connection.ca_path or os.environ.get("AWS_CA_BUNDLE")
    if own:
        context.load_verify_locations(cafile=own)
    if not connection.validate_certs:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _cause(exc: Exception) -> str:
    return str(getattr(exc, "reason", "") or exc) or type(exc).__name__
