# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small application with media: PUT stores, GET reads, DELETE deletes; its configuration says whether files or objects.

    python tests/servers/depot.py start CONFIG     returns when it answers; succeeds when it runs already
    python tests/servers/depot.py stop CONFIG      finishes the requests at hand; returns when the process is gone
    python tests/servers/depot.py status CONFIG    exit status 0: running, 3: not running

CONFIG is JSON: ``port``, ``pid_file``, ``log``, ``backend`` (``directory``, ``s3`` or ``both``), ``directory``, and for S3
``bucket``, ``prefix`` (or ``places``, the buckets of folders), ``endpoint_url``, ``access_key``, ``secret_key``, ``ca_path``;
with ``warm_up_s`` it takes that much longer to start. With ``both`` it does as Synapse with its storage provider: it writes the
file and then the object, reads the file if there is one, and deletes nothing but the file. A PUT is acknowledged (201) only when
the file is stored. Like many real applications it writes a file in place, under its final name, so a copy that runs meanwhile
can meet half a file.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0
PIECE = 64 * 1024


class Backend(Protocol):
    """Where the media are."""

    def put(self, key: str, body: bytes) -> None:
        """Store an object."""

    def get(self, key: str) -> bytes | None:
        """The content of an object, or None."""

    def delete(self, key: str) -> None:
        """Remove an object."""


class InDirectory:
    """Media as files."""

    def __init__(self, directory: str) -> None:
        self.directory = Path(directory)

    def put(self, key: str, body: bytes) -> None:
        path = self.directory / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as out:
            for start in range(0, len(body), PIECE):
                out.write(body[start : start + PIECE])
                out.flush()
            os.fsync(out.fileno())

    def get(self, key: str) -> bytes | None:
        path = self.directory / key
        return path.read_bytes() if path.is_file() else None

    def delete(self, key: str) -> None:
        (self.directory / key).unlink(missing_ok=True)


class InBucket:
    """Media as objects."""

    def __init__(self, config: dict[str, Any]) -> None:
        import boto3
        from botocore.config import Config

        self.bucket, self.prefix = config["bucket"], config.get("prefix", "")
        self.client = boto3.client(
            "s3",
            endpoint_url=config["endpoint_url"],
            aws_access_key_id=config["access_key"],
            aws_secret_access_key=config["secret_key"],
            region_name="us-east-1",
            verify=config.get("ca_path", True),
            config=Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=5,
                read_timeout=20,
                max_pool_connections=32,
            ),
        )

    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=body)

    def get(self, key: str) -> bytes | None:
        try:
            return bytes(self.client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"].read())
        except self.client.exceptions.NoSuchKey:
            return None

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self.prefix + key)


class InPlaces:
    """Media as objects in the bucket of their folder, without its name."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.places = {folder: InBucket({**config, "bucket": bucket}) for folder, bucket in config["places"].items()}

    def put(self, key: str, body: bytes) -> None:
        bucket, name = self._of(key)
        bucket.put(name, body)

    def get(self, key: str) -> bytes | None:
        bucket, name = self._of(key)
        return bucket.get(name)

    def delete(self, key: str) -> None:
        bucket, name = self._of(key)
        bucket.delete(name)

    def _of(self, key: str) -> tuple[InBucket, str]:
        # the health check is in no folder
        folder = next((folder for folder in self.places if key.startswith(folder)), next(iter(self.places)))
        return self.places[folder], key.removeprefix(folder)


class InBoth:
    """Media as files, and as objects as well."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.files, self.objects = InDirectory(config["directory"]), InBucket(config)

    def put(self, key: str, body: bytes) -> None:
        self.files.put(key, body)
        self.objects.put(key, body)

    def get(self, key: str) -> bytes | None:
        found = self.files.get(key)
        return self.objects.get(key) if found is None else found

    def delete(self, key: str) -> None:
        self.files.delete(key)


def open_backend(config: dict[str, Any]) -> Backend:
    """The backend that the configuration names."""
    if "env_file" in config:  # a stand-in for Mastodon, see mastodon.py
        from mastodon import InMastodonsBucket, settings_of

        env = settings_of(config["env_file"])
        return InMastodonsBucket(env, config["ca_path"]) if env.get("S3_ENABLED") == "true" else InDirectory(config["directory"])
    if "zulip_dir" in config:  # a stand-in for Zulip, see zulip.py
        from zulip import InZulipsBuckets
        from zulip import settings_of as zulips

        settings = zulips(config["zulip_dir"])
        local = settings.get("LOCAL_UPLOADS_DIR")
        return InDirectory(local) if local else InZulipsBuckets(settings, config["ca_path"])
    if config["backend"] == "both":
        return InBoth(config)
    if config["backend"] == "s3" and "places" in config:
        return InPlaces(config)
    return InBucket(config) if config["backend"] == "s3" else InDirectory(config["directory"])


