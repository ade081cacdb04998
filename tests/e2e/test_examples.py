# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples that users copy, run as they are; only addresses, paths and keys are replaced."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.plugins.filter.cache_plan import cache_plan
from ansible_collections.mediastore.s3.plugins.filter.mount_plan import mount_plan
from ansible_collections.mediastore.s3.plugins.filter.sentinel_plan import sentinel_plan
from ansible_collections.mediastore.s3.tests.servers.backblaze import Backblaze
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.moto_auth import MotoAuthS3
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3
from ansible_collections.mediastore.s3.tests.unit.core.synapsedb import MediaTables
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

EXAMPLES = Path(__file__).parents[2] / "examples"
KEYS = {"vault_s3_access_key": "EXAMPLEKEY", "vault_s3_secret_key": "example-secret-of-the-store"}


@pytest.fixture
def store(tmp_path):
    with RcloneS3(tmp_path / "store", *KEYS.values()) as server:
        yield server


def play(host, store, playbook, *flags, status=0, examples=EXAMPLES, **replaced):
    """Run a playbook for a host of the example inventory, and return its output."""
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "mediastore_store": store.connection,
        "mediastore_admin": store.connection,
        # most of the stores here make no keys
        "mediastore_keys": [],
        **KEYS,
        **replaced,
    }
    variables = {name: value for name, value in variables.items() if value is not None}
    command = ["ansible-playbook", "-i", str(examples / "inventory.yml"), "--limit", host, playbook, "-e", json.dumps(variables)]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [*command, *flags], env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=300, check=False
    )
    output = done.stdout + done.stderr
    assert done.returncode == status, output
    assert KEYS["vault_s3_secret_key"] not in output
    return output


def test_a_mirror_of_a_directory(store, tmp_path):
    uploads = tmp_path / "uploads"
    (uploads / "tmp").mkdir(parents=True)
    (uploads / "photo.jpg").write_bytes(b"photo" * 1000)
    (uploads / "tmp" / "half").write_bytes(b"unfinished")
    places = {"mirror_path": str(uploads), "mirror_journal": str(tmp_path / "journal")}
    play("gallery.example.org", store, str(EXAMPLES / "mirror.yml"), **places)
    copies = store.data / "example-gallery"
    assert [path.name for path in copies.rglob("*") if path.is_file()] == ["photo.jpg"]
    assert "changed=0" in play("gallery.example.org", store, str(EXAMPLES / "mirror.yml"), **places)


def test_a_small_disk_beside_the_bucket(store, tmp_path):
    for place in (tmp_path / "media", store.data / "example-synapse-media"):
        for name in ("local_content/aa/bb/old", "local_content/aa/bb/new", "local_thumbnails/aa/bb/old/96-96-image-png-crop"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(name.encode())
            os.utime(place / name, (time.time() - (30 if "new" in name else 120) * 86400,) * 2)
    places = {"evict_path": str(tmp_path / "media"), "evict_journal": str(tmp_path / "journal")}
    foreseen = play("matrix.example.org", store, str(EXAMPLES / "evict.yml"), "--check", "--diff", **places)
    assert "- local_content/aa/bb/old" in foreseen and (tmp_path / "media" / "local_content/aa/bb/old").exists()
    play("matrix.example.org", store, str(EXAMPLES / "evict.yml"), **places)
    left = sorted(path.name for path in (tmp_path / "media").rglob("*") if path.is_file())
    assert left == ["96-96-image-png-crop", "new"]
    assert "changed=0" in play("matrix.example.org", store, str(EXAMPLES / "evict.yml"), **places)


def test_database_disk_and_bucket_of_a_synapse(store, tmp_path):
    tables = MediaTables(tmp_path / "homeserver.db")
    (store.data / "example-synapse-media").mkdir()
    for name in ("AAphoto", "BBlost"):
        tables.local(name, 5)
    photo = tmp_path / "media" / "local_content" / "AA" / "ph" / "oto"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"photo")
    os.utime(photo, (1e9, 1e9))
    places = {"reconcile_path": str(tmp_path / "media"), "reconcile_database": {"path": str(tables.path)}}
    places["reconcile_python"] = sys.executable
    said = play("matrix.example.org", store, str(EXAMPLES / "reconcile.yml"), **places)
    assert "2 rows: 0 in both places, 1 on the disk only" in said and "local_content/BB/lo/st" in said
    object_of_it = store.data / "example-synapse-media" / "local_content" / "AA" / "ph" / "oto"
    assert not object_of_it.exists()
    play("matrix.example.org", store, str(EXAMPLES / "reconcile.yml"), **places, reconcile_repair=True)
    assert object_of_it.read_bytes() == b"photo"
    assert "changed=0" in play("matrix.example.org", store, str(EXAMPLES / "reconcile.yml"), **places, reconcile_repair=True)


