# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples in the documentation of modules and filters, run as they are printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from ansible_collections.mediastore.s3.plugins.filter import (
    app_policy,
    bucket_presets,
    cache_plan,
    key_policy,
    key_problems,
    merge_policies,
    mount_plan,
    private_policy,
    public_read_policy,
    sentinel_plan,
)
from ansible_collections.mediastore.s3.plugins.modules import (
    access_key,
    access_key_info,
    anonymous_access,
    bucket,
    bucket_copy,
    bucket_info,
    bucket_policy,
    cache_advice,
    change_feed,
    evict,
    key_access,
    migration,
    migration_info,
    object_info,
    origin_info,
    probe,
    provider_info,
    sentinel,
    storage_class,
    synapse_media_info,
    synapse_media_repair,
    sync,
    verify,
)
from ansible_collections.mediastore.s3.tests.servers.gate import CLOSED, OPEN, GatedS3
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.moto_auth import MotoAuthS3
from ansible_collections.mediastore.s3.tests.unit.core.synapsedb import MediaTables
from ansible_collections.mediastore.s3.tests.unit.core.watching import kernel_refuses

#: whose keys the examples name
OWNERS = ("vault", "vault_admin", "vault_app", "media")
#: in the order in which a reader would try them
BUCKETS = [bucket, bucket_info, bucket_policy, private_policy, public_read_policy, app_policy, key_policy, merge_policies]
LOOKING = [provider_info, bucket_presets, key_problems, mount_plan, cache_plan, sentinel_plan]
MEDIA = [sync, verify, object_info, cache_advice, storage_class, bucket_copy, migration, migration_info]


def run(plugins: list, store: Any, directory: Path, *flags: str, **replaced: str) -> tuple[int, str]:
    """Run all examples, on a store and a directory that are here instead of those that are named; their number and the output."""
    places = {
        **replaced,
        "https://s3.example.org": store.endpoint_url,
        "https://garage.example.org": store.endpoint_url,
        "https://avatars.web.example.org": f"{store.endpoint_url}/avatars",
        "/srv/media": str(directory / "media"),
        "/var/lib/mediastore": str(directory / "state"),
    }
    tasks = []
    for plugin in plugins:
        text = plugin.EXAMPLES
        for named, here in places.items():
            text = text.replace(named, here)
        tasks += yaml.safe_load(text)
    keys = {"access_key": store.access_key, "secret_key": store.secret_key}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {
            "ansible_python_interpreter": sys.executable,
            "mediastore_store": store.connection,
            **{f"{owner}_{name}": value for owner in OWNERS for name, value in keys.items()},
            **{f"vault_old_{name}": "deleted" for name in keys},
        },
        "module_defaults": {
            # what the examples leave out, since it is usual
            "group/mediastore.s3.store": {
                name: store.connection[name] for name in ("ca_path", "region") if name in store.connection
            },
            **{f"mediastore.s3.{name}": {"state_dir": str(directory / "state")} for name in ("migration", "migration_info")},
        },
        "tasks": tasks,
    }
    path = directory / "examples.yml"
    path.write_text(yaml.safe_dump([play], sort_keys=False))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = ["ansible-playbook", "-i", "localhost,", str(path), *flags]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed=0" in done.stdout and "rescued=0" in done.stdout
    return counted(tasks), done.stdout


def counted(tasks: list) -> int:
    """How many tasks there are, with those in blocks."""
    return sum(counted(task["block"]) if "block" in task else 1 for task in tasks)


def test_buckets_and_policies(tmp_path):
    with MotoS3() as store:
        number, output = run(BUCKETS, store, tmp_path)
    assert f"ok={number} " in output


def test_measuring(tmp_path):
    with MotoS3() as store:
        number, output = run([probe], store, tmp_path)
        kept = [bucket["Name"] for bucket in store.client().list_buckets()["Buckets"]]
    assert f"ok={number} " in output
    assert kept == ["measured-media"]


def test_looking_up(tmp_path):
    with MotoS3() as store:
        number, output = run(LOOKING, store, tmp_path)
        assert store.requests == []
    assert f"ok={number} " in output


def test_whether_nginx_would_reach_a_store(tmp_path):
    with MotoS3() as store:
        here = f"host: 127.0.0.1\n    port: {store.endpoint_url.rpartition(':')[2]}\n    tls: false"
        number, output = run([origin_info], store, tmp_path, **{"host: s3.example.org": here})
    assert f"ok={number} " in output and '"msg": "127.0.0.1"' in output


def test_what_the_public_may_do(tmp_path):
    def gate(method, path, query):
        public = path.startswith(("/media/avatars/mediastore-access-", "/avatars/mediastore-access-"))
        return OPEN if method == "GET" and public else CLOSED

    with GatedS3() as store:
        store.gate = gate
        for name in ("uploads", "media", "avatars"):
            store.client().create_bucket(Bucket=name)
        number, output = run([anonymous_access], store, tmp_path)
    assert f"ok={number} " in output