def pages(config: dict[str, Any]) -> dict[str, tuple[dict[str, str], bytes]]:
    """What it serves beside media: path -> headers and content."""
    if "env_file" not in config:
        return {}
    import mastodon

    return mastodon.pages(mastodon.settings_of(config["env_file"]))


def handler(backend: Backend, pages: dict[str, tuple[dict[str, str], bytes]]) -> type[BaseHTTPRequestHandler]:
    """The request handler for a backend."""

    class Handler(BaseHTTPRequestHandler):
        """GET, PUT and DELETE /media/KEY, GET /health."""

        def do_GET(self) -> None:
            self._answering(self._get)

        def do_PUT(self) -> None:
            self._answering(self._put)

        def do_DELETE(self) -> None:
            self._answering(self._delete)

        def _get(self) -> None:
            if self.path == "/health":
                # asks the backend, so that a bucket that cannot be reached is not called healthy
                backend.get("health-check-that-does-not-exist")
                return self._answer(200, b"ok\n")
            if self.path in pages:
                headers, body = pages[self.path]
                return self._answer(200, body, headers)
            found = backend.get(self._key())
            return self._answer(404, b"") if found is None else self._answer(200, found)

        def _put(self) -> None:
            backend.put(self._key(), self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(201, b"")

        def _delete(self) -> None:
            backend.delete(self._key())
            self._answer(204, b"")

        def _answering(self, act: Callable[[], None]) -> None:
            try:
                act()
            except Exception as error:
                self._answer(500, repr(error).encode())

        def _key(self) -> str:
            key = urllib.parse.unquote(self.path).partition("/media/")[2]
            if not key or ".." in key.split("/"):
                raise ValueError(f"not a key: {self.path}")
            return key

        def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            print(self.log_date_time_string(), format % args, flush=True)

    return Handler


class Server(ThreadingHTTPServer):
    """Waits for the requests at hand when it is closed."""

    daemon_threads = False
    allow_reuse_address = True


def serve(config: dict[str, Any]) -> None:
    """Serve until SIGTERM."""
    time.sleep(config.get("warm_up_s", 0))
    server = Server(("127.0.0.1", config["port"]), handler(open_backend(config), pages(config)))
    Path(config["pid_file"]).write_text(f"{os.getpid()}\n")

    def end(number: int, frame: object) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, end)
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()
        Path(config["pid_file"]).unlink()


def running(config: dict[str, Any]) -> int | None:
    """The process, if it runs."""
    try:
        pid = int(Path(config["pid_file"]).read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if b"depot.py" in command else None


def healthy(config: dict[str, Any]) -> bool:
    """Whether it answers at all."""
    connection = http.client.HTTPConnection("127.0.0.1", config["port"], timeout=20)
    try:
        connection.request("GET", "/health")
        connection.getresponse().read()
        return True
    except OSError:
        return False
    finally:
        connection.close()


def start(config: dict[str, Any], path: str) -> int:
    """Put the server in the background and wait until it answers."""
    if running(config):
        return 0
    with open(config["log"], "ab") as log:
        process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), "serve", path],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            print(f"the depot ended with {process.returncode}, see {config['log']}", file=sys.stderr)
            return 1
        if healthy(config):
            return 0
        time.sleep(0.05)
    print(f"the depot did not answer within {START_TIMEOUT_S:.0f} s, see {config['log']}", file=sys.stderr)
    return 1


def stop(config: dict[str, Any]) -> int:
    """End the server, gracefully if it lets us."""
    pid = running(config)
    if pid is None:
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while running(config) == pid:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    return 0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("action", choices=["start", "stop", "status", "serve"])
    parser.add_argument("config")
    arguments = parser.parse_args()
    config = json.loads(Path(arguments.config).read_text())
    if arguments.action == "start":
        return start(config, arguments.config)
    if arguments.action == "stop":
        return stop(config)
    if arguments.action == "status":
        return 0 if running(config) else 3
    serve(config)
    return 0


if __name__ == "__main__":
    sys.exit(main())
