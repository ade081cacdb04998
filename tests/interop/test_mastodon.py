# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Mastodon moves to a bucket and back, with an uploader that never stops: on a store with ACLs, and on one without.

On the one without, visitors find media at a host of their own, in front of the bucket's web site. The usual guide's order, to
switch and to copy once more afterwards, is done beside it with the tool that it names. `MASTODON_MEDIA` is how many media there
are in the beginning; docs/mastodon.md has the figures for 20000.
"""

from __future__ import annotations

import contextlib
import json
import mimetypes
import os
import random
import secrets
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509

from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.tests.e2e.migrate_site import Writer
from ansible_collections.mediastore.s3.tests.interop.applies import first, only
from ansible_collections.mediastore.s3.tests.interop.rolesite import RoleSite, without_key
from ansible_collections.mediastore.s3.tests.servers import depot
from ansible_collections.mediastore.s3.tests.servers.front import Front, Said
from ansible_collections.mediastore.s3.tests.servers.mastodon import CACHE_CONTROL, some_key
from ansible_collections.mediastore.s3.tests.servers.tls import make_certificates
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

FILES = int(os.environ.get("MASTODON_MEDIA", "400"))
#: what a client waits between two uploads, and a visitor between two looks
# as many as the figures in the documentation were measured with, or fewer, which show the same
UPLOAD_EVERY_S, LOOK_EVERY_S = (0.05, 0.01) if "MASTODON_MEDIA" in os.environ else (0.2, 0.05)
#: of the shape of Mastodon's own sample
ENV = """\
# This identifies your server and cannot be changed safely later
LOCAL_DOMAIN=example.com

# Secrets
SECRET_KEY_BASE=a-secret-of-mastodon
DB_PASS="with spaces and # signs"

# File storage (optional)
# -----------------------
S3_ENABLED=false
S3_BUCKET=files.example.com
AWS_ACCESS_KEY_ID=
AWS_SECRET_ACCESS_KEY=
EXTRA_MEDIA_HOSTS=https://video.example.com

