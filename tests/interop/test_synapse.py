# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Synapse moves to a bucket, loses its whole disk to evict, and moves back, while a client uploads and downloads.

`SYNAPSE_MEDIA` is how many media there are in the beginning; docs/reconcile.md has the figures for 2000.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import time
from pathlib import Path

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import Writer, ran
from ansible_collections.mediastore.s3.tests.e2e.synapse_site import SynapseSite, synapse_python
from ansible_collections.mediastore.s3.tests.e2e.test_evict_synapse import picture
from ansible_collections.mediastore.s3.tests.interop.applies import first, only
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

#: what a client waits between an upload with a download and the next
PAUSE_S = 0.05
MEDIA = int(os.environ.get("SYNAPSE_MEDIA", "150"))
#: with both stores where the figures are wanted
EACH = (only if "SYNAPSE_MEDIA" in os.environ else first)("garage", "ceph")
THUMBNAILS = ("width=32&height=32&method=crop", "width=320&height=240&method=scale")
URL_CACHE = ["url_cache/", "url_cache_thumbnails/"]


class Moving(SynapseSite):
    """Its media are pictures, texts and some that are sent in parts; thumbnails are remembered, too."""

    def __init__(self, directory: Path, store, bucket: str, python: str) -> None:
        self.bucket = bucket
        self.thumbnails: dict[str, str] = {}
        super().__init__(directory, store, python)

    def build(self, files: int = MEDIA) -> None:
        self.vary(migrate_bucket=self.bucket)
        self.server.start()
        token = {"Authorization": f"Bearer {self.server.register('ann')}"}
        for number in range(files):
            kind = "image/png" if number % 2 else "application/octet-stream"
            self._headers = {**token, "Content-Type": kind}
            body = picture(number) if number % 2 else self.random.randbytes(12 << 20 if number % 500 == 0 else 3000)
            status, answer = self.ask("POST", "/_matrix/media/v3/upload", body)
            assert status == 200, answer
            address = str(json.loads(answer)["content_uri"])
            self.acknowledged[address] = body
            for size in THUMBNAILS if number % 2 else ():
                path = f"{address.partition('//')[2]}?{size}"
                self.thumbnails[path] = self.digest(path)
        self._headers = {**token, "Content-Type": "application/octet-stream"}

    def digest(self, thumbnail: str) -> str:
        """What a client sees of it; too many requests at once must not count as an answer."""
        status, body = self.ask("GET", f"/_matrix/client/v1/media/thumbnail/{thumbnail}")
        assert status == 200, (thumbnail, status, body[:200])
        return hashlib.sha256(body).hexdigest()

    def changed_thumbnails(self) -> list[str]:
        """Those that are others now."""
        return [path for path, digest in self.thumbnails.items() if self.digest(path) != digest]

    @property
    def place(self) -> dict:
        return {**self.store.connection, "path": str(self.media), "bucket": self.bucket}

    def local(self) -> list[str]:
        """What is on the disk."""
        return [str(path) for path in self.media.rglob("*") if path.is_file()]


class Visitor(Writer):
    """A client that uploads and downloads all the time, and notes what it was given wrongly."""

    def _write(self) -> None:
        self.uploads, self.downloads, self.unanswered = 0, 0, 0
        self.wrong: list[str] = []
        while not self._end.is_set():
            if self.site.upload("live", (5, 2000, 150_000)[self.uploads % 3]):
                self.uploads += 1
            else:
                self.refused += 1
            time.sleep(self.pause_s)
            address = self.site.random.choice(list(self.site.acknowledged))
            status, body = self.site.served(address)
            self.downloads += 1
            self.unanswered += status == 0
            if status and (status, body) != (200, self.site.acknowledged[address]):
                self.wrong.append(f"{address}: {status}, {len(body)} bytes")


