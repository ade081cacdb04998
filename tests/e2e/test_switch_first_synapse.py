# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Synapse is switched with one restart, and goes back, while its clients upload: nothing is moved and nothing is lost."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import BUCKET, Writer, kill_hard, plain, ran, wait_for
from ansible_collections.mediastore.s3.tests.e2e.synapse_site import SynapseSite, synapse_python
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def python():
    return synapse_python()


@pytest.fixture
def site(tmp_path, python):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", "a-secret-of-the-store") as store:
        made = SynapseSite(tmp_path, store, python)
        made.build(files=30)
        try:
            yield made
        finally:
            made.close()


def files(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def proving(site, tmp_path):
    """The token of a user for the example that uploads."""
    token = tmp_path / "token"
    token.write_text(site.server.register("prover") + "\n")
    site.vary(migrate_proof_command=f"{sys.executable} {EXAMPLES / 'upload_to_synapse.py'} {token} {site.server.url}")
    return token


def test_the_whole_way_and_back_and_to_the_end(site, proving):
    with Writer(site):
        assert "Nothing was changed." in plain(ran(site.play("plan")))
        synced = plain(ran(site.play("sync")))
        assert re.search(r"A cutover now would stop the application for about 10.0 s: 10.0 s for the restart", synced), synced
        before = files(site.media)
        done = ran(site.play("cutover"))
    assert site.stage() == "healthy" and site.config.exists()
    assert files(site.media).items() >= before.items() and not site.backup.exists()
    assert site.lost() == []
    assert not proving.with_name("token.before").exists(), "what was uploaded before the switch was read after it"
    told = json.loads((site.state / "media" / "report.json").read_text())
    shown = float(re.search(r"down    (\S+) s for the cutover; 10.0 s were expected", done.output).group(1))
    assert told["downtime_s"] == pytest.approx(shown, abs=0.06)
    assert [name for name, seconds in told["window"]] == ["stop, switch and start"]
    assert told["verification"][0]["checked"] >= len(before)
    the_whole_bucket_is_the_directory(site, before)

    evicted = list(site.acknowledged)[:5]
    for address in evicted:
        site.file_of(address).unlink()
    assert site.lost() == [], "what is not on the disk is read from the bucket"
    with Writer(site):
        assert all(site.upload(f"after-{number}", 1000 + number) for number in range(50))
        evicted.append(list(site.acknowledged)[-1])
        site.file_of(evicted[-1]).unlink()
        ran(site.play("rollback"))
    assert site.stage() == "rolled_back" and not site.config.exists()
    site.store.stop()
    assert site.lost() == [], "all of it is on the disk, also what was only in the bucket"
    site.store.start()

    ran(site.play("cutover"))
    refused = site.play("finalize")
    assert refused.status != 0 and "is kept 7 days, until 20" in plain(refused)
    there = files(site.media)
    ended = ran(site.play("finalize", "-e", "migrate_keep_backup_days=0"))
    assert "done; the files stay where they are" in ended.output
    assert files(site.media) == there
    assert site.play("rollback").status != 0
    assert "files are in the bucket as they were proved on 20" in plain(ran(site.play("verify")))
    for address in site.acknowledged:
        site.file_of(address).unlink()
    assert site.lost() == [], "the bucket alone is enough"


def the_whole_bucket_is_the_directory(site, before):
    """Byte for byte, and not only what clients ask for."""
    objects = files(site.store.data / BUCKET)
    for name, body in before.items():
        assert objects[name] == body, name


def test_nothing_but_a_restart_is_done_while_it_is_down(site):
    done = ran(site.play("cutover"))
    tasks = re.findall(r"TASK \[(?:[\w.]+ : )?(.*)\] \*+\n(?!skipping)", done.output)
    window = tasks[tasks.index("Take the time", tasks.index("Keep the configuration and the state of the services")) :]
    assert [task for task in window[1 : window.index("Record that it is healthy")] if not task.startswith("mediastore.s3.")] == [
        "Stop the application",
        "Stop Synapse by its command",
        "Start the application",
        "Start it",
        "Start Synapse by its command",
        "Wait until it is healthy",
        "Wait until Synapse serves clients",
    ]
    state = json.loads((site.state / "media" / "migration.json").read_text())
    assert state["figures"]["window"] == {"copied_s": 0.0, "rest_s": state["downtime_s"]["cutover"]}


def test_a_synapse_that_does_not_start_with_its_bucket_is_switched_back(site, tmp_path):
    """Its provider cannot be loaded, which only the start finds out."""
    start = tmp_path / "start.sh"
    spoil = f"[ ! -e {site.config} ] || sed -i s/S3StorageProviderBackend/NoSuchThing/ {site.config}"
    start.write_text(f"#!/bin/sh\nset -e\n{spoil}\nexec {site.server.command('start')}\n")
    start.chmod(0o755)
    site.vary(synapse_media_start_command=str(start))
    before = files(site.server.conf_d)
    with Writer(site):
        undone = site.play("cutover")
    assert undone.status != 0
    assert "The cutover was undone" in undone.output and "Start Synapse by its command" in undone.output
    assert site.stage() == "rolled_back"
    assert files(site.server.conf_d) == before == {}
    assert site.server.healthy()
    assert site.lost() == []


def test_killed_after_the_restart_the_same_command_proves_it_without_another(site, tmp_path):
    log = tmp_path / "killed.log"
    with Writer(site):
        play = site.begin("cutover", log)
        assert wait_for(play, log, "Copy what came between the last copy and the restart")
        kill_hard(play)
        pid = site.server.pid()
        done = ran(site.play("cutover"))
    assert site.server.pid() == pid
    assert "certificate" in done.output and site.stage() == "healthy"
    assert site.lost() == []


def test_a_synapse_that_answers_before_the_bucket_has_it_is_refused(site):
    for stage, setting in (("plan", "synapse_media_store_synchronous"), ("cutover", "synapse_media_store_local")):
        site.variables.pop("synapse_media_store_synchronous", None)
        site.vary(**{setting: False})
        refused = site.play(stage)
        assert refused.status != 0 and refused.changed == 0
        said = f"synapse can only do stop-first: with {setting}: false Synapse acknowledges uploads that are not in the bucket"
        assert said in plain(refused)
    assert site.stage() == "new"
