# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order with one restart, for an application that has its media as files and in the bucket: nothing is moved or lost."""

from __future__ import annotations

import json

import pytest

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import (
    BUCKET,
    Writer,
    changes_nothing,
    kill_hard,
    plain,
    predicted_and_repeated,
    ran,
    snapshot,
    wait_for,
)
from ansible_collections.mediastore.s3.tests.e2e.mirrored_site import MirroredSite
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3


@pytest.fixture
def site(tmp_path):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", "a-secret-of-the-store") as store:
        made = MirroredSite(tmp_path, store)
        made.build(files=30)
        try:
            yield made
        finally:
            made.close()


def test_a_cutover_that_was_killed_after_the_restart_is_proved_by_the_same_command(site, tmp_path):
    log = tmp_path / "killed.log"
    play = site.begin("cutover", log)
    assert wait_for(play, log, "Copy what came between the last copy and the restart")
    kill_hard(play)
    assert site.stage() == "healthy"
    assert "this copies the rest, and proves it" in plain(ran(site.play("status")))
    refused = site.play("finalize", "-e", "migrate_keep_backup_days=0")
    assert refused.status != 0 and "nothing proves yet that all files are in the bucket" in plain(refused)
    with Writer(site) as writer:
        done = ran(site.play("cutover", "-e", "migrate_order=stop-first"))
    assert "certificate" in done.output
    assert writer.refused == 0, "it was not stopped again, also if somebody has thought better of the order"
    assert site.lost() == []


def test_check_mode_predicts_the_run_and_a_second_run_changes_nothing(site):
    """Of the stages that differ from the other order."""
    predicted_and_repeated(site, "cutover")
    predicted_and_repeated(site, "rollback")
    ran(site.play("cutover"))
    predicted_and_repeated(site, "finalize", "-e", "migrate_keep_backup_days=0")
    changes_nothing(site, "verify")
    assert site.stage() == "finalized"
    assert site.lost() == []


def test_what_comes_between_the_last_copy_and_the_restart_is_copied_and_proved(site, tmp_path):
    """The last moment is that of the stop; the application answers for what it has acknowledged until then."""
    stop = site.inventory()["all"]["hosts"]["depot"]["generic_stop_command"]
    late = tmp_path / "late.sh"
    late.write_text(f"#!/bin/sh\nset -e\n{stop}\nprintf late > {site.media}/late\n")
    late.chmod(0o755)
    site.vary(generic_stop_command=str(late))
    ran(site.play("cutover"))
    assert site.store.client().get_object(Bucket=BUCKET, Key="late")["Body"].read() == b"late"
    told = json.loads((site.state / "media" / "report.json").read_text())
    assert told["verification"][0]["checked"] == 31, "the files, and the late one"
    assert "31 of 31 files are in the bucket as they were proved on 20" in plain(ran(site.play("verify")))


def test_damage_in_the_window_is_found_by_the_proof_and_undone(site):
    cut, gone = site.damage_at_the_stop()
    files = snapshot(site.media / "first")
    config = site.config.read_bytes()
    with Writer(site):
        undone = site.play("cutover")
    assert undone.status != 0
    assert "The cutover was undone" in undone.output
    assert f"{cut.name} (60000 bytes in the store, 70000 here)" in undone.output and "first/3/3.bin" in undone.output
    assert site.stage() == "rolled_back"
    assert site.config.read_bytes() == config
    assert snapshot(site.media / "first") == files, "no file was touched"
    assert site.lost() == []
    ran(site.play("sync"))
    ran(site.play("cutover"))
    assert cut.read_bytes() == site.acknowledged[str(cut.relative_to(site.store.data / BUCKET))] and gone.exists()
    assert site.lost() == []


def test_a_restart_that_takes_too_long_is_refused_and_nothing_is_stopped(site):
    site.vary(migrate_downtime_budget=9.5)
    with Writer(site) as writer:
        refused = site.play("cutover")
    assert refused.status != 0
    assert writer.refused == 0, "the application was never stopped"
    assert site.stage() == "synced"
    assert "would be down for about 10.0 s, and migrate_downtime_budget is 9.5 s" in plain(refused)
    assert "Stopping and starting is assumed to take 10.0 s" in plain(refused)
    assert "last copies" not in refused.output, "which are not in the window, and so are no reason"
    assert site.lost() == []


def test_what_cannot_be_done_is_refused_with_its_reason(site):
    site.vary(migrate_app="generic", migrate_shared_by=["depot", "another"], migrate_layout="mount")
    refused = plain(site.play("plan"))
    assert "migrate_order is switch-first, and hosts that share a directory are switched together, with stop-first." in refused
    assert "migrate_order is switch-first, and with migrate_layout mount the application is not switched at all." in refused
    site.vary(migrate_shared_by=[], migrate_layout="native")
    for stage in ("plan", "sync", "cutover"):
        refused = site.play(stage)
        assert refused.status != 0 and refused.changed == 0
        said = "migrate_order is switch-first, and generic can only do stop-first: its role does not say that it reads both"
        assert said in plain(refused)
    assert site.stage() == "new"
