# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Synapse that federates with another: what it has lost is found, mended where that can be, and fetched again."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.e2e.measured import finish, start
from ansible_collections.mediastore.s3.tests.e2e.synapse_site import synapse_python
from ansible_collections.mediastore.s3.tests.e2e.test_evict_synapse import Client, environment, picture, place
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.postgres import Postgres
from ansible_collections.mediastore.s3.tests.servers.synapse import Synapse
from ansible_collections.mediastore.s3.tests.servers.tls import make_certificates
from ansible_collections.mediastore.s3.tests.unit.core.synapsedb import MediaTables
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

THUMBNAIL = "32-32-image-png-crop"


class Site:
    """A Synapse, its bucket, another Synapse that it federates with, and its database in one of two ways."""

    def __init__(self, directory: Path, store: MotoS3, python: str, database: Postgres | None) -> None:
        self.store = store
        self.server = Synapse.create(directory / "home", python, environment(store))
        self.origin = Synapse.create(directory / "origin", python)
        made = make_certificates(directory / "tls")
        for server in (self.server, self.origin):
            server.federate(made.cert, made.key)
        if database is not None:
            (self.server.conf_d / "database.yaml").write_text(yaml.safe_dump({"database": database.synapse}))
        self.database = {"path": str(self.server.directory / "homeserver.db")} if database is None else database.place
        config = {"bucket": "media", "endpoint_url": store.endpoint_url, "region_name": "us-east-1"}
        stored = {"store_local": True, "store_remote": True, "store_synchronous": True}
        block = {"module": "s3_storage_provider.S3StorageProviderBackend", **stored, "config": config}
        (self.server.conf_d / "s3.yaml").write_text(yaml.safe_dump({"media_storage_providers": [block]}))

    @property
    def options(self) -> dict:
        where = {"path": str(self.server.media_store), "bucket": "media", "database": self.database, "settle_after": "0s"}
        return {**self.store.connection, **where}

    def info(self, **options) -> dict:
        done = run_module("synapse_media_info", {**self.options, **options})
        assert not done.get("failed"), done
        return done

    def repair(self, check=False, **options) -> dict:
        return run_module("synapse_media_repair", {**self.options, **options}, check=check)

    def remote_path(self, media: str) -> str:
        """Where the home server keeps a medium of the other one; there must be one only."""
        origin = media.partition("/")[0]
        found = [path for path in (self.server.media_store / "remote_content" / origin).rglob("*") if path.is_file()]
        digest = hashlib.sha256((self.origin.media_store / place(media)).read_bytes()).hexdigest()
        [one] = [path for path in found if hashlib.sha256(path.read_bytes()).hexdigest() == digest]
        return str(one.relative_to(self.server.media_store))

    def lose(self, path: str) -> None:
        (self.server.media_store / path).unlink()
        self.store.client().delete_object(Bucket="media", Key=path)

    def objects(self) -> list[str]:
        return [thing["Key"] for thing in self.store.client().list_objects_v2(Bucket="media").get("Contents", [])]


@pytest.fixture(scope="module")
def python():
    return synapse_python()


@pytest.fixture
def store(tmp_path):
    with MotoS3(tmp_path / "store", tls=True) as store:
        store.client().create_bucket(Bucket="media")
        yield store


@pytest.fixture
def site(tmp_path, store, python):
    site = Site(tmp_path, store, python, None)
    try:
        site.origin.start()
        site.server.start()
        yield site
    finally:
        site.server.stop()
        site.origin.stop()


def status(call) -> int:
    try:
        call()
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def states(result: dict, kind: str) -> dict:
    return {state: number for state, number in result["counts"][kind].items() if number}


