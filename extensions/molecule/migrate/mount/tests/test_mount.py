# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory becomes a mount of the bucket below an application that notices nothing, and a directory again."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import time
from pathlib import Path

import testinfra

SCENARIO = Path(__file__).parent.parent
HOSTS = testinfra.get_hosts(["ssh://moved-goofys", "ssh://moved-rclone"], ssh_config=os.environ["SSH_CONFIG"])
UNIT, APP = "mediastore-mount-media.service", "media-app.service"

#: lets a program fail, or wait for a signal, where it should mount at the application's path, and work anywhere else
TROUBLE = """#!/bin/sh
case " $* " in *" /srv/media "*) {instead} ;; esac
exec /usr/local/bin/{program}.real "$@"
"""


def begin(stage, *options):
    command = ["ansible-playbook", "-i", str(SCENARIO / "inventory.yml"), "--limit", "moved", f"mediastore.s3.migrate.{stage}"]
    environment = {**os.environ, "ANSIBLE_PIPELINING": "true", "NO_COLOR": "1"}
    return subprocess.Popen([*command, *options], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def play(stage, *options):
    """A playbook as a user runs it, for all hosts at once."""
    running = begin(stage, *options)
    output = running.communicate(timeout=400)[0]
    return running.returncode, output


def state_of(host):
    return json.loads(host.file("/var/lib/mediastore/media/migration.json").content_string)


def backend_of(host):
    return host.backend.hostname.split("-")[1]


def old(host):
    lines = host.file("/root/old.sha256").content_string.splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def sums(host, names):
    """SHA-256 of these files of the application, asked for by name: goofys' listings leave out for a minute what was created
    in the moment in which it asked the store for one."""
    told = host.run(f"cd /srv/media && sha256sum -- {shlex.join(names)}").stdout
    return {name: digest for digest, name in (line.split("  ", 1) for line in told.splitlines())}


def acknowledged(host):
    lines = host.file("/var/log/media-app/acknowledged").content_string.splitlines()
    return dict(line.split() for line in lines if len(line.split()) == 2)


#: the names of those objects that carry the times of their files, as what the module sync has sent does, and not what goofys has
TIMED = """
import boto3
store = boto3.client("s3", endpoint_url="https://s3:9000", region_name="us-east-1", verify="/etc/ssl/store.pem",
                     aws_access_key_id="migration-test", aws_secret_access_key="a-secret-of-the-migration")
for page in store.get_paginator("list_objects_v2").paginate(Bucket="site-media", Prefix="{prefix}"):
    for key in (found["Key"] for found in page["Contents"]):
        if "mtime" in store.head_object(Bucket="site-media", Key=key)["Metadata"]:
            print(key[len("{prefix}"):])
"""


def sent_by_us(host):
    return set(host.check_output("python3 -c %s", TIMED.format(prefix=f"{backend_of(host)}/old/")).splitlines())


def assert_nothing_is_lost(host, changed=()):
    believed = {**acknowledged(host), **{f"old/{name}": digest for name, digest in old(host).items()}, **dict(changed)}
    held = sums(host, believed)
    assert {name: held.get(name) for name, digest in believed.items() if held.get(name) != digest} == {}


def assert_works_in_the_bucket(host):
    assert state_of(host)["stage"] == "healthy"
    assert host.mount_point("/srv/media").filesystem.startswith("fuse")
    assert host.service(APP).is_running and host.service(UNIT).is_running and host.service(UNIT).is_enabled
    assert UNIT in host.check_output("systemctl show --property=BindsTo --value %s", APP)
    assert host.file("/srv/media.before-s3/old/large").exists
    before = len(acknowledged(host))
    time.sleep(3)
    assert len(acknowledged(host)) > before, "the application stores media"
    assert_nothing_is_lost(host)


def assert_works_in_its_directory(host):
    assert not host.mount_point("/srv/media").exists
    assert host.service(APP).is_running and host.service(APP).is_enabled
    assert host.check_output("systemctl show --property=BindsTo --value %s", APP) == ""
    assert host.check_output("systemctl show --property=LoadState --value %s", UNIT) == "not-found"
    folder = host.file("/srv/media")
    assert (folder.user, folder.group, folder.mode) == ("www-data", "www-data", 0o750)
    assert not host.file("/srv/media.before-s3").exists
    before = len(acknowledged(host))
    time.sleep(3)
    assert len(acknowledged(host)) > before, "the application stores media"
    assert_nothing_is_lost(host)


def make_trouble(host, instead):
    program = backend_of(host)
    host.check_output("cp -n /usr/local/bin/%s /usr/local/bin/%s.real", program, program)
    host.check_output("printf %%s %s > /usr/local/bin/%s", TROUBLE.format(instead=instead, program=program), program)


def end_trouble(host):
    host.check_output("mv /usr/local/bin/%s.real /usr/local/bin/%s", *[backend_of(host)] * 2)


def test_after_the_cutover_the_application_works_in_the_bucket():
    for host in HOSTS:
        assert_works_in_the_bucket(host)
        downtime = state_of(host)["downtime_s"]["cutover"]
        print(f"{backend_of(host)}: down for {downtime} s")
        assert 0 < downtime < 30
        # the mount beside the directory, through which everything was tried
        assert not host.mount_point("/var/lib/mediastore/media/mount").exists
        assert host.service("mediastore-mount-watch@media.timer").is_running


def test_rsync_moved_the_files_where_it_was_asked_to_and_nothing_was_sent_again():
    goofys, rclone = HOSTS
    assert sent_by_us(goofys) == set()
    assert sent_by_us(rclone) == set(old(rclone))
    for host in HOSTS:
        for name in ("top.unfinished", "deep/er.unfinished"):
            assert host.file(f"/srv/media.before-s3/{name}").exists and not host.file(f"/srv/media/{name}").exists


def test_after_a_rollback_it_works_in_its_directory_with_all_that_was_written_since():
    edited = hashlib.sha256(b"written anew\n").hexdigest()
    changed = {"old/medium 7": edited, "new/er/file": edited}
    for host in HOSTS:
        host.check_output(
            "setpriv --reuid=www-data --regid=www-data --clear-groups sh -c %s",
            "set -e; cd /srv/media; echo 'written anew' > 'old/medium 7'; mkdir -p new/er; echo 'written anew' > new/er/file",
        )
        assert_nothing_is_lost(host, changed)
    before = [state_of(host) for host in HOSTS]
    status, output = play("rollback", "--check")
    assert status == 0, output
    assert [state_of(host) for host in HOSTS] == before
    assert all(host.mount_point("/srv/media").exists and host.service(APP).is_running for host in HOSTS)
    status, output = play("rollback")
    assert status == 0, output
    for host in HOSTS:
        assert state_of(host)["stage"] == "rolled_back"
        print(f"{backend_of(host)}: down for {state_of(host)['downtime_s']['rollback']} s on the way back")
        assert sums(host, changed) == changed
        # what is remembered of it is from before
        host.check_output("cd /srv/media/old && sha256sum * > /root/old.sha256")
        assert_works_in_its_directory(host)
    assert play("rollback")[1].count("changed=0") == len(HOSTS)


def test_a_copy_through_rsync_repairs_what_has_another_size_and_leaves_no_mount():
    for host in HOSTS:
        host.check_output(
            "cd /srv/media/old && echo more >> 'medium 9' && echo new > 'by rsync' && sha256sum * > /root/old.sha256"
        )
    status, output = play("sync", "-e", "migrate_transport=rsync")
    assert status == 0, output
    moved = output.partition("Copy with rsync what has another size there, or is missing")[2].partition("TASK [")[0]
    for host in HOSTS:
        assert f"changed: [{host.backend.hostname}]" in moved, output
        assert state_of(host)["stage"] == "synced"
        assert not host.mount_point("/var/lib/mediastore/media/mount").exists
        assert host.check_output("systemctl show --property=LoadState --value %s", UNIT) == "not-found"
        assert_works_in_its_directory(host)
    assert sent_by_us(HOSTS[0]) == set(), "goofys has brought both, and they are proved"


def test_what_does_not_fit_is_named_before_anything_is_touched():
    before = [state_of(host) for host in HOSTS]
    wrong = {"name": "media", "backend": "rclone", "bucket": "other", "path": "/srv/other", "services": []}
    status, output = play("cutover", "-e", json.dumps({"mediastore_mounts": [wrong]}))
    assert status != 0
    for said in (
        "Mount media is at /srv/other, and the application works in /srv/media.",
        "Mount media shows other/, and the media go to site-media/goofys/.",
        "Mount media gives everything to root:root, and /srv/media belongs to www-data:www-data.",
        "Mount media has to name media-app.service in services",
    ):
        assert said in output
    status, output = play("cutover", "-e", "migrate_mount=unknown")
    assert status != 0 and "there is no unknown in mediastore_mounts" in output
    status, output = play("cutover", "--check")
    assert status == 0, output
    assert [state_of(host) for host in HOSTS] == before
    for host in HOSTS:
        assert_works_in_its_directory(host)


def test_a_mount_that_fails_in_the_window_is_undone():
    for host in HOSTS:
        make_trouble(host, "echo no luck today >&2; exit 1")
    status, output = play("cutover")
    assert status != 0
    for said in ("The cutover was undone.", "no luck today"):
        assert output.count(said) >= len(HOSTS), output
    for host in HOSTS:
        end_trouble(host)
        assert state_of(host)["stage"] == "rolled_back"
        assert_works_in_its_directory(host)


def test_a_run_that_was_killed_in_the_window_is_finished_by_the_same_command():
    for host in HOSTS:
        make_trouble(host, "touch /run/waiting; sleep 1000")
    running = begin("cutover")
    deadline = time.monotonic() + 300
    while not all(host.file("/run/waiting").exists for host in HOSTS):
        assert time.monotonic() < deadline and running.poll() is None, running.communicate()[0]
        time.sleep(0.2)
    running.kill()
    running.communicate()
    for host in HOSTS:
        assert not host.service(APP).is_running
        end_trouble(host)
    status, output = play("cutover")
    assert status == 0, output
    for host in HOSTS:
        assert_works_in_the_bucket(host)


def test_a_rollback_is_refused_while_nobody_says_that_there_is_a_mount():
    status, output = play("rollback", "-e", "migrate_layout=native")
    assert status != 0
    assert "/srv/media is a mount, and nobody said that it is to be unmounted" in output
    for host in HOSTS:
        assert_works_in_the_bucket(host)
