# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Somebody without keys: what a store lets through to a browser is seen by being one."""

from __future__ import annotations

import os
import typing as t
from urllib.parse import urlsplit

from ..faults import explaining
from .answers import TRIED

try:
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies
except ImportError:
    pass  # without botocore there is no client, and so no stranger

if t.TYPE_CHECKING:
    from ..connection import Connection


#: how long our presigned URLs live, in seconds
LINK_S = 60


class Reply(t.NamedTuple):
    """A plain HTTP answer."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes

    @property
    def allowed(self) -> bool:
        """Whether the request was let through."""
        return 200 <= self.status < 300


class Stranger:
    """Sends requests that nobody signed, on the way that the client takes (CA, proxy), and follows no redirect."""

    def __init__(self, client: t.Any, connection: Connection) -> None:
        self._client = client
        self._connection = connection
        self._sessions: dict[str, t.Any] = {}
        self.requests = 0

    def get(self, bucket: str, key: str) -> Reply:
        """Read an object."""
        return self.send("GET", self._url(bucket, key))

    def lists(self, bucket: str) -> bool:
        """Whether anybody may list the bucket."""
        url = self._client.generate_presigned_url("list_objects_v2", Params={"Bucket": bucket}).partition("?")[0]
        reply = self.send("GET", f"{url}?list-type=2&max-keys=1")
        return reply.allowed and b"<ListBucketResult" in reply.body

    def writes(self, bucket: str, key: str) -> bool:
        """Whether anybody may write an object."""
        return self.send("PUT", self._url(bucket, key), data=b"written by a stranger").allowed

    def preflight(self, bucket: str, key: str, origin: str) -> bool:
        """Whether a page of this origin is told, when it asks, that it may read."""
        asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        return _lets_in(self.send("OPTIONS", self._url(bucket, key), asked), origin)

    def reads_from(self, bucket: str, key: str, origin: str) -> bool:
        """Whether a page of this origin, which has a presigned URL, is shown the answer."""
        return _lets_in(self.presigned(bucket, key, LINK_S, {"Origin": origin}), origin)

    def presigned(self, bucket: str, key: str, seconds: int, headers: t.Mapping[str, str] | None = None) -> Reply:
        """Read an object with a link that somebody with keys has made."""
        where = {"Bucket": bucket, "Key": key}
        return self.send("GET", self._client.generate_presigned_url("get_object", Params=where, ExpiresIn=seconds), headers)

    def send(self, method: str, url: str, headers: t.Mapping[str, str] | None = None, data: bytes | None = None) -> Reply:
        """One request and its answer, whatever it is."""
        self.requests += 1
        with explaining(TRIED, self._connection):
            request = AWSRequest(method=method, url=url, headers=dict(headers or {}), data=data)
            answer = self._session(url).send(request.prepare())
        shown = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(int(answer.status_code), shown, bytes(answer.content))

    def _url(self, bucket: str, key: str) -> str:
        return str(self._client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})).partition("?")[0]

    def _session(self, url: str) -> t.Any:
        # With the bucket in front of the host's name there are several hosts, and no_proxy may name some of them.
        host = urlsplit(url).netloc
        if host not in self._sessions:
            said = self._connection
            verify: t.Any = (said.ca_path or os.environ.get("AWS_CA_BUNDLE") or True) if said.validate_certs else False
            proxies = {"http": said.proxy_url, "https": said.proxy_url} if said.proxy_url else get_environ_proxies(url)
            timeout: t.Any = (said.connect_timeout, said.read_timeout)
            self._sessions[host] = URLLib3Session(verify=verify, proxies=proxies, timeout=timeout)
        return self._sessions[host]


def _lets_in(reply: Reply, origin: str) -> bool:
    return reply.allowed and reply.headers.get("access-control-allow-origin") in (origin, "*")
