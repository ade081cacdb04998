# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS in front of a server that speaks none, as a reverse proxy would put it there.

with TlsProxy(make_certificates(directory), port) as proxy:
    print(proxy.url)
"""

from __future__ import annotations

import ssl

from .relay import Relay
from .tls import Certificates


class TlsProxy(Relay):
    """Passes bytes between a TLS port of its own and a plain one, both on loopback; looks at none of them."""

    def __init__(self, certificates: Certificates, behind: int, port: int = 0) -> None:
        super().__init__(behind, port)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificates.cert, certificates.key)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"
