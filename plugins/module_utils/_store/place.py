# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Where a bucket is, for those who send requests without a client of botocore's."""

from __future__ import annotations

import typing as t

from .client import HAS_BOTO3
from .faults import explaining

if HAS_BOTO3:
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders

if t.TYPE_CHECKING:
    from .connection import Connection


class Place(t.NamedTuple):
    """The bucket's URL, to which a slash and a key can be added, and for which region and service requests are signed."""

    url: str
    region: str
    service: str


def place_of(client: t.Any, bucket: str, connection: Connection) -> Place:
    """The bucket's place by botocore's rules: a request tells it, caught before it is sent."""
    caught: list[t.Any] = []

    def catch(request: t.Any, **kwargs: t.Any) -> t.Any:
        caught.append(request)
        return AWSResponse(request.url, 204, HTTPHeaders(), _Nothing())

    client.meta.events.register_first("before-send.s3.HeadObject", catch)
    try:
        with explaining(f"find bucket {bucket}", connection):
            client.head_object(Bucket=bucket, Key="k")
    finally:
        client.meta.events.unregister("before-send.s3.HeadObject", catch)
    authorization = caught[0].headers["Authorization"]
    if isinstance(authorization, bytes):
        authorization = authorization.decode("ascii")
    # AWS4-HMAC-SHA256 Credential=KEY/date/region/service/aws4_request, ...
    _key, _date, region, service = authorization.split("/")[:4]
    return Place(caught[0].url[: -len("/k")], region, service)


class _Nothing:
    """The body of an answer that has none."""

    def stream(self) -> t.Iterator[bytes]:
        """No bytes."""
        return iter(())
