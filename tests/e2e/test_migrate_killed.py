# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of ansible-playbook wherever it hurts, and the same command again; and two of them at once."""

from __future__ import annotations

import json
import random
import time

import pytest

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import AT_ONCE, BACK_AT_ONCE, Site, Writer, kill_hard, wait_for
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

#: the tasks of a cutover during which it is killed, one run after the other; the later runs begin with the undo of the one before
CUTOVER = (
    "Copy what the bucket lacks",
    "Keep the configuration and the state of the services",
    "Stop the application by its command",
    "Copy the last files",
    "Set the directory aside",
    "Restore files and configuration",
    "Start the application by its command",
    "Record the proof",
)
ROLLBACK = (
    "Bring back what exists only in the bucket",
    "Stop the application by its command",
    "Restore files and configuration",
)


@pytest.fixture
def site(tmp_path):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", "a-secret-of-the-store") as store:
        made = Site(tmp_path, store)
        made.build(files=30)
        try:
            yield made
        finally:
            made.close()


def kill_during(site, stage, tasks, seed):
    """Run the playbook once for each task and kill it there, at a moment that the seed decides."""
    moment = random.Random(seed)
    killed = 0
    for number, task in enumerate(tasks):
        log = site.directory / f"{stage}-{number}.log"
        play = site.begin(stage, log)
        if wait_for(play, log, task):
            time.sleep(moment.choice((0, 0, 0.2, 0.5, 0.9)))
            killed += play.poll() is None
            kill_hard(play)
    return killed


def finish(site, stage):
    done = site.play(stage)
    assert done.status == 0, done.output
    return done


def test_kills_all_along_the_cutover_and_the_rollback(site):
    config = site.config.read_bytes()
    site.vary(migrate_at_once=False)
    with Writer(site):
        assert kill_during(site, "cutover", CUTOVER, seed=7) >= 6
        finish(site, "cutover")
        assert site.stage() == "healthy"
        assert json.loads(site.config.read_text())["backend"] == "s3"
        assert site.upload("between", 1234)

        assert kill_during(site, "rollback", ROLLBACK, seed=11) >= 2
        finish(site, "rollback")
    assert site.stage() == "rolled_back"
    assert site.config.read_bytes() == config
    assert not site.backup.exists()
    assert site.lost() == []
    assert finish(site, "rollback").changed == 0


def test_kills_in_a_window_that_is_one_task(site):
    """It ends, or goes on without the playbook; whichever it is, the next run finds it out and finishes the job."""
    config = site.config.read_bytes()
    with Writer(site, pause_s=0.05):
        assert kill_during(site, "cutover", [AT_ONCE], seed=0) == 1
        finish(site, "cutover")
        assert site.stage() == "healthy"
        assert kill_during(site, "rollback", [BACK_AT_ONCE], seed=1) == 1
        finish(site, "rollback")
        assert site.stage() == "rolled_back"
    assert site.config.read_bytes() == config
    assert site.lost() == []


def test_of_two_controllers_at_once_one_gets_one_clear_error(site, tmp_path):
    stop = site.inventory()["all"]["hosts"]["depot"]["generic_stop_command"]
    slow = tmp_path / "slow.sh"
    slow.write_text(f"#!/bin/sh\n{stop}\nwhile [ ! -e {tmp_path}/go-on ]; do sleep 0.1; done\n")
    slow.chmod(0o755)
    site.vary(generic_stop_command=str(slow))
    log = tmp_path / "first.log"
    first = site.begin("cutover", log)
    assert wait_for(first, log, AT_ONCE)
    for stage in ("sync", "cutover", "rollback", "finalize"):
        second = site.play(stage)
        assert second.status != 0
        assert second.output.count("Could not work on this migration: another run of Ansible is at work on it") >= 1
        assert f"process {first.pid} on " in second.output
        assert second.changed == 0 and second.failed == 1
    assert site.play("status").status == 0, "asking is always possible"
    (tmp_path / "go-on").touch()
    assert first.wait(120) == 0, log.read_text()
    assert site.stage() == "healthy"
    assert site.lost() == []
