# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of a MinIO that cannot be reached: one readable error each. What MinIO itself answers is tried in tests/interop."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import minio
import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import (
    BadInput,
    LibraryMissing,
    MediastoreError,
    StoreRefused,
    StoreUnreachable,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import Grant
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.keyring.registry import keyring_for
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for

SECRET = "the-secret-of-root"
READ = (Grant("media", "", ("list", "read")),)


def keyring(url="http://127.0.0.1:1", **more):
    said = {"provider": "minio", "endpoint_url": url, "access_key": "root", "secret_key": SECRET, "max_attempts": 1, **more}
    connection = Connection.from_params(said)
    return keyring_for(connection, profile_for(connection), "try the keyring")


def refused(kind, act) -> MediastoreError:
    with pytest.raises(kind) as caught:
        act()
    said = str(caught.value)
    assert said.count("\n") == 0 and SECRET not in said and "object at 0x" not in said
    return caught.value


@contextlib.contextmanager
def answering(status: int, body: bytes) -> Iterator[tuple[str, list[str]]]:
    """A server that says the same to everybody, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        """The one answer."""

        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def closed_port():
    """A port of this machine on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_the_library_is_not_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "minio", None)
    error = refused(LibraryMissing, keyring)
    assert f"minio is not installed for {sys.executable}" in error.said and "pip install 'minio>=7.2.17'" in error.remedy
    assert error.library == "minio"


@pytest.mark.parametrize("version", ["7.2.16", "6.0.2"])
def test_the_library_is_too_old(monkeypatch, version):
    monkeypatch.setattr(minio, "__version__", version)
    assert f"minio is {version}, too old, for" in refused(LibraryMissing, keyring).said


@pytest.mark.parametrize("version", ["7.2.17", "7.3.0rc1", "8.0"])
def test_the_library_is_new_enough(monkeypatch, version):
    monkeypatch.setattr(minio, "__version__", version)
    keyring()


def test_nobody_listens(closed_port):
    error = refused(StoreUnreachable, lambda: keyring(f"http://127.0.0.1:{closed_port}").find("app"))
    assert error.code == "NewConnectionError" and "Connection refused" in error.said and "endpoint_url" in error.remedy


def test_the_host_has_no_such_name():
    error = refused(StoreUnreachable, lambda: keyring("https://minio.invalid").find("app"))
    assert "minio.invalid" in error.said and "name resolution" in error.remedy


def test_the_proxy_does_not_listen(closed_port):
    proxy = f"http://me:pass-of-the-proxy@127.0.0.1:{closed_port}"
    error = refused(StoreUnreachable, lambda: keyring("https://minio.invalid", proxy_url=proxy).find("app"))
    assert "proxy_url" in error.remedy and "pass-of-the-proxy" not in str(error)


def test_it_is_asked_through_the_proxy():
    with answering(404, b'{"Code": "XMinioAdminNoSuchUser", "Message": "x"}') as (url, asked):
        assert keyring("http://minio.invalid:9000", proxy_url=url).find("app") is None
    assert asked[0].startswith("http://minio.invalid:9000/minio/admin/v3/user-info?accessKey=app")


def test_it_does_not_answer():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        error = refused(StoreUnreachable, lambda: keyring(url, read_timeout=1).find("app"))
    assert "read_timeout" in error.remedy


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>Welcome</html>"),
        (200, b'{"users": 0'),
        (404, b"<html>no such page</html>"),
        (404, b"404 page not found\n"),
        (403, b'{"error": "forbidden"}'),
        (302, b""),
        (500, b"\xff\xfe"),
    ],
)
def test_it_is_no_minio(status, body):
    with answering(status, body) as (url, _asked):
        error = refused(StoreRefused, lambda: keyring(url).find("app"))
    assert error.code == "NotMinIO" and "must be MinIO itself" in error.remedy


def test_an_answer_that_is_not_encrypted():
    with answering(200, b'{"status": "enabled"}') as (url, _asked):
        assert refused(StoreRefused, lambda: keyring(url).find("app")).code == "NotMinIO"


def test_busy_is_asked_again():
    with answering(503, b'{"Code": "XMinioServerNotInitialized", "Message": "Server not initialized"}') as (url, asked):
        error = refused(StoreRefused, lambda: keyring(url, max_attempts=3).find("app"))
    assert len(asked) == 3 and "run again" in error.remedy


def test_below_a_path():
    error = refused(BadInput, lambda: keyring("https://example.org/minio/"))
    assert "admin_url" in error.remedy
    keyring("https://example.org/minio/", admin_url="https://example.org:9000")


@pytest.mark.parametrize("name", ["", "ab", "a b", "a/b", "../x", "a,b", "a=b", "-a-", "a" * 200, "ä-ö"])
def test_names_that_no_user_can_have(name):
    for act in (lambda: keyring().find(name), lambda: keyring().create(name, READ, None)):
        assert "three or more letters" in refused(BadInput, act).remedy


def test_no_key_to_ask_with(monkeypatch, tmp_path):
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    assert "access_key" in refused(BadInput, lambda: keyring(access_key=None, secret_key=None)).remedy


def test_the_key_that_boto_finds(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with answering(403, b'{"Code": "AccessDenied", "Message": "Access Denied."}') as (url, _asked):
        error = refused(StoreRefused, lambda: keyring(url, access_key=None, secret_key=None).find("app"))
    assert "MinIO answered 403 AccessDenied (Access Denied)" in error.said and "consoleAdmin" in error.remedy
