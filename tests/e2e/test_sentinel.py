# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that the sentinel leaves, run as a timer runs it: without Ansible, and without a key where it needs none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import pytest

from ansible_collections.mediastore.s3.tests.servers.gate import CLOSED, OPEN, GatedS3, closed

SECRET = "a-secret-that-must-not-show"
KEYS = [f"uploads/{number}.png" for number in range(8)]


@pytest.fixture(scope="module")
def one_store():
    with GatedS3() as store:
        store.secret_key = SECRET
        yield store


@pytest.fixture
def site(one_store, tmp_path):
    """A store with media, and a play that leaves the program there."""
    one_store.reset()
    one_store.gate = closed
    client = one_store.client()
    client.create_bucket(Bucket="media")
    for key in KEYS:
        client.put_object(Bucket="media", Key=key, Body=b"x" * 100)
    program = tmp_path / "sentinel.pyz"

    def leave(**options):
        asked = {**one_store.connection, "timeout": 0, "buckets": [{"name": "media"}], "job": str(program), **options}
        task = {"name": "Leave it", "mediastore.s3.sentinel": asked}
        play = [{"name": "Leave it", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}]
        (tmp_path / "play.yml").write_text(json.dumps(play))
        local = f"localhost ansible_python_interpreter={sys.executable}"
        (tmp_path / "hosts").write_text(local + "\n")
        environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "json", "ANSIBLE_LOCALHOST_WARNING": "false"}
        command = [sys.executable, "-m", "ansible.cli.playbook", "-i", str(tmp_path / "hosts"), str(tmp_path / "play.yml")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert SECRET not in done.stdout
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout[done.stdout.index("{") :])["plays"][0]["tasks"][0]["hosts"]["localhost"]

    def run(**environment):
        """As a timer: without what this test imports; its status and its lines."""
        bare = {"PATH": os.environ["PATH"], **environment}
        done = subprocess.run([sys.executable, "-I", program], env=bare, capture_output=True, text=True, timeout=120, check=False)
        assert done.stderr == "" and SECRET not in done.stdout
        return done.returncode, done.stdout.splitlines()

    def options():
        with zipfile.ZipFile(program) as archive:
            return archive.read("options.json").decode()

    return SimpleNamespace(store=one_store, client=client, leave=leave, run=run, options=options, program=program)


def test_it_has_no_key_and_says_what_it_finds(site):
    left = site.leave()
    assert left["changed"] and left["places"][0]["objects"] == 5
    assert SECRET not in site.options() and site.store.access_key not in site.options()
    assert site.program.stat().st_mode & 0o777 == 0o600
    status, lines = site.run()
    assert (status, lines) == (0, ["Nobody without a key can read what is private: 1 places asked, 5 objects."])
    site.store.gate = lambda method, path, query: OPEN if path.startswith("/media/uploads/") else CLOSED
    status, lines = site.run()
    assert status == 10 and lines[0].startswith("PUBLIC: EVERYBODY CAN READ bucket media (key uploads/")
    assert lines[1].startswith("Could not prove that nobody without a key can read what is private: 1 PUBLIC")
    assert all(line.startswith("<3>") for line in site.run(JOURNAL_STREAM="8:1")[1])


def test_a_second_run_keeps_the_sample_as_long_as_it_is_there(site):
    site.leave()
    before = site.options()
    assert not site.leave()["changed"] and site.options() == before
    things = json.loads(before)["ANSIBLE_MODULE_ARGS"]["targets"][0]["things"]
    site.client.delete_object(Bucket="media", Key=things[0]["key"])
    assert site.leave()["changed"]
    after = {thing["key"] for thing in json.loads(site.options())["ANSIBLE_MODULE_ARGS"]["targets"][0]["things"]}
    kept = {thing["key"] for thing in things[1:]}
    assert kept < after and len(after) == 5 and things[0]["key"] not in after


def test_a_sample_that_is_too_old_is_a_finding_and_is_taken_anew(site):
    site.leave(max_age="1h")
    with zipfile.ZipFile(site.program) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(members["options.json"])
    told["ANSIBLE_MODULE_ARGS"]["sampled"] -= 2 * 3600
    members["options.json"] = json.dumps(told).encode()
    with zipfile.ZipFile(site.program, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    status, lines = site.run()
    assert status == 12 and lines[0].startswith("BLIND: nothing is known of objects in bucket media (the sample is 2 hours old)")
    assert site.leave(max_age="1h")["changed"]
    assert site.run()[0] == 0


def test_with_the_key_it_draws_each_time(site):
    left = site.leave(draw="each_run")
    assert left["changed"] and SECRET in site.options() and not site.leave(draw="each_run")["changed"]
    assert site.run()[0] == 0
    site.client.put_object(Bucket="media", Key="later/export.tar.gz", Body=b"x" * 100)
    site.store.gate = lambda method, path, query: OPEN if path.startswith("/media/later/") else CLOSED
    for key in KEYS:
        site.client.delete_object(Bucket="media", Key=key)
    status, lines = site.run()
    assert status == 10 and "key later/export.tar.gz" in lines[0]


def test_a_bucket_that_is_not_there_is_refused(site):
    with pytest.raises(AssertionError, match="NoSuchBucket"):
        site.leave(buckets=[{"name": "nothing"}])
    assert not site.program.exists()
