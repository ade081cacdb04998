# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store in trouble: whatever happens to some of the requests, in the end the right bytes are on both sides."""

from __future__ import annotations

import random
import threading

import pytest

from ansible_collections.mediastore.s3.tests.servers.troubled import LIE, RESET, TRUNCATE, TroubledS3
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

FILES = 300
TROUBLES = (RESET, (500, "InternalError"), (503, "SlowDown"), LIE, TRUNCATE)


@pytest.fixture(params=["boto3", "obstore"])
def engine(request):
    return request.param


@pytest.fixture
def store(tmp_path):
    with TroubledS3(tmp_path / "store") as server:
        yield server


def one_in(number):
    """Trouble for one request in so many, of each kind in turn."""
    dice, lock = random.Random(7), threading.Lock()

    def trouble(request, count):
        with lock:
            return dice.choice(TROUBLES) if request.path != "/media" and not dice.randrange(number) else None

    return trouble


def contents(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_there_and_back_with_trouble_at_one_request_in_twenty(store, tmp_path, engine):
    source, back = tmp_path / "source", tmp_path / "back"
    back.mkdir()
    for number in range(FILES):
        path = source / f"{number % 7}" / f"{number:03d}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.Random(number).randbytes(number * 97))
    options = {**store.connection, "bucket": "media", "engine": engine}
    store.trouble = one_in(20)
    up = run_module("sync", {**options, "path": str(source)})
    assert up.get("complete"), up
    assert {path: body for path, (body, _headers) in store.objects.items()} == {
        f"/media/{name}": body for name, body in contents(source).items()
    }
    down = run_module("sync", {**options, "path": str(back), "direction": "download"})
    # Where an answer breaks off in the middle, boto3 does not go on there by itself; the next run takes the object.
    for _again in range(3):
        if down.get("complete"):
            break
        down = run_module("sync", {**options, "path": str(back), "direction": "download"})
    assert down["complete"] and contents(back) == contents(source)
    assert (up["engine"], down["engine"]) == (engine, engine)
