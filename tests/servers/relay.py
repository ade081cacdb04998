# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passes bytes between a port of its own and a server's, both on loopback; looks at none of them.

with Relay(port) as relay:
    relay.late_s = 0.5
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

PIECE = 64 * 1024
PATIENCE_S = 5.0


class Relay:
    """A running relay. ``late_s`` may be changed at any time: how long everything that the server says is kept back."""

    def __init__(self, behind: int, port: int = 0) -> None:
        self.port = port
        self.late_s = 0.0
        #: with one, the relay speaks TLS to whoever comes
        self._context: ssl.SSLContext | None = None
        self._behind = behind
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)

    def start(self) -> Self:
        """Start it; returns when it listens."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def stop(self) -> None:
        """Drop all connections; returns when nothing listens any more. Stopping it twice is no error."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        patience: dict[str, Any] = {}
        if self._context:
            # A client that says nothing, at the beginning or at the end, is not waited for as long as usual: up to a minute.
            patience = {"ssl_handshake_timeout": PATIENCE_S, "ssl_shutdown_timeout": PATIENCE_S}
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._context, **patience)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._closing(writer):
            try:
                server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._behind)
            except OSError:
                return
            with self._closing(server_writer):
                asked = asyncio.create_task(self._pass(reader, server_writer))
                answered = asyncio.create_task(self._pass(server_reader, writer, answers=True))
                # TLS has no half-closed connections: when one side has said all, both are done.
                await asyncio.wait((asked, answered), return_when=asyncio.FIRST_COMPLETED)
            writer.close()
            await asyncio.wait((asked, answered))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: bool = False) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                if answers and self.late_s:
                    await asyncio.sleep(self.late_s)
                writer.write(piece)
                await writer.drain()

    @contextlib.contextmanager
    def _closing(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        self._open.add(writer)
        try:
            yield
        finally:
            self._open.discard(writer)
            writer.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
