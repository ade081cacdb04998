# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""MinIO's administration interface: its own Python library, which encrypts what is sent, behind one method with our errors."""

from __future__ import annotations

import json
import re
import sys
import typing as t
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from .._core.errors import BadInput, LibraryMissing, StoreRefused
from .connection import Connection, without_userinfo
from .faults import REMEDIES, explain
from .signing import credentials

#: the first version of the library that takes policies as they are here
NEEDED = (7, 2, 17)
#: answers after which the same request may be sent again: nothing was done
BUSY = (429, 503)

NAME_RULE = "Use three or more letters, digits, dots, hyphens and underscores, and not the name of the root user or of a key."
#: codes of MinIO -> what to do; what is not here is in faults.py
_REMEDIES = {
    "AccessDenied": "Use the root user's key, or that of a user with MinIO's policy consoleAdmin.",
    "XMinioAdminInvalidAccessKey": NAME_RULE,
    "XMinioInvalidIAMCredentials": NAME_RULE,
    "XMinioIAMActionNotAllowed": f"{NAME_RULE} If MinIO takes its users from elsewhere (LDAP), keys are made there.",
    "EntityTooLarge": "MinIO takes policies of 20 KiB: give fewer grants, or split them over several names.",
    "XMinioServerNotInitialized": "MinIO is starting: run again.",
    "XMinioIAMNotInitialized": "MinIO is starting: run again.",
}
NOT_MINIO = (
    "Check endpoint_url (or admin_url): it must be MinIO itself, with the right scheme, and not its console or another store."
)


class MinioMissing(LibraryMissing):
    """The Python that runs the module cannot import the library, or only one that is too old."""

    library = "minio"

    def __init__(self, found: str = "") -> None:
        wanted = ".".join(str(part) for part in NEEDED)
        super().__init__(
            "manage the keys of MinIO",
            said=f"the Python library minio is {f'{found}, too old,' if found else 'not installed'} for {sys.executable}",
            remedy=f"Install it there (pip install 'minio>={wanted}'), or in a virtual environment in /opt/mediastore/venv.",
        )


class MinioAdmin:
    """One user of MinIO at its administration interface; sends nothing before ``call``."""

    def __init__(self, connection: Connection, key: tuple[str, str] | None = None) -> None:
        tried = "manage the keys of MinIO"
        _check_library()
        # It is where the S3 interface is, unless something in between lets only that through.
        url = connection.admin_url or connection.endpoint_url or ""
        self._connection = replace(connection, endpoint_url=url)
        if urlsplit(url).path.strip("/"):
            raise BadInput(
                tried,
                said=f"its address is {self._connection.where}, and MinIO's administration is never below a path",
                remedy="Set admin_url to MinIO itself, without a path.",
            )
        self._client = _client(self._connection, key or credentials(connection, tried).get_frozen_credentials()[:3])

    def acting_as(self, access_key: str, secret_key: str) -> MinioAdmin:
        """The same interface for another user."""
        return MinioAdmin(self._connection, (access_key, secret_key))

    def call(self, what: str, method: str, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """What a method of the library answers, as JSON has it; ``what`` says in words what it is called for."""
        from minio.error import MinioAdminException
        from urllib3.exceptions import HTTPError

        tried = f"{what} at {self._connection.where}"
        try:
            answer = getattr(self._client, method)(*args, **kwargs)
            return json.loads(answer) if answer else None
        except MinioAdminException as exc:
            raise _refused(str(exc), tried) from exc
        except HTTPError as exc:
            raise explain(getattr(exc, "reason", None) or exc, what, self._connection) from exc
        except (OSError, ValueError) as exc:
            # The library could not decrypt it, or it is no JSON.
            raise StoreRefused(tried, said="the answer is not MinIO's", remedy=NOT_MINIO, code="NotMinIO") from exc


def _check_library() -> None:
    # Imported where it is used: it takes half a second, and only this store needs it.
    try:
        import minio
    except ImportError as exc:
        raise MinioMissing() from exc
    if tuple(int(part) for part in re.findall(r"\d+", minio.__version__)[:3]) < NEEDED:
        raise MinioMissing(minio.__version__)


def _client(connection: Connection, key: t.Any) -> t.Any:
    from minio import MinioAdmin as Library
    from minio.credentials.providers import StaticProvider

    parts = urlsplit(connection.endpoint_url or "")
    return Library(
        endpoint=parts.netloc, secure=parts.scheme == "https", credentials=StaticProvider(*key), http_client=_pool(connection)
    )


def _pool(connection: Connection) -> t.Any:
    import urllib3

    options: dict[str, t.Any] = {
        "timeout": urllib3.Timeout(connect=connection.connect_timeout, read=connection.read_timeout),
        # Only what has not been done is sent again, and then by any method.
        "retries": urllib3.Retry(
            connection.max_attempts - 1,
            read=0,
            other=0,
            redirect=0,
            status_forcelist=BUSY,
            allowed_methods=None,
            backoff_factor=0.2,
            raise_on_status=False,
            raise_on_redirect=False,
        ),
        "cert_reqs": "CERT_REQUIRED" if connection.validate_certs else "CERT_NONE",
        "ca_certs": connection.ca_path,
    }
    if not connection.validate_certs:
        # The user has said so.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    if not connection.proxy_url:
        return urllib3.PoolManager(**options)
    user = urlsplit(connection.proxy_url)
    headers = urllib3.make_headers(proxy_basic_auth=unquote(f"{user.username}:{user.password}")) if user.username else None
    return urllib3.ProxyManager(without_userinfo(connection.proxy_url), proxy_headers=headers, **options)


def _refused(text: str, tried: str) -> StoreRefused:
    """Our error for the library's, which has all in one sentence: Status: 404, Body: {"Code": …}."""
    status, body = (re.findall(r"Status: (\d+), Body: (.*)", text, re.DOTALL) or [("", text)])[0]
    try:
        said = json.loads(body)
        code, words = str(said["Code"]), str(said["Message"]).rstrip(".")
    except (ValueError, KeyError, TypeError):
        words = "" if body.lstrip().startswith("<") else f" ({body.strip()[:80].rstrip('.')})"
        return StoreRefused(tried, said=f"the store answered {status}{words}", remedy=NOT_MINIO, code="NotMinIO")
    remedy = _REMEDIES.get(code) or REMEDIES.get(code) or "Look into MinIO's log for the reason."
    return StoreRefused(tried, said=f"MinIO answered {status} {code} ({words})", remedy=remedy, code=code)