@EACH
def test_there_and_back_with_an_empty_disk(store, tmp_path):
    bucket = f"chat-{secrets.token_hex(4)}"
    assert run_module("bucket", {**store.connection, "name": bucket})["changed"]
    site = Moving(tmp_path, store.server, bucket, synapse_python())
    figures: dict[str, object] = {"store": store.name, "media": MEDIA}

    def timed(name: str, act):
        begun = time.monotonic()
        done = act()
        figures[f"{name}_s"] = round(time.monotonic() - begun, 1)
        return done

    try:
        timed("build", site.build)
        figures["files"] = len(site.local())
        with Visitor(site, PAUSE_S) as visitor:
            timed("sync", lambda: ran(site.play("sync")))
            timed("cutover", lambda: ran(site.play("cutover")))
            report = json.loads((site.state / "media" / "report.json").read_text())
            figures["downtime_s"] = report["downtime_s"]
            figures["refused"] = visitor.refused
            everything = {"max_age": "0s", "min_age": "0s", "upload_after": "0s", "exclude": URL_CACHE}
            evict = {**site.place, **everything, "journal": str(tmp_path / "evict" / "journal")}
            first = timed("evict", lambda: run_module("evict", {**evict, "drill": 20}))
            assert not first.get("failed"), first
            figures["evicted"], figures["drilled"] = first["evicted"]["files"], first["drilled"]
        assert visitor.wrong == []
        figures.update(uploads=visitor.uploads, downloads=visitor.downloads, unanswered=visitor.unanswered)
        assert not run_module("evict", evict).get("failed")
        assert site.local() == []
        database = {"database": {"path": str(site.server.directory / "homeserver.db")}, "settle_after": "0s"}
        found = timed("reconcile", lambda: run_module("synapse_media_info", {**site.place, **database}))
        assert found["reconciled"], found
        assert found["totals"]["bucket_only"] == sum(kind["rows"] for kind in found["counts"].values()) > MEDIA
        assert timed("download", site.lost) == []
        assert timed("thumbnails", site.changed_thumbnails) == []
        before = visitor.uploads
        with Visitor(site, PAUSE_S) as visitor:
            timed("rollback", lambda: ran(site.play("rollback")))
            figures["refused_at_rollback"] = visitor.refused
        assert visitor.wrong == []
        assert not site.config.exists()
        assert site.lost() == [] and site.changed_thumbnails() == []
        assert {str(site.file_of(address)) for address in site.acknowledged} <= set(site.local())
        figures["acknowledged"] = len(site.acknowledged)
        assert len(site.acknowledged) == MEDIA + before + visitor.uploads
    finally:
        site.close()
        print(json.dumps(figures))


@only("ceph")
def test_a_customers_key_is_needed_for_every_medium(store, tmp_path):
    """What the role calls a key is one: media are served with it, by the provider as by evict, and nobody reads them without."""
    bucket = f"chat-{secrets.token_hex(4)}"
    assert run_module("bucket", {**store.connection, "name": bucket})["changed"]
    site = Moving(tmp_path, store.server, bucket, synapse_python())
    key = {"sse_customer_key": base64.b64encode(secrets.token_bytes(32)).decode()}
    try:
        site.build(files=2)
        site.vary(migrate_sse_customer_key=key["sse_customer_key"])
        assert key["sse_customer_key"] not in ran(site.play("role", "--diff")).output
        assert all(site.upload(name, size) for name, size in (("small", 2000), ("in-parts", 9 << 20)))
        everything = {"max_age": "0s", "min_age": "0s", "upload_after": "0s", "exclude": URL_CACHE}
        evict = {**site.place, **everything, **key, "journal": str(tmp_path / "evict" / "journal")}
        assert not run_module("evict", {**evict, "drill": 5}).get("failed")
        assert site.local() == []
        assert site.lost() == [] and site.changed_thumbnails() == []
        for address in site.acknowledged:
            name = str(site.file_of(address).relative_to(site.media))
            asked = {**store.connection, "bucket": bucket, "key": name}
            assert run_module("object_info", {**asked, **key})["readable"]
            stranger = run_module("object_info", asked)
            assert stranger["exists"] and not stranger["readable"], name
        site.vary(synapse_media_state="absent")
        ran(site.play("role"))
        assert not site.config.exists() and site.lost() == []
    finally:
        site.close()
