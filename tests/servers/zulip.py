# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for Zulip's uploads: depot.py keeps them here if its configuration has `zulip_dir`, the directory of settings.py.

    python tests/servers/zulip.py shell DIRECTORY     runs a program from the standard input, as manage.py shell does;
                                                      ZULIP_S3 is a source to be taken for Zulip's zerver/lib/upload/s3.py

Zulip itself cannot be installed for the tests. This runs settings.py as Django does and reads zulip-secrets.conf as
zproject/computed_settings.py does; without LOCAL_UPLOADS_DIR uploads are objects, by the rules of zerver/lib/upload/s3.py:
files/ are in one bucket, avatars/ in another one, and avatars/exports/ in a third one without that part of their paths.
Each object has the headers and metadata that Zulip sends. The shell knows as much of Zulip's models as role zulip asks for,
made up from what is on the disk.
"""

from __future__ import annotations

import configparser
import datetime
import mimetypes
import os
import random
import re
import sys
import types
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

IMMUTABLE = "public, max-age=31536000, immutable"
INLINE = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "video/mp4")
AVATAR = re.compile(r"avatars/(\d+)/([0-9a-f]{40})(\.original|\.png|-medium\.png)")
EMOJI = re.compile(r"avatars/(\d+)/emoji/images/([^/]+)")


def settings_of(directory: str | Path) -> dict[str, Any]:
    """What Zulip's settings come to."""
    names: dict[str, Any] = {}
    exec(compile((Path(directory) / "settings.py").read_text(encoding="utf-8"), "settings.py", "exec"), names)
    secrets = configparser.RawConfigParser()
    secrets.read(Path(directory) / "zulip-secrets.conf")
    for setting, option in (("S3_KEY", "s3_key"), ("S3_SECRET_KEY", "s3_secret_key")):
        names[setting] = secrets.get("secrets", option, fallback=None)
    return names


def owner_of(path: str) -> str:
    """Whose upload it is; any number will do, if it is always the same."""
    return str(2000 + zlib.crc32(path.encode()) % 1000)


def first_of(realm: str) -> str:
    """The first user of a realm, who has no avatar."""
    return str(1000 + int(realm) % 1000)


def disposition(as_attachment: bool, filename: str | None) -> str | None:
    """As django.utils.http.content_disposition_header."""
    kind = "attachment" if as_attachment else "inline"
    if filename:
        plain = filename.isascii() and '"' not in filename and "\\" not in filename
        return f'{kind}; filename="{filename}"' if plain else f"{kind}; filename*=utf-8''{quote(filename)}"
    return kind if as_attachment else None


def headers_of(path: str) -> dict[str, Any]:
    """With what Zulip stores an upload."""
    if path.startswith("avatars/exports/"):
        return {}
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    said: dict[str, Any] = {"ContentType": kind}
    parts = path.split("/")
    if path.startswith("files/thumbnail/"):
        return said
    said["Metadata"] = {"realm_id": parts[1]}
    if parts[0] == "files":
        said["Metadata"]["user_profile_id"] = owner_of(path)
        said["ContentDisposition"] = disposition(kind not in INLINE, parts[-1])
    elif AVATAR.fullmatch(path):
        said["Metadata"].update(user_profile_id=owner_of(path.partition(".")[0].removesuffix("-medium")), avatar_version="2")
        said["CacheControl"] = IMMUTABLE
    elif EMOJI.fullmatch(path):
        said["Metadata"]["user_profile_id"] = owner_of(path)
        said["CacheControl"] = IMMUTABLE
    else:  # an icon or a logo, which an administrator of the realm has uploaded
        said["Metadata"]["user_profile_id"] = first_of(parts[1])
    return said


class InZulipsBuckets:
    """Uploads as Zulip's objects."""

    def __init__(self, settings: dict[str, Any], ca_path: str | None) -> None:
        import boto3
        from botocore.config import Config

        exports = settings.get("S3_EXPORT_BUCKET")
        self.buckets = {
            **({"avatars/exports/": exports} if exports else {}),
            "avatars/": settings["S3_AVATAR_BUCKET"],
            "files/": settings["S3_AUTH_UPLOADS_BUCKET"],
        }
        # older libraries know nothing of checksums and send none
        skips = bool(settings.get("S3_SKIP_CHECKSUM")) and "request_checksum_calculation" in Config.OPTION_DEFAULTS
        self.client = boto3.client(
            "s3",
            aws_access_key_id=settings["S3_KEY"],
            aws_secret_access_key=settings["S3_SECRET_KEY"],
            region_name=settings.get("S3_REGION"),
            endpoint_url=settings.get("S3_ENDPOINT_URL"),
            verify=ca_path or True,
            config=Config(
                s3={"addressing_style": settings.get("S3_ADDRESSING_STYLE", "auto")},
                **({"request_checksum_calculation": "when_required"} if skips else {}),
                connect_timeout=5,
                read_timeout=20,
                max_pool_connections=32,
            ),
        )

    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(Body=body, **self._of(key), **headers_of(key))

    def get(self, key: str) -> bytes | None:
        try:
            return bytes(self.client.get_object(**self._of(key))["Body"].read())
        except self.client.exceptions.NoSuchKey:
            return None

    def delete(self, key: str) -> None:
        self.client.delete_object(**self._of(key))

    def _of(self, key: str) -> dict[str, str]:
        # the health check is in no folder
        folder = next((folder for folder in self.buckets if key.startswith(folder)), "files/")
        return {"Bucket": self.buckets[folder], "Key": key.removeprefix(folder)}


