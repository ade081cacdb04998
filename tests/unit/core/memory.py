# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object store in memory: the smallest engine there can be, with switches for what real ones get wrong."""

from __future__ import annotations

import hashlib
import threading

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import StoreRefused, StoreUnreachable
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import Receipt, RemoteObject
from ansible_collections.mediastore.s3.plugins.module_utils._core.ports import Reading

CHUNK = 1000
TIME_NS = 1_600_000_000_123_456_789


class MemoryStore:
    """Keeps objects in a dictionary; ``damage`` maps keys to how many of their uploads are stored damaged."""

    engine = "memory"
    engine_reason = "a test says so"
    busy = 0
    part_min = 1
    max_parts = 10000
    parts_at_once = 3

    def __init__(self, objects: dict[str, bytes] | None = None, opaque: bool = False) -> None:
        self.objects = dict(objects or {})
        self.etags = {key: hashlib.md5(body).hexdigest() for key, body in self.objects.items()}
        self.opaque = opaque
        self.damage: dict[str, int] = {}
        #: keys whose first so many readings end early
        self.cut: dict[str, int] = {}
        self.refuses: set[str] = set()
        self.puts: list[str] = []
        self.reads: list[str] = []
        self.md5s: dict[str, bytes] = {}
        #: what an object says about the time of its file, where that is not TIME_NS
        self.times: dict[str, int] = {}
        self.part_counts: dict[str, int] = {}
        self.before_store = lambda key: None
        self._lock = threading.Lock()

    def listing(self, prefix: str):
        for key in sorted(self.objects, key=lambda name: name.encode()):
            if key.startswith(prefix):
                yield RemoteObject(key, len(self.objects[key]), self.etags[key])

    def put(self, key, body, md5, mtime_ns):
        assert hashlib.md5(body).digest() == md5
        self.md5s[key] = md5
        return self._store(key, body, hashlib.md5)

    def put_parts(self, key, parts, mtime_ns):
        bodies = list(parts)
        self.part_counts[key] = len(bodies)
        digest = hashlib.md5(b"".join(hashlib.md5(body).digest() for body in bodies)).hexdigest()
        cut = f"{digest}-{len(bodies)}"
        return self._store(key, b"".join(bodies), lambda _body: None, cut)._replace(cut=cut)

    def _store(self, key, body, _md5, etag=None):
        if key in self.refuses:
            raise StoreUnreachable(f"upload {key}", said="no answer", remedy="Wait.")
        self.before_store(key)
        with self._lock:
            self.puts.append(key)
            if self.damage.get(key, 0) > 0:
                self.damage[key] -= 1
                body, etag = body[:-1] + b"?", None
            self.objects[key] = body
            self.etags[key] = "opaque" if self.opaque else etag or hashlib.md5(body).hexdigest()
            return Receipt(self.etags[key], not self.opaque)

    def read(self, key):
        if key in self.refuses:
            raise StoreUnreachable(f"read {key}", said="no answer", remedy="Wait.")
        if key not in self.objects:
            raise StoreRefused(f"read {key}", said="it is not there", remedy="Look for it.", code="NoSuchKey")
        with self._lock:
            self.reads.append(key)
            body = self.objects[key]
            size = len(body)
            if self.cut.get(key, 0) > 0:
                self.cut[key] -= 1
                body = body[: size // 2]
        return Reading(
            size, self.etags[key], self.times.get(key, TIME_NS), (body[at : at + CHUNK] for at in range(0, len(body), CHUNK))
        )