def test_four_hosts_move_one_directory_together(tmp_path):
    for number in range(200):
        path = tmp_path / "media" / f"{number % 7}" / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * number)
    text = (EXAMPLES / "shared_source.yml").read_text()
    playbook = tmp_path / "shared_source.yml"
    playbook.write_text(
        text.replace("/srv/media", str(tmp_path / "media")).replace("/var/lib/mediastore", str(tmp_path / "state"))
    )
    (tmp_path / "inventory.ini").write_text("[media_nodes]\nnode[1:4].example.org\n")
    wanted = sorted(f"PUT /example-media/{path.relative_to(tmp_path / 'media')}" for path in (tmp_path / "media").rglob("*.bin"))
    with MotoS3() as store:
        output = nodes(tmp_path, playbook, store)
        objects = [request for request in store.requests if request.startswith("PUT /example-media/") and request.count("/") > 2]
        assert sorted(objects) == wanted, "each object was sent exactly once"
        assert output.count("changed=") == 4
        store.requests.clear()
        again = nodes(tmp_path, playbook, store)
        assert again.count("changed=0") == 4 and not [one for one in store.requests if one.startswith("PUT /example-media/")]
        # fewer hosts are other parts, and the whole again
        (tmp_path / "media" / "new.bin").write_bytes(b"new")
        nodes(tmp_path, playbook, store, "--limit", "node1.example.org,node3.example.org")
        common = {**store.connection, "path": str(tmp_path / "media"), "bucket": "example-media"}
        assert run_module("verify", common)["counts"]["matched"] == 201
        # a host that cannot do its part is not passed over
        (tmp_path / "media" / "link").symlink_to("nowhere")
        failed = nodes(tmp_path, playbook, store, status=2)
        assert "symbolic link" in failed and "have not done their part" in failed, failed


def nodes(directory, playbook, store, *flags, status=0):
    """Run a playbook on four hosts at once, all of them this one, and return its output."""
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "mediastore_store": store.connection,
    }
    command = ["ansible-playbook", "-i", str(directory / "inventory.ini"), "--forks", "4", str(playbook), *flags]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command += ["-e", json.dumps(variables)]
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "host, bucket",
    [
        ("gallery.example.org", "example-gallery"),
        ("matrix.example.org", "example-synapse-media"),
        ("node1.example.org", "example-shared-media"),
    ],
)
def test_the_bucket_of_each_host(store, host, bucket):
    play(host, store, "mediastore.s3.provision")
    assert (store.data / bucket).is_dir()


def test_the_buckets_of_a_chat_server():
    with MotoS3() as store:
        # moto lets everybody list, so what the example promises is proved elsewhere (tests/interop)
        unproved = {"mediastore_prove_access": False}
        play("zulip.example.org", store, "mediastore.s3.provision", **unproved)
        client = store.client()
        names = sorted(bucket["Name"] for bucket in client.list_buckets()["Buckets"])
        assert names == ["example-zulip-avatars", "example-zulip-exports", "example-zulip-uploads"]
        assert "PublicRead" in client.get_bucket_policy(Bucket="example-zulip-avatars")["Policy"]
        assert client.get_bucket_cors(Bucket="example-zulip-uploads")["CORSRules"]
        assert client.get_bucket_lifecycle_configuration(Bucket="example-zulip-exports")["Rules"]
        assert "changed=0" in play("zulip.example.org", store, "mediastore.s3.provision", **unproved)


@pytest.mark.parametrize("host", ["matrix-garage.example.org", "mastodon-b2.example.org", "zulip-aws.example.org"])
def test_a_store_is_one_that_has_a_profile_and_an_address(host):
    said = yaml.safe_load((EXAMPLES / "host_vars" / host / "vars.yml").read_text(encoding="utf-8"))
    for store in (said["mediastore_store"], said["mediastore_admin"]):
        place = {name: store[name] for name in ("provider", "region", "endpoint_url") if name in store}
        known = run_module("provider_info", place)["provider"]
        assert known["region"] == store["region"] and (known["endpoint"] or store["provider"] == "aws")


