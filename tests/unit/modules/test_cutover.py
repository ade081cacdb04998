# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cutover: the window as one task, what it does in which order, and what it says when it cannot."""

from __future__ import annotations

import http.server
import threading

import pytest

from ansible_collections.mediastore.s3.tests.unit.modules.window_site import Site, Units, of_units


@pytest.fixture
def site(moto, tmp_path):
    return Site(moto, tmp_path)


def test_it_is_stopped_before_the_last_copy_and_started_with_its_new_settings(site):
    site.record(stage="stopping")
    done = site.cut()
    assert done["stage"] == site.stage == "healthy", done
    assert site.lines() == ["stop 1 disk", "start 0 bucket"]
    assert done["copied"]["files"] == 1 and 0 < done["downtime_s"]["cutover"] < 30
    assert (site.directory / "media.before-s3" / "new").read_text() == "new\n"
    assert site.client.get_object(Bucket="media", Key="new")["Body"].read() == b"new\n"


def test_nothing_is_stopped_of_which_the_way_back_was_not_noted(site):
    refused = site.cut()
    assert "it is at synced, and the window begins after stopping" in refused["msg"]
    site.record(stage="stopping")
    foreign = [{"path": str(site.directory / "other"), "content": ""}]
    assert "not among config_files" in site.cut(switch=foreign)["msg"]
    assert "there are no services" in site.cut(start_command="")["msg"]
    assert "stop_timeout is -1" in site.cut(stop_timeout=-1)["msg"]
    assert "held_timers has clean" in site.cut(held_timers=["clean"])["msg"]
    assert site.cut(check=True)["changed"]
    assert site.lines() == [] and site.stage == "stopping"


def test_an_application_that_did_not_run_is_not_started(site):
    site.identity["status_command"] = "false"
    site.record(stage="stopping")
    assert site.cut()["stage"] == "healthy"
    assert site.lines() == ["stop 1 disk"]


def test_a_command_that_fails_is_shown_with_what_it_said(site):
    site.record(stage="stopping")
    failed = site.cut(stop_command=site.script("refuses", "echo it is busy >&2; exit 3"))
    assert "Could not stop the application" in failed["msg"] and "ended with 3: it is busy" in failed["msg"]
    assert site.stage == "stopping" and site.path.joinpath("old").exists()
    assert "No such file" in site.cut(stop_command="/nowhere/stop")["msg"]


@pytest.mark.parametrize("asked", ["nobody", "sick", "status"])
def test_an_application_that_is_not_healthy_is_no_success(site, asked):
    site.record(stage="stopping")

    class Sick(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(503)
            self.end_headers()

        def log_message(self, format, *args):
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sick) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1] if asked == 'sick' else 9}/health"
        options = {"status_command": "echo not yet; exit 4"} if asked == "status" else {"health_url": url}
        failed = site.cut(**options)
        said = {"nobody": "did not answer", "sick": "answered 503", "status": "ended with 4: not yet"}[asked]
        assert "after 1 seconds" in failed["msg"] and said in failed["msg"]
        assert site.stage == "backed_up"
        server.shutdown()


@pytest.fixture
def units(tmp_path, monkeypatch):
    return Units(tmp_path, monkeypatch)


def test_units_are_stopped_and_started_the_other_way_round(site, units):
    units["web.service"] = units["worker.service"] = "active"
    of_units(site, "web.service", "worker.service")
    assert site.cut(stop_timeout=5)["stage"] == "healthy"
    assert units.changes == ["stop worker.service web.service", "start web.service worker.service"]
    assert units["web.service"] == units["worker.service"] == "active"


def test_what_does_not_stop_in_time_is_killed(site, units):
    units["web.service"] = "active"
    units["web.service.stubborn"] = ""
    of_units(site, "web.service")
    done = site.cut(stop_timeout=1)
    assert done["stage"] == "healthy" and 1 <= done["downtime_s"]["cutover"] < 30, done
    assert units.changes == ["stop web.service", "kill --signal=SIGKILL web.service", "stop web.service", "start web.service"]


def test_jobs_are_held_meanwhile_and_come_again_if_they_came_before(site, units):
    units["web.service"] = units["clean.timer"] = units["clean.service"] = "active"
    units["off.timer"] = units["off.service"] = "inactive"
    of_units(site, "web.service")
    assert site.cut(held_timers=["clean.timer", "off.timer", "none.timer"])["stage"] == "healthy"
    assert units.changes == [
        "stop clean.timer clean.service",
        "stop off.timer off.service",
        "stop web.service",
        "start web.service",
        "start clean.timer",
    ]
    assert (units["clean.timer"], units["off.timer"]) == ("active", "inactive")
