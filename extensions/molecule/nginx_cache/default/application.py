# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides who may see what and lets nginx fetch it, as Zulip does: X-Accel-Redirect to a presigned URL, its path encoded twice.

application.py ENDPOINT BUCKET ACCESS_KEY SECRET_KEY STYLE LOCATION

/media/KEY             for whoever comes with the header X-User; ?download=NAME as an attachment, ?lasts=SECONDS for the signature
/tell/KEY              the same as text, without fetching it
/raw?to=PATH           redirects to whatever it is told, as one that was broken into would
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

import boto3
import botocore.config

ENDPOINT, BUCKET, ACCESS_KEY, SECRET_KEY, STYLE, LOCATION = sys.argv[1:]
S3 = boto3.client(
    "s3",
    endpoint_url=ENDPOINT,
    region_name="garage" if ACCESS_KEY.startswith("GK") else "us-east-1",
    aws_access_key_id=ACCESS_KEY,
    aws_secret_access_key=SECRET_KEY,
    config=botocore.config.Config(signature_version="s3v4", s3={"addressing_style": STYLE}),
)


def redirect(key: str, asked: dict[str, list[str]]) -> str:
    """Where nginx will find it."""
    said = {"Bucket": BUCKET, "Key": key}
    if "download" in asked:
        said["ResponseContentDisposition"] = f'attachment; filename="{asked["download"][0]}"'
    url = urlsplit(S3.generate_presigned_url("get_object", said, ExpiresIn=int(asked.get("lasts", ["60"])[0])))
    return f"{LOCATION}/{url.hostname}{quote(url.path)}?{url.query}"


class Application(BaseHTTPRequestHandler):
    """The application's answers."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = parse_qs(url.query)
        if url.path == "/raw":
            self.answer(200, asked["to"][0])
        elif url.path.startswith("/tell/"):
            self.answer(200, body=redirect(unquote(url.path[len("/tell/") :]), asked).encode())
        elif url.path.startswith("/media/") and self.headers.get("X-User"):
            self.answer(200, redirect(unquote(url.path[len("/media/") :]), asked))
        else:
            self.answer(403 if url.path.startswith("/media/") else 404)

    do_HEAD = do_GET

    def answer(self, status: int, accel: str = "", body: bytes = b"") -> None:
        self.send_response(status)
        if accel:
            self.send_header("X-Accel-Redirect", accel)
            self.send_header("Cache-Control", "private, immutable")
            self.send_header("Set-Cookie", "session=theirs")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


ThreadingHTTPServer(("127.0.0.1", 9000), Application).serve_forever()
