# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as in tests/e2e, between which and its store everything can happen, and clients that upload all the time."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.mediastore.s3.tests.e2e.migrate_site import Site, Writer
from ansible_collections.mediastore.s3.tests.e2e.mirrored_site import MirroredSite
from ansible_collections.mediastore.s3.tests.interop.keysite import cut_the_power
from ansible_collections.mediastore.s3.tests.servers.faultproxy import FaultProxy
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3
from ansible_collections.mediastore.s3.tests.servers.tls import make_certificates

SETCLOCK = Path(__file__).with_name("setclock.c")
COMPILE = Path(__file__).parents[1] / "utils" / "compile.sh"
#: what the host waits for an answer; a stall is longer
READ_TIMEOUT_S, STALL_S = 5, 30.0
#: how large the disk is: a way back needs room for what was uploaded
DISK_BYTES, BYTES_PER_FILE = 400 << 20, 32 << 10


class Disk:
    """A small filesystem of its own, for the media and the state, that others can fill."""

    def __init__(self, path: Path, nbytes: int) -> None:
        self.path = path
        self._filler = path / "filler"
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={nbytes}", "tmpfs", path], check=True)

    def fill(self) -> None:
        """Leave not a byte, until there is room again."""
        with contextlib.suppress(OSError), open(self._filler, "ab") as out:
            while True:
                out.write(bytes(4096))
                out.flush()

    def make_room(self) -> None:
        """Take away what filled it."""
        self._filler.unlink(missing_ok=True)

    def remove(self) -> None:
        """All of it, at once, also where somebody is still in it."""
        subprocess.run(["umount", "--lazy", self.path], check=True)


class ChaosSite(Site):
    """The application talks to the store itself; what the collection sends goes through the proxy."""

    #: only root can have one
    disk: Disk | None = None
    #: the application's backend after a cutover
    switched_to = "s3"

    def with_a_clock(self) -> None:
        """Have all that is started from here go by a clock that can be set."""
        subprocess.run([COMPILE, SETCLOCK, self.directory / "setclock.so", "-shared", "-fPIC"], check=True)
        self.set_clock(0)

    def set_clock(self, wrong_s: int) -> None:
        """Have it wrong by so many seconds from now on."""
        # in place: who has it mapped must not find it shorter
        place = os.open(self.directory / "clock", os.O_WRONLY | os.O_CREAT)
        os.write(place, wrong_s.to_bytes(8, sys.byteorder, signed=True))
        os.close(place)

    def set_right(self) -> None:
        """What the errors said was to be done: there is room on the disk, and the clock is right."""
        self.set_clock(0)
        if self.disk:
            self.disk.make_room()

    def environment(self) -> dict[str, str]:
        """With the clock that can be set."""
        clock = {"LD_PRELOAD": str(self.directory / "setclock.so"), "SETCLOCK": str(self.directory / "clock")}
        return {**super().environment(), **clock}

    def live_on(self, disk: Disk) -> None:
        """Have the media, where they are set aside, and the state there."""
        self.disk = disk
        self.media, self.backup, self.state = disk.path / "media", disk.path / "media.before-s3", disk.path / "state"

    def fill(self, files: int) -> None:
        """Media from before anybody looked, beside those that the application was given."""
        for number in range(files):
            key = f"old/{number % 97:02d}/{number}.bin"
            body = self.random.randbytes(min(int(self.random.lognormvariate(8, 1.5)), 2_000_000))
            path = self.media / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            self.acknowledged[key] = body


class MirroredChaosSite(ChaosSite, MirroredSite):
    """The application reads and writes both its files and the store, and is switched first."""

    switched_to = "both"


#: of a cutover, and the site where it is made in that order
ORDERS: dict[str, type[ChaosSite]] = {"stop-first": ChaosSite, "switch-first": MirroredChaosSite}


@contextlib.contextmanager
def chaos_site(
    directory: Path, seed: int, files: int, rate: float, order: str = "stop-first"
) -> Iterator[tuple[ChaosSite, FaultProxy]]:
    """All of it, running; in the end all of it is gone but the directory."""
    certificates = make_certificates(directory / "tls")
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(RcloneS3(directory / "store", "ACCESSKEY", "a-secret-of-the-store", tls=False))
        proxy = stack.enter_context(FaultProxy(certificates, store.port, rate=rate, seed=seed))
        proxy.stall_s = STALL_S
        site = ORDERS[order](directory, store, seed)
        way = {"endpoint_url": proxy.url, "ca_path": str(certificates.ca), "read_timeout": READ_TIMEOUT_S}
        site.variables = {"mediastore_store": {**store.connection, **way}, "generic_health_timeout": 20}
        site.variables["migrate_accept_deleted"] = True
        if os.geteuid() == 0:
            disk = Disk(directory / "disk", DISK_BYTES + files * BYTES_PER_FILE)
            stack.callback(disk.remove)
            site.live_on(disk)
        stack.callback(site.close)
        site.with_a_clock()
        site.build(files=10)
        site.fill(files)
        yield site, proxy


class Clients(Writer):
    """Some who add media all the time, write a share of them anew and delete some; the site remembers what was acknowledged."""

    def __init__(self, site: Site, seed: int, rewrites: float, deletes: float) -> None:
        super().__init__(site)
        self._dice = random.Random(seed)
        self._rewrites = rewrites
        self._deletes = deletes
        self.uploads = self.deleted = 0

    def _write(self) -> None:
        mine: list[str] = []
        number = 0
        while not self._end.wait(self.pause_s):
            number += 1
            if mine and self._dice.random() < self._deletes:
                self.deleted += self.site.delete(mine.pop(self._dice.randrange(len(mine))))
            anew = bool(mine) and self._dice.random() < self._rewrites
            key = self._dice.choice(mine) if anew else f"live/{number % 7}/{number}.bin"
            if self.site.upload(key, self._dice.choice((5, 2000, 150_000))):
                self.uploads += 1
                mine += [] if anew else [key]
            else:
                self.refused += 1
                if anew:
                    # Without an answer both the old and the new one are right.
                    del self.site.acknowledged[key]
                    mine.remove(key)


def modules_of(pid: int) -> list[int]:
    """The modules that a playbook runs at the moment: Pythons that read their code from standard input or from an archive."""
    started = [pid]
    for one in started:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                started += [int(child) for child in (task / "children").read_text().split()]
    return [one for one in started[1:] if _is_module(one)]


def _is_module(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"python" in command.split(b"\0")[0] and b"ansible-playbook" not in command


def restart(store: RcloneS3, after_s: float) -> None:
    """kill -9 of the store, which comes back a little later."""
    if store.pid:
        cut_the_power(store.pid)
    time.sleep(after_s)
    store.stop()
    store.start()
