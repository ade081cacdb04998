# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bad way to a good store: with both engines everything ends well, and where it cannot, it ends soon and says so."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.journal import Journal
from ansible_collections.mediastore.s3.tests.servers.faultproxy import KINDS, TRUNCATE, WRONG_ETAG, FaultProxy
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3
from ansible_collections.mediastore.s3.tests.servers.tls import make_certificates

MIB = 1024 * 1024
ENGINES = ("boto3", "obstore")


def md5_like(md5: str, body: bytes) -> str:
    """The MD5 of the body, as a whole or by parts, as it is with the other one."""
    part_size = int(md5.partition("/")[2] or 0)
    if not part_size:
        return hashlib.md5(body).hexdigest()
    sums = [hashlib.md5(body[at : at + part_size]).digest() for at in range(0, len(body), part_size)]
    return f"{hashlib.md5(b''.join(sums)).hexdigest()}-{len(sums)}/{part_size}"


class Site:
    """A directory, a real store, and the bad way between the two."""

    def __init__(self, root: Path, store: Any, proxy: FaultProxy, engine: str) -> None:
        self.root, self.store, self.proxy = root, store, proxy
        self.media, self.journal = root / "media", root / "journal"
        self.media.mkdir()
        way = {"endpoint_url": proxy.url, "ca_path": str(root / "tls" / "ca.pem"), "read_timeout": 2}
        self.options = {**store.connection, **way, "bucket": "media", "engine": engine}
        # past the proxy, to see what is really there
        self.client = boto3.client(
            "s3",
            endpoint_url=store.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=store.access_key,
            aws_secret_access_key=store.secret_key,
        )
        self.client.create_bucket(Bucket="media")

    def fill(self, small: int, large: int = 0) -> None:
        dice = random.Random(small)
        for number in range(small + large):
            path = self.media / f"{number % 23:02d}" / f"{number:05d}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(dice.randbytes(int(dice.lognormvariate(9, 1)) if number < small else 11 * MIB + number))

    def trouble(self, rate: float, *kinds: str, seed: int = 1, stall_s: float = 3.0) -> None:
        self.proxy.forget()
        self.proxy.rate, self.proxy.kinds, self.proxy.stall_s, self.proxy.seed = rate, kinds or KINDS, stall_s, seed

    def run(self, module: str, ends_well: bool = True, **more: Any) -> dict[str, Any]:
        """The result of a module in a process of its own."""
        options = {**self.options, "path": str(self.media), "journal": str(self.journal), **more}
        command = [sys.executable, "-m", f"ansible_collections.mediastore.s3.plugins.modules.{module}"]
        asked = json.dumps({"ANSIBLE_MODULE_ARGS": options})
        done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=400, check=False)
        assert "Traceback" not in done.stdout + done.stderr, done.stderr[-3000:]
        result: dict[str, Any] = json.loads(done.stdout)
        assert bool(result.get("failed")) != ends_well, json.dumps(
            [result.get("msg"), result.get("samples"), self.proxy.faults], indent=1
        )
        return result

    def proofs(self) -> dict[str, Any]:
        journal = Journal(str(self.journal), read_only=True)
        try:
            return {proof.key: proof for proof in journal.proofs()}
        finally:
            journal.close()

    def require_all_there(self) -> None:
        """Every byte is in the bucket, nothing else is, nothing is unfinished, and the journal proves what is there."""
        here, there = contents(self.media), self.stored()
        assert here.keys() == there.keys()
        assert [name for name, body in here.items() if body != there[name]] == []
        assert not self.client.list_multipart_uploads(Bucket="media").get("Uploads")
        self.require_true_proofs(there)
        assert self.proofs().keys() == here.keys()

    def require_true_proofs(self, there: dict[str, bytes]) -> None:
        wrong = [key for key, proof in self.proofs().items() if md5_like(proof.md5, there.get(key, b"none")) != proof.md5]
        assert wrong == []

    def stored(self) -> dict[str, bytes]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket="media")
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return {key: self.client.get_object(Bucket="media", Key=key)["Body"].read() for key in keys}


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


