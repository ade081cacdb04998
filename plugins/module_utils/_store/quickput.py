# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""PutObject sent by botocore's own signer and connections, without what its client does around every call.

A client validates, resolves, serializes, tells a hundred handlers and parses, which takes more of the processor than all the rest
of a small upload. Here only a plain success counts. After anything else the client sends the object, and has the last word about
redirects, errors and what to do about them.
"""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from .._core.errors import MediastoreError
from .client import HAS_BOTO3, USER_AGENT
from .place import place_of
from .signing import credentials

if t.TYPE_CHECKING:
    from .connection import Connection

if HAS_BOTO3:
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError


#: the status of what was sent, or could not be sent, and was not answered
NO_ANSWER = 0


class Answer(t.NamedTuple):
    """What came back."""

    status: int
    headers: t.Mapping[str, str]


class QuickPut:
    """Sends single objects to one bucket. All threads share it."""

    def __init__(self, client: t.Any, bucket: str, connection: Connection) -> None:
        self._place = place_of(client, bucket, connection)
        self._credentials = credentials(connection, f"upload to bucket {bucket}")
        # The client's own, so that certificates, proxies and time limits are those of all other requests.
        self._http = client._endpoint.http_session
        # Over TLS the signer leaves the body to Content-MD5, unless the configuration says otherwise.
        self._context = {"has_streaming_input": True, "client_config": client.meta.config}
        members = client.meta.service_model.operation_model("PutObject").input_shape.members
        self._names = {name: member.serialization.get("name", "") for name, member in members.items()}

    def send(self, key: str, body: bytes | bytearray, said: dict[str, t.Any]) -> Answer:
        """Send an object once, with what is said about it in the words of the API."""
        headers = self._headers(said)
        if not all(value.isascii() for value in headers.values()):
            # The client has words for that.
            return Answer(NO_ANSWER, {})
        request = AWSRequest(method="PUT", url=f"{self._place.url}/{quote(key, safe='/~')}", headers=headers, data=body)
        request.context.update(self._context)
        S3SigV4Auth(self._credentials.get_frozen_credentials(), self._place.service, self._place.region).add_auth(request)
        try:
            answer = self._http.send(request.prepare())
        except BotoCoreError:
            return Answer(NO_ANSWER, {})
        return Answer(answer.status_code, answer.headers)

    def _headers(self, said: dict[str, t.Any]) -> dict[str, str]:
        headers = {"User-Agent": USER_AGENT}
        for name, value in said.items():
            if isinstance(value, dict):
                headers.update((self._names[name] + key, text) for key, text in value.items())
            else:
                headers[self._names[name]] = value
        return headers


def quick_put(client: t.Any, bucket: str, connection: Connection) -> QuickPut | None:
    """One for the bucket, or None where there is no key, or where this version of botocore is made in another way."""
    try:
        return QuickPut(client, bucket, connection)
    except (MediastoreError, AttributeError):
        return None
