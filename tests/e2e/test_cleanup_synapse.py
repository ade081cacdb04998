# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""s3_media_upload as the role `synapse` lets it run, beside a Synapse on PostgreSQL: nothing is lost, failures are told."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.e2e.synapse_site import synapse_python
from ansible_collections.mediastore.s3.tests.e2e.test_evict_synapse import URL_CACHE, Client, environment, files, picture, place
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.postgres import Postgres
from ansible_collections.mediastore.s3.tests.servers.synapse import Synapse

PROGRAM = Path(__file__).parents[2] / "roles" / "synapse" / "files" / "cleanup.py"
ROOTS = ["local_content", "local_thumbnails"]


class Site:
    """A Synapse with its provider, and the job in a directory of its own."""

    def __init__(self, directory: Path, python: str, store: MotoS3, database: Postgres) -> None:
        self.store, self.python = store, python
        self.state = directory / "state"
        self.state.mkdir()
        self.server = Synapse.create(directory / "synapse", python, environment(store))
        self.media = self.server.media_store
        (self.server.conf_d / "database.yaml").write_text(yaml.safe_dump({"database": database.synapse}))
        self.configure()
        self.proof = directory / "proof.pyz"
        self._leave_proof(directory)
        self.server.start()
        self.client = Client(self.server, "anna")

    def configure(self, **more: object) -> None:
        """What Synapse is told of its bucket, without a restart."""
        stored = {"store_local": True, "store_remote": True, "store_synchronous": True}
        config = {
            "bucket": "media",
            "prefix": "chat/",
            "endpoint_url": self.store.endpoint_url,
            "region_name": "us-east-1",
            "access_key_id": self.store.access_key,
            "secret_access_key": self.store.secret_key,
            **more,
        }
        block = {"module": "s3_storage_provider.S3StorageProviderBackend", **stored, "config": config}
        (self.server.conf_d / "s3.yaml").write_text(yaml.safe_dump({"media_storage_providers": [block]}))

    def _leave_proof(self, directory: Path) -> None:
        """As the role does it, by the module."""
        options = {"path": str(self.media), "bucket": "media", "prefix": "chat/", "journal": str(self.state / "journal")}
        options.update(exclude=URL_CACHE, max_age="0s", min_age="0s", upload_after="0s", job=str(self.proof), job_check_mode=True)
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "module_defaults": {"group/mediastore.s3.store": self.store.connection},
            "tasks": [{"name": "Leave the proof", "mediastore.s3.evict": options}],
        }
        (directory / "play.yml").write_text(yaml.safe_dump([play]))
        command = [str(Path(sys.executable).with_name("ansible-playbook")), str(directory / "play.yml")]
        subprocess.run(command, check=True, capture_output=True, timeout=120)

    def upload(self, number: int) -> str:
        return self.client.upload(picture(number))

    def run(self, unused: str = "0s") -> subprocess.CompletedProcess:
        """As the unit does it: no key in its environment."""
        command = [self.python, str(PROGRAM), "--config", str(self.server.directory / "homeserver.yaml")]
        command += ["--config", str(self.server.conf_d), "--media", str(self.media), "--unused", unused, "--unused", "0s"]
        command += ["--proof", sys.executable, str(self.proof), "--metrics", "metrics.prom"]
        keep = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return subprocess.run(
            command,
            cwd=self.state,
            env={**keep, "AWS_CA_BUNDLE": str(self.store.ca_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def number(self, name: str) -> float:
        lines = (self.state / "metrics.prom").read_text().splitlines()
        return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"mediastore_evict_{name}{{"))

    def require_whole(self, media: dict[str, str]) -> None:
        assert {name: self.client.download(name) for name in media} == media


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    directory = tmp_path_factory.mktemp("site")
    with MotoS3(directory, tls=True) as store, Postgres() as database:
        store.client().create_bucket(Bucket="media")
        made = Site(directory, synapse_python(), store, database)
        try:
            yield made
        finally:
            made.server.stop()


@pytest.fixture
def media(site):
    """Four pictures with their thumbnails; what earlier tests have left goes."""
    for name in files(site.media):
        (site.media / name).unlink()
    made = {site.upload(number): hashlib.sha256(picture(number)).hexdigest() for number in range(4)}
    for name in made:
        site.client.thumbnail(name)
    return made


def test_what_is_old_goes_and_nothing_is_lost(site, media):
    first, *_others = media
    site.store.client().delete_object(Bucket="media", Key="chat/" + place(first))
    before = len(files(site.media))
    kept = site.run(unused="1d")
    assert kept.returncode == 0, kept.stdout + kept.stderr
    assert kept.stdout.startswith("0 files removed from the disk, 0 uploaded")
    empty = site.media / "remote_content" / "example.org" / "aa"
    empty.mkdir(parents=True)
    for folder in (empty, empty.parent):
        os.utime(folder, (0, 0))

    done = site.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{before} files removed from the disk, 1 uploaded")
    assert files(site.media) == []
    assert sorted(path.name for path in site.media.iterdir()) == [*ROOTS, "remote_content"]
    assert [list((site.media / root).iterdir()) for root in ROOTS] == [[], []]
    # its parent became younger when it went, and stays for an hour
    assert [path.name for path in (site.media / "remote_content").iterdir()] == ["example.org"] and not empty.exists()
    site.require_whole(media)
    assert (site.number("last_run_success"), site.number("evicted_files"), site.number("uploaded_files")) == (1, before, 1)
    assert stat.S_IMODE((site.state / "database.yaml").stat().st_mode) == 0o600
    assert "cp_min" not in (site.state / "database.yaml").read_text() and (site.state / "cache.db").exists()

    # one that Synapse has brought back: by its cache.db the script would leave it for ever
    path = site.media / place(first)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(0))
    again = site.run()
    assert again.stdout.startswith("1 files removed from the disk, 0 uploaded"), again.stdout + again.stderr


