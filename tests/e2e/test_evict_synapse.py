# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Synapse with its storage provider loses its disk to evict and no medium; beside it what s3_media_upload loses."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import urllib.request
import zlib
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.synapse import Synapse
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

ROOT = Path(__file__).parents[2]
URL_CACHE = ["url_cache/", "url_cache_thumbnails/"]
ALL_OF_IT = {"max_age": "0s", "min_age": "0s", "upload_after": "0s"}


@pytest.fixture(scope="module")
def python():
    """A Python with Synapse, its storage provider and the provider's script: the one that the demo uses."""
    made = [str(ROOT / "tests" / "utils" / "venv.sh"), str(ROOT / "demo" / "requirements-synapse.txt")]
    done = subprocess.run(made, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return f"{done.stdout.strip()}/bin/python"


@pytest.fixture(scope="module")
def site(tmp_path_factory, python):
    """A Synapse and a store over TLS, which the tests share: they take the media away again."""
    directory = tmp_path_factory.mktemp("site")
    with MotoS3(directory, tls=True) as store:
        store.client().create_bucket(Bucket="media")
        server = Synapse.create(directory / "synapse", python, environment(store))
        provider = {"bucket": "media", "endpoint_url": store.endpoint_url, "region_name": "us-east-1"}
        stored = {"store_local": True, "store_remote": True, "store_synchronous": True}
        block = {"module": "s3_storage_provider.S3StorageProviderBackend", **stored, "config": provider}
        (server.conf_d / "s3.yaml").write_text(yaml.safe_dump({"media_storage_providers": [block]}))
        server.start()
        try:
            yield server, store
        finally:
            server.stop()


def environment(store: MotoS3) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": store.access_key, "AWS_SECRET_ACCESS_KEY": store.secret_key}
    # what the script needs over https where the store does not know the trailing checksum of newer boto3
    return {**keys, "AWS_CA_BUNDLE": str(store.ca_path), "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}


class Client:
    """Somebody who chats."""

    def __init__(self, server: Synapse, name: str) -> None:
        self._server = server
        self._token = server.register(name)

    def upload(self, content: bytes, kind: str = "image/png") -> str:
        answer = json.loads(self._call("/_matrix/media/v3/upload", content, kind))
        return str(answer["content_uri"]).removeprefix("mxc://")

    def download(self, media: str) -> str:
        return hashlib.sha256(self._call(f"/_matrix/client/v1/media/download/{media}")).hexdigest()

    def thumbnail(self, media: str, size: int = 96, method: str = "crop") -> str:
        path = f"/_matrix/client/v1/media/thumbnail/{media}?width={size}&height={size}&method={method}"
        return hashlib.sha256(self._call(path)).hexdigest()

    def _call(self, path: str, body: bytes | None = None, kind: str = "image/png") -> bytes:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        with urllib.request.urlopen(urllib.request.Request(self._server.url + path, body, headers), timeout=60) as answer:
            return bytes(answer.read())


def picture(seed: int) -> bytes:
    """A PNG of its own."""
    dice, width, height = random.Random(seed), 400, 300
    rows = b"".join(b"\0" + dice.randbytes(30) * (3 * width // 30) for _row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def place(media: str) -> str:
    """Where Synapse keeps a local medium."""
    name = media.rpartition("/")[2]
    return f"local_content/{name[:2]}/{name[2:4]}/{name[4:]}"


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def evict(server: Synapse, store: MotoS3, state: Path, **options) -> dict:
    where = {"path": str(server.media_store), "bucket": "media", "journal": str(state / "journal"), "exclude": URL_CACHE}
    return run_module("evict", {**store.connection, **where, **ALL_OF_IT, **options})


def test_every_medium_is_there_when_the_disk_is_empty(site, tmp_path):
    server, store = site
    client = Client(server, "anna")
    contents = [(picture(number), "image/png") for number in range(12)]
    contents += [(f"note {number}".encode() * 99, "text/plain") for number in range(6)]
    contents += [(os.urandom(12 << 20), "application/octet-stream"), (b"", "text/plain")]
    media = {client.upload(body, kind): hashlib.sha256(body).hexdigest() for body, kind in contents}
    thumbnails = {name: client.thumbnail(name) for name in list(media)[:12]}
    page = server.media_store / "url_cache" / "2026-01-01" / "page"
    page.parent.mkdir(parents=True)
    page.write_bytes(b"a page that a preview needs")
    before = [name for name in files(server.media_store) if not name.startswith("url_cache")]
    assert len(before) > len(media) + 3 * 12

    done = evict(server, store, tmp_path)
    assert not done.get("failed"), done
    assert (done["evicted"]["files"], done["local"]["files"]) == (len(before), 0)
    assert files(server.media_store) == ["url_cache/2026-01-01/page"]
    roots = sorted(path.name for path in server.media_store.iterdir())
    assert roots == ["local_content", "local_thumbnails", "url_cache"]
    assert {name: client.download(name) for name in media} == media
    assert {name: client.thumbnail(name) for name in thumbnails} == thumbnails

    new = client.upload(picture(99))
    assert client.download(new) == hashlib.sha256(picture(99)).hexdigest(), "nothing new can be uploaded"
    assert evict(server, store, tmp_path, drill=5)["drilled"] == {"objects": 5, "lost": 0}
    # Synapse brings an original back if a thumbnail of it is lost on both sides; it goes again
    first = next(iter(media))
    for thing in store.client().list_objects_v2(Bucket="media", Prefix=place(first).replace("content", "thumbnails"))["Contents"]:
        store.client().delete_object(Bucket="media", Key=thing["Key"])
    client.thumbnail(first)
    assert place(first) in files(server.media_store)
    done = evict(server, store, tmp_path)
    assert not done.get("failed"), done
    assert place(first) in done["samples"]["evicted"]
    assert files(server.media_store) == ["url_cache/2026-01-01/page"]
    assert client.download(first) == media[first]


class Reference:
    """s3_media_upload on a copy of the media store and of the bucket, as its README has it."""

    def __init__(self, server: Synapse, store: MotoS3, python: str, directory: Path) -> None:
        self.media_store = directory / "media_store"
        self._store, self._directory = store, directory
        self._script = [python, str(Path(python).with_name("s3_media_upload")), "--no-progress"]
        shutil.copytree(server.media_store, self.media_store)
        store.client().create_bucket(Bucket="reference")
        for thing in store.client().list_objects_v2(Bucket="media")["Contents"]:
            store.client().copy_object(Bucket="reference", Key=thing["Key"], CopySource={"Bucket": "media", "Key": thing["Key"]})
        (directory / "database.yaml").write_text(
            yaml.safe_dump({"sqlite": {"database": str(server.directory / "homeserver.db")}})
        )

    def run(self) -> list[tuple[int, str]]:
        commands = [
            ["update", str(self.media_store), "0d"],
            ["upload", str(self.media_store), "reference", "--delete", "--endpoint-url", self._store.endpoint_url],
        ]
        said = []
        for command in commands:
            done = subprocess.run(
                [*self._script, *command],
                cwd=self._directory,
                env={**os.environ, **environment(self._store), "AWS_DEFAULT_REGION": "us-east-1"},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            said.append((done.returncode, done.stdout + done.stderr))
        return said


def held(store: MotoS3, bucket: str, media_store: Path, name: str) -> str:
    """What Synapse would serve: the file or else the object."""
    path = media_store / place(name)
    if path.exists():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    try:
        got = store.client().get_object(Bucket=bucket, Key=place(name))["Body"].read()
    except store.client().exceptions.NoSuchKey:
        return "missing"
    return hashlib.sha256(got).hexdigest()


def test_what_the_script_loses_stays(site, python, tmp_path):
    """The numbers in docs/evict.md: two of six media are lost by the script, and the one that came back stays for ever."""
    server, store = site
    client = Client(server, "berta")
    media = {}
    for number in range(6):
        body = f"letter {number}".encode() * 200
        media[client.upload(body, "text/plain")] = hashlib.sha256(body).hexdigest()
    cut, other, missing, back = list(media)[:4]
    size = (server.media_store / place(other)).stat().st_size
    store.client().put_object(Bucket="media", Key=place(cut), Body=b"")
    store.client().put_object(Bucket="media", Key=place(other), Body=b"?" * size)
    store.client().delete_object(Bucket="media", Key=place(missing))
    reference = Reference(server, store, python, tmp_path)
    saved = (server.media_store / place(back)).read_bytes()

    ended = reference.run()
    assert [status for status, _said in ended] == [0, 0], ended
    lost = [name for name in media if held(store, "reference", reference.media_store, name) != media[name]]
    assert lost == [cut, other], ended

    done = evict(server, store, tmp_path)
    assert done["failed"] and done["stayed"]["different"] == 2
    assert {name: held(store, "media", server.media_store, name) for name in media} == media
    assert {name: client.download(name) for name in media} == media
    stayed = [name for name in media if (server.media_store / place(name)).exists()]
    assert stayed == [cut, other]

    # A file that Synapse has brought back: the script has noted for ever that it is gone.
    for root in (reference.media_store, server.media_store):
        path = root / place(back)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(saved)
    reference.run()
    assert (reference.media_store / place(back)).exists()
    evict(server, store, tmp_path)
    assert not (server.media_store / place(back)).exists()
    for name in (cut, other):  # the way out: whoever finds the files whole uploads them again
        (server.media_store / place(name)).touch()
    common = {"path": str(server.media_store), "bucket": "media", "exclude": URL_CACHE}
    assert run_module("sync", {**store.connection, **common})["complete"]
    assert not evict(server, store, tmp_path).get("failed")
    assert {name: client.download(name) for name in media} == media
