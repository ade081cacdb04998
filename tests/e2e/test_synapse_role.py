# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Synapse gets its bucket from the role alone, also in homeserver.yaml, and loses nothing when it is taken away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import BUCKET, plain, ran
from ansible_collections.mediastore.s3.tests.e2e.synapse_site import SynapseSite, synapse_python
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

SECRET = "a-secret-of-the-store"
BY_THE_SCRIPT = {
    "synapse_media_evict_enabled": True,
    "synapse_media_evict_by": "s3_media_upload",
    "synapse_media_evict_max_age": "90d",
}
COMMENT = "# what we agreed on in 2021 stays as it is\nmedia_storage_providers: []   # none yet\n"


class RoleSite(SynapseSite):
    """The role in a play of its own, and what is around it."""

    @property
    def homeserver(self) -> Path:
        return self.server.directory / "homeserver.yaml"

    def vary(self, **variables: Any) -> None:
        """Without a migration the role has to know the bucket by itself."""
        super().vary(**{"synapse_media_bucket": BUCKET, **variables})

    def objects(self) -> list[str]:
        found = (self.store.data / BUCKET).rglob("*")
        return sorted(str(path.relative_to(self.store.data / BUCKET)) for path in found if path.is_file())

    def evict_all(self) -> None:
        everything = {"max_age": "0s", "min_age": "0s", "upload_after": "0s", "exclude": ["url_cache/", "url_cache_thumbnails/"]}
        place = {"path": str(self.media), "bucket": BUCKET, "journal": str(self.directory / "evict" / "journal")}
        assert not run_module("evict", {**self.store.connection, **place, **everything}).get("failed")


@pytest.fixture(scope="module")
def python():
    return synapse_python()


@pytest.fixture
def site(tmp_path, python):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", SECRET) as store:
        made = RoleSite(tmp_path, store, python)
        made.homeserver.write_text(made.homeserver.read_text() + COMMENT)
        made.build(files=5)
        try:
            yield made
        finally:
            made.close()


def test_it_comes_twice_and_goes_with_all_media_on_the_disk(site):
    """In homeserver.yaml; with a drop-in it is the molecule scenario synapse/default."""
    site.vary(synapse_media_config_file=str(site.homeserver))
    before, mode = site.homeserver.read_bytes(), site.homeserver.stat().st_mode
    foreseen = ran(site.play("role", "--check", "--diff"))
    assert foreseen.changed and site.homeserver.read_bytes() == before and SECRET not in foreseen.output
    first = ran(site.play("role", "--diff"))
    assert first.changed and SECRET not in first.output
    assert site.homeserver.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(site.homeserver.read_text())["media_storage_providers"][0]["config"]["bucket"] == BUCKET
    for line in before.decode().splitlines():
        assert line in site.homeserver.read_text()
    assert site.objects() == []
    assert site.upload("new", 3000)
    assert len(site.objects()) == 1
    assert ran(site.play("role")).changed == 0

    assert not run_module("sync", {**site.store.connection, "path": str(site.media), "bucket": BUCKET}).get("failed")
    site.evict_all()
    first_medium = site.file_of(next(iter(site.acknowledged)))
    assert site.lost() == [] and not first_medium.exists()
    site.vary(synapse_media_config_file=str(site.homeserver), synapse_media_state="absent")
    foreseen = ran(site.play("role", "--check"))
    assert foreseen.changed and not first_medium.exists()
    objects = site.objects()
    assert ran(site.play("role")).changed
    assert site.homeserver.read_bytes() == before and site.homeserver.stat().st_mode == mode
    assert site.objects() == objects, "the media stay in the bucket as well"
    site.store.stop()
    assert site.lost() == [], "all of it is on the disk"
    assert site.upload("without", 3000)
    assert ran(site.play("role")).changed == 0


def test_a_migration_there_and_back_through_homeserver_yaml(site):
    site.vary(synapse_media_config_file=str(site.homeserver), migrate_order="stop-first")
    before = site.homeserver.read_bytes()
    ran(site.play("plan"))
    assert site.homeserver.read_bytes() == before
    ran(site.play("cutover"))
    assert "S3StorageProviderBackend" in site.homeserver.read_text() and site.lost() == []
    assert site.upload("since", 3000)
    ran(site.play("rollback"))
    assert site.homeserver.read_bytes() == before
    assert site.lost() == []


