# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bad way to a good store: TLS in front of a real S3 server, and faults in some of the requests that go through.

with FaultProxy(make_certificates(directory), port, rate=0.01, seed=7) as proxy:
    ...
    assert proxy.faults["reset_after"]

The same seed gives the same faults to the same requests, in whatever order they come. ``rate``, ``kinds``, ``spares``,
``stall_s`` and ``seed`` may be changed at any time.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from .relay import PIECE
from .tls import Certificates
from .tlsproxy import TlsProxy

#: before the store hears of the request: errors, and a connection that is reset
ERROR, SLOW_DOWN, RESET_BEFORE = "error", "slow_down", "reset_before"
#: after the store has done what it was asked for: nobody hears of it, or late, or the headers end in the middle of one
RESET_AFTER, STALL, CUT_HEADERS = "reset_after", "stall", "cut_headers"
#: the body ends before it is whole, and the connection is closed in good order, as if that were all
TRUNCATE = "truncate"
#: an ETag that is not that of what is stored, and checksums that are not those of the body
WRONG_ETAG, WRONG_CHECKSUM = "wrong_etag", "wrong_checksum"
KINDS = (ERROR, SLOW_DOWN, RESET_BEFORE, RESET_AFTER, STALL, CUT_HEADERS, TRUNCATE, WRONG_ETAG, WRONG_CHECKSUM)

#: kinds that happen to some operations only; HEAD has nothing to truncate
APPLIES = {
    TRUNCATE: ("GetObject", "ListObjects", "CompleteMultipartUpload"),
    WRONG_ETAG: ("PutObject", "UploadPart", "CompleteMultipartUpload"),
    WRONG_CHECKSUM: ("PutObject", "UploadPart", "GetObject"),
}
LIE = "0123456789abcdef0123456789abcdef"
CHECKSUMS = b"Content-MD5: AAAAAAAAAAAAAAAAAAAAAA==\r\nx-amz-checksum-crc32: AAAAAA==\r\n"
REFUSALS = {
    ERROR: ("500 Internal Server Error", "InternalError", "We encountered an internal error. Please try again."),
    SLOW_DOWN: ("503 Slow Down", "SlowDown", "Please reduce your request rate."),
}


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    operation: str
    method: str
    target: str


class FaultProxy(TlsProxy):
    """A running proxy; ``requests`` counts by operation, ``faults`` by kind, ``happened`` has each with its request."""

    def __init__(self, certificates: Certificates, behind: int, port: int = 0, rate: float = 0.0, seed: int = 1) -> None:
        super().__init__(certificates, behind, port)
        self.rate = rate
        self.kinds: tuple[str, ...] = KINDS
        #: requests to which nothing happens
        self.spares: Callable[[Asked], bool] = lambda asked: False
        #: how long a stalled request has to wait for its answer
        self.stall_s = 3.0
        #: how much of the headers comes where they are cut
        self.cut_at = 0.66
        self.requests: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.happened: list[tuple[str, Asked]] = []
        self.seed = seed
        self._times: Counter[str] = Counter()

    def forget(self) -> None:
        """Begin to count anew; the faults go on as they were."""
        self.requests.clear()
        self.faults.clear()
        self.happened.clear()

    def _fate(self, asked: Asked) -> str | None:
        """What happens to the request: a matter of the seed, the request, and how often it came."""
        self.requests[asked.operation] += 1
        # The id of an upload in parts is another one in each run.
        name = f"{asked.method} {re.sub(r'uploadId=[^&]*', '', asked.target)}"
        self._times[name] += 1
        dice = random.Random(f"{self.seed} {name} {self._times[name]}")
        if dice.random() >= self.rate or self.spares(asked):
            return None
        fitting = [kind for kind in self.kinds if asked.operation in APPLIES.get(kind, (asked.operation,))]
        return dice.choice(fitting) if fitting else None

    def _befell(self, kind: str, asked: Asked) -> None:
        self.faults[kind] += 1
        self.happened.append((kind, asked))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._closing(writer):
            try:
                server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._behind)
                with self._closing(server_writer):
                    while await _Exchange(self, (reader, writer), (server_reader, server_writer)).run():
                        pass
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                # One of the two has gone away, which the other is told in the same way.
                writer.transport.abort()


