# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cutover follows a change feed where there can be one, and does without where there cannot."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import AT_ONCE, Site, Writer, kill_hard, wait_for
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3
from ansible_collections.mediastore.s3.tests.unit.core.watching import kernel_refuses


@pytest.fixture
def site(tmp_path):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", "a-secret-of-the-store") as store:
        made = Site(tmp_path, store)
        made.build()
        try:
            yield made
        finally:
            made.close()


def walked(play):
    """What the copies said that could follow a feed: whether they walked, in order."""
    return re.findall(r'"walked": (true|false)', play.output)


def watching(site):
    """Whether there is a feed, or what one leaves behind."""
    return (site.state / "media" / "journal.feed").exists()


def test_the_last_copies_look_at_nothing_else(site):
    with Writer(site):
        play = site.play("cutover", "-v")
    assert play.status == 0, play.output
    assert walked(play) == ([] if kernel_refuses(site.media.parent) else ["false", "false"])
    assert site.lost() == [] and not watching(site)


def test_without_one_everything_is_looked_at(site):
    play = site.play("cutover", "-v", "-e", "migrate_change_feed=never")
    assert (play.status, walked(play)) == (0, []), play.output
    assert "Leave the change feed out" not in play.output
    assert site.lost() == [] and not watching(site)


def test_where_there_can_be_none(site):
    """Something is mounted inside the media."""
    inside = site.media / "mounted"
    inside.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", inside], check=True)
    try:
        refused = site.play("cutover", "-e", "migrate_change_feed=always")
        assert refused.status != 0 and "mounted is mounted inside of it" in refused.output
        assert site.stage() == "new" and site.request("GET", "no/such/key")[0] == 404, "the application runs as before"
        done = site.play("cutover", "-v")
        assert (done.status, walked(done)) == (0, []), done.output
        assert "mounted is mounted inside of it" in done.output, "why it walked"
    finally:
        for place in (inside, site.backup / "mounted"):
            subprocess.run(["umount", place], check=False)
    assert site.lost() == [] and not watching(site)


def test_a_cutover_that_is_undone_or_killed_leaves_none_behind(site):
    good = site.inventory()["all"]["hosts"]["depot"]["generic_stop_command"]
    site.vary(generic_stop_command="/bin/false")
    failed = site.play("cutover")
    assert failed.status != 0 and "The cutover was undone" in failed.output
    assert not watching(site)
    site.vary(generic_stop_command=good)
    log = Path(site.directory / "log")
    process = site.begin("cutover", log)
    assert wait_for(process, log, AT_ONCE)
    kill_hard(process)
    play = site.play("cutover", "-v")
    assert play.status == 0, play.output
    assert site.lost() == [] and not watching(site)
