# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""obstore's errors in the words of faults.py, so that a user cannot tell from an error which engine met it."""

from __future__ import annotations

import html
import re
import typing as t

from .faults import explain, failure, refusal
from .patience import is_busy, is_passing

try:
    from obstore.exceptions import BaseError as ObstoreError
except ImportError:

    class ObstoreError(Exception):  # type: ignore[no-redef]
        """Without obstore there are none."""


if t.TYPE_CHECKING:
    from .._core.errors import MediastoreError
    from .connection import Connection

#: all that obstore raises: an object that is not there is a FileNotFoundError, a key that it cannot carry a ValueError
ERRORS = (ObstoreError, OSError, ValueError, NotImplementedError)

#: the status may come with the store's words; older versions say it differently
_STATUS = re.compile(r"(?:non-2xx status code|with status):? (\d{3})[^:]*:? ?(.*)", re.DOTALL)
_ELEMENT = "<{0}>([^<]*)</{0}>"
#: what the system or the library for TLS said, somewhere in a tree of errors
_CAUSE = re.compile(r"message: \"([^\"]*)\"|error: \"([^\"]*)\"|Invalid\w+\((?: *\w+\()* *(\w+)")

#: what stands in that tree -> botocore's name for it and what it means, most special first
KINDS: tuple[tuple[str, str, str], ...] = (
    (r"InvalidCertificate|InvalidMessage|AlertReceived|rustls", "SSLError", "TLS failed"),
    (r"ProxyAuthRequired|ConnectFailed|Tunnel", "ProxyConnectionError", "the proxy did not connect"),
    (r"(?s)legacy::Error\(\s*Connect.*(?:TimedOut|Elapsed)", "ConnectTimeoutError", "connecting took too long"),
    (r"legacy::Error\(\s*Connect", "EndpointConnectionError", "connecting failed"),
    (r"TimedOut", "ReadTimeoutError", "the answer took too long"),
    (
        r"NoContentRange|NotPartial|UnexpectedRange",
        "IncompleteReadError",
        "the answer broke off, and the store gives no rest of it",
    ),
    (
        r"ConnectionReset|BrokenPipe|ConnectionAborted|UnexpectedEof|IncompleteMessage|ChannelClosed|Canceled|BodyWrite",
        "ConnectionClosedError",
        "the connection was closed before the answer was whole",
    ),
)


class Fault:
    """What can be told from one of obstore's errors."""

    def __init__(self, exc: BaseException) -> None:
        text, _label, tree = str(exc).partition("Debug source:")
        answer = _STATUS.search(text)
        self.status = int(answer.group(1)) if answer else 0
        self._body = answer.group(2) if answer else ""
        self._name, self._said = "", ""
        if not self.status:
            self._name, self._said = _kind_of(tree)

    @property
    def passing(self) -> bool:
        """Whether the store, or the way to it, is not up to it at the moment. boto3 would do no better."""
        return is_passing(self.status, self.code) or bool(self._name) and not self.untrusted

    @property
    def busy(self) -> bool:
        """Whether the store asks for fewer requests."""
        return is_busy(self.status, self.code)

    @property
    def code(self) -> str:
        """The store's error code."""
        return self._element("Code")

    @property
    def untrusted(self) -> bool:
        """Whether no trust could be established, about which the two engines' libraries for TLS may disagree."""
        return self._name == "SSLError"

    @property
    def words(self) -> str:
        """It in a few words."""
        if not self.status:
            return self._said or "the answer could not be read"
        return f"the store answered {self.status} {self.code}".strip()

    def explain(self, tried: str, operation: str, connection: Connection) -> MediastoreError:
        """The same error that boto3 would have led to."""
        if not self.status:
            return failure([self._name or "HTTPClientError"], f"{tried} at {connection.where}", self.words)
        refused = refusal(self.code, self.status, self._element("Message"), operation)
        return explain(refused, tried, connection)

    def _element(self, name: str) -> str:
        found = re.search(_ELEMENT.format(name), self._body)
        return html.unescape(found.group(1)).strip() if found else ""


def _kind_of(tree: str) -> tuple[str, str]:
    for pattern, name, meaning in KINDS:
        if re.search(pattern, tree):
            cause = _CAUSE.search(" ".join(tree.split()))
            words = next(filter(None, cause.groups()), "") if cause else ""
            return name, f"{meaning} ({words})" if words else meaning
    return "", ""
