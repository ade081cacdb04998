# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Garage on loopback: one node, its key may create buckets; S3 and administration behind TLS, as Garage itself speaks none.

    with GarageS3(tmp_path) as store:
        print(store.connection, store.admin_url, store.admin_token)

The directory holds ``data``, ``meta``, ``tls``, ``garage.toml`` and ``garage.log``. The same directory gives the same
store again, its object the same addresses and keys.
"""

from __future__ import annotations

import json
import secrets
import ssl
import urllib.request
from pathlib import Path
from typing import Any

from .binaries import find
from .process import ProcessS3, write_private
from .tlsproxy import TlsProxy

SETTINGS = """\
metadata_dir = "{directory}/meta"
data_dir = "{directory}/data"
db_engine = "sqlite"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:{rpc}"
rpc_public_addr = "127.0.0.1:{rpc}"
rpc_secret = "{rpc_secret}"

[s3_api]
s3_region = "{region}"
api_bind_addr = "127.0.0.1:{s3}"

[s3_web]
bind_addr = "127.0.0.1:{web}"
root_domain = ".localhost"

[admin]
api_bind_addr = "127.0.0.1:{admin}"
admin_token = "{admin_token}"
"""


class GarageS3(ProcessS3):
    """A running store; as a context manager it stops at the end."""

    provider = "garage"
    region = "garage"
    program = "garage"
    #: what makes a store of one node with a key
    flags: tuple[str, ...] = ("--single-node", "--default-access-key")

    def __init__(self, directory: Path | str) -> None:
        super().__init__(directory)
        self.access_key, self.secret_key = f"GK{secrets.token_hex(12)}", secrets.token_hex(32)
        self.admin_url = ""
        self.admin_token = secrets.token_hex(32)
        #: where the public web is served; which bucket is meant says the Host header
        self.web_endpoint = ""
        self._proxies: list[TlsProxy] = []

    def web_host(self, bucket: str) -> str:
        """The Host header for which the web endpoint serves a bucket."""
        return f"{bucket}.localhost"

    def web_url(self, bucket: str) -> str:
        """The address of a bucket's web, for a client that knows that all of .localhost is this machine (curl does)."""
        return f"http://{self.web_host(bucket)}:{self.web_endpoint.rpartition(':')[2]}"

    def stop(self) -> None:
        """Stop it; returns when it is gone."""
        while self._proxies:
            self._proxies.pop().stop()
        super().stop()

    def _start(self) -> None:
        ports = {name: self._port(name) for name in ("rpc", "s3", "web", "admin")}
        values = {"directory": self.directory.resolve(), "region": self.region, "admin_token": self.admin_token, **ports}
        settings = self.directory / "garage.toml"
        write_private(settings, SETTINGS.format(rpc_secret=secrets.token_hex(32), **values))
        self.endpoint_url = self._behind_tls("s3")
        self.admin_url = self._behind_tls("admin")
        self.web_endpoint = f"http://127.0.0.1:{ports['web']}"
        command = [find(self.program), "-c", str(settings), "server", *self.flags]
        self._run("garage", command, {"GARAGE_DEFAULT_ACCESS_KEY": self.access_key, "GARAGE_DEFAULT_SECRET_KEY": self.secret_key})
        self._set_up()
        self._wait_until(self._lets_us_in)

    def _set_up(self) -> None:
        """Do what the flags do not."""

    def _behind_tls(self, name: str) -> str:
        proxy = TlsProxy(self._tls, self._port(name), self._port(f"{name} with TLS")).start()
        self._proxies.append(proxy)
        return proxy.url


class Garage1S3(GarageS3):
    """Garage 1, which is set up through its administration interface (version 1), and has no other."""

    program = "garage1"
    flags = ()

    def _set_up(self) -> None:
        self._wait_until(self._is_there)
        if self._ask("GET", "layout")["version"] > 0:
            return
        self._ask("POST", "layout", [{"id": self._ask("GET", "status")["node"], "zone": "here", "capacity": 1 << 30, "tags": []}])
        self._ask("POST", "layout/apply", {"version": 1})
        self._wait_until(self._is_ready)
        key = {"accessKeyId": self.access_key, "secretAccessKey": self.secret_key, "name": "tests"}
        self._ask("POST", "key/import", key)
        self._ask("POST", f"key?id={self.access_key}", {"allow": {"createBucket": True}})

    def _is_there(self) -> bool:
        try:
            return bool(self._ask("GET", "status"))
        except OSError:
            return False

    def _is_ready(self) -> bool:
        return bool(self._ask("GET", "health")["status"] == "healthy")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.admin_token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.admin_url}/v1/{path}", content, headers, method=method)
        with urllib.request.urlopen(request, timeout=30, context=ssl.create_default_context(cafile=self.ca_path)) as answer:
            return json.loads(answer.read() or b"null")
