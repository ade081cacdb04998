# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cutover: the window as one task, what it does in which order, and what it says when it cannot."""

from __future__ import annotations

import base64
import http.server
import json
import os
import threading

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._store.client import make_client
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

#: each command writes its name, and whether the directory was there and empty
SCRIPT = """#!/bin/sh
echo "{name} $(ls {path} | wc -l) $(cat {config})" >> {log}
{more}
"""


#: systemd as far as a cutover asks it; a unit is a file that says whether it is active, and one that is stubborn has to be killed
SYSTEMCTL = """#!/bin/sh
units={units}
echo "$*" >> {log}
verb=$1; shift
for unit; do
  case "$verb $unit" in
    *\\ --*) ;;
    show\\ *) [ -e "$units/$unit" ] && echo "LoadState=loaded" || echo "LoadState=not-found"
      echo "ActiveState=$(cat "$units/$unit" 2>/dev/null)"; echo "UnitFileState=enabled" ;;
    is-active\\ *) [ "$(cat "$units/$unit")" = active ] || exit 3 ;;
    start\\ *) echo active > "$units/$unit" ;;
    kill\\ *) rm -f "$units/$unit.stubborn"; echo inactive > "$units/$unit" ;;
    stop\\ *) while [ -e "$units/$unit.stubborn" ]; do sleep 0.05; done
      [ ! -e "$units/$unit" ] || echo inactive > "$units/$unit" ;;
  esac
done
"""


class Site:
    """A directory with a file in it, an application that is two scripts, and a bucket that has the file."""

    def __init__(self, moto, directory):
        self.directory, self.path = directory, directory / "media"
        self.log, self.config = directory / "log", directory / "config"
        self.path.mkdir()
        self.config.write_text("disk")
        (self.path / "old").write_bytes(b"old")
        self.connection = moto.connection
        self.identity = {
            "name": "media",
            "state_dir": str(directory / "state"),
            "path": str(self.path),
            "config_files": [str(self.config)],
            "status_command": "true",
        }
        self.copy = {**self.connection, "bucket": "media", "journal": str(directory / "state" / "media" / "journal")}
        assert run_module("bucket", {**self.connection, "name": "media"})["changed"]
        assert run_module("sync", {**self.copy, "path": str(self.path)})["transferred"]["files"] == 1
        self.record(stage="synced", bucket="media")

    def script(self, name, more=""):
        script = self.directory / name
        script.write_text(SCRIPT.format(name=name, path=self.path, config=self.config, log=self.log, more=more))
        script.chmod(0o755)
        return str(script)

    def record(self, **options):
        return run_module("migration", {**self.identity, **options})

    def cut(self, check=False, **options):
        switch = [{"path": str(self.config), "content": base64.b64encode(b"bucket").decode()}]
        # whoever stops it writes a last file
        stop = self.script("stop", f"echo new > {self.path}/new")
        usual = {"switch": switch, "stop_command": stop, "start_command": self.script("start"), "health_timeout": 1}
        return run_module("cutover", {**self.identity, **self.copy, **usual, **options}, check=check)

    def lines(self):
        return self.log.read_text().splitlines() if self.log.exists() else []

    @property
    def stage(self):
        return json.loads((self.directory / "state" / "media" / "migration.json").read_text())["stage"]


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
    connection = Connection.from_params(site.connection)
    body = make_client(connection, profile_for(connection)).get_object(Bucket="media", Key="new")["Body"].read()
    assert body == b"new\n"


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


class Units:
    """Units of a systemd, and what was asked of it."""

    def __init__(self, directory, monkeypatch):
        self._directory, self._log = directory / "units", directory / "asked"
        self._directory.mkdir()
        program = directory / "bin" / "systemctl"
        program.parent.mkdir()
        program.write_text(SYSTEMCTL.format(units=self._directory, log=self._log))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)

    def __setitem__(self, name, state):
        (self._directory / name).write_text(state)

    def __getitem__(self, name):
        return (self._directory / name).read_text().strip()

    @property
    def changes(self):
        return [line for line in self._log.read_text().splitlines() if line.split()[0] not in ("show", "is-active")]


@pytest.fixture
def units(tmp_path, monkeypatch):
    return Units(tmp_path, monkeypatch)


def of_units(site, *names):
    site.identity.update(services=list(names), status_command="")
    site.record(stage="stopping")


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
