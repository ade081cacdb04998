# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""rollback: the way back as one task, from every stage at which it may begin, and what it does when something fails on it."""

from __future__ import annotations

import time

import pytest

from ansible_collections.mediastore.s3.tests.unit.modules.window_site import Site, Units, of_units


@pytest.fixture
def site(moto, tmp_path):
    return Site(moto, tmp_path)


@pytest.fixture
def units(tmp_path, monkeypatch):
    return Units(tmp_path, monkeypatch)


def cut(site, **options):
    site.record(stage="stopping")
    done = site.cut(**options)
    assert done["stage"] == "healthy", done
    site.log.unlink(missing_ok=True)


def files(site):
    return {path.name: path.read_bytes() for path in site.path.iterdir()}


def test_it_runs_on_its_own_files_again_with_what_was_uploaded_since(site):
    cut(site)
    # one that is only in the bucket, one that is only on the disk
    site.client.put_object(Bucket="media", Key="since", Body=b"since")
    (site.path / "local").write_bytes(b"local")
    done = site.back(reason="it was asked for")
    assert done["stage"] == site.stage == "rolled_back", done
    assert files(site) == {"old": b"old", "new": b"new\n", "since": b"since", "local": b"local"}, done
    assert site.lines() == ["stop 1 bucket", "start 4 disk"]
    assert done["brought_back"] == {"files": 1, "bytes": 5} and not done["not_brought_back"] and not done["owed"]
    assert 0 < done["downtime_s"]["rollback"] < 30
    assert not (site.directory / "media.before-s3").exists()
    again = site.back()
    assert "it is at rolled_back" in again["msg"] and len(site.lines()) == 2


def test_nothing_is_stopped_where_there_is_no_way_back(site):
    assert "it is at synced" in site.back()["msg"]
    cut(site)
    assert "there are no services" in site.back(stop_command="")["msg"]
    assert "stop_timeout is -1" in site.back(stop_timeout=-1)["msg"]
    assert "held_timers has clean" in site.back(held_timers=["clean"])["msg"]
    assert site.back(check=True)["changed"]
    assert site.lines() == [] and site.stage == "healthy"


#: nobody answers, no client can be made, no bucket can have such a name
WRONG = ({"endpoint_url": "http://127.0.0.1:9"}, {"access_key": None, "secret_key": None}, {"bucket": "Not a name"})


@pytest.mark.parametrize("wrong", WRONG)
def test_a_bucket_that_cannot_be_read_does_not_keep_it_down(site, wrong):
    cut(site)
    site.client.put_object(Bucket="media", Key="since", Body=b"since")
    done = site.back(**wrong)
    assert done["stage"] == "rolled_back" and done["owed"] and done["not_brought_back"], done
    assert done["brought_back"] == {"files": 0, "bytes": 0}
    assert files(site) == {"old": b"old", "new": b"new\n"} and site.lines() == ["stop 0 bucket", "start 2 disk"]


def test_an_application_that_cannot_be_stopped_keeps_its_files_where_they_are(site):
    cut(site)
    failed = site.back(stop_command=site.script("refuses", "echo it is busy >&2; exit 3"))
    assert (
        "ended with 3: it is busy" in failed["msg"] and "Nothing was moved back. Stop it, then: ansible-playbook" in failed["msg"]
    )
    assert failed["error"]["code"] == "Command" and site.stage == "rolling_back"
    assert (site.directory / "media.before-s3" / "old").exists() and site.config.read_text() == "bucket"
    assert site.back()["stage"] == "rolled_back" and site.config.read_text() == "disk"


def test_where_nothing_was_moved_it_is_left_alone(site):
    site.record(stage="stopping")
    done = site.back(stop_command=site.script("refuses", "exit 3"))
    assert done["stage"] == "rolled_back", done
    assert site.lines() == ["refuses 1 disk", "start 1 disk"]


def test_a_window_that_an_earlier_attempt_opened_is_counted_from_there(site):
    site.record(stage="stopping")
    assert "Health" in site.cut(status_command="false")["error"]["code"]
    time.sleep(1)
    done = site.back(reason="it does not get healthy")
    assert done["stage"] == "rolled_back" and done["downtime_s"]["rollback"] > 1, done
    assert files(site) == {"old": b"old", "new": b"new\n"}


@pytest.mark.parametrize("stage", ["rolling_back", "restored"])
def test_it_goes_on_where_one_was_killed(site, stage):
    cut(site)
    site.client.put_object(Bucket="media", Key="since", Body=b"since")
    site.record(stage="rolling_back")
    if stage == "restored":
        site.record(stage="restored", owed=True)
    done = site.back()
    assert done["stage"] == "rolled_back" and done["owed"] == (stage == "restored"), done
    assert ("since" in files(site)) == (stage == "rolling_back")


def test_it_is_not_called_healthy_before_it_is(site):
    cut(site)
    failed = site.back(health_url="http://127.0.0.1:9/health")
    assert "find the application healthy on its own files: after 1 seconds" in failed["msg"]
    assert site.stage == "restored" and site.config.read_text() == "disk"
    assert site.back()["stage"] == "rolled_back"


def test_jobs_that_a_cutover_held_come_again_when_it_is_undone(site, units):
    units["web.service"] = units["clean.timer"] = units["clean.service"] = "active"
    units["off.timer"] = units["off.service"] = "inactive"
    of_units(site, "web.service")
    timers = ["clean.timer", "off.timer"]
    assert "Health" in site.cut(held_timers=timers, health_url="http://127.0.0.1:9/health")["error"]["code"]
    assert units["clean.timer"] == "inactive"
    done = site.back(held_timers=timers)
    assert done["stage"] == "rolled_back", done
    assert (units["web.service"], units["clean.timer"], units["off.timer"]) == ("active", "active", "inactive")
    # what somebody has switched off since stays off
    units["clean.timer"] = "inactive"
    site.record(stage="synced", bucket="media")
    of_units(site, "web.service")
    assert site.cut(held_timers=timers)["stage"] == "healthy"
    assert units["clean.timer"] == "inactive"