def test_a_bad_object_keeps_all_files(site, media):
    first, other, *_others = media
    site.store.client().put_object(Bucket="media", Key="chat/" + place(first), Body=b"")
    size = (site.media / place(other)).stat().st_size
    site.store.client().put_object(Bucket="media", Key="chat/" + place(other), Body=b"?" * size)
    before = files(site.media)
    done = site.run()
    assert done.returncode == 1 and "Nothing was removed. " in done.stderr
    assert place(first) in done.stderr and "2 different" in done.stderr
    assert files(site.media) == before
    assert site.number("last_run_success") == 0
    site.require_whole(media)


def test_failed_uploads_fail_the_run(site, media):
    """The script alone ends with 0."""
    before = files(site.media)
    site.configure(bucket="no-such-bucket")
    try:
        done = site.run()
    finally:
        site.configure()
    assert done.returncode == 1 and f"s3_media_upload upload failed for {len(before)} files" in done.stderr
    assert 0 < done.stdout.count("Failed to upload file") <= 10
    assert files(site.media) == before and site.number("last_run_success") == 0


def test_what_it_does_not_understand_is_refused(site, media):
    before = files(site.media)
    for changed, words in (
        ({"bucket": ""}, "It needs one, with a bucket."),
        ({"sse_customer_key": "0" * 32}, "takes the key of SSE-C on its command line only"),
        (
            {"endpoint_url": "https://127.0.0.1:9"},
            "s3_media_upload upload ended with status 1: botocore.exceptions.EndpointConnectionError",
        ),
    ):
        site.configure(**changed)
        try:
            done = site.run()
        finally:
            site.configure()
        assert done.returncode == 1 and words in done.stderr, done.stdout + done.stderr
        assert files(site.media) == before
    done = site.run(unused="2m")
    assert done.returncode == 2 and "'2m' is not a whole number and one of s, h, d, w" in done.stderr
    with open(site.state / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = site.run()
    assert done.returncode == 1 and "another run is at work" in done.stderr
    assert files(site.media) == before