class _Exchange:
    """One request and its answer."""

    def __init__(
        self,
        proxy: FaultProxy,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._proxy = proxy
        self._client, self._to_client = client
        self._server, self._to_server = server

    async def run(self) -> bool:
        """Whether the connection is good for another one."""
        head = await self._client.readuntil(b"\r\n\r\n")
        asked = _asked(head)
        fate = self._proxy._fate(asked)
        if fate == RESET_BEFORE:
            return self._reset(fate, asked)
        if b"\r\nexpect: 100-continue\r\n" in head.lower():
            head = re.sub(rb"(?i)\r\nexpect: 100-continue\r\n", b"\r\n", head)
            self._to_client.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = _pieces(self._client, head, b"")
        if fate in REFUSALS:
            async for _piece in body:
                pass
            return await self._refuse(fate, asked)
        self._to_server.write(head)
        async for piece in body:
            self._to_server.write(piece)
            await self._to_server.drain()
        answer = await self._server.readuntil(b"\r\n\r\n")
        while answer.startswith(b"HTTP/1.1 1"):
            answer = await self._server.readuntil(b"\r\n\r\n")
        return await self._answer(fate, asked, answer)

    async def _answer(self, fate: str | None, asked: Asked, head: bytes) -> bool:
        body = _pieces(self._server, head, asked.method.encode())
        if fate == RESET_AFTER:
            # The store has done it: that it answers says so.
            return self._reset(fate, asked)
        if fate == STALL:
            self._proxy._befell(fate, asked)
            await asyncio.sleep(self._proxy.stall_s)
        elif fate == CUT_HEADERS:
            self._proxy._befell(fate, asked)
            self._to_client.write(head[: int(len(head) * self._proxy.cut_at)])
            return False
        elif fate == TRUNCATE and head.split()[1] in (b"200", b"206"):
            return await self._truncate(asked, head, body)
        elif fate == WRONG_ETAG and head.split()[1] == b"200":
            return await self._lie(asked, head, body)
        elif fate == WRONG_CHECKSUM and head.split()[1] in (b"200", b"206"):
            self._proxy._befell(fate, asked)
            head = head[:-2] + CHECKSUMS + b"\r\n"
        self._to_client.write(head)
        async for piece in body:
            self._to_client.write(piece)
            await self._to_client.drain()
        return _stays_open(head)

    async def _refuse(self, fate: str, asked: Asked) -> bool:
        self._proxy._befell(fate, asked)
        status, code, words = REFUSALS[fate]
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{words}</Message></Error>'.encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        self._to_client.write(head.encode() + (b"" if asked.method == "HEAD" else body))
        await self._to_client.drain()
        return True

    async def _truncate(self, asked: Asked, head: bytes, body: AsyncIterator[bytes]) -> bool:
        """As much of the body as the request deserves, which may be nothing at all, after a promise of the whole."""
        head, whole = await _gathered(head, body)
        self._to_client.write(head)
        if not whole:
            return _stays_open(head)
        self._proxy._befell(TRUNCATE, asked)
        share = random.Random(f"{asked.target} {self._proxy.faults[TRUNCATE]}").choice((0.0, 0.3, 0.9))
        self._to_client.write(whole[: int(len(whole) * share)])
        await self._to_client.drain()
        return False

    async def _lie(self, asked: Asked, head: bytes, body: AsyncIterator[bytes]) -> bool:
        """The ETag of something else, in the headers and in the body."""
        self._proxy._befell(WRONG_ETAG, asked)
        head, told = await _gathered(head, body)
        head = re.sub(rb"(?i)(\r\netag: *\")[0-9a-f]{32}", rb"\g<1>" + LIE.encode(), head)
        told = re.sub(rb"(<ETag>(?:\"|&#34;|&quot;)?)[0-9a-f]{32}", rb"\g<1>" + LIE.encode(), told)
        self._to_client.write(head + told)
        await self._to_client.drain()
        return _stays_open(head)

    def _reset(self, kind: str, asked: Asked) -> bool:
        self._proxy._befell(kind, asked)
        self._to_client.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._to_client.transport.abort()
        return False


def _asked(head: bytes) -> Asked:
    method, target = head.split(b" ", 2)[:2]
    url = urlsplit(target.decode("latin-1"))
    return Asked(_operation(method.decode(), url.path, url.query), method.decode(), target.decode("latin-1"))


def _operation(method: str, path: str, query: str) -> str:
    """S3's name for it, as far as a sync needs to tell them apart; path style."""
    asked = parse_qs(query, keep_blank_values=True)
    in_bucket = "/" in path.strip("/")
    if "uploads" in asked:
        return "CreateMultipartUpload" if method == "POST" else "ListMultipartUploads"
    if "uploadId" in asked:
        named = {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload", "GET": "ListParts"}
        return named.get(method, method)
    if in_bucket:
        return {"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}.get(method, method)
    return "ListObjects" if method == "GET" and ("list-type" in asked or "prefix" in asked) else f"{method} bucket"


def _header(head: bytes, name: bytes) -> bytes:
    found = re.search(rb"(?i)\r\n" + name + rb": *([^\r]*)", head)
    return found.group(1) if found else b""


def _stays_open(head: bytes) -> bool:
    told = _header(head, b"content-length") or _header(head, b"transfer-encoding") or head.split()[1] in (b"204", b"304")
    return bool(told) and head.startswith(b"HTTP/1.1") and _header(head, b"connection").lower() != b"close"


async def _pieces(reader: asyncio.StreamReader, head: bytes, answers: bytes) -> AsyncIterator[bytes]:
    """The body of a message as it came, in pieces; ``answers`` is the method of the request where the message is an answer."""
    if answers and (answers == b"HEAD" or head.split()[1] in (b"204", b"304")):
        return
    if _header(head, b"transfer-encoding").lower() == b"chunked":
        size = 1
        while size:
            line = await reader.readuntil(b"\r\n")
            size = int(line.split(b";")[0], 16)
            yield line + await reader.readexactly(size + 2)
        return
    length = _header(head, b"content-length")
    left = int(length) if length else (-1 if answers else 0)
    while left:
        piece = await reader.read(PIECE if left < 0 else min(left, PIECE))
        if not piece:
            if left > 0:
                raise asyncio.IncompleteReadError(b"", left)
            return
        left -= len(piece) if left > 0 else 0
        yield piece


async def _gathered(head: bytes, body: AsyncIterator[bytes]) -> tuple[bytes, bytes]:
    """An answer whose body comes in one, and whose length is told."""
    pieces = [piece async for piece in body]
    if _header(head, b"transfer-encoding").lower() != b"chunked":
        return head, b"".join(pieces)
    whole = b"".join(piece.split(b"\r\n", 1)[1][:-2] for piece in pieces)
    return re.sub(rb"(?i)transfer-encoding: *chunked", b"Content-Length: %d" % len(whole), head), whole
