# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Zulip moves to three buckets and back, with an uploader that never stops."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.tests.e2e.migrate_site import Writer, plain
from ansible_collections.mediastore.s3.tests.e2e.provisioning import provision
from ansible_collections.mediastore.s3.tests.interop.applies import first, only
from ansible_collections.mediastore.s3.tests.interop.rolesite import RoleSite, without_key
from ansible_collections.mediastore.s3.tests.interop.website import public_url
from ansible_collections.mediastore.s3.tests.servers import depot, zulip
from ansible_collections.mediastore.s3.tests.unit.filter.test_zulip_plan import CONF, SECRETS, SETTINGS
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

#: ZULIP_MEDIA=20000 is the size of a real one
FILES = int(os.environ.get("ZULIP_MEDIA", "400"))
FOLDERS = {"avatars/exports/": "exports", "avatars/": "avatars", "files/": "uploads"}


class Zulip(RoleSite):
    """A host with a stand-in for Zulip."""

    role = "zulip"
    timeout_s = 240 + FILES / 20

    def __init__(self, directory: Path, store, buckets: dict[str, str]) -> None:
        self.buckets = buckets
        self.connection = store.connection
        #: where everybody reads avatars, if that is not the store itself
        self.avatars_url: str | None = None
        super().__init__(directory, store)

    def build(self, files: int = FILES) -> None:
        self.etc = self.directory / "etc"
        self.etc.mkdir()
        self.files = {"settings.py": SETTINGS.replace("/home/zulip/uploads", str(self.media)), "zulip-secrets.conf": SECRETS}
        self.files["zulip.conf"] = CONF
        for name, text in self.files.items():
            (self.etc / name).write_text(text)
            (self.etc / name).chmod(0o640)
        run = self.directory / "run"
        for folder in (self.media, run):
            folder.mkdir()
        config = {"port": self.port, "pid_file": str(run / "pid"), "log": str(run / "log"), "zulip_dir": str(self.etc)}
        self.config.write_text(json.dumps({**config, "ca_path": self.connection.get("ca_path")}))
        for _number in range(files):
            body = self.random.randbytes(self.random.choice((200, 4000, 40_000)))
            key = zulip.some_key(self.random)
            (self.media / key).parent.mkdir(parents=True, exist_ok=True)
            (self.media / key).write_bytes(body)
            self.acknowledged[key] = body
        self.depot("start")
        self.vary()

    def inventory(self):
        command = f"{sys.executable} {depot.__file__}"
        puppet = self.directory / "puppet"
        host = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "mediastore_store": self.connection,
            "mediastore_engine_install": False,
            "migrate_app": "zulip",
            "migrate_state_dir": str(self.state),
            "zulip_media_path": str(self.media),
            "zulip_media_config_dir": str(self.etc),
            "zulip_media_avatars_url": self.avatars_url or "",
            **{f"zulip_media_{name}_bucket": bucket for name, bucket in self.buckets.items()},
            "zulip_media_stop_command": f"{command} stop {self.config}",
            "zulip_media_start_command": f"{command} start {self.config}",
            "zulip_media_restart_command": f"sh -c '{command} stop {self.config} && {command} start {self.config}'",
            "zulip_media_status_command": f"{command} status {self.config}",
            "zulip_media_puppet_command": f"sh -c 'echo run >> {puppet}'",
            "zulip_media_health_url": f"http://127.0.0.1:{self.port}/health",
            "zulip_media_headers_command": f"{sys.executable} {zulip.__file__} shell {self.etc}",
            **self.variables,
        }
        return {"all": {"hosts": {"chat": host}}}

    def request(self, method, key, body=None):
        return super().request(method, quote(key), body)

    def upload(self, key: str, size: int) -> bool:
        # the writer's own names are no paths of Zulip's
        return super().upload(zulip.some_key(self.random), size)

    def place(self, key: str) -> tuple[str, str]:
        """Bucket and key of an upload."""
        folder = next(folder for folder in FOLDERS if key.startswith(folder))
        return self.buckets[FOLDERS[folder]], key.removeprefix(folder)

    def texts(self) -> dict[str, str]:
        return {name: (self.etc / name).read_text() for name in self.files}


@pytest.fixture
def site(store, tmp_path):
    buckets = {name: f"{name}-{secrets.token_hex(4)}" for name in ("uploads", "avatars", "exports")}
    with public_url(store, buckets["avatars"]) as avatars:
        presets = [
            {"name": buckets["uploads"], "preset": "private"},
            {"name": buckets["avatars"], "preset": "public_read", **avatars},
            {"name": buckets["exports"], "preset": "private"},
        ]
        status, output = provision(tmp_path, {**store.connection, **store.administration}, presets)
        assert status == 0, output
        site = Zulip(tmp_path, store, buckets)
        site.avatars_url = avatars.get("public_url")
        site.build()
        yield site
        site.close()
    for text in site.shown:
        for secret in (store.connection["secret_key"], "0123456789abcdef", "with%percent"):
            assert secret not in text
    for bucket in buckets.values():
        sure = {"name": bucket, "state": "absent", "force": True, "force_confirm": bucket}
        assert not run_module("bucket", {**store.connection, **sure}).get("failed")


def stranger(site: Zulip, key: str) -> int:
    """The status that somebody without a key gets for an upload."""
    bucket, name = site.place(key)
    base = f"{site.connection['endpoint_url']}/{bucket}"
    if site.avatars_url and bucket == site.buckets["avatars"]:
        base = site.avatars_url
    return without_key(f"{base}/{quote(name)}", site.connection.get("ca_path"))


