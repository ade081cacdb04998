# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Requests to administration interfaces that are signed as those to S3 are, with the key of the connection."""

from __future__ import annotations

import typing as t

from .._core.errors import BadInput
from .client import HAS_BOTO3, session_of
from .faults import explaining

if t.TYPE_CHECKING:
    from .connection import Connection
    from .rest import Sign

if HAS_BOTO3:
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest


def credentials(connection: Connection, tried: str) -> t.Any:
    """The connection's key, or the one that boto finds; raises if there is none."""
    with explaining(tried, connection):
        found = session_of(connection).get_credentials()
    if found is None:
        raise BadInput(
            tried,
            said="there is no key to sign with",
            remedy="Set access_key and secret_key, or give this host credentials that boto finds by itself.",
        )
    return found


def sigv4(connection: Connection, tried: str) -> Sign:
    """What signs a request (Signature V4, service s3); sends nothing, and raises if there is no key to sign with."""
    found = credentials(connection, tried)
    region = connection.region or "us-east-1"

    def sign(method: str, url: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
        request = AWSRequest(method=method, url=url, headers=headers, data=body)
        S3SigV4Auth(found.get_frozen_credentials(), "s3", region).add_auth(request)
        return dict(request.headers.items())

    return sign
