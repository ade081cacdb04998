# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto's S3 on loopback, in this process: every setting of a bucket is kept, and every request can be counted.

with MotoS3() as store:
    store.requests.clear()
    ...
    assert store.requests == ["HEAD /media"]
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from .moto_app import OneAtATime
from .moto_auth import ALL, NONE, MotoAuthS3, call, make_owner, set_unseen
from .tls import make_certificates


class MotoS3:
    """A running store; ``auth`` makes it check keys and signatures, ``directory`` is needed for ``tls`` only."""

    def __init__(self, directory: Path | str | None = None, tls: bool = False, auth: bool = False) -> None:
        if tls and directory is None:
            raise TypeError("tls needs a directory for the certificates")
        self.access_key = "testing"
        self.secret_key = "testing"
        self.endpoint_url = ""
        self.ca_path: str | None = None
        #: method and path with query of every request, in order
        self.requests: list[str] = []
        self._auth = auth
        self._directory = directory
        self._beside: MotoAuthS3 | None = None
        self._tls = make_certificates(Path(directory) / "tls") if tls and directory else None
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def connection(self) -> dict[str, Any]:
        """The options of a module that talks to this store."""
        options: dict[str, Any] = {
            "endpoint_url": self.endpoint_url,
            "provider": "aws",
            "region": "us-east-1",
            "addressing_style": "path",
            "access_key": self.access_key,
            "secret_key": self.secret_key,
        }
        if self.ca_path:
            options["ca_path"] = self.ca_path
        return options

    @property
    def keys_connection(self) -> dict[str, Any]:
        """The options for another moto, on which keys count; it is started when it is asked for, and ends with this one."""
        if self._beside is None:
            if self._directory is None:
                raise TypeError("a moto on which keys count needs a directory")
            self._beside = MotoAuthS3(Path(self._directory) / "auth").start()
        return self._beside.connection

    def client(self) -> Any:
        """A plain boto3 client, for a test to look at what the collection did."""
        return self._boto("s3")

    def service(self, name: str) -> Any:
        """A plain boto3 client of another of Amazon's services."""
        return self._boto(name)

    def start(self) -> MotoS3:
        """Start it; returns when it listens."""
        context = None
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._tls.cert, self._tls.key)
            self.ca_path = str(self._tls.ca)
        app = self._counted(OneAtATime())
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet, ssl_context=context)
        self.endpoint_url = f"{'https' if context else 'http'}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.reset()
        if self._auth:
            self._require_keys()
        return self

    def reset(self) -> None:
        """Forget everything, and all requests."""
        call(self.endpoint_url, "reset", b"", self.ca_path)
        self.requests.clear()

    def stop(self) -> None:
        """Stop it, and leave moto's process-wide settings as they were."""
        if self._beside is not None:
            self._beside.stop()
            self._beside = None
        if self._server is None or self._thread is None:
            return
        if self._auth:
            set_unseen(self.endpoint_url, ALL, self.ca_path)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = None

    def _counted(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        def counting(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            query = environ.get("QUERY_STRING", "")
            self.requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}" + (f"?{query}" if query else ""))
            return app(environ, start_response)

        return counting

    def _require_keys(self) -> None:
        self.access_key, self.secret_key = make_owner(self._boto("iam"))
        set_unseen(self.endpoint_url, NONE, self.ca_path)
        self.requests.clear()

    def _boto(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            verify=self.ca_path,
        )

    def __enter__(self) -> MotoS3:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


class _Quiet(MotoRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """A test's output is not an access log."""
