# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several hosts with one directory: copied by all of them, switched on all of them or on none."""

from __future__ import annotations

import contextlib
import json
import re

import pytest

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import Writer, kill_hard, ran, snapshot, wait_for
from ansible_collections.mediastore.s3.tests.e2e.shared_site import NAMES, SharedSite
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3


@pytest.fixture
def store(tmp_path):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", "a-secret-of-the-store") as running:
        yield running


@pytest.fixture
def site(tmp_path, store):
    made = SharedSite(tmp_path, store)
    made.build()
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def everybody_writes(site):
    """A client at each of the hosts."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Writer(host)) for host in site.hosts.values()]


def configurations(site):
    return [host.config.read_bytes() for host in site.hosts.values()]


def test_all_hosts_go_there_and_back(site):
    before = configurations(site)
    with everybody_writes(site):
        assert "Nothing was changed." in ran(site.play("plan")).output
        ran(site.play("sync"))
        assert site.stages() == ["synced"] * 3
        predicted = ran(site.play("cutover", "--check"))
        assert (site.stages(), site.running(), configurations(site)) == (["synced"] * 3, [True] * 3, before)
        assert "0" not in re.findall(r"changed=(\d+)", predicted.output)
        ran(site.play("cutover"))
    assert (site.stages(), site.backends(), site.running()) == (["healthy"] * 3, ["s3"] * 3, [True] * 3)
    assert list(site.media.rglob("*")) == [] and site.backup.is_dir()
    assert site.lost() == []
    again = ran(site.play("cutover"))
    assert re.findall(r"changed=(\d+)", again.output) == ["0"] * 3

    with everybody_writes(site):
        for host in site.hosts.values():
            assert host.upload(f"after/{host.port}", 5000)
        ran(site.play("rollback"))
    assert (site.stages(), site.running()) == (["rolled_back"] * 3, [True] * 3)
    assert configurations(site) == before
    assert not site.backup.exists()
    assert site.lost() == []


def test_each_host_copies_a_part_and_no_file_is_sent_twice(site):
    before = snapshot(site.media, site.store.data)
    ran(site.play("sync", "--check"))
    assert before == snapshot(site.media, site.store.data)
    assert site.stages() == ["new"] * 3
    done = ran(site.play("sync", "-v"))
    sent = r'"transferred": {"bytes": \d+, "files": (\d+)}'
    counts = {name: [int(count) for count in re.findall(rf"\[{name}\] => .*{sent}", done.output)] for name in NAMES}
    # the first one: the mark without a file, its part, all of it, and what came meanwhile
    assert [len(found) for found in counts.values()] == [4, 1, 1], done.output
    parts = [counts["one"][1], counts["two"][0], counts["three"][0]]
    assert sum(parts) == 60 and min(parts) > 5
    assert counts["one"][0] + sum(counts["one"][2:]) == 0
    for number, host in enumerate(site.hosts.values()):
        assert (host.state / "media" / f"journal-{number}-of-3").exists()


def broken(site, name):
    """A host whose application would not find its media in the bucket."""
    host = site.hosts[name]
    settings = dict(host.settings("s3"), secret_key="wrong")
    site.vary(name, generic_switch_files=[{"path": str(host.config), "content": json.dumps(settings)}])
    site.vary(name, generic_health_url=f"http://127.0.0.1:{host.port}/media/first/1/1.bin")


@pytest.mark.parametrize("failing", ["health", "stop"])
def test_what_fails_on_the_second_host_is_undone_on_all(site, failing):
    before = configurations(site)
    second = site.hosts["two"]
    if failing == "health":
        broken(site, "two")
    else:
        site.vary("two", generic_stop_command="/bin/false")
    with everybody_writes(site):
        undone = site.play("cutover")
        for host in site.hosts.values():
            assert host.upload(f"after/{host.port}", 5000)
    assert undone.status != 0
    assert site.lost() == []
    assert configurations(site) == before
    assert site.running() == [True] * 3
    assert not site.backup.exists()
    assert site.stages() == ["rolled_back"] * 3
    assert {*re.findall(r"fatal: \[(\w+)\]: .*The cutover was undone\.", undone.output)} == {*NAMES}
    if failing == "stop":
        return  # how it goes on from there does not depend on what had failed
    second.variables.clear()
    site.vary()
    ran(site.play("cutover"))
    assert site.stages() == ["healthy"] * 3
    ran(site.play("verify"))
    ran(site.play("finalize", "-e", "migrate_keep_backup_days=0"))
    assert site.stages() == ["finalized"] * 3 and not site.backup.exists()
    assert site.lost() == []


def loses(site, name, after):
    """A host that cannot be reached any more after a command; what lets it be reached again."""
    host = site.hosts[name]
    reached = host.directory / "reached"
    reached.write_text("local")
    command = host.inventory()["all"]["hosts"]["depot"][f"generic_{after}_command"]
    connection = f"{{{{ lookup('ansible.builtin.file', '{reached}') }}}}"
    site.vary(name, ansible_connection=connection, ansible_host="127.0.0.1", ansible_port=1)
    site.vary(name, **{f"generic_{after}_command": f"/bin/sh -c '{command}; printf ssh > {reached}'"})

    def found():
        reached.write_text("local")
        site.vary(name, **{f"generic_{after}_command": command})

    return found


@pytest.mark.parametrize(
    ("after", "stages", "running"),
    [
        # it was certainly not switched: all others run again
        ("stop", ["rolled_back", "stopping", "rolled_back"], [True, False, True]),
        # it writes to the bucket, and nobody can tell it not to: nothing is moved back before somebody can
        ("start", ["rolling_back", "backed_up", "rolling_back"], [False, True, False]),
    ],
)
def test_a_host_that_is_out_of_reach_in_the_window(site, after, stages, running):
    before, found = configurations(site), loses(site, "two", after)
    with everybody_writes(site):
        undone = site.play("cutover")
        assert undone.status != 0 and "UNREACHABLE" in undone.output
        assert "two did not get so far" in undone.output
        assert (site.stages(), site.running()) == (stages, running)
        assert site.backup.exists() == (after == "start")
        assert after == "start" or configurations(site) == before
        assert site.hosts["two" if after == "start" else "one"].upload("after/all", 5000)
        found()
        ran(site.play("cutover"))
    assert (site.stages(), site.backends(), site.running()) == (["healthy"] * 3, ["s3"] * 3, [True] * 3)
    assert site.lost() == []


def test_a_run_that_is_killed_is_finished_by_the_same_command(site, tmp_path):
    log = tmp_path / "cutover.log"
    with everybody_writes(site):
        process = site.lead.begin("cutover", log)
        assert wait_for(process, log, "Switch the application to the bucket"), log.read_text()
        kill_hard(process)
        ran(site.play("cutover"))
    assert (site.stages(), site.backends(), site.running()) == (["healthy"] * 3, ["s3"] * 3, [True] * 3)
    assert site.lost() == []


def test_hosts_that_mean_the_same_place_have_to_say_so(tmp_path, store):
    site = SharedSite(tmp_path, store, together=False)
    site.build(files=3)
    try:
        for stage in ("plan", "cutover"):
            refused = re.sub(r"\s+", " ", site.play(stage).output)
            assert "Also three, two would copy to" in refused and "name all of them in migrate_shared_by" in refused
        assert site.running() == [True] * 3 and site.stages() == ["new"] * 3
        # each to its own prefix is another matter
        for name in NAMES:
            site.vary(name, migrate_prefix=f"{name}/")
        assert "would copy to" not in site.play("plan").output
    finally:
        site.close()


def test_all_hosts_that_share_have_to_take_part(site):
    for stage in ("sync", "cutover"):
        refused = site.play(stage, "--limit", "one,two")
        assert refused.status != 0 and "three" in refused.output
    assert site.running() == [True] * 3
    assert site.lost() == []
