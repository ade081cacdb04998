# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage class of many objects, killed on the way, and the example of the manual as a user runs it."""

from __future__ import annotations

import datetime
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml
from moto.s3.models import s3_backends

from ansible_collections.mediastore.s3.tests.e2e import measured
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"
OBJECTS = 5_000
#: copies after which the module is killed, one run after the other
KILLED_AFTER = (1, 800, 1900)
MOST_MEMORY_KIB = 100 * 1024
MOST_RESULT = 20_000


COPIED = '<?xml version="1.0" encoding="UTF-8"?>\n<CopyObjectResult><ETag>{etag}</ETag></CopyObjectResult>'


class QuickS3(MotoS3):
    """Moto that is asked about objects, and to copy them, without its web framework, which takes most of its time."""

    def _counted(self, app):
        thorough = super()._counted(app)

        def quick(environ, start_response):
            _root, bucket, key = [*environ["PATH_INFO"].split("/", 2), ""][:3]
            if environ["REQUEST_METHOD"] == "HEAD":
                found = backend().buckets[bucket].keys[key]
                start_response(
                    "200 OK", [(name, str(value)) for name, value in {**found.metadata, **found.response_dict}.items()]
                )
                return []
            if "HTTP_X_AMZ_COPY_SOURCE" not in environ:
                return thorough(environ, start_response)
            self.requests.append(f"PUT {environ['PATH_INFO']}")
            source = backend().buckets[bucket].keys[key]
            backend().copy_object(source, bucket, key, storage=environ["HTTP_X_AMZ_STORAGE_CLASS"])
            body = COPIED.format(etag=source.etag).encode()
            start_response("200 OK", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [body]

        return quick


@pytest.fixture
def store():
    with QuickS3() as server:
        client = server.client()
        client.create_bucket(Bucket="example-media")
        # as Amazon makes buckets: without ACLs, so that no object is asked for its own
        rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        client.put_bucket_ownership_controls(Bucket="example-media", OwnershipControls=rules)
        yield server


def backend():
    """The store's memory, which is this process's: filling it by requests would take longer than the test."""
    return s3_backends[ACCOUNT]["aws"]


def fill(number):
    for name in range(number):
        backend().put_object("example-media", f"{name % 97:02d}/{name:05d}.jpg", b"photo %05d" % name)


def classes():
    return Counter(key.storage_class for key in backend().buckets["example-media"].keys.values())


def copies(store):
    """How often each object was copied, as the store saw it."""
    return Counter(request for request in list(store.requests) if request.startswith("PUT /example-media/"))


def start(store, directory, **options):
    """The module in a process of its own, as on a host."""
    where = {"bucket": "example-media", "storage_class": "STANDARD_IA", "_ansible_remote_tmp": str(directory)}
    return measured.start("storage_class", {**store.connection, **where, **options})


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.stdout.close()
    assert process.wait(30) == -signal.SIGKILL


def wait_until_idle(store):
    """Requests that were sent before a kill are still answered."""
    seen = -1
    while seen != len(store.requests):
        seen = len(store.requests)
        time.sleep(0.3)


def test_thousands_of_objects_killed_on_the_way_are_copied_once_each_in_flat_memory(store, tmp_path):
    fill(OBJECTS)
    predicted, _length, _memory = measured.finish(start(store, tmp_path, _ansible_check_mode=True))
    assert predicted["plan"]["change"] == {"objects": OBJECTS, "bytes": 11 * OBJECTS}
    assert classes() == {"STANDARD": OBJECTS}
    for number in KILLED_AFTER:
        process = start(store, tmp_path)
        deadline = time.monotonic() + 60
        while sum(copies(store).values()) < number:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        kill(process)
        wait_until_idle(store)
    before = classes()["STANDARD_IA"]
    assert KILLED_AFTER[-1] <= before < OBJECTS
    result, length, memory = measured.finish(start(store, tmp_path))
    assert result["copied"]["objects"] == OBJECTS - before
    assert (result["complete"], result["plan"]["reasons"]) == (True, {"already": before})
    assert classes() == {"STANDARD_IA": OBJECTS}
    assert set(copies(store).values()) == {1} and len(copies(store)) == OBJECTS
    assert length <= MOST_RESULT
    assert 0 < memory <= MOST_MEMORY_KIB


def play(store, directory, tasks, *options):
    """Run tasks as a playbook; what it printed."""
    plays = tasks if "tasks" in tasks[0] else [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    plays[0]["module_defaults"] = {"group/mediastore.s3.store": "{{ mediastore_store }}"}
    (directory / "play.yml").write_text(yaml.safe_dump(plays))
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "mediastore_store": store.connection,
    }
    command = ["ansible-playbook", "-i", "localhost,", str(directory / "play.yml"), "-e", json.dumps(variables), *options]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def manual():
    """The playbook that the manual prints."""
    text = (ROOT / "docs" / "storage_class.md").read_text(encoding="utf-8")
    return yaml.safe_load(re.search(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE).group(1))


def age(days):
    """Let all objects be older than they are."""
    for key in backend().buckets["example-media"].keys.values():
        key.last_modified -= datetime.timedelta(days=days)


def test_the_example_of_the_manual(store, tmp_path):
    backend().put_object("example-media", "large.jpg", bytes(200_000))
    backend().put_object("example-media", "small.jpg", bytes(1000))
    age(40)
    backend().put_object("example-media", "young.jpg", bytes(200_000))
    told = play(store, tmp_path, manual())
    assert re.search(r"1 objects; [0-9.e-]+ USD once; [0-9.e-]+ a month now, [0-9.e-]+ then", told), told
    assert classes() == {"STANDARD": 3}
    done = play(store, tmp_path, manual(), "-e", "confirmed=true")
    assert "changed=2 " in done
    assert classes() == {"STANDARD": 2, "STANDARD_IA": 1}
    assert "changed=0 " in play(store, tmp_path, manual(), "-e", "confirmed=true", "--diff")


def test_the_progress_is_shown(store, tmp_path):
    fill(400)
    task = {"bucket": "example-media", "storage_class": "GLACIER_IR", "concurrency": 1, "progress": "always"}
    told = play(store, tmp_path, [{"name": "Move", "mediastore.s3.storage_class": task}])
    assert re.search(r"\[localhost\] to GLACIER_IR: \d+ %, (\d+ s left, )?\d+/400 files", told), told
    assert classes() == {"GLACIER_IR": 400}


def test_a_sync_after_it_sends_nothing(store, tmp_path):
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "photo.jpg").write_bytes(b"photo")
    (tmp_path / "media" / "film.mp4").write_bytes(os.urandom(6 * 1024 * 1024))
    sync = {
        "path": str(tmp_path / "media"),
        "bucket": "example-media",
        "journal": str(tmp_path / "state" / "j"),
        "part_size": "5M",
    }
    tasks = [{"name": "Sync", "mediastore.s3.sync": sync}]
    change = [{"name": "Move", "mediastore.s3.storage_class": {"bucket": "example-media", "storage_class": "STANDARD_IA"}}]
    assert "changed=1 " in play(store, tmp_path, tasks)
    assert "changed=1 " in play(store, tmp_path, change)
    assert "changed=0 " in play(store, tmp_path, tasks)
    assert "changed=0 " in play(store, tmp_path, change)
