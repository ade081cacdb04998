# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Which failures of a request may pass, so that it is sent again; the same for both engines."""

from __future__ import annotations

import contextlib
import threading
import typing as t

from .._core.retry import pause_before_next

try:
    from botocore.exceptions import ConnectionError as BotoConnectionError
    from botocore.exceptions import HTTPClientError

    _CONNECTION: tuple[type[Exception], ...] = (BotoConnectionError, HTTPClientError)
except ImportError:
    _CONNECTION = ()

#: the store, or a proxy before it, is not up to it at the moment
PASSING = (408, 429, 500, 502, 503, 504, 509)
#: it asks for fewer requests
BUSY = (429, 503, 509)
BUSY_CODES = ("SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException", "RequestLimitExceeded")
#: what has no body, whatever its headers say
BODILESS = (204, 304)
#: what an answer is called that ended before it was whole
BROKEN, BROKEN_STATUS = "BrokenOff", 500
#: said with other statuses, even with 200 where an answer takes long; BadDigest: the bytes were damaged on the way
PASSING_CODES = (*BUSY_CODES, BROKEN, "BadDigest", "InternalError", "RequestTimeout", "ServiceUnavailable")
#: what stores never leave out
TOLD = {
    "GetObject": "LastModified",
    "HeadObject": "LastModified",
    "CreateMultipartUpload": "UploadId",
    "UploadPart": "ETag",
}
#: no second attempt makes a certificate a better one
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
_here = threading.local()


def is_busy(status: int, code: str) -> bool:
    """Whether an answer asks for fewer requests."""
    return status in BUSY or code in BUSY_CODES


def is_passing(status: int, code: str) -> bool:
    """Whether the same request may be answered better a little later."""
    return status in PASSING or code in PASSING_CODES


@contextlib.contextmanager
def sent_before(times: int) -> t.Iterator[None]:
    """Within this, and this thread, a request has been sent so often already by somebody else."""
    _here.sent = times
    try:
        yield
    finally:
        _here.sent = 0


class Patience:
    """Has botocore send requests again. Its own retries share a budget, which a bad minute uses up for everybody."""

    def __init__(self, most: int) -> None:
        self._most = most

    def __call__(
        self, attempts: int, operation: t.Any, response: t.Any, caught_exception: t.Any, **kwargs: t.Any
    ) -> float | None:
        """How long to wait before the next attempt; None for no other."""
        attempts += getattr(_here, "sent", 0)
        if response is None:
            passing = isinstance(caught_exception, _CONNECTION) and _UNTRUSTED not in str(caught_exception)
            return pause_before_next(attempts, self._most) if passing else None
        http, parsed = response
        whole = not _is_read_at_once(operation) or not _broke_off(http.status_code, http.headers, http.content)
        if not whole or _lacks_headers(operation, http, parsed):
            # Where this was the last attempt it must not pass for an answer.
            http.status_code = BROKEN_STATUS
            parsed["Error"] = {"Code": BROKEN, "Message": "the answer broke off"}
        status, code = told(response)
        return pause_before_next(attempts, self._most, is_busy(status, code)) if is_passing(status, code) else None


def told(response: t.Any) -> tuple[int, str]:
    """Status and error code of what botocore calls a response."""
    http, parsed = response
    return http.status_code, str(parsed.get("Error", {}).get("Code", ""))


def emptied(operation_model: t.Any, response_dict: dict[str, t.Any], **kwargs: t.Any) -> None:
    """Take away what is there of an answer that broke off, since botocore would fail to parse it instead of asking again."""
    said = response_dict
    if _is_read_at_once(operation_model) and _broke_off(said["status_code"], said["headers"], said["body"]):
        said["body"] = b""


def _lacks_headers(operation: t.Any, http: t.Any, parsed: dict[str, t.Any]) -> bool:
    """Whether the connection was lost amid the headers, which Python takes for their end."""
    if http.status_code != 200:
        return False
    if operation.name in TOLD:
        return TOLD[operation.name] not in parsed
    framed = "Content-Length" in http.headers or "Transfer-Encoding" in http.headers
    return _is_read_at_once(operation) and operation.http.get("method") == "GET" and not framed and not http.content


def _is_read_at_once(operation: t.Any) -> bool:
    return not operation.has_streaming_output and operation.http.get("method") != "HEAD"


def _broke_off(status: int, headers: t.Any, body: bytes) -> bool:
    """Whether less came than was promised. botocore does not look, and takes an empty answer for an empty listing."""
    promised = headers.get("Content-Length", "")
    return status not in BODILESS and promised.isdigit() and len(body) < int(promised)
