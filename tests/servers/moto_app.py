# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto as an application that answers one request at a time; as a program, a server of it over TLS.

    moto_app.py PORT CERTIFICATE KEY

moto is not made for threads: a download of an object that is overwritten at that moment is answered with 500, since its body
was closed in between. No store does that, and a test that counts what fails would count it.
"""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple
from werkzeug.wsgi import get_input_stream


class OneAtATime:
    """All of moto, as one WSGI application."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # Read ahead, so that a client who is slow holds nobody but himself.
        environ["wsgi.input"] = io.BytesIO(get_input_stream(environ).read())
        with self._lock:
            answer: Iterable[bytes] = self._app(environ, start_response)
        return answer


if __name__ == "__main__":
    port, certificate, key = sys.argv[1:]
    run_simple(
        "127.0.0.1",
        int(port),
        OneAtATime(),
        threaded=True,
        ssl_context=(certificate, key),
        request_handler=MotoRequestHandler,
    )
