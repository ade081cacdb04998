# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who chats: uploads pictures and other files, looks at thumbnails, and remembers what Synapse has acknowledged.

client.py fill NUMBER     uploads so many media
client.py run             uploads and downloads all the time; what was refused, or wrong, is noted
client.py check           downloads all that was ever acknowledged; exit status 1 and their names if one is lost
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
import struct
import sys
import time
import urllib.error
import urllib.request
import zlib

URL, SECRET, STATE = "http://127.0.0.1:8008", b"only-for-this-test", "/var/lib/client"


def call(path: str, body: bytes | None = None, kind: str = "application/json", token: str = "") -> bytes:
    headers = {"Content-Type": kind, "Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(URL + path, body, headers), timeout=20) as answer:
        return bytes(answer.read())


def token() -> str:
    """The access token of a user of this run."""
    path, name = "/_synapse/admin/v1/register", f"user{time.time_ns()}"
    nonce = json.loads(call(path))["nonce"]
    mac = hmac.new(SECRET, f"{nonce}\0{name}\0password\0notadmin".encode(), hashlib.sha1).hexdigest()
    asked = {"nonce": nonce, "username": name, "password": "password", "admin": False, "mac": mac}
    return str(json.loads(call(path, json.dumps(asked).encode()))["access_token"])


def picture() -> bytes:
    rows = b"".join(b"\0" + os.urandom(30) * 30 for _row in range(200))
    header = struct.pack(">IIBBBBB", 300, 200, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def upload(user: str, number: int) -> list[tuple[str, str]]:
    """Upload one; what can be downloaded from now on, with its SHA-256."""
    shown = number % 3 == 0
    body = picture() if shown else os.urandom(9_000_000 if number == 1 else random.choice((0, 10, 3000, 70_000)))
    kind = "image/png" if shown else "application/octet-stream"
    name = json.loads(call("/_matrix/media/v3/upload", body, kind, user))["content_uri"][len("mxc://") :]
    known = [(f"download/{name}", hashlib.sha256(body).hexdigest())]
    if shown:
        small = f"thumbnail/{name}?width=96&height=96&method=crop"
        known.append((small, hashlib.sha256(seen(user, small)).hexdigest()))
    return known


def seen(user: str, path: str) -> bytes:
    return call(f"/_matrix/client/v1/media/{path}", token=user)


def known() -> dict[str, str]:
    with open(f"{STATE}/acknowledged", encoding="ascii") as lines:
        return dict(line.split() for line in lines)  # type: ignore[misc]


def fill(user: str, number: int) -> None:
    with open(f"{STATE}/acknowledged", "a", buffering=1, encoding="ascii") as acknowledged:
        for each in range(number):
            for path, digest in upload(user, each):
                acknowledged.write(f"{path} {digest}\n")


def run(user: str) -> None:
    """Go on while Synapse is down, and try again."""
    for number in range(3, 10**9):
        try:
            with open(f"{STATE}/acknowledged", "a", encoding="ascii") as acknowledged:
                for path, digest in upload(user, number):
                    acknowledged.write(f"{path} {digest}\n")
            path, digest = random.choice(list(known().items()))
            if hashlib.sha256(seen(user, path)).hexdigest() != digest:
                note("wrong", path)
        except urllib.error.HTTPError as error:
            note("wrong", f"{error.code} {error.url}")
        except OSError as error:
            note("refused", str(error))
        time.sleep(1)


def note(name: str, text: str) -> None:
    with open(f"{STATE}/{name}", "a", encoding="utf-8") as out:
        out.write(f"{text}\n")


def check(user: str) -> int:
    lost = []
    for path, digest in known().items():
        try:
            if hashlib.sha256(seen(user, path)).hexdigest() != digest:
                lost.append(f"{path} is another")
        except OSError as error:
            lost.append(f"{path}: {error}")
    print(f"{len(known())} are known, {len(lost)} of them lost", *lost[:20], sep="\n")
    return 1 if lost else 0


def main(verb: str, *rest: str) -> int:
    os.makedirs(STATE, exist_ok=True)
    user = token()
    if verb == "check":
        return check(user)
    fill(user, int(rest[0])) if verb == "fill" else run(user)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
