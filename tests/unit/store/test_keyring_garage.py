# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of a Garage that only has version 1 of the interface; the answers are those of a Garage 1.3.0.

The real one is tested as well where STORES names it: STORES=garage1 make interop.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import Unsupported
from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import Grant
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.keyring.garage import GarageKeyring
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for

KEY, BUCKET = "GK6b0751b0caf461d0d80902a4", "26c3ff22bac393224a1f902081b0295a18bdec9fb68620aa991638557d21bd54"
READ = {"read": True, "write": False, "owner": False}
INFO = {
    "name": "app",
    "accessKeyId": KEY,
    "permissions": {"createBucket": False},
    "buckets": [{"id": BUCKET, "globalAliases": ["media"], "localAliases": [], "permissions": READ}],
}
ANSWERS = {
    "GET /v1/key": (200, [{"id": KEY, "name": "app"}, {"id": "GKaba81ca11739d53800c10807", "name": "tests"}]),
    f"GET /v1/key?id={KEY}": (200, INFO),
    "GET /v1/bucket?globalAlias=media": (200, {"id": BUCKET, "globalAliases": ["media"]}),
    "POST /v1/key/import": (200, {**INFO, "buckets": []}),
    "POST /v1/bucket/allow": (200, {"id": BUCKET, "globalAliases": ["media"]}),
    f"DELETE /v1/key?id={KEY}": (204, None),
}


class Garage1(BaseHTTPRequestHandler):
    """Answers as recorded, and remembers what was asked."""

    asked: list[tuple[str, dict | None]]

    def answer(self) -> None:
        asked = f"{self.command} {self.path}"
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((asked, json.loads(body) if body else None))
        unknown = {"code": "InvalidRequest", "message": f"Bad request: Unknown API endpoint: {asked}", "region": "garage"}
        status, said = ANSWERS.get(asked, (400, {**unknown, "path": self.path}))
        self.send_response(status)
        content = b"" if said is None else json.dumps(said).encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def asked():
    Garage1.asked = []
    return Garage1.asked


@pytest.fixture
def keyring(asked):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Garage1)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = Connection("garage", admin_url=f"http://127.0.0.1:{server.server_port}", admin_token="token")
    yield GarageKeyring(connection, profile_for(connection))
    server.shutdown()
    server.server_close()


def test_version_2_is_asked_for_once(keyring, asked):
    found = keyring.find("app")
    assert [key.id for key in found.keys] == [KEY] and found.grants == (Grant("media", "", ("list", "read")),)
    assert keyring.find("no-such-key") is None
    assert [one for one, _body in asked] == ["GET /v2/ListKeys", "GET /v1/key", f"GET /v1/key?id={KEY}", "GET /v1/key"]


def test_a_key_is_made_with_an_id_that_says_how_old_it_is(keyring, asked):
    key = keyring.create("app", (Grant("media", "", ("list", "read")),), None)
    imported, allowed = (body for one, body in asked if one.startswith("POST /v1"))
    assert imported == {"name": "app", "accessKeyId": key.id, "secretAccessKey": key.secret}
    assert allowed == {"bucketId": BUCKET, "accessKeyId": key.id, "permissions": {"read": True}}
    assert key.id > KEY and len(key.id) == 26 and len(key.secret) == 64


def test_a_key_is_deleted_in_the_words_of_version_1(keyring, asked):
    keyring.remove(keyring.find("app"))
    assert asked[-1] == (f"DELETE /v1/key?id={KEY}", None)


def test_what_version_1_does_not_know_is_said_before_anything_is_made(keyring, asked):
    with pytest.raises(Unsupported, match="Garage 1"):
        keyring.create("app", (), "2037-01-31T12:00:00Z")
    with pytest.raises(Unsupported, match="Garage 1"):
        keyring.switch(keyring.find("app"), keyring.find("app").keys[0], False)
    assert [one for one, _body in asked if not one.startswith("GET")] == []