def test_each_kind_is_found_and_mended(site):
    client, other = Client(site.server, "anna"), Client(site.origin, "otto")
    media, names = {}, ("whole", "disk", "evicted", "lost", "badobject", "badfile", "quarantined")
    for number, name in enumerate(names):
        body = f"letter {number}".encode() * 300
        media[name] = (client.upload(body, "text/plain"), hashlib.sha256(body).hexdigest())
    shown = client.upload(picture(1))
    abroad = [(other.upload(picture(2 + number)), picture(2 + number)) for number in range(2)]
    for name, body in abroad:
        assert client.download(name) == hashlib.sha256(body).hexdigest()
    healthy = site.info()
    assert healthy["reconciled"] and healthy["totals"]["both"] == sum(kind["rows"] for kind in healthy["counts"].values())
    assert {kind for kind, counted in healthy["counts"].items() if counted["rows"]} == {
        *("local_content", "local_thumbnails", "remote_content", "remote_thumbnail")
    }

    root, s3 = site.server.media_store, site.store.client()
    paths = {name: place(address) for name, (address, _sha256) in media.items()}
    s3.delete_object(Bucket="media", Key=paths["disk"])
    (root / paths["evicted"]).unlink()
    site.lose(paths["lost"])
    s3.put_object(Bucket="media", Key=paths["badobject"], Body=b"?" * (root / paths["badobject"]).stat().st_size)
    (root / paths["badfile"]).write_bytes((root / paths["badfile"]).read_bytes()[:100])
    site.server.admin_call("POST", f"/_synapse/admin/v1/media/quarantine/{media['quarantined'][0]}")
    thumbnail = f"{place(shown).replace('content', 'thumbnails')}/{THUMBNAIL}"
    site.lose(thumbnail)
    (root / "local_content" / "ZZ").mkdir()
    (root / "local_content" / "ZZ" / "orphan").write_bytes(b"1")
    s3.put_object(Bucket="media", Key="remote_content/gone.org/aa/bb/cc", Body=b"1")
    gone = site.remote_path(abroad[0][0])
    site.lose(gone)

    found = site.info()
    local = {"rows": 8, "both": 3, "disk_only": 1, "bucket_only": 1, "missing": 1, "different": 2}
    assert states(found, "local_content") == {**local, "orphan_disk": 1, "quarantined": 1}
    assert states(found, "local_thumbnails")["missing"] == 1
    assert states(found, "remote_content") == {"rows": 2, "both": 1, "missing": 1, "orphan_bucket": 1}
    assert found["samples"]["missing"] == sorted(
        [paths["lost"], thumbnail, f"{gone} (mxc://{abroad[0][0]})"], key=lambda text: text.partition(" ")[0]
    )
    assert f"{paths['badobject']} (same size, other content; the file is whole)" in found["samples"]["different"]
    [cut] = [text for text in found["samples"]["different"] if text.startswith(paths["badfile"])]
    assert cut.endswith("; the object is whole)")
    assert found["samples"]["quarantined"][0].startswith(f"{paths['quarantined']} (by @")

    before = (sorted(str(path) for path in root.rglob("*")), site.objects())
    foreseen = site.repair(check=True)
    assert (foreseen["uploaded"]["files"], foreseen["fetched"]["files"]) == (2, 1)
    assert (sorted(str(path) for path in root.rglob("*")), site.objects()) == before
    mended = site.repair()
    assert mended["changed"] and (mended["uploaded"]["files"], mended["fetched"]["files"]) == (2, 1), mended
    after = site.info()
    assert after["totals"]["different"] == after["totals"]["disk_only"] == 0
    assert after["totals"]["missing"] == 3
    assert not site.repair()["changed"]
    for name in ("whole", "disk", "evicted", "badobject", "badfile"):
        assert client.download(media[name][0]) == media[name][1], name
        if name != "evicted":
            (root / paths[name]).unlink()
            assert client.download(media[name][0]) == media[name][1], f"{name} by its object"
    assert site.repair(fetch="all")["fetched"]["files"] >= 5
    assert (root / paths["evicted"]).exists()

    # A thumbnail Synapse makes again when it is asked for, as long as it has the original.
    assert status(lambda: client.thumbnail(shown, 32)) == 200


