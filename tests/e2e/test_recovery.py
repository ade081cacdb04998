# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/recovery.md promises for the worst night and no other test plays: things are gone that a migration needs."""

from __future__ import annotations

import json
import shutil

import pytest

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import BUCKET, Site, plain, ran
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module


@pytest.fixture
def site(tmp_path):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", "a-secret-of-the-store") as store:
        made = Site(tmp_path, store)
        made.build()
        try:
            ran(made.play("cutover"))
            yield made
        finally:
            made.close()


def test_the_old_files_were_removed_by_hand(site):
    assert site.upload("since/1.bin", 3000)
    shutil.rmtree(site.backup)
    refused = site.play("rollback")
    assert refused.status and "make it an empty directory" in plain(refused)
    assert site.lost() == [], "and the application still runs on the bucket"
    site.backup.mkdir()
    ran(site.play("rollback"))
    assert (site.stage(), site.lost()) == ("rolled_back", [])
    assert all((site.media / key).read_bytes() == body for key, body in site.acknowledged.items())


def test_the_store_is_gone_for_good(site):
    before = dict(site.acknowledged)
    assert site.upload("since/1.bin", 3000)
    shutil.rmtree(site.store.data / BUCKET)
    site.store.stop()
    site.store.start()
    refused = site.play("rollback")
    assert refused.status and BUCKET in plain(refused)
    assert site.depot("status") == 0 and site.stage() == "healthy", "it is not stopped for a way back that cannot be gone"
    # an empty bucket of that name: mediastore.s3.provision makes it, on this store or on another one at the same address
    site.store.client().create_bucket(Bucket=BUCKET)
    ran(site.play("rollback"))
    assert site.stage() == "rolled_back"
    site.acknowledged = before
    assert site.lost() == [], "what was there at the cutover is there; what only the store had is gone with it"


def test_the_state_is_gone_and_the_files_come_back_without_it(site, tmp_path):
    assert site.upload("since/1.bin", 3000)
    shutil.rmtree(site.state)
    assert "new (not begun)" in plain(ran(site.play("status")))
    for away, reason in ((False, "before-s3 exists already"), (True, "what is there belongs to")):
        if away:
            site.backup.rename(tmp_path / "elsewhere")
        refused = site.play("sync")
        assert refused.status and reason in plain(refused), "nothing is begun anew by mistake"
    assert site.lost() == []
    place = {"path": str(tmp_path / "back"), "bucket": BUCKET, **site.store.connection}
    (tmp_path / "back").mkdir()
    run_module("sync", {**place, "direction": "download"})
    assert run_module("verify", place)["verified"]
    assert all((tmp_path / "back" / key).read_bytes() == body for key, body in site.acknowledged.items())


def test_somebody_else_goes_on_where_a_controller_was_lost(site):
    claim = site.state / "media" / "claim.json"
    assert not claim.exists(), "a run that has ended holds nothing"
    state = json.loads((site.state / "media" / "migration.json").read_text())
    assert {"path", "store", "services", "config", "stage", "history"} <= set(state), "what another one needs lies with the host"
    # another machine with the inventory and the keys, and nothing of the first one's
    shutil.rmtree(site.directory / "ansible", ignore_errors=True)
    ran(site.play("rollback"))
    assert (site.stage(), site.lost()) == ("rolled_back", [])