def some_key(rng: random.Random) -> str:
    """The place of one of Zulip's files below LOCAL_UPLOADS_DIR."""
    realm, token = rng.randrange(1, 4), rng.randbytes(18).hex()
    return rng.choice(
        [
            f"files/{realm}/{token[:2]}/{token}/notes of today.txt",
            f"files/{realm}/{token[:2]}/{token}/bücher.pdf",
            f"files/{realm}/{token[:2]}/{token}/photo.png",
            f"files/thumbnail/{realm}/{token[:2]}/{token}/photo.png/840x560.webp",
            f"avatars/{realm}/{rng.randbytes(20).hex()}.png",
            f"avatars/{realm}/{rng.randbytes(20).hex()}-medium.png",
            f"avatars/{realm}/emoji/images/{token}.gif",
            f"avatars/{rng.randrange(10**9)}/realm/icon.png",
            f"avatars/exports/{realm}/{token}/zulip-export.tar.gz",
        ]
    )


class Rows:
    """As much of a manager of Django's as is asked for."""

    def __init__(self, found: list[Any]) -> None:
        self.found = found

    def filter(self, **by: Any) -> Rows:
        tests: dict[str, Callable[[Any, Any], bool]] = {
            "create_time__gte": lambda row, value: row.create_time >= value,
        }
        return Rows([row for row in self.found if all(tests[name](row, value) for name, value in by.items())])

    def order_by(self, name: str) -> Rows:
        return Rows(sorted(self.found, key=lambda row: getattr(row, name)))

    def exclude(self, file_name: None) -> Rows:
        return Rows([row for row in self.found if row.file_name is not None])

    def iterator(self) -> Iterator[Any]:
        return iter(self.found)


def models(uploads: Path) -> dict[str, types.SimpleNamespace]:
    """Rows for the uploads that are on the disk."""
    attachments: list[Any] = []
    emoji: list[Any] = []
    users: dict[str, types.SimpleNamespace] = {}
    realms: set[str] = set()
    for file in sorted(uploads.rglob("*")):
        path = file.relative_to(uploads).as_posix()
        parts = path.split("/")
        if not file.is_file() or path.startswith(("files/thumbnail/", "avatars/exports/")):
            continue
        realms.add(parts[1])
        if parts[0] == "files":
            created = datetime.datetime.fromtimestamp(file.stat().st_mtime, datetime.timezone.utc)
            row = {"path_id": path.removeprefix("files/"), "file_name": parts[-1], "create_time": created}
            attachments.append(types.SimpleNamespace(**row, realm_id=parts[1], owner_id=owner_of(path)))
        if AVATAR.fullmatch(path):
            base = path.partition(".")[0].removesuffix("-medium")
            row = {"id": int(owner_of(base)), "realm_id": parts[1], "avatar_version": 2, "avatar_source": "U"}
            users[base] = types.SimpleNamespace(**row, base=base.removeprefix("avatars/"))
        if EMOJI.fullmatch(path):
            emoji.append(types.SimpleNamespace(realm_id=parts[1], file_name=parts[-1], author_id=owner_of(path)))
    for realm in realms:
        users[realm] = types.SimpleNamespace(id=int(first_of(realm)), realm_id=realm, avatar_source="G")
    found = {
        "Attachment": attachments,
        "UserProfile": list(users.values()),
        "RealmEmoji": emoji,
        "Realm": [types.SimpleNamespace(id=realm) for realm in sorted(realms)],
    }
    return {name: types.SimpleNamespace(objects=Rows(rows)) for name, rows in found.items()}


def shell(directory: str) -> None:
    """Run a program with what it would find in Zulip, after a line that Django may print."""
    uploads = Path(settings_of(directory)["LOCAL_UPLOADS_DIR"])
    contents: dict[str, dict[str, Any]] = {
        "django.utils.http": {"content_disposition_header": disposition},
        "zerver.lib.avatar_hash": {"user_avatar_path": lambda user: user.base},
        "zerver.lib.upload.s3": {"__file__": os.environ.get("ZULIP_S3", __file__)},
        "zerver.lib.mime_types": {"INLINE_MIME_TYPES": INLINE, "guess_type": mimetypes.guess_type},
        "zerver.models": models(uploads),
    }
    for name, content in contents.items():
        for end in range(1, len(name.split("."))):
            parent = ".".join(name.split(".")[:end])
            sys.modules.setdefault(parent, types.ModuleType(parent))
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(content)
        parent, _dot, last = name.rpartition(".")
        setattr(sys.modules[parent], last, sys.modules[name])
    print("12 objects imported automatically.")
    exec(sys.stdin.read(), {})


if __name__ == "__main__":
    shell(sys.argv[2])
