# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for Mastodon's media: depot.py keeps them here if its configuration has `env_file`, the path of a .env.production.

Mastodon itself cannot be installed for the tests. This reads the same settings as config/initializers/paperclip.rb does:
of two lines with one name the last one counts, S3_ENABLED has to be `true`, and an empty S3_PERMISSION is no ACL. It has the same
paths for files and for objects (:class/:attachment/:id_partition/:style/:filename, with `cache/` before those of other servers),
and sends what Mastodon sends with each object.

Its page has the policy of app/lib/content_security_policy.rb (media hosts: its own, that of the bucket, and EXTRA_MEDIA_HOSTS),
and /api/v2/instance names the picture of the server at the address that paperclip gives it: S3_ALIAS_HOST, or the bucket in the
path of S3_HOSTNAME (:s3_path_url), or /system.
"""

from __future__ import annotations

import json
import mimetypes
import os
import random
from pathlib import Path
from typing import Any

CACHE_CONTROL = "public, max-age=315576000, immutable"


def settings_of(env_file: str | Path) -> dict[str, str]:
    """What dotenv makes of a file."""
    found = {}
    for line in Path(env_file).read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.lstrip().startswith("#"):
            found[name.strip()] = value.strip()
    return found


class InMastodonsBucket:
    """Media as Mastodon's objects."""

    def __init__(self, env: dict[str, str], ca_path: str | None) -> None:
        import boto3
        from botocore.config import Config

        # dotenv puts all of them there, and the SDK reads more than Mastodon does
        os.environ.update({name: value for name, value in env.items() if name.startswith("AWS_")})
        self.bucket = env["S3_BUCKET"]
        self.permission = env.get("S3_PERMISSION", "public-read")
        style = "virtual" if env.get("S3_OVERRIDE_PATH_STYLE") == "true" or "S3_ENDPOINT" not in env else "path"
        self.client = boto3.client(
            "s3",
            endpoint_url=env.get("S3_ENDPOINT"),
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            region_name=env.get("S3_REGION", "us-east-1"),
            verify=ca_path or True,
            config=Config(s3={"addressing_style": style}, connect_timeout=5, read_timeout=20, max_pool_connections=32),
        )

    def put(self, key: str, body: bytes) -> None:
        acl: dict[str, Any] = {"ACL": self.permission} if self.permission else {}
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body, CacheControl=CACHE_CONTROL, ContentType=kind, **acl)

    def get(self, key: str) -> bytes | None:
        try:
            return bytes(self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        except self.client.exceptions.NoSuchKey:
            return None

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=key)


#: where the picture of the server is
THUMBNAIL = "site_uploads/files/000/000/001/@1x/0a1b.png"


def media_url(env: dict[str, str], domain: str) -> str:
    """Below which address Mastodon says its media are."""
    if env.get("S3_ENABLED") != "true":
        return f"https://{domain}/system"
    protocol = env.get("S3_PROTOCOL", "https")
    host = env.get("S3_ALIAS_HOST") or f"{env['S3_HOSTNAME']}/{env['S3_BUCKET']}"
    return f"{protocol}://{host}"


def pages(env: dict[str, str]) -> dict[str, tuple[dict[str, str], bytes]]:
    """Path -> headers and content of what else it serves."""
    domain = env.get("WEB_DOMAIN") or env.get("LOCAL_DOMAIN", "localhost")
    host = env.get("S3_ALIAS_HOST") or env.get("S3_HOSTNAME")
    more = [one for one in env.get("EXTRA_MEDIA_HOSTS", "").split(",") if one]
    hosts = " ".join([f"https://{domain}", *([f"https://{host}"] if host else []), *more])
    policy = f"default-src 'none'; img-src 'self' data: blob: {hosts}; media-src 'self' data: {hosts}; script-src 'self'"
    about = {"domain": domain, "thumbnail": {"url": f"{media_url(env, domain)}/{THUMBNAIL}"}}
    return {
        "/": ({"Content-Type": "text/html", "Content-Security-Policy": policy}, b"<!DOCTYPE html><title>Mastodon</title>"),
        "/api/v2/instance": ({"Content-Type": "application/json"}, json.dumps(about).encode()),
    }


def some_key(rng: random.Random) -> str:
    """The place of one of Mastodon's files."""
    kind, style, ending = rng.choice(
        [
            ("media_attachments/files", "original", "mp4"),
            ("media_attachments/files", "original", "png"),
            ("media_attachments/files", "small", "png"),
            ("accounts/avatars", "original", "jpg"),
            ("cache/accounts/headers", "original", "webp"),
            ("cache/preview_cards/images", "original", "gif"),
            ("site_uploads/files", "@1x", "png"),
        ]
    )
    identity = f"{rng.randrange(10**17, 10**18):018d}"
    parts = "/".join(identity[start : start + 3] for start in range(0, 18, 3))
    return f"{kind}/{parts}/{style}/{rng.randbytes(8).hex()}.{ending}"
