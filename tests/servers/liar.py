# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store whose ETags are not the MD5 of what it holds: a broken one, or one that encrypts with the customer's key.

with LyingS3() as store:
    store.lies = {"/media/a"}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from .moto import MotoS3

LIE = "0123456789abcdef0123456789abcdef"


class LyingS3(MotoS3):
    """Moto behind a filter that replaces the ETags of some paths, and in listings those of all objects if any path lies."""

    lies: frozenset[str] | set[str] = frozenset()

    def _counted(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        honest = super()._counted(app)

        def lying(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            path = environ["PATH_INFO"]
            answer: list[Any] = []
            body = b"".join(honest(environ, lambda *arguments: answer.extend(arguments)))
            status, headers = answer[0], answer[1]
            if self.lies and path.count("/") == 1:
                body = re.sub(rb"<ETag>[^<]*</ETag>", b"<ETag>%s</ETag>" % LIE.encode(), body)
                headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
                headers.append(("Content-Length", str(len(body))))
            if path in self.lies:
                headers = [(name, f'"{LIE}"' if name.lower() == "etag" else value) for name, value in headers]
            start_response(status, headers)
            return [body]

        return lying
