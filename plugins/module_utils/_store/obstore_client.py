# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The one place that makes obstore's clients, with the address, the key, the trust and the patience that boto3 has."""

from __future__ import annotations

import contextlib
import os
import sys
import typing as t
from datetime import datetime, timedelta, timezone

from .._core.errors import LibraryMissing
from .client import USER_AGENT, trusted_ca
from .place import place_of
from .signing import credentials

try:
    from obstore import __version__ as VERSION
    from obstore.store import S3Store
except ImportError:
    VERSION = ""

if t.TYPE_CHECKING:
    from .._core.model import Attributes
    from .connection import Connection

#: Earlier ones lack encryption, storage classes and the time-out for reading, and do not try again after a reset.
#: It is there for Python 3.10 and newer.
OLDEST = (0, 11)
#: names that obstore takes for headers of their own where they are meant as metadata
HEADERS = ("cachecontrol", "contentdisposition", "contentencoding", "contentlanguage", "contenttype", "storageclass")
#: how long a key is used that boto3 may have to renew; it renews ten minutes before the end
KEY_LIFE = timedelta(minutes=5)
#: an object is small, so whoever has not sent it by then never will; boto3 knows no such limit
WHOLE_REQUEST = "1h"


class ObstoreMissing(LibraryMissing):
    """The Python that runs the module cannot use obstore."""

    library = "obstore"

    def __init__(self, doing: str, said: str) -> None:
        super().__init__(
            doing,
            said=f"engine is obstore, and {said}",
            remedy="Make a virtual environment with obstore (0.11 or newer, for Python 3.10 or newer) and boto3 in "
            "/opt/mediastore/venv, or leave engine at auto.",
        )


def missing() -> str:
    """Why this Python cannot use obstore, or an empty string."""
    if not VERSION:
        return f"the Python library obstore is not installed for {sys.executable}"
    if _version() < OLDEST:
        return f"obstore {VERSION} is older than {OLDEST[0]}.{OLDEST[1]}"
    return ""


def unfit(attributes: Attributes) -> str:
    """What obstore cannot store objects with, or an empty string."""
    for name in attributes.metadata:
        if name.lower().replace("-", "") in HEADERS:
            return f"obstore cannot store metadata that is called {name}"
    return ""


def make_store(
    client: t.Any, bucket: str, connection: Connection, config: dict[str, str], headers: dict[str, str] | None = None
) -> t.Any:
    """obstore's client for one bucket, which sends these headers with every request; sends nothing yet."""
    url, region, _service = place_of(client, bucket, connection)
    options: dict[str, t.Any] = {
        "allow_http": True,
        "allow_invalid_certificates": not connection.validate_certs,
        "connect_timeout": f"{connection.connect_timeout}s",
        "read_timeout": f"{connection.read_timeout}s",
        "timeout": WHOLE_REQUEST,
        "user_agent": f"{USER_AGENT} obstore/{VERSION}",
    }
    if headers:
        options["default_headers"] = headers
    if connection.proxy_url:
        options["proxy_url"] = connection.proxy_url
    key, ca = _key(connection), trusted_ca(connection)
    with _environment(ca):
        return S3Store(
            bucket,
            client_options=t.cast(t.Any, options),
            # Whoever uses the client asks again, and so hears what the store said.
            retry_config=t.cast(t.Any, {"max_retries": 0, "retry_timeout": timedelta(seconds=0)}),
            **t.cast(t.Any, {**config, **key}),
            endpoint=url,
            # The bucket is in the URL already, wherever it belongs.
            virtual_hosted_style_request=True,
            region=region,
            # As boto3 does it: what TLS protects is not summed up a second time.
            unsigned_payload=url.startswith("https:"),
        )


def _version() -> tuple[int, ...]:
    return tuple(int(part) for part in VERSION.split(".")[:2] if part.isdigit())


def _key(connection: Connection) -> dict[str, t.Any]:
    """What to sign with: the key itself, or where boto3 renews it, somebody who asks boto3."""
    found = credentials(connection, "sign requests")
    if hasattr(found, "refresh_needed"):
        return {"credential_provider": _Renewing(found)}
    key = {"access_key_id": found.access_key, "secret_access_key": found.secret_key}
    return {**key, "session_token": found.token} if found.token else key


class _Renewing:
    """A key that ends, for as long as boto3 keeps it alive. obstore asks again when the time is over."""

    refresh_threshold = timedelta(0)

    def __init__(self, found: t.Any) -> None:
        self._found = found

    def __call__(self) -> dict[str, t.Any]:
        key = self._found.get_frozen_credentials()
        return {
            "access_key_id": key.access_key,
            "secret_access_key": key.secret_key,
            "token": key.token,
            "expires_at": datetime.now(timezone.utc) + KEY_LIFE,
        }


@contextlib.contextmanager
def _environment(ca: str) -> t.Iterator[None]:
    """Let obstore trust these certificates and no others, and see none of the AWS_ variables.

    It reads them while a client is made, and what boto3 made of them is said already. Some of them even win over what is said.
    """
    trust = {"SSL_CERT_DIR" if os.path.isdir(ca) else "SSL_CERT_FILE": ca}
    hidden = {name: text for name, text in os.environ.items() if name.startswith(("AWS_", "SSL_CERT_"))}
    for name in hidden:
        del os.environ[name]
    os.environ.update(trust)
    try:
        yield
    finally:
        for name in trust:
            del os.environ[name]
        os.environ.update(hidden)
