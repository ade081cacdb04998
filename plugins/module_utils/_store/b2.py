# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Backblaze's own interface, by its Python library: the one way in, and its errors in the words of S3."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import typing as t

from .._core.errors import BadInput, LibraryMissing, MediastoreError, StoreUnreachable
from .client import USER_AGENT
from .faults import refusal, words_of

if t.TYPE_CHECKING:
    from .connection import Connection
    from .profile import Profile

#: the first version with the interface v3, which speaks version 4 of Backblaze's
NEEDED = "2.9.1"

#: what the library calls a refusal, most special first -> the code and the status that S3 has for it
REFUSALS: tuple[tuple[str, str, int], ...] = (
    ("DuplicateBucketName", "BucketAlreadyExists", 409),
    ("NonExistentBucket", "NoSuchBucket", 404),
    ("BucketIdNotFound", "NoSuchBucket", 404),
    ("FileOrBucketNotFound", "NoSuchVersion", 404),
    ("ResourceNotFound", "NoSuchKey", 404),
    ("Conflict", "OperationAborted", 409),
    ("EmailNotVerified", "AccountProblem", 401),
    ("NoPaymentHistory", "AccountProblem", 401),
    ("InvalidAuthToken", "InvalidSecurity", 401),
    ("Unauthorized", "AccessDenied", 401),
    # The library itself knows which buckets a key is for, and does not ask.
    ("RestrictedBucket", "AccessDenied", 403),
    ("AccessDenied", "AccessDenied", 403),
    ("CapExceeded", "CapExceeded", 403),
    ("ClockSkew", "RequestTimeTooSkewed", 403),
    ("TooManyRequests", "SlowDown", 429),
    ("ServiceError", "ServiceUnavailable", 503),
    ("RequestTimeout", "RequestTimeout", 408),
    ("InvalidUserInput", "InvalidArgument", 400),
    ("BadJson", "InvalidArgument", 400),
)
#: Backblaze's own codes that the library has no name for
CODES = {"cannot_delete_non_empty_bucket": ("BucketNotEmpty", 409)}
#: what the library calls it when nothing came back
SILENCE = ("UnknownHost", "B2ConnectionError", "B2RequestTimeout", "ConnectionReset", "BrokenPipe")


class B2Missing(LibraryMissing):
    """The Python that runs the module cannot import b2sdk, or only one that is too old."""

    library = "b2sdk"

    def __init__(self) -> None:
        super().__init__(
            "use Backblaze's own interface",
            said=f"the Python library b2sdk is not installed for {sys.executable}, or older than {NEEDED}",
            remedy=f"Install it there (pip install 'b2sdk>={NEEDED}'), or in a virtual environment in /opt/mediastore/venv.",
        )


def library() -> t.Any:
    """The library. It is looked for when it is needed: importing it takes longer than most modules run."""
    try:
        from b2sdk import v3
    except ImportError as exc:
        raise B2Missing() from exc
    return v3


class Account:
    """The account that a key opens; asks for nothing before ``api`` is needed."""

    def __init__(self, connection: Connection, profile: Profile, tried: str) -> None:
        library()
        if not connection.access_key:
            raise BadInput(
                tried,
                said="access_key and secret_key are empty, and Backblaze's own interface looks for keys nowhere else",
                remedy="Set them to the account's master key, or to an application key that may do this.",
            )
        self.connection = dataclasses.replace(connection, endpoint_url=profile.native_url(connection))
        self._api: t.Any = None

    @property
    def api(self) -> t.Any:
        """The library's view of the account."""
        if self._api is None:
            self._api = authorized(self.connection)
        return self._api


def authorized(connection: Connection) -> t.Any:
    """A B2Api that has shown its key to the endpoint of the connection."""
    b2sdk = library()
    config = b2sdk.B2HttpApiConfig(http_session_factory=lambda: _session(connection), user_agent_append=USER_AGENT)
    # In memory, since the library's default is a database in the home directory, with the secret in it.
    api = b2sdk.B2Api(b2sdk.InMemoryAccountInfo(), api_config=config)
    with in_words_of_s3(unauthorized="InvalidSecurity"):
        api.authorize_account(connection.access_key, connection.secret_key, realm=connection.endpoint_url)
    return api


def _session(connection: Connection) -> t.Any:
    """What the library sends with, told how the user wants to reach the store."""
    session = library().B2HttpApiConfig().http_session_factory()
    ours: dict[str, t.Any] = {"timeout": (connection.connect_timeout, connection.read_timeout)}
    if connection.proxy_url:
        ours["proxies"] = {"http": connection.proxy_url, "https": connection.proxy_url}
    if not connection.validate_certs or connection.ca_path:
        ours["verify"] = connection.validate_certs and connection.ca_path
    send = session.request
    # With each request: what is set for the session gives way to the environment.
    session.request = lambda method, url, **options: send(method, url, **{**options, **ours})
    return session


@contextlib.contextmanager
def in_words_of_s3(unauthorized: str = "AccessDenied") -> t.Iterator[None]:
    """Raise for what the library raises inside the block what botocore would have raised, or our error if nothing came back."""
    try:
        yield
    except Exception as exc:
        kinds = [parent.__name__ for parent in type(exc).__mro__]
        if "B2Error" not in kinds:
            raise
        raise _translated(exc, kinds, unauthorized) from exc


def _translated(exc: t.Any, kinds: t.Sequence[str], unauthorized: str) -> Exception:
    if any(kind in SILENCE for kind in kinds):
        return _unreachable(exc)
    code, status = _refused(exc, kinds)
    return refusal(unauthorized if code == "AccessDenied" else code, status, words_of(exc), "B2")


def _unreachable(exc: t.Any) -> MediastoreError:
    return StoreUnreachable(
        "reach Backblaze's own interface",
        said=words_of(exc),
        remedy="Check name resolution, the route and the firewall from this host, and proxy_url and ca_path if they are set.",
        code=type(exc).__name__,
    )


def _refused(exc: t.Any, kinds: t.Sequence[str]) -> tuple[str, int]:
    theirs = getattr(exc, "code", None)
    if theirs in CODES:
        return CODES[theirs]
    for name, code, status in REFUSALS:
        # By name, since an old version of the library lacks some of them.
        if name in kinds:
            return code, status
    return ("InvalidArgument", 400) if "BadRequest" in kinds else (type(exc).__name__, 400)