def test_keys(tmp_path):
    sealed = tmp_path / "host_vars" / "matrix.example.org" / "keys.yml"
    sealed.parent.mkdir(parents=True)
    (tmp_path / "password").write_text("of-the-vault")
    vault = ["--vault-password-file", str(tmp_path / "password"), "-vvv"]
    # a moto whose keys count stands for all stores
    here = {"provider: ceph": "provider: aws", "{{ inventory_dir }}": str(tmp_path), "/root": str(tmp_path)}
    file = tmp_path / "backup.credentials"
    with MotoAuthS3(tmp_path / "store") as store:
        for name in ("example-synapse-media", "example-zulip-uploads"):
            store.client().create_bucket(Bucket=name)
        number, output = run([access_key, access_key_info], store, tmp_path, *vault, **here)
        assert f"ok={number} " in output
        # the application's key is left; the backup's was removed, with what was kept of it
        assert sealed.read_text().startswith("$ANSIBLE_VAULT") and not file.exists()

        backup = yaml.safe_load(access_key.EXAMPLES)[1:2]
        before = SimpleNamespace(EXAMPLES=yaml.safe_dump(backup))
        number, output = run([before, key_access], store, tmp_path, *vault, **here)
        assert f"ok={number} " in output
        text = file.read_text()
        assert text.splitlines()[-1].startswith("aws_secret_access_key = ") and text.split()[-1] not in output


def test_media(tmp_path):
    public = tmp_path / "media" / "public"
    public.mkdir(parents=True)
    (public / "photo.jpg").write_bytes(b"photo")
    with MotoS3() as store:
        for name in ("media", "media-old", "media-copy", "zulip-avatars", "zulip-exports"):
            store.client().create_bucket(Bucket=f"example-{name}")
        store.client().put_object(Bucket="example-zulip-avatars", Key="exports/2/export.tar.gz", Body=b"export")
        _number, output = run(MEDIA, store, tmp_path)
        kept = {
            name: {thing["Key"] for thing in store.client().list_objects_v2(Bucket=f"example-{name}")["Contents"]}
            for name in ("media", "media-copy", "zulip-exports")
        }
    assert kept == {"media": {"public/photo.jpg"}, "media-copy": {"copy/photo.jpg"}, "zulip-exports": {"2/export.tar.gz"}}
    assert (tmp_path / "media.before-s3" / "public" / "photo.jpg").read_bytes() == b"photo"
    assert "media: backed_up" in output


def test_evicting(tmp_path):
    photo = tmp_path / "media" / "local_content" / "aa" / "bb" / "photo"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"photo")
    os.utime(photo, (1e9, 1e9))
    here = {"/var/lib/matrix-synapse": str(tmp_path), "/opt/mediastore": str(tmp_path)}
    with MotoS3() as store:
        store.client().create_bucket(Bucket="example-media")
        store.client().put_object(Bucket="example-media", Key="local_content/aa/bb/photo", Body=b"photo")
        number, output = run([evict], store, tmp_path, "-v", **here)
    assert f"ok={number} " in output and "0 files (0 B) evicted" in output
    assert not photo.exists() and (tmp_path / "media" / "local_content").is_dir()


def test_standing_guard(tmp_path):
    with GatedS3() as store:
        for name in ("uploads", "avatars"):
            store.client().create_bucket(Bucket=name)
            store.client().put_object(Bucket=name, Key="photo.jpg", Body=b"photo")
        number, output = run([sentinel], store, tmp_path, "-v", **{"/opt/mediastore": str(tmp_path)})
    assert f"ok={number} " in output and "Nobody without a key can read what is private: 2 places asked, 1 objects" in output


def test_reconciling(tmp_path):
    """Those with SQLite and without Synapse's admin API; test_reconcile_synapse.py has the others."""
    tables = MediaTables(tmp_path / "homeserver.db")
    tables.local("AAphoto", 5)
    photo = tmp_path / "media" / "local_content" / "AA" / "ph" / "oto"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"photo")
    os.utime(photo, (1e9, 1e9))
    first = [
        SimpleNamespace(EXAMPLES=yaml.safe_dump(yaml.safe_load(module.EXAMPLES)[:1]))
        for module in (synapse_media_info, synapse_media_repair)
    ]
    with MotoS3() as store:
        store.client().create_bucket(Bucket="example-media")
        number, output = run(first, store, tmp_path, "-v", **{"/var/lib/matrix-synapse": str(tmp_path)})
        assert f"ok={number} changed=1 " in " ".join(output.split())
        kept = store.client().get_object(Bucket="example-media", Key="local_content/AA/ph/oto")["Body"].read()
    assert kept == b"photo"


def test_following_changes(tmp_path):
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "photo.jpg").write_bytes(b"photo")
    with MotoS3() as store:
        store.client().create_bucket(Bucket="example-media")
        if kernel_refuses(tmp_path):
            with pytest.raises(AssertionError, match="Leave the change feed out"):
                run([change_feed], store, tmp_path)
            return
        number, output = run([change_feed], store, tmp_path)
        assert [thing["Key"] for thing in store.client().list_objects_v2(Bucket="example-media")["Contents"]] == ["photo.jpg"]
    assert f"ok={number} " in output