def test_what_is_refused_before_anything_is_touched(site):
    ran(site.play("role"))
    written = site.config.read_bytes()
    for variables, words in (
        ({"synapse_media_prefix": "other/"}, f"it keeps its media in {BUCKET}/, and would look for them in {BUCKET}/other/"),
        (
            {
                "synapse_media_threadpool_size": 10,
                "synapse_media_request_checksum_calculation": "when_supported",
                "synapse_media_response_checksum_validation": "when_supported",
            },
            "1.7.0 reads what synapse_media_threadpool_size and synapse_media_request_checksum_calculation and "
            "synapse_media_response_checksum_validation would set, and then drops it",
        ),
        ({"synapse_media_storage_class": "GLACIER"}, "value of synapse_media_storage_class must be one of"),
        ({"synapse_media_image": "synapse"}, "needs a name of its own. Set synapse_media_image_built."),
        ({"synapse_media_evict_enabled": True}, "neither synapse_media_evict_max_bytes nor synapse_media_evict_max_age is set"),
        (
            {**BY_THE_SCRIPT, "synapse_media_evict_max_bytes": "20G", "synapse_media_evict_quarantine_days": 7},
            "there is no limit in bytes (synapse_media_evict_max_bytes) and no quarantine (synapse_media_evict_quarantine_days)",
        ),
        (
            {**BY_THE_SCRIPT, "synapse_media_sse_customer_key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="},
            "there is no SSE-C",
        ),
    ):
        refused = site.play("role", "-e", json.dumps(variables))
        assert refused.status != 0 and words in plain(refused), refused.output
        assert site.config.read_bytes() == written
    (site.store.data / "elsewhere").mkdir()
    moved = json.dumps({"synapse_media_bucket": "elsewhere", "synapse_media_moved": True})
    ran(site.play("role", "-e", moved))
    assert b"bucket: elsewhere" in site.config.read_bytes()


def test_the_key_may_come_from_the_environment(site):
    site.close()
    settings = site.server.directory / "server.json"
    told = json.loads(settings.read_text())
    told["environment"] |= {"AWS_ACCESS_KEY_ID": "ACCESSKEY", "AWS_SECRET_ACCESS_KEY": SECRET}
    settings.write_text(json.dumps(told))
    site.vary(synapse_media_access_key="", synapse_media_secret_key="")
    ran(site.play("role"))
    assert "key" not in site.config.read_text()
    assert site.upload("new", 3000) and len(site.objects()) == 1


def test_the_variables_of_another_playbook_are_understood(site):
    """Those with which matrix-docker-ansible-deploy mounts a bucket."""
    connection = dict(site.store.connection)
    theirs = {
        "matrix_s3_media_store_enabled": True,
        "matrix_s3_media_store_bucket_name": BUCKET,
        "matrix_s3_media_store_aws_access_key": connection["access_key"],
        "matrix_s3_media_store_aws_secret_key": connection["secret_key"],
        "matrix_s3_media_store_region": "eu-central-1",
        "matrix_s3_media_store_custom_endpoint_enabled": True,
        "matrix_s3_media_store_custom_endpoint": connection["endpoint_url"],
    }
    inventory = site.inventory()
    host = inventory["all"]["hosts"]["chat"]
    for name in ("mediastore_store", "migrate_bucket", "synapse_media_bucket"):
        del host[name]
    host.update(theirs)
    (site.directory / "inventory.json").write_text(json.dumps(inventory))
    ran(site.play("role"))
    (provider,) = yaml.safe_load(site.config.read_text())["media_storage_providers"]
    assert provider["config"] == {
        "bucket": BUCKET,
        "endpoint_url": connection["endpoint_url"],
        "region_name": "eu-central-1",
        "access_key_id": "ACCESSKEY",
        "secret_access_key": SECRET,
        "storage_class": "STANDARD",
    }
    assert site.upload("new", 3000) and len(site.objects()) == 1
