# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site whose media are on a real Ceph behind a real nginx, with the same files on the disk; all is well with it at first."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from ansible_collections.mediastore.s3.plugins.filter.public_read_policy import public_read_policy
from ansible_collections.mediastore.s3.tests.servers.nginx import Nginx
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

KEYS = [
    "accounts/avatars/109/302/001/original/0a1b.png",
    "media_attachments/files/109/302/002/original/0a1b.mp4",
    "media_attachments/files/109/302/002/small/0a1b.png",
    "cache/preview_cards/images/000/001/004/original/0a1b.webp",
]
PATTERN = r"(cache/)?[a-z_]+/[a-z_]+/(\d{3}/)+[^/]+/[^/]+"
TYPES = {"png": "image/png", "mp4": "video/mp4", "webp": "image/webp"}
EVERYBODY = [{"allowed_origins": ["*"], "allowed_methods": ["GET", "HEAD"]}]


class Bucket:
    """A bucket on a store, and the options of a doctor who looks at it."""

    def __init__(self, server: Any, name: str = "", **ward: Any) -> None:
        self.server = server
        self.name = name or f"media-{secrets.token_hex(4)}"
        self.connection = {**server.connection, "connect_timeout": 5, "max_attempts": 1}
        self.client = server.client()
        self.ward = {"name": self.name, **ward}
        self.made("bucket")

    def asks(self, ward: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
        """What the doctor is asked; what is named differs from the usual."""
        return {**self.connection, "buckets": [{**self.ward, **(ward or {})}], **changed}

    def made(self, module: str, **options: Any) -> dict[str, Any]:
        """Have another module of the collection do something with the bucket."""
        name = "bucket" if module in ("sync", "bucket_copy") else "name"
        done = run_module(module, {**self.connection, name: self.name, **options})
        assert not done.get("failed"), done
        return done

    def put(self, key: str, body: bytes, **options: Any) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=body, **{"ContentType": TYPES[key.rpartition(".")[2]], **options})

    def delete(self, *keys: str) -> None:
        for key in keys:
            self.client.delete_object(Bucket=self.name, Key=key)

    def close(self) -> None:
        self.made("bucket", state="absent", force=True, force_confirm=self.name)


class Site(Bucket):
    """The bucket that everybody may read, nginx in front of it, and the files."""

    def __init__(self, server: Any, directory: Path) -> None:
        super().__init__(server)
        self.files = directory / "system"
        self.open(True)
        self.made("cors", rules=EVERYBODY)
        for number, key in enumerate(KEYS):
            self.write(self.files, key, secrets.token_bytes(1000 + number))
            self.put(key, self.body(key))
        self.nginx = Nginx(directory / "nginx", f"{server.endpoint_url}/{self.name}", server.ca_path)
        self.nginx.set(page=f"default-src 'none'; img-src 'self'; media-src {self.nginx.url}")
        self.ward.update(
            expect="public_read",
            public_url=self.nginx.url,
            page_url=f"{self.nginx.url}/page",
            path=str(self.files),
            key_pattern=PATTERN,
        )

    def open(self, public: bool) -> None:
        """Let everybody read, or nobody."""
        self.made("bucket_policy", **({"policy": public_read_policy(self.name)} if public else {"state": "absent"}))

    def body(self, key: str) -> bytes:
        return (self.files / key).read_bytes()

    def write(self, folder: Path, key: str, body: bytes) -> None:
        """Have a file."""
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(body)

    def fresh(self) -> dict[str, Any]:
        """The usual question, once the cache has forgotten what it knew of the fault."""
        self.nginx.forget()
        return self.asks()