def test_a_mastodon_on_backblaze_gets_its_bucket_and_its_key(tmp_path):
    examples = tmp_path / "examples"
    shutil.copytree(EXAMPLES, examples)
    (tmp_path / "password").write_text("a-password-for-the-vault")
    host = "mastodon-b2.example.org"
    with Backblaze() as store:
        # as Backblaze's own interface is not where S3 is, nobody can try here what visitors may read
        here = {
            "mediastore_prove_access": False,
            "mediastore_prove_keys": False,
            "mediastore_keys": None,
            "mediastore_store": None,
            "examples": examples,
        }
        here["mediastore_admin"] = {"provider": "b2", "api": "native", "region": "eu-central-003", "admin_url": store.url}
        here["mediastore_admin"].update(access_key=store.access_key, secret_key=store.secret_key)
        flags = ["--vault-password-file", str(tmp_path / "password")]
        play(host, store, "mediastore.s3.provision", *flags, **here)
        sealed = (examples / "host_vars" / host / "keys.yml").read_text()
        assert sealed.startswith("$ANSIBLE_VAULT")
        assert "changed=0" in play(host, store, "mediastore.s3.provision", *flags, **here)
        assert {"b2_create_bucket", "b2_create_key"} <= set(store.calls)


#: the application whose key each host has
KEYS_OF = {"matrix": "synapse", "mastodon": "mastodon", "zulip": "zulip", "zulip-aws": "zulip-aws"}


@pytest.fixture
def vaulted(tmp_path):
    """Runs a playbook with the host's own mediastore_keys and mediastore_store, and a vault for what it makes."""
    examples = tmp_path / "examples"
    shutil.copytree(EXAMPLES, examples)
    (tmp_path / "password").write_text("a-password-for-the-vault")
    flags = ["--vault-password-file", str(tmp_path / "password"), "-vvv", "--diff"]
    # moto asks strangers for no keys, so nothing is proved of those
    own = {"mediastore_keys": None, "mediastore_store": None, "mediastore_prove_access": False, "examples": examples}
    with MotoAuthS3(tmp_path / "store") as store:

        def run(host, playbook, **replaced):
            output = play(host, store, playbook, *flags, **own, **replaced)
            return output, (examples / "host_vars" / host / "keys.yml").read_text()

        run.store = store
        yield run


@pytest.mark.parametrize("host, name", [(f"{name}.example.org", alias) for name, alias in KEYS_OF.items()])
def test_the_key_of_each_host_is_made(vaulted, host, name):
    _output, sealed = vaulted(host, "mediastore.s3.provision")
    assert sealed.startswith("$ANSIBLE_VAULT")
    assert vaulted.store.client(service="iam").list_access_keys(UserName=f"example-{name}")["AccessKeyMetadata"]


def test_the_key_of_a_host_is_kept_and_rotated(vaulted):
    host = "gallery.example.org"
    made, sealed = vaulted(host, "mediastore.s3.provision")
    again, kept = vaulted(host, "mediastore.s3.provision")
    assert "changed=0" in again and kept == sealed
    quick = {"rotate_key_name": "example-gallery", "rotate_key_app": "", "rotate_key_drain": 0, "rotate_key_grace": 0}
    rotated, other = vaulted(host, "mediastore.s3.rotate_key", **quick)
    assert "is deleted, and the store refuses it" in rotated and other != sealed
    (key,) = vaulted.store.client(service="iam").list_access_keys(UserName="example-gallery")["AccessKeyMetadata"]
    assert key["AccessKeyId"] in rotated and key["AccessKeyId"] not in made


def test_the_gallery_is_planned_copied_and_its_state_told(store, tmp_path):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    for number in range(5):
        (uploads / f"{number}.jpg").write_bytes(b"photo %d" % number)
    here = {
        "generic_path": str(uploads),
        "migrate_state_dir": str(tmp_path / "state"),
        # no systemd unit of this name runs here: the same application by its commands
        "generic_services": [],
        "generic_stop_command": "true",
        "generic_start_command": "true",
        "generic_switch_files": [{"path": str(tmp_path / "storage.yml"), "content": "backend: s3"}],
    }
    play("gallery.example.org", store, "mediastore.s3.provision")
    assert "Would copy 5 files" in play("gallery.example.org", store, "mediastore.s3.migrate.plan", **here)
    play("gallery.example.org", store, "mediastore.s3.migrate.sync", **here)
    assert len(list((store.data / "example-gallery").rglob("*.jpg"))) == 5
    assert "gallery: synced" in play("gallery.example.org", store, "mediastore.s3.migrate.status", **here)


