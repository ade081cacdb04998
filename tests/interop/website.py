# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the public reads a bucket, also on a store whose buckets it reads as websites."""

from __future__ import annotations

import contextlib
import http.server
import threading
import urllib.error
import urllib.request


@contextlib.contextmanager
def public_url(store, name):
    """Where the public reads: nothing for most stores, and for a website a URL that any client can resolve."""
    if store.profile.public_read != "website":
        yield {}
        return
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ByHost)
    server.target, server.host = store.server.web_endpoint, store.server.web_host(name)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield {"public_url": f"http://127.0.0.1:{server.server_address[1]}"}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class ByHost(http.server.BaseHTTPRequestHandler):
    """What a proxy in front of websites does: it says which one is meant."""

    def do_GET(self):
        request = urllib.request.Request(self.server.target + self.path, headers={"Host": self.server.host})
        try:
            with urllib.request.urlopen(request, timeout=10) as found:
                status, body = found.status, found.read()
        except urllib.error.HTTPError as exc:
            status, body = exc.code, exc.read()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """A test's output is not an access log."""
