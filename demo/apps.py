# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The applications as their clients see them: give it bytes, get a reference; give the reference, get the bytes."""

from __future__ import annotations

import http.client
import json
import secrets
import threading
import urllib.parse
from typing import Protocol

from content import Upload


class NotServed(Exception):
    """No answer in time, or an answer that is not 200; `status` is 0 when there was none."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status} {said}" if status else said)
        self.status = status


class App(Protocol):
    """What the traffic and the checks need of an application."""

    def upload(self, upload: Upload, timeout: float) -> str:
        """Upload a medium; what the application calls it from then on."""

    def download(self, ref: str, timeout: float) -> bytes:
        """The content of a medium."""

    def thumbnail_refs(self, ref: str) -> list[str]:
        """Where its thumbnails are."""


class Http:
    """Keeps one connection per thread, and never waits longer than it was told."""

    def __init__(self, url: str) -> None:
        self._netloc = urllib.parse.urlsplit(url).netloc
        self._local = threading.local()

    def request(self, method: str, path: str, body: bytes | None, headers: dict[str, str], timeout: float) -> bytes:
        connection = getattr(self._local, "connection", None) or http.client.HTTPConnection(self._netloc)
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._local.connection = None
            connection.close()
            raise NotServed(0, str(error) or type(error).__name__) from error
        self._local.connection = connection
        if answer.status not in (200, 201):
            raise NotServed(answer.status, content[:200].decode(errors="replace"))
        return bytes(content)


class SynapseApp:
    """Synapse by its client API; downloads and thumbnails are the authenticated ones."""

    THUMBNAILS = ("width=32&height=32&method=crop", "width=320&height=240&method=scale")

    def __init__(self, url: str, token: str) -> None:
        self._http = Http(url)
        self._headers = {"Authorization": f"Bearer {token}"}

    def upload(self, upload: Upload, timeout: float) -> str:
        path = "/_matrix/media/v3/upload?" + urllib.parse.urlencode({"filename": upload.name})
        headers = {**self._headers, "Content-Type": upload.content_type}
        uri = json.loads(self._http.request("POST", path, upload.body, headers, timeout))["content_uri"]
        return "download/" + str(uri).removeprefix("mxc://")

    def download(self, ref: str, timeout: float) -> bytes:
        return self._http.request("GET", f"/_matrix/client/v1/media/{ref}", None, self._headers, timeout)

    def thumbnail_refs(self, ref: str) -> list[str]:
        media = ref.removeprefix("download/")
        return [f"thumbnail/{media}?{size}" for size in self.THUMBNAILS]


class DepotApp:
    """The small application that serves a directory: PUT and GET /media/NAME."""

    def __init__(self, url: str) -> None:
        self._http = Http(url)

    def upload(self, upload: Upload, timeout: float) -> str:
        ref = f"demo-uploads/{secrets.token_hex(8)}-{upload.name}"
        self._http.request("PUT", self._path(ref), upload.body, {}, timeout)
        return ref

    def download(self, ref: str, timeout: float) -> bytes:
        return self._http.request("GET", self._path(ref), None, {}, timeout)

    def thumbnail_refs(self, ref: str) -> list[str]:
        return []

    @staticmethod
    def _path(ref: str) -> str:
        return "/media/" + urllib.parse.quote(ref)
