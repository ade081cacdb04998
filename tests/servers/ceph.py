# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Ceph cluster on loopback with its object gateway (RGW): Debian's packages, a monitor, a storage daemon in memory, a gateway.

    with CephS3(tmp_path, lc_debug=2) as store:
        print(store.connection)     an administrator
        print(store.other)          a user who may do nothing to the administrator's buckets

It needs neither systemd nor root. The directory holds its configuration and logs, the objects are in memory: every start makes
a new store, with new keys.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any

from .binaries import find
from .process import ProcessS3

COMMAND_TIMEOUT_S = 60.0
ADMINISTRATOR = "users=*;buckets=*;metadata=*;usage=*;zone=*;user-policy=*;roles=*"

# No manager: nothing here needs one. No authentication inside the cluster, which is on loopback and holds nothing: the gateway
# asks for its own settings, or it insists on keys.
SETTINGS = """\
[global]
fsid = {cluster}
mon initial members = a
mon host = [v2:127.0.0.1:{monitor}/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = false
run dir = {directory}
admin socket =
log file =
log to stderr = true
debug rocksdb = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
# the cluster gathers changes to its map for this long; with the usual second the start takes five times as long
paxos propose interval = 0.05

[mon.a]
mon data = {directory}/mon
# a full disk is no reason to stop: hardly anything is written
mon data avail warn = 1
mon data avail crit = 1

[osd.0]
osd objectstore = memstore
osd data = {directory}/osd
memstore device bytes = 2147483648
osd class load list = *
osd class default list = *

[client.rgw.a]
rgw data = {directory}/rgw
auth client required = none
ms mon client mode = crc
rgw frontends = beast ssl_endpoint=127.0.0.1:{gateway} ssl_certificate={cert} ssl_private_key={key}
rgw lc debug interval = {lc_debug}
rgw gc obj min wait = 0
"""


class CephS3(ProcessS3):
    """A running store; with ``lc_debug`` a day of a lifecycle rule lasts that many seconds, and rules are carried out by that."""

    provider = "ceph"

    def __init__(self, directory: Path | str, lc_debug: int | None = None) -> None:
        super().__init__(directory)
        self.lc_debug = lc_debug
        self._settings = self.directory / "ceph.conf"
        self._cluster = str(uuid.uuid4())
        self._other = ("", "")

    @property
    def other(self) -> dict[str, Any]:
        """The options of a module that talks to this store as a second, plain user (``other``)."""
        return self._connection(*self._other)

    @property
    def _environment(self) -> dict[str, str]:
        return {"CEPH_CONF": str(self._settings.resolve()), "CEPH_ARGS": ""}

    def admin(self, *command: str) -> Any:
        """What radosgw-admin answers."""
        return json.loads(self._call("radosgw-admin", "-n", "client.rgw.a", *command))

    def _start(self) -> None:
        for name in ("mon", "osd", "rgw"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
            (self.directory / name).mkdir()
        disk = str(uuid.uuid4())
        self._configure()
        self._call("ceph-mon", "--mkfs", "-i", "a", "--monmap", self._map_monitors())
        self._daemon("ceph-mon", "-i", "a")
        # waits for the monitor
        self._call("ceph", "--connect-timeout", "20", "osd", "new", disk)
        self._call("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", disk)
        self._daemon("ceph-osd", "-i", "0")
        # waits for the storage daemon
        self._daemon("radosgw", "-n", "client.rgw.a")
        self.endpoint_url = f"https://127.0.0.1:{self._port('gateway')}"
        self._wait_until(self._listens)
        self.access_key, self.secret_key = self._create_user("admin", "--caps", ADMINISTRATOR)
        self._other = self._create_user("other")

    def _map_monitors(self) -> str:
        """A map that names the only monitor, which does not find its own name by itself."""
        path, address = str(self.directory / "monmap"), f"[v2:127.0.0.1:{self._port('monitor')}/0]"
        self._call("monmaptool", "--create", "--clobber", "--fsid", self._cluster, "--addv", "a", address, path)
        return path

    def _configure(self) -> None:
        values: dict[str, Any] = {"cluster": self._cluster, "monitor": self._port("monitor"), "gateway": self._port("gateway")}
        values |= {"directory": self.directory.resolve(), "cert": self._tls.cert.resolve(), "key": self._tls.key.resolve()}
        self._settings.write_text(SETTINGS.format(lc_debug=self.lc_debug or -1, **values))

    def _create_user(self, name: str, *options: str) -> tuple[str, str]:
        """The keys, which Ceph makes itself: none is seen in a command line."""
        (key,) = self.admin("user", "create", "--uid", name, "--display-name", name, *options)["keys"]
        return key["access_key"], key["secret_key"]

    def _daemon(self, program: str, *arguments: str) -> None:
        self._run(program, [find(program), *arguments, "-f"], self._environment)

    def _call(self, program: str, *arguments: str) -> str:
        command, environment = [find(program), *arguments], {**os.environ, **self._environment}
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
        done = subprocess.run(command, env=environment, timeout=COMMAND_TIMEOUT_S, check=False, **options)
        for process in self._processes:
            process.check()
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
        return str(done.stdout)