def test_three_hosts_with_one_directory_are_planned_and_copied_together(store, tmp_path):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    for number in range(9):
        (uploads / f"{number}.jpg").write_bytes(b"photo %d" % number)
    here = {
        "generic_path": str(uploads),
        # one machine stands for all three, so each needs a state of its own
        "migrate_state_dir": f"{tmp_path}/state/{{{{ inventory_hostname }}}}",
        "generic_services": [],
        "generic_stop_command": "true",
        "generic_start_command": "true",
        "generic_switch_files": [{"path": f"{tmp_path}/{{{{ inventory_hostname }}}}.yml", "content": "backend: s3"}],
    }
    play("node1.example.org", store, "mediastore.s3.provision")
    assert "Would copy 9 files" in play("media_nodes", store, "mediastore.s3.migrate.plan", **here)
    alone = play("node1.example.org", store, "mediastore.s3.migrate.plan", status=2, **here)
    assert "are not all in this run" in alone
    play("media_nodes", store, "mediastore.s3.migrate.sync", **here)
    assert len(list((store.data / "example-shared-media").rglob("*.jpg"))) == 9


def test_a_synapse_that_is_not_there_is_said_so(store, tmp_path):
    here = {"migrate_state_dir": str(tmp_path / "state"), "synapse_media_path": str(tmp_path / "nowhere")}
    play("matrix.example.org", store, "mediastore.s3.provision")
    output = play("matrix.example.org", store, "mediastore.s3.migrate.plan", status=2, **here)
    assert f"{tmp_path}/nowhere" in output


def test_a_synapse_of_another_playbook_is_looked_for_where_that_has_it(store, tmp_path):
    play("mdad.example.org", store, "mediastore.s3.provision")
    assert (store.data / "example-mdad-media").is_dir()
    here = {"migrate_state_dir": str(tmp_path / "state")}
    output = play("mdad.example.org", store, "mediastore.s3.migrate.plan", status=2, **here)
    assert "/matrix/synapse/storage/media-store" in output


def test_the_mount_is_one_that_can_be_planned():
    said = yaml.safe_load((EXAMPLES / "host_vars" / "files.example.org" / "vars.yml").read_text(encoding="utf-8"))
    (mount,) = said["mediastore_mounts"]
    known = {"endpoint": said["mediastore_store"]["endpoint_url"], "region": said["mediastore_store"]["region"]}
    ids = {mount["owner"]: "33"}
    mount["sse_c_key"] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    plan = mount_plan([mount], said["mediastore_store"], {mount["name"]: known}, ids, ids)
    assert plan["problems"] == []
    assert "media:example-files /srv/files" in plan["present"][0]["arguments"]


@pytest.mark.parametrize(
    ("host", "watched"),
    [
        ("matrix.example.org", [{"name": "example-synapse-media"}]),
        (
            "mastodon.example.org",
            [
                {"name": "example-mastodon-media", "read": False},
                {"name": "example-mastodon-media", "prefixes": ["backups/", "imports/"], "may_be_empty": True},
            ],
        ),
    ],
)
def test_the_sentinels_watch_what_must_be_private(host, watched):
    said = yaml.safe_load((EXAMPLES / "host_vars" / host / "vars.yml").read_text(encoding="utf-8"))
    assert said["mediastore_sentinel_command"] and said["mediastore_sentinel_metrics"].endswith(".prom")
    role = yaml.safe_load((EXAMPLES.parent / "roles" / "sentinel" / "vars" / "main.yml").read_text(encoding="utf-8"))
    folders = role["__sentinel_folders"].get(said["migrate_app"], [])
    assert sentinel_plan(said["mediastore_buckets"], private={said["migrate_bucket"]: folders}) == watched


@pytest.mark.parametrize(
    ("host", "mode", "place"),
    [
        ("zulip.example.org", "internal", ("s3.example.org", "/example-zulip-uploads")),
        ("mastodon.example.org", "public", ("s3.example.org", "/example-mastodon-media")),
    ],
)
def test_the_caches_are_some_that_can_be_planned(host, mode, place):
    said = yaml.safe_load((EXAMPLES / "host_vars" / host / "vars.yml").read_text(encoding="utf-8"))
    (cache,) = said["mediastore_caches"]
    store = said["mediastore_store"]
    known = run_module("provider_info", {name: store[name] for name in ("provider", "endpoint_url")})["provider"]
    plan = cache_plan([cache], store, {cache["name"]: known}, "nameserver 192.0.2.53")
    assert plan["problems"] == []
    (planned,) = plan["present"]
    assert (planned["mode"], planned["origin"]["host"], planned["origin"]["base"]) == (mode, *place)
