# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application whose folders have buckets of their own moves there and back, while clients upload."""

from __future__ import annotations

import itertools
import json

import pytest

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import Site, Writer, plain, ran
from ansible_collections.mediastore.s3.tests.servers.moto_auth import MotoAuthS3
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

BUCKETS = {"files/": "uploads", "avatars/": "avatars"}


class Placed(Site):
    """A depot with two folders."""

    _folders = itertools.cycle(BUCKETS)

    def settings(self, backend):
        settings = super().settings(backend)
        return dict(settings, places=BUCKETS) if backend == "s3" else settings

    def upload(self, key, size):
        return super().upload(next(self._folders) + key, size)


@pytest.fixture
def site(tmp_path):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", "a-secret-of-the-store") as store:
        made = Placed(tmp_path, store)
        made.build()
        for bucket in BUCKETS.values():
            (store.data / bucket).mkdir()
        places = [{"folder": folder, "bucket": bucket} for folder, bucket in BUCKETS.items()]
        made.vary(migrate_bucket="", generic_places=places)
        try:
            yield made
        finally:
            made.close()


def files_below(directory):
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_there_and_back_with_what_was_uploaded_since(site):
    config = site.config.read_bytes()
    with Writer(site):
        planned = plain(ran(site.play("plan")))
        assert "The key may list, read, write, delete." in planned, planned
        ran(site.play("sync"))
        ran(site.play("cutover"))
    assert site.lost() == []
    for number in range(6):
        assert site.upload(f"since/{number}", 1000)
    assert site.lost() == []
    for folder, bucket in BUCKETS.items():
        mine = {key.removeprefix(folder) for key in site.acknowledged if key.startswith(folder)}
        assert files_below(site.store.data / bucket) == mine | {".mediastore-owner"}
    ran(site.play("verify"))
    assert ran(site.play("cutover")).changed == 0
    with Writer(site):
        ran(site.play("rollback"))
    assert site.lost() == []
    assert site.config.read_bytes() == config
    assert files_below(site.media) == set(site.acknowledged)


def test_what_stands_in_the_way_of_several_buckets_is_named(site, tmp_path):
    key = next(key for key in site.acknowledged if key.startswith("files/"))
    headers = tmp_path / "headers"
    headers.write_text(json.dumps({"path": key, "content_type": "x/y", "metadata": {"realm_id": "1"}}) + "\n")
    with MotoAuthS3(tmp_path / "moto") as store:
        owner = store.client()
        owner.create_bucket(Bucket="uploads")
        mounts = [{"name": "media", "path": str(site.media), "bucket": "uploads"}]
        site.vary(
            mediastore_store=store.connection, migrate_layout="mount", mediastore_mounts=mounts, generic_headers=str(headers)
        )
        refused = site.play("plan")
        assert refused.status != 0
        said = plain(refused)
        assert "The bucket avatars does not exist. Make it with mediastore.s3.provision, or correct its name." in said, said
        assert "everything is in one bucket, and generic has several: uploads, avatars" in said
        assert site.stage() == "new"
        owner.create_bucket(Bucket="avatars")
        site.vary(migrate_layout="native")
        ran(site.play("sync"))
        head = owner.head_object(Bucket="uploads", Key=key.removeprefix("files/"))
        assert (head["ContentType"], head["Metadata"]["realm_id"]) == ("x/y", "1")
