# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The people who use the server while it is moved: they upload, they look, and they notice when nothing answers."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from apps import App, NotServed
from content import Upload, everyday
from ledger import Entry, Ledger

TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Outage:
    """From the last answer before a failure to the first answer after it: the longest that it can have been."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass
class Probe:
    """One question asked over and over; remembers every answer and so knows the outages."""

    last_ok: float = 0.0
    failing: bool = False
    outages: list[Outage] = field(default_factory=list)

    def heard(self, ok: bool, at: float) -> None:
        if not ok:
            self.failing = True
            return
        if self.failing and self.last_ok:
            self.outages.append(Outage(self.last_ok, at))
        self.failing = False
        self.last_ok = at

    def all(self, now: float) -> list[Outage]:
        """The outages so far; one that has not ended yet counts up to now."""
        return [*self.outages, Outage(self.last_ok, now)] if self.failing else list(self.outages)


@dataclass
class Second:
    """What the clients saw in one second of the clock."""

    ok: int = 0
    failed: int = 0


class Traffic:
    """Clients that go on until told to stop. Each request has a time-out, so that a hanging server is a failing one."""

    def __init__(self, app: App, ledger: Ledger, seed: int = 2) -> None:
        self._app = app
        self._ledger = ledger
        self._rng = random.Random(seed)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self.reads = Probe()
        self.writes = Probe()
        self.seconds: dict[int, Second] = {}
        #: answers that were given and were wrong (404, other bytes); a refused connection is an outage, this is damage
        self.wrong: list[str] = []

    def start(self) -> None:
        pinned = self._ledger.entries()[0]
        jobs = [(self._write, 0.25), (self._write_probe, 0.2), (self._read, 0.12), (lambda _rng: self._probe(pinned), 0.1)]
        for number, (job, pause) in enumerate(jobs):
            rng = random.Random(self._rng.random() + number)
            thread = threading.Thread(target=self._keep, args=(job, rng, pause), daemon=True, name=f"client-{number}")
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * TIMEOUT_S)

    def outages(self) -> list[Outage]:
        """Every outage that uploads or downloads met, oldest first."""
        now = time.time()
        return sorted(self.reads.all(now) + self.writes.all(now), key=lambda outage: outage.began)

    def wait_until_served(self, timeout: float = 30.0) -> bool:
        """True when both probes have had an answer since now; a stage is over for the clients, not only for Ansible."""
        asked = time.time()
        while min(self.reads.last_ok, self.writes.last_ok) <= asked:
            if time.time() - asked > timeout:
                return False
            time.sleep(0.05)
        return True

    # -- what each client does ------------------------------------------------------------------------------------------

    def _keep(self, job: Callable[[random.Random], bool], rng: random.Random, pause: float) -> None:
        while not self._stop.wait(pause):
            ok = job(rng)
            with self._lock:
                second = self.seconds.setdefault(int(time.time()), Second())
                second.ok += ok
                second.failed += not ok

    def _write(self, rng: random.Random) -> bool:
        return self._send(everyday(rng, rng.randrange(10**6)), TIMEOUT_S)

    def _write_probe(self, rng: random.Random) -> bool:
        ok = self._send(Upload("probe.txt", "text/plain", rng.randbytes(40).hex().encode()), PROBE_TIMEOUT_S)
        self.writes.heard(ok, time.time())
        return ok

    def _send(self, upload: Upload, timeout: float) -> bool:
        try:
            ref = self._app.upload(upload, timeout)
        except NotServed:
            return False
        self._ledger.add(ref, upload.body)
        return True

    def _read(self, rng: random.Random) -> bool:
        return self._fetch(self._ledger.pick(rng), TIMEOUT_S)

    def _probe(self, pinned: Entry) -> bool:
        ok = self._fetch(pinned, PROBE_TIMEOUT_S)
        self.reads.heard(ok, time.time())
        return ok

    def _fetch(self, entry: Entry, timeout: float) -> bool:
        fault = fetch_fault(self._app, entry, timeout)
        if fault and not fault.startswith("no answer"):
            with self._lock:
                self.wrong.append(f"{entry.ref}: {fault}")
        return not fault


def fetch_fault(app: App, entry: Entry, timeout: float) -> str:
    """Empty when the server gives back what it promised; otherwise what it did instead."""
    try:
        body = app.download(entry.ref, timeout)
    except NotServed as error:
        return f"answered {error}" if error.status else f"no answer: {error}"
    if len(body) != entry.size:
        return f"{len(body)} bytes instead of {entry.size}"
    return "" if hashlib.sha256(body).hexdigest() == entry.sha256 else "other bytes"


def seed(app: App, ledger: Ledger, uploads: Iterable[Upload], workers: int = 4) -> None:
    """Upload the first media, and write down two thumbnails of every tenth picture as the server gives them."""

    def one(numbered: tuple[int, Upload]) -> None:
        number, upload = numbered
        ref = app.upload(upload, 60)
        ledger.add(ref, upload.body)
        if upload.is_image and number % 10 == 0:
            for thumbnail in app.thumbnail_refs(ref):
                ledger.add(thumbnail, app.download(thumbnail, 60), "thumbnail")

    with ThreadPoolExecutor(workers) as pool:
        for _done in pool.map(one, enumerate(uploads)):
            pass


@dataclass(frozen=True)
class Check:
    """The outcome of asking for everything that was ever acknowledged."""

    uploads: int
    thumbnails: int
    lost: list[str]
    seconds: float


def check_all(app: App, ledger: Ledger, workers: int = 6) -> Check:
    """Fetch every entry of the ledger and compare its bytes; what fails is asked once more, with more patience."""
    began = time.monotonic()
    entries = ledger.entries()

    def one(entry: Entry) -> str:
        fault = fetch_fault(app, entry, 2 * TIMEOUT_S) and fetch_fault(app, entry, 4 * TIMEOUT_S)
        return f"{entry.ref}: {fault}" if fault else ""

    with ThreadPoolExecutor(workers) as pool:
        lost = [fault for fault in pool.map(one, entries) if fault]
    uploads = sum(entry.kind == "upload" for entry in entries)
    return Check(uploads, len(entries) - uploads, lost, time.monotonic() - began)