def said(head) -> dict[str, object]:
    """What an object is stored with, but for the time that copies carry."""
    names = ("ContentType", "CacheControl", "ContentDisposition")
    metadata = {name: value for name, value in head["Metadata"].items() if name != "mtime"}
    return {**{name: head[name] for name in names if name in head}, **({"Metadata": metadata} if metadata else {})}


@only("ceph", "garage")
def test_there_and_back_while_people_upload(store, site):
    first, puppet = list(site.acknowledged), site.directory / "puppet"
    site.vary(zulip_media_disk_cache_size="5G")
    client = make_client(Connection.from_params(site.connection), store.profile)
    # what Zulip's own tool has transferred before is not sent again
    before = [key for key in first if key.startswith("files/")][:20]
    for key in before:
        bucket, name = site.place(key)
        client.put_object(Bucket=bucket, Key=name, Body=site.acknowledged[key], **zulip.headers_of(key))
    began = time.monotonic()
    assert site.play("sync", "-e", "migrate_adopt=true").status == 0
    synced_s = time.monotonic() - began
    with Writer(site) as writer:
        done = site.play("cutover")
        assert done.status == 0, done.output
    down_s = json.loads((site.state / "media" / "report.json").read_text())["downtime_s"]
    for _number in range(30):
        assert site.upload("", 1000)
    assert site.stage() == "healthy" and writer.refused < 200
    assert site.lost() == []
    texts = site.texts()
    assert texts["settings.py"].startswith(site.files["settings.py"].replace("\nLOCAL_UPLOADS_DIR", "\n# LOCAL_UPLOADS_DIR"))
    assert texts["zulip.conf"] == CONF + "\n[application_server]\ns3_disk_cache_size = 5G\n"
    assert puppet.read_text() == "run\n"
    assert {(site.etc / name).stat().st_mode & 0o777 for name in texts} == {0o640}
    # What was copied is stored as Zulip itself stores it, whatever the store makes of that: Ceph has realm-id for realm_id.
    # Copied were also those that came while Zulip was asked, or after.
    came = list(site.acknowledged)[len(first) :]
    assert len(came) > 30
    everyone = {key for key in site.acknowledged if key.startswith("avatars/") and not key.startswith("avatars/exports/")}
    for number, key in enumerate(first[:: len(first) // 100] + came):
        bucket, name = site.place(key)
        if number % 10 == 0:
            assert stranger(site, key) == (200 if key in everyone else 403), key
        # a tarball has no headers of Zulip's
        if not key.startswith("avatars/exports/"):
            own = {"Bucket": bucket, "Key": "as-zulip-does"}
            client.put_object(Body=b"x", **own, **zulip.headers_of(key))
            assert said(client.head_object(Bucket=bucket, Key=name)) == said(client.head_object(**own)), key
            client.delete_object(**own)
    for key in before:
        bucket, name = site.place(key)
        assert "mtime" not in client.head_object(Bucket=bucket, Key=name)["Metadata"]
    assert site.play("cutover").changed == 0
    assert site.play("rollback").status == 0
    assert site.texts() == site.files
    assert puppet.read_text() == "run\n" * 2
    assert site.lost() == []
    figures = (
        f"files={FILES} uploaded_meanwhile={len(came)} sync_s={synced_s:.1f} downtime_s={down_s} refused={writer.refused} lost=0"
    )
    print(f"zulip on {store.name}: {figures}")
    assert {str(path.relative_to(site.media)) for path in site.media.rglob("*") if path.is_file()} == set(site.acknowledged)


@first("garage", "ceph")
def test_a_server_without_uploads_needs_no_migration(store, site):
    refused = site.include("main")
    assert refused.status != 0 and "nobody would see them any more" in refused.output
    assert site.texts() == site.files
    shutil.rmtree(site.media)
    site.media.mkdir()
    site.acknowledged.clear()
    site.vary(zulip_media_disk_cache_size="5G")
    assert site.include("main").status == 0
    assert (site.directory / "puppet").read_text() == "run\n"
    assert site.texts()["zulip.conf"] == CONF + "\n[application_server]\ns3_disk_cache_size = 5G\n"
    assert site.upload("", 1000)
    assert site.lost() == [] and list(site.media.iterdir()) == []
    assert site.include("main").changed == 0
    begun = (site.directory / "run" / "pid").read_text()
    assert site.include("use_key").status == 0
    assert (site.directory / "run" / "pid").read_text() != begun and site.lost() == []
    assert (site.directory / "puppet").read_text() == "run\n"


@first("garage", "ceph")
def test_what_would_not_work_is_named_before_anything_is_touched(store, site):
    text = site.files["settings.py"].replace("LOCAL_UPLOADS_DIR =", "if True:\n    LOCAL_UPLOADS_DIR =")
    (site.etc / "settings.py").write_text(text)
    site.vary(zulip_media_exports_bucket="")
    before = site.texts()
    refused = site.play("cutover")
    assert refused.status != 0
    shown = plain(refused).replace("\\n", " ")
    assert "Exports of all messages would be in avatars-" in shown
    assert "of settings.py sets LOCAL_UPLOADS_DIR in a way that cannot be commented out" in shown
    assert site.texts() == before and site.stage() in ("new", "synced")