def test_media_of_another_server_come_back_only_when_their_row_is_gone(site):
    client, other = Client(site.server, "anna"), Client(site.origin, "otto")
    lost, kept = (other.upload(picture(number)) for number in (1, 2))
    digests = {name: client.download(name) for name in (lost, kept)}
    site.lose(site.remote_path(lost))
    before = set(site.objects())
    # Synapse fetches it, cannot write a second row, and throws it away; what it has put into the bucket stays there.
    assert status(lambda: client.download(lost)) == 404
    litter = {key for key in set(site.objects()) - before if key.startswith("remote_content")}
    found = site.info()
    assert found["refetch"]["missing"] == 1 and found["counts"]["remote_content"]["orphan_bucket"] == len(litter)

    admin = {"refetch": True, "synapse_url": site.server.url, "synapse_token": site.server.admin_token()}
    refused = site.repair(**{**admin, "synapse_token": "wrong"}, refetch_also=1)
    assert refused["failed"] and "synapse_token" in refused["msg"]
    assert site.repair(check=True, **admin, refetch_also=1)["changed"]
    assert client.download(kept) == digests[kept]
    done = site.repair(**admin, refetch_also=1)
    assert not done.get("failed"), done
    assert done["purge"]["purged"] == done["purge"]["missing"] + done["purge"]["whole"] >= 1
    assert {name: client.download(name) for name in digests} == digests
    assert site.info()["totals"]["missing"] == 0


def test_postgresql(tmp_path, store, python):
    """The same by Ansible, and with the Python of Synapse, as the documentation has it."""
    with Postgres() as database:
        site = Site(tmp_path, store, python, database)
        try:
            site.server.start()
            client = Client(site.server, "anna")
            media = [client.upload(picture(number)) for number in range(3)]
            store.client().delete_object(Bucket="media", Key=place(media[0]))
            (site.server.media_store / place(media[1])).unlink()
            site.lose(place(media[2]))
            found = ansible_run(tmp_path, python, "synapse_media_info", site.options)
            assert states(found, "local_content") == {"rows": 3, "disk_only": 1, "bucket_only": 1, "missing": 1}
            assert states(found, "local_thumbnails") == {
                key: found["counts"]["local_thumbnails"]["rows"] for key in ("rows", "both")
            }
            assert ansible_run(tmp_path, python, "synapse_media_repair", site.options)["uploaded"]["files"] == 1
            assert states(ansible_run(tmp_path, python, "synapse_media_info", site.options), "local_content")["both"] == 1
            reader = {**site.options, "database": database.reader()}
            assert ansible_run(tmp_path, python, "synapse_media_info", reader)["counts"] != found["counts"]
            for wrong, said in (
                ({"password": "wrong"}, "password authentication failed"),
                ({"dbname": "nowhere"}, 'database "nowhere" does not exist'),
                ({"dbname": "postgres"}, "there is no table local_media_repository"),
            ):
                options = {**site.options, "database": {**database.place, **wrong}}
                assert said in ansible_run(tmp_path, python, "synapse_media_info", options)["msg"]
        finally:
            site.server.stop()


def ansible_run(directory: Path, python: str, module: str, options: dict) -> dict:
    """The result of a task that Synapse's Python runs."""
    playbook, result = directory / "play.json", directory / "result.json"
    tasks = [
        {"name": "Do it", f"mediastore.s3.{module}": {**options, "progress": "never"}, "register": "done", "ignore_errors": True},
        {
            "name": "Keep it",
            "ansible.builtin.copy": {"content": "{{ done | to_json }}", "dest": str(result), "mode": "0600"},
            "vars": {"ansible_python_interpreter": sys.executable},
        },
    ]
    host = {"ansible_connection": "local", "ansible_python_interpreter": python}
    playbook.write_text(json.dumps([{"name": "Run", "hosts": "all", "gather_facts": False, "vars": host, "tasks": tasks}]))
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(playbook)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(result.read_text()))


def test_memory_does_not_grow_with_the_media(tmp_path, store):
    """200 000 rows need hardly more memory than 2 000."""
    peaks = []
    for rows in (2_000, 200_000):
        directory = tmp_path / str(rows)
        (directory / "media" / "local_content").mkdir(parents=True)
        tables = MediaTables(directory / "homeserver.db")
        values = ((f"AB{number:022}", 3, 0) for number in range(rows))
        tables.db.executemany("insert into local_media_repository (media_id, media_length, created_ts) values (?, ?, ?)", values)
        tables.db.commit()
        tables.db.close()
        options = {**store.connection, "path": str(directory / "media"), "bucket": "media", "prefix": f"{rows}/"}
        options |= {"database": {"path": str(tables.path)}, "store_local": False, "settle_after": "0s"}
        # what is young is only counted: else each missing one is looked for once more
        result, length, peak = finish(start("synapse_media_info", {**options, "settle_after": "30000d"}))
        assert result["counts"]["local_content"]["settling"] == rows
        assert length < 20_000
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 30_000, peaks