IP_RETENTION_PERIOD=31556952"""
DAY_S = 86400
ALIAS = "media.example.com"
#: Mastodon itself, and its media
HOSTS = (x509.DNSName("example.com"), x509.DNSName(ALIAS))


class Mastodon(RoleSite):
    """A host with a stand-in for Mastodon, and the web server in front of it and of its bucket."""

    role = "mastodon"
    timeout_s = 240 + FILES / 20

    def __init__(self, directory: Path, store, bucket: str) -> None:
        self.bucket = bucket
        self.connection = store.connection
        self.kind = store.name
        self.administration = store.administration
        super().__init__(directory, store.server)
        tls = make_certificates(directory / "front", HOSTS)
        own = f"{store.server.endpoint_url}/{bucket}" if store.name == "ceph" else store.server.web_endpoint
        host = "" if store.name == "ceph" else store.server.web_host(bucket)
        self.web = Front(f"http://127.0.0.1:{self.port}", tls=tls).start()
        self.front = Front(own, store.server.ca_path, host, tls).start()
        self.front.sets["Access-Control-Allow-Origin"] = "*"
        self.trusted = directory / "trusted.pem"
        self.trusted.write_text(tls.ca.read_text() + Path(store.server.ca_path).read_text())

    def close(self) -> None:
        super().close()
        self.web.stop()
        self.front.stop()

    def let_everybody_read(self, public: bool) -> None:
        """Garage's bucket as a web site; on Ceph objects have ACLs."""
        if self.kind == "garage":
            site = {"enabled": public, "index_document": "index.html"}
            assert not run_module("bucket", {**self.connection, **self.administration, "name": self.bucket, "website": site}).get(
                "failed"
            )
        self.vary(mastodon_media_permission="auto" if public else "")

    def build(self, files: int = FILES) -> None:
        self.env = self.directory / ".env.production"
        self.env.write_text(ENV)
        self.env.chmod(0o640)
        for folder in (self.media, self.config.parent, self.directory / "run"):
            folder.mkdir(parents=True, exist_ok=True)
        run = self.directory / "run"
        self.config.write_text(
            json.dumps(
                {
                    "port": self.port,
                    "pid_file": str(run / "pid"),
                    "log": str(run / "log"),
                    "env_file": str(self.env),
                    "directory": str(self.media),
                    "ca_path": self.connection.get("ca_path"),
                }
            )
        )
        for _number in range(files):
            body = self.random.randbytes(self.random.choice((200, 4000, 40_000)))
            key = some_key(self.random)
            (self.media / key).parent.mkdir(parents=True, exist_ok=True)
            (self.media / key).write_bytes(body)
            self.acknowledged[key] = body
        self.depot("start")
        self.vary()

    def inventory(self):
        command = f"{sys.executable} {depot.__file__}"
        host = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "mediastore_store": {**self.connection, "ca_path": str(self.trusted)},
            "mediastore_engine_install": False,
            "migrate_app": "mastodon",
            "migrate_bucket": self.bucket,
            "migrate_state_dir": str(self.state),
            "mastodon_media_home": str(self.directory),
            "mastodon_media_path": str(self.media),
            "mastodon_media_stop_command": f"{command} stop {self.config}",
            "mastodon_media_start_command": f"{command} start {self.config}",
            "mastodon_media_status_command": f"{command} status {self.config}",
            "mastodon_media_health_url": f"http://127.0.0.1:{self.port}/health",
            "mastodon_media_connect_to": {
                "example.com": self.web.url.rpartition("/")[2],
                ALIAS: self.front.url.rpartition("/")[2],
            },
            **({} if self.kind == "ceph" else {"mastodon_media_alias_host": ALIAS}),
            **self.variables,
        }
        return {"all": {"hosts": {"social": host}}}

    def upload(self, key: str, size: int) -> bool:
        # the writer's own names are no paths of Mastodon's
        return super().upload(some_key(self.random), size)

    def lost(self) -> list[str]:
        known = list(self.acknowledged.items())
        with ThreadPoolExecutor(16) as pool:
            answers = pool.map(lambda one: self.request("GET", one[0]), known)
            return [key for (key, body), answer in zip(known, answers) if answer != (200, body)]


@pytest.fixture
def site(store, tmp_path):
    bucket = f"social-{secrets.token_hex(4)}"
    assert run_module("bucket", {**store.connection, **store.administration, "name": bucket})["changed"]
    site = Mastodon(tmp_path, store, bucket)
    site.build()
    site.let_everybody_read(True)
    yield site
    site.close()
    for text in site.shown:
        for secret in (store.connection["secret_key"], "a-secret-of-mastodon", "with spaces and"):
            assert secret not in text
    sure = {"name": bucket, "state": "absent", "force": True, "force_confirm": bucket}
    assert not run_module("bucket", {**store.connection, **store.administration, **sure}).get("failed")


def stranger(site: Mastodon, path: str = "") -> int:
    """The status that somebody without a key gets at the store itself."""
    return without_key(f"{site.connection['endpoint_url']}/{site.bucket}/{path}", site.connection.get("ca_path"))


class Visitor:
    """Looks at media all the time, at new ones as much as at old ones, and notes what is blank."""

    def __init__(self, site: Mastodon) -> None:
        self.site = site
        self.looks, self.blank, self.unanswered = 0, 0, 0
        #: the media that were not found, though an upload of them was acknowledged
        self.missed: set[str] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        chance = random.Random(1)
        while not self._end.is_set():
            known = list(self.site.acknowledged)
            key = chance.choice(known[-50:] if self.looks % 2 else known)
            status, body = self.site.request("GET", key)
            self.looks += 1
            self.unanswered += status == 0
            if status and (status, body) != (200, self.site.acknowledged[key]):
                self.blank += 1
                self.missed.add(key)
            time.sleep(LOOK_EVERY_S)

    def __enter__(self) -> Visitor:
        self._thread.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._end.set()
        self._thread.join()