@contextlib.contextmanager
def site_at(root, server, engine):
    with server as store, FaultProxy(make_certificates(root / "tls"), int(store.endpoint_url.rpartition(":")[2])) as proxy:
        yield Site(root, store, proxy, engine)


def rclone(root):
    return RcloneS3(root / "store", "ACCESSKEY", "a-secret-that-must-not-show", tls=False)


def moto(root):
    """Its uploads in parts have the ETags that S3's have."""
    return MotoS3()


@pytest.fixture
def site(tmp_path, engine):
    with site_at(tmp_path, rclone(tmp_path), engine) as opened:
        yield opened


@pytest.fixture(params=[rclone, moto])
def any_site(request, tmp_path, engine):
    with site_at(tmp_path, request.param(tmp_path), engine) as opened:
        yield opened


def there_verified_and_back(site: Site, back: Path) -> None:
    done = site.run("sync", part_size="5M")
    assert done["complete"] and done["engine"] == site.options["engine"], done
    found = site.run("verify", read_back="all")
    assert found["verified"] and found["counts"]["extra"] == 0, found
    back.mkdir()
    down = site.run("sync", path=str(back), direction="download", journal=str(site.root / "other"))
    assert down["complete"], down
    site.proxy.rate = 0
    print(f"\n{site.options['engine']}: {dict(site.proxy.faults)} in {sum(site.proxy.requests.values())} requests")
    assert contents(back) == contents(site.media)
    site.require_all_there()
    assert list(back.rglob(".*")) == []


def test_at_one_request_in_ten_with_every_kind_of_fault(any_site, tmp_path):
    any_site.fill(250, 5)
    any_site.trouble(0.1)
    there_verified_and_back(any_site, tmp_path / "back")
    assert set(any_site.proxy.faults) == set(KINDS), any_site.proxy.faults


def test_a_listing_that_breaks_off_makes_nothing_look_missing_or_extra(site):
    """Also where it ends in good order before it has begun, which would be an empty bucket."""
    site.fill(1100)
    assert site.run("sync")["complete"]
    seen = 0
    site.proxy.spares = lambda asked: asked.operation != "ListObjects"
    for seed in range(2):
        site.trouble(0.3, TRUNCATE, seed=seed)
        assert site.run("verify", max_attempts=9)["verified"]
        assert site.run("sync", max_attempts=9)["plan"]["upload"]["files"] == 0
        seen += site.proxy.faults[TRUNCATE]
    assert seen >= 2


def test_an_etag_that_is_always_wrong_proves_nothing(site):
    site.fill(60, 1)
    site.trouble(1, WRONG_ETAG)
    failed = site.run("sync", ends_well=False, part_size="5M")
    assert "ETag" in failed["msg"]
    assert site.proofs() == {}
    site.trouble(0)
    assert site.run("sync", part_size="5M")["complete"]
    site.require_all_there()


@pytest.mark.parametrize(("kind", "says"), [("error", "500 InternalError"), ("slow_down", "503 SlowDown"), ("reset_before", "")])
def test_what_never_passes_ends_soon_and_says_so(site, kind, says):
    site.fill(400)
    site.trouble(1, kind)
    # the listing comes through, so that it is the files that fail
    site.proxy.spares = lambda asked: asked.operation != "PutObject"
    begun = time.monotonic()
    failed = site.run("sync", ends_well=False, max_attempts=3)
    assert time.monotonic() - begun < 120
    assert says in failed["msg"] and "in a row" in failed["msg"]
    # it is not every file that is tried
    assert site.proxy.requests["PutObject"] < 400
    assert site.proofs() == {}


def test_a_fault_in_a_hundred_costs_less_than_half_of_the_speed(site):
    site.fill(1000)
    took = {0.0: 0.0, 0.01: 0.0}
    for turn in range(2):
        for rate in took:
            site.trouble(rate, stall_s=0.5, seed=turn)
            done = site.run("sync", prefix=f"{turn}-{rate}/", journal=str(site.root / f"journal-{turn}-{rate}"))
            assert done["complete"] and bool(site.proxy.faults) == bool(rate)
            took[rate] += done["duration_s"]
    print(f"\n{site.options['engine']}: {took[0.0] / took[0.01]:.2f} of the speed, {took}")
    assert took[0.01] < 2 * took[0.0], took
