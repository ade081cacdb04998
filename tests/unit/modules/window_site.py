# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules work on that stop and start an application: one that is two scripts or some units, and its bucket."""

from __future__ import annotations

import base64
import json
import os

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

    def back(self, check=False, **options):
        usual = {"stop_command": self.script("stop"), "start_command": self.script("start"), "health_timeout": 1}
        return run_module("rollback", {**self.identity, **self.copy, **usual, **options}, check=check)

    @property
    def client(self):
        connection = Connection.from_params(self.connection)
        return make_client(connection, profile_for(connection))

    def lines(self):
        return self.log.read_text().splitlines() if self.log.exists() else []

    @property
    def stage(self):
        return json.loads((self.directory / "state" / "media" / "migration.json").read_text())["stage"]


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


def of_units(site, *names):
    site.identity.update(services=list(names), status_command="")
    site.record(stage="stopping")