@contextlib.contextmanager
def timed(figures: dict[str, object], name: str):
    begun = time.monotonic()
    yield
    figures[f"{name}_s"] = round(time.monotonic() - begun, 1)


@only("ceph", "garage")
def test_there_and_back_while_visitors_upload(store, site):
    site.vary(mastodon_media_announce_days=0)
    # what a user has asked for, and nobody else is to see
    archive = "backups/dumps/000/000/001/original/archive.zip"
    (site.media / archive).parent.mkdir(parents=True)
    (site.media / archive).write_bytes(b"private")
    site.acknowledged[archive] = b"private"
    figures: dict[str, object] = {"order": "ours", "store": store.name, "media": FILES}
    with timed(figures, "sync"):
        assert site.play("sync").status == 0
    with Writer(site, UPLOAD_EVERY_S) as writer, Visitor(site) as visitor, timed(figures, "cutover"):
        done = site.play("cutover")
        assert done.status == 0, done.output
    assert (visitor.blank, visitor.missed) == (0, set())
    figures["down_s"] = json.loads((site.state / "media" / "report.json").read_text())["downtime_s"]
    figures.update(
        uploads=len(site.acknowledged) - FILES - 1, refused=writer.refused, looks=visitor.looks, missed=len(visitor.missed)
    )
    for _number in range(30):
        assert site.upload("", 1000), site.request("PUT", some_key(site.random), b"x")
    assert site.stage() == "healthy" and writer.refused < 200
    assert site.lost() == []
    text = site.env.read_text()
    assert text.startswith(ENV + "\n# BEGIN written by Ansible") and "\nS3_ENABLED=true\n" in text
    assert site.env.stat().st_mode & 0o777 == 0o640
    # what was copied and what Mastodon itself has stored is alike
    client = make_client(Connection.from_params(site.connection), store.profile)
    public = "public-read" in store.profile.object_acls
    shown = [key for key in site.acknowledged if key != archive]
    # some of those that were there, and all that came since, while Mastodon was on its disk and when it was on the bucket
    looked_at = shown[:: FILES // 50][:50] + shown[FILES:]
    assert {(site.backup / key).exists() for key in shown[FILES:]} == {True, False}
    for key in looked_at:
        head = client.head_object(Bucket=site.bucket, Key=key)
        assert (head["ContentType"], head["CacheControl"]) == (mimetypes.guess_type(key)[0], CACHE_CONTROL), key
        assert (stranger(site, key) == 200) == public, key
    assert stranger(site, archive) == 403
    assert stranger(site) == 403, "nobody gets a list"
    assert site.play("cutover").changed == 0
    with Writer(site, UPLOAD_EVERY_S), Visitor(site) as visitor, timed(figures, "rollback"):
        assert site.play("rollback").status == 0
    assert (visitor.blank, visitor.missed) == (0, set())
    assert site.env.read_text() == ENV
    assert site.lost() == []
    print(json.dumps({**figures, "acknowledged": len(site.acknowledged)}))
    assert {str(path.relative_to(site.media)) for path in site.media.rglob("*") if path.is_file()} == set(site.acknowledged)


def s3cmd(site: Mastodon) -> list[str]:
    """The guide's command: s3cmd --acl-public sync public/system/ s3://$S3_BUCKET."""
    root = Path(__file__).parents[1]
    made = [str(root / "utils" / "venv.sh"), str(root / "benchmark" / "requirements.txt")]
    programs = Path(subprocess.run(made, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()) / "bin"
    told, config = site.connection, site.directory / "s3cfg"
    host = told["endpoint_url"].partition("://")[2]
    config.write_text(
        f"[default]\naccess_key = {told['access_key']}\nsecret_key = {told['secret_key']}\n"
        f"host_base = {host}\nhost_bucket = {host}\n"
        f"bucket_location = {site.store.region}\nuse_https = True\nca_certs_file = {told['ca_path']}\n"
    )
    return [str(programs / "s3cmd"), "-c", str(config), "--acl-public", "sync", f"{site.media}/", f"s3://{site.bucket}"]


# that it is missed does not depend on the store; how much may, so both are measured
@only(*(("ceph", "garage") if "MASTODON_MEDIA" in os.environ else ("garage",)))
def test_what_visitors_miss_in_the_usual_order(store, site):
    command = s3cmd(site)
    figures: dict[str, object] = {"order": "the guide's", "store": store.name, "media": FILES}
    told = site.connection
    where = told["endpoint_url"].partition("://")[2]
    settings = {
        "S3_ENABLED": "true",
        "S3_BUCKET": site.bucket,
        "AWS_ACCESS_KEY_ID": told["access_key"],
        "AWS_SECRET_ACCESS_KEY": told["secret_key"],
        "S3_REGION": site.store.region,
        "S3_PROTOCOL": "https",
        "S3_HOSTNAME": where,
        # what the guide lacks of another store than Amazon's
        "S3_ENDPOINT": told["endpoint_url"],
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        **({} if store.name == "ceph" else {"S3_PERMISSION": ""}),
    }

    def copy(name: str) -> int:
        """How many media it took to the bucket."""
        with timed(figures, name):
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240 + FILES / 10)
        return sum(line.startswith("upload: ") for line in done.stdout.splitlines())

    with Writer(site, UPLOAD_EVERY_S) as writer:
        copy("first_copy")
        # as fast as a machine types
        site.env.write_text(ENV + "\n" + "".join(f"{name}={value}\n" for name, value in settings.items()))
        with Visitor(site) as visitor:
            with timed(figures, "down"):
                site.depot("stop")
                site.depot("start")
            missed = copy("second_copy")
    left = len(site.lost())
    figures.update(uploads=len(site.acknowledged) - FILES, refused=writer.refused, looks=visitor.looks)
    figures.update(blank=visitor.blank, missed=missed, left_behind=left)
    print(json.dumps(figures))
    # all of them were acknowledged, and could not be seen until the second copy had reached them
    assert missed > 0 and visitor.missed <= set(site.acknowledged)


@first("garage", "ceph")
def test_a_switch_waits_until_browsers_have_been_told(store, site):
    site.vary(mastodon_media_alias_host=ALIAS)
    refused = site.play("cutover")
    assert refused.status != 0 and "mediastore.s3.mastodon.announce and wait 7 days" in refused.output
    told = site.run("mediastore.s3.mastodon.announce")
    assert told.status == 0 and site.lost() == []
    assert "EXTRA_MEDIA_HOSTS=https://video.example.com,https://media.example.com\n" in site.env.read_text()
    assert site.run("mediastore.s3.mastodon.announce").changed == 0
    refused = site.play("cutover")
    assert refused.status != 0 and "It was announced 0.0 days ago; wait until it is 7" in refused.output
    notice = site.state / "media" / "announced"
    os.utime(notice, (time.time() - 7.1 * DAY_S,) * 2)
    told_env = site.env.read_text()
    assert site.play("cutover").status == 0
    assert "\nS3_ALIAS_HOST=media.example.com\n" in site.env.read_text() and site.lost() == []
    assert site.play("rollback").status == 0
    assert site.env.read_text() == told_env and site.lost() == []


@first("garage", "ceph")
def test_a_server_without_media_needs_no_migration(store, site):
    refused = site.include("main")
    assert refused.status != 0 and "nobody would see them any more" in refused.output
    assert site.env.read_text() == ENV
    shutil.rmtree(site.media)
    site.media.mkdir()
    site.acknowledged.clear()
    assert site.include("main").status == 0
    assert site.upload("", 1000), site.request("PUT", some_key(site.random), b"x")
    assert site.lost() == [] and list(site.media.iterdir()) == []
    assert site.include("main").changed == 0
    # as after the rotation of its key: other settings cost a restart
    site.vary(mastodon_media_environment={"S3_READ_TIMEOUT": "7"})
    begun = (site.directory / "run" / "pid").read_text()
    assert site.include("use_key").status == 0
    assert "\nS3_READ_TIMEOUT=7\n" in site.env.read_text() and site.lost() == []
    assert (site.directory / "run" / "pid").read_text() != begun


@first("garage", "ceph")
def test_what_mastodon_would_misread_is_named_before_anything_is_touched(store, site):
    site.env.write_text(ENV + "\nS3_ALIAS_HOST=old.example.com\n")
    site.vary(
        mastodon_media_alias_host="",
        mastodon_media_announce_days=0,
        mastodon_media_multipart_threshold=15,
        mastodon_media_environment={"S3_READ_TIMEOUT": "5 seconds", "RAILS_ENV": "test"},
    )
    before = site.env.read_text()
    refused = site.play("cutover")
    assert refused.status != 0
    for said in (
        "sets S3_ALIAS_HOST, which would still hold",
        "mastodon_media_multipart_threshold 15 has no unit. Say 15M",
        "S3_READ_TIMEOUT has a character that Mastodon would misread (5 seconds)",
        "mastodon_media_environment has RAILS_ENV, which is no setting of media",
    ):
        assert said in refused.output.replace("\\n", " "), said
    assert site.env.read_text() == before and site.stage() in ("new", "synced")


def process(site: Mastodon) -> str:
    return (site.directory / "run" / "pid").read_text()


@first("garage", "ceph")
def test_what_visitors_would_not_see_ends_a_cutover_before_anything_is_stopped(store, site):
    site.vary(mastodon_media_announce_days=0)
    site.let_everybody_read(False)
    begun = process(site)
    refused = site.play("cutover")
    assert refused.status != 0 and "of 20 media 0 can be seen; denied (20)" in refused.output
    assert process(site) == begun and site.env.read_text() == ENV and site.stage() == "synced"
    # whoever cannot get there from here can leave it out, and says so
    site.vary(mastodon_media_visit_sample=0)
    assert site.play("cutover").status == 0 and site.stage() == "healthy"


# a page says the same whatever the store is
@only("garage")
def test_a_page_that_shows_no_media_undoes_a_cutover(store, site):
    site.vary(mastodon_media_announce_days=0, mastodon_media_alias_host=ALIAS)
    strict = [("Content-Security-Policy", "default-src 'self'")]
    # what a web server adds holds beside what Mastodon says itself
    site.web.answers["/"] = Said(200, strict)
    undone = site.play("cutover")
    assert undone.status != 0 and "The cutover was undone" in undone.output
    assert (
        "https://example.com/ does not let https://media.example.com/" in undone.output and "default-src 'self'" in undone.output
    )
    assert site.env.read_text() == ENV and site.lost() == []
    del site.web.answers["/"]
    done = site.play("cutover")
    assert done.status == 0 and "Visitors see 20 of 20 media at https://media.example.com" in done.output
    # and at any later time
    done = site.run("mediastore.s3.mastodon.check")
    assert (done.status, done.changed) == (0, 0) and "Visitors see 20 of 20 media at https://media.example.com" in done.output
    assert "Could not see" not in done.output
    site.web.answers["/api/v2/instance"] = Said(200, [], f"https://example.com/system/{some_key(site.random)}".encode())
    failed = site.run("mediastore.s3.mastodon.check")
    assert failed.status != 0 and "wrong_address (1): the application gives out https://example.com/system/" in failed.output


#: of Mastodon's own docker-compose.yml what concerns media
COMPOSE = """\
services:
  db: {image: "postgres:14-alpine"}
  redis: {image: "redis:7-alpine"}
  web:
    env_file: .env.production
    ports: ["127.0.0.1:3000:3000"]
    volumes: ["./public/system:/mastodon/public/system"]
  streaming: {env_file: .env.production}
  sidekiq:
    env_file: .env.production
    volumes: ["./public/system:/mastodon/public/system"]
"""


class Composed(Mastodon):
    """The same in containers, of which the inventory says only where they are described."""

    def build(self, files: int = FILES) -> None:
        self.media = self.directory / "public" / "system"
        self.backup = self.media.with_name("system.before-s3")
        super().build(files)
        self.depot("stop")
        (self.directory / "docker-compose.yml").write_text(COMPOSE)
        place = {"port": self.port, "ca_path": self.connection.get("ca_path")}
        (self.directory / "stand-in.json").write_text(json.dumps(place))
        docker = self.directory / "bin" / "docker"
        docker.parent.mkdir()
        docker.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(depot.__file__).with_name("compose.py")} "$@"\n')
        docker.chmod(0o755)
        self.compose("up", "--detach", "--force-recreate", "web", "sidekiq", "streaming")

    def compose(self, *arguments: str) -> None:
        command = [str(self.directory / "bin" / "docker"), "compose", "--project-directory", str(self.directory), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def inventory(self):
        inventory = super().inventory()
        host = inventory["all"]["hosts"]["social"]
        for name in ("home", "path", "stop_command", "start_command", "status_command"):
            del host[f"mastodon_media_{name}"]
        host["mastodon_media_compose"] = str(self.directory)
        return inventory

    def environment(self):
        found = super().environment()
        return {**found, "PATH": f"{self.directory / 'bin'}:{found['PATH']}"}

    def close(self) -> None:
        self.compose("stop", "web", "sidekiq", "streaming")
        super().close()


@only("garage")
def test_docker_compose_needs_one_variable(store, site, tmp_path):
    (tmp_path / "composed").mkdir()
    composed = Composed(tmp_path / "composed", store, site.bucket)
    try:
        composed.build(40)
        composed.vary(mastodon_media_announce_days=0)
        description = composed.directory / "docker-compose.yml"
        description.write_text(COMPOSE.replace("  web:", "  puma:"))
        refused = composed.play("cutover")
        assert refused.status != 0 and "docker compose names no web in" in refused.output
        description.write_text(COMPOSE)
        told = composed.directory / "told"
        told.write_text("")
        done = composed.play("cutover")
        assert done.status == 0, done.output
        services = ["web", "sidekiq", "streaming"]
        lines = [line.split() for line in told.read_text().splitlines()]
        acts = [line for line in lines if line[0] in ("stop", "up")]
        assert acts == [["stop", *services], ["up", "--detach", "--force-recreate", *services]]
        assert composed.stage() == "healthy" and composed.lost() == [] and not any(composed.media.iterdir())
        assert composed.upload("", 1000) and composed.play("rollback").status == 0
        assert composed.env.read_text() == ENV and composed.lost() == []
    finally:
        composed.close()


@only("garage")
def test_what_need_not_be_copied_is_shown_and_removed_only_when_that_is_said(store, site):
    tool = f"{sys.executable} {Path(depot.__file__).with_name('tootctl.py')} {site.media}"
    site.vary(mastodon_media_tootctl_command=tool)
    old = [site.media / f"cache/media_attachments/files/109/302/00{number}/original/a.png" for number in range(3)]
    kept = site.media / "cache/media_attachments/files/109/302/009/original/a.png"
    for path in (*old, kept):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x" * 40_000)
    for path in old:
        os.utime(path, (time.time() - 8 * DAY_S,) * 2)
    shown = site.run("mediastore.s3.mastodon.slim")
    assert (shown.status, shown.changed) == (0, 0)
    for said in ("Removed 3 media attachments (approx. 117 KB) (DRY RUN)", "Removed 0 preview cards (approx. 0 Bytes) (DRY RUN)"):
        assert said in shown.output
    assert "Nothing was removed. Say mastodon_media_slim: true" in shown.output and all(path.exists() for path in old)
    told = ["-e", "mastodon_media_slim=true"]
    assert site.run("mediastore.s3.mastodon.slim", "--check", *told).status == 0 and all(path.exists() for path in old)
    assert site.run("mediastore.s3.mastodon.slim", *told).changed == 1
    assert not any(path.exists() for path in old) and kept.exists() and site.lost() == []
    assert site.run("mediastore.s3.mastodon.slim", *told).changed == 0
    # a tool that does not know --dry-run is not asked for more
    site.vary(mastodon_media_tootctl_command="echo removed")
    assert site.run("mediastore.s3.mastodon.slim", *told).status != 0
