# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that is full from the moment on at which the application stops: it is brought up again, and nothing is lost."""

from __future__ import annotations

import os

import pytest

from ansible_collections.mediastore.s3.tests.chaos.site import chaos_site

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk that is small enough to be filled")


@pytest.fixture
def site(tmp_path):
    with chaos_site(tmp_path / "site", seed=1, files=50, rate=0.0) as (site, _proxy):
        yield site


def fill_with_the_stop(site):
    """Whatever the application says when it stops fills the disk, each time it does."""
    stop = site.inventory()["all"]["hosts"]["depot"]["generic_stop_command"]
    site.vary(generic_stop_command=f"/bin/sh -c '{stop}; cat /dev/zero >{site.disk.path}/last-words; true'")
    return stop


def make_room(site, stop):
    (site.disk.path / "last-words").unlink()
    site.vary(generic_stop_command=stop)


def test_a_cutover_is_undone_and_can_be_given_again(site):
    stop = fill_with_the_stop(site)
    play = site.play("cutover")
    assert play.status and "The cutover was undone" in play.output and "is full" in play.output
    assert (site.stage(), site.depot("status"), site.lost()) == ("rolled_back", 0, [])
    make_room(site, stop)
    assert site.play("cutover").status == 0
    assert (site.stage(), site.depot("status"), site.lost()) == ("healthy", 0, [])


def test_a_rollback_that_finds_no_room_leaves_the_application_where_it_is_or_brings_it_back(site):
    assert site.play("cutover").status == 0
    assert all(site.upload(f"since/{number}", 2000) for number in range(20))
    stop = fill_with_the_stop(site)
    assert site.play("rollback").status
    assert (site.depot("status"), site.lost()) == (0, [])
    make_room(site, stop)
    assert site.play("rollback").status == 0
    assert (site.stage(), site.depot("status"), site.lost()) == ("rolled_back", 0, [])
