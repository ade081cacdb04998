# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx under systemd serves a directory: from the bucket after the cutover, from the disk after a rollback."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from urllib.parse import quote

SCENARIO = Path(__file__).parent.parent
testinfra_hosts = ["apps"]

PUT = """
import sys, boto3, botocore.config
s3 = boto3.client("s3", endpoint_url="http://s3:5000", aws_access_key_id="testing", aws_secret_access_key="testing",
    region_name="us-east-1", config=botocore.config.Config(s3=dict(addressing_style="path")))
s3.put_object(Bucket="site-media", Key=sys.argv[1], Body=sys.argv[2].encode())
"""


def play(stage, *options):
    """A playbook as a user runs it."""
    inventory = ["-i", str(SCENARIO / "inventory.yml"), "--limit", "apps"]
    command = ["ansible-playbook", *inventory, f"mediastore.s3.migrate.{stage}", *options]
    environment = {**os.environ, "ANSIBLE_PIPELINING": "true", "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def get(host, path):
    """Status and SHA-256 of what nginx answers."""
    answer = host.run("curl --silent --output /tmp/got --write-out '%%{http_code}' %s", f"http://127.0.0.1/media/{quote(path)}")
    return answer.stdout, host.check_output("sha256sum < /tmp/got").split()[0]


def assert_old_media_are_served(host):
    lines = host.file("/root/media.sha256").content_string.splitlines()
    assert len(lines) == 4
    for line in lines:
        digest, path = line.split(maxsplit=1)
        assert get(host, path[2:]) == ("200", digest), path


def stage_of(host):
    return json.loads(host.file("/var/lib/mediastore/media/migration.json").content_string)["stage"]


def test_after_the_cutover_old_and_new_media_come_from_the_bucket(host):
    assert stage_of(host) == "healthy"
    assert host.file("/srv/media").listdir() == []
    folder = host.file("/srv/media")
    assert (folder.user, folder.mode) == ("www-data", 0o750)
    assert_old_media_are_served(host)
    host.run_expect([0], "python3 -c %s %s %s", PUT, "new.txt", "came after the cutover")
    assert get(host, "new.txt") == ("200", hashlib.sha256(b"came after the cutover").hexdigest())


def test_services_are_as_they_were(host):
    nginx, index = host.service("nginx"), host.service("media-index")
    assert (nginx.is_running, nginx.is_enabled) == (True, True)
    assert (index.is_running, index.is_enabled) == (False, False)


def test_the_state_is_private_and_tells_the_downtime(host):
    state = host.file("/var/lib/mediastore/media/migration.json")
    assert (state.user, state.mode) == ("root", 0o600)
    assert 0 < json.loads(state.content_string)["downtime_s"]["cutover"] < 60
    status, output = play("status")
    assert status == 0
    assert "Undo: ansible-playbook" in output and "mediastore.s3.migrate.rollback" in output


def test_finalize_waits_for_its_day(host):
    status, output = play("finalize")
    assert status != 0
    assert "the backup is kept 7 days" in output
    assert host.file("/srv/media.before-s3/a/one.txt").exists


def test_a_full_state_directory_is_one_clear_error_and_changes_nothing(host):
    for stage in ("plan", "cutover"):
        status, output = play(
            stage, "-e", "migrate_state_dir=/mnt/small", "-e", "migrate_name=other", "-e", "generic_path=/etc/nginx"
        )
        assert status != 0
        assert "The filesystem of the state directory /mnt/small has 0 MiB free" in output
    host.run_expect([0], "head -c 600K /dev/zero > /mnt/small/fill || true")
    status, output = play(
        "cutover", "-e", "migrate_state_dir=/mnt/small", "-e", "migrate_name=other", "-e", "generic_path=/etc/nginx"
    )
    assert status != 0
    assert "No space left on device" in output and "Free some space there" in output
    assert host.service("nginx").is_running
    assert not host.file("/etc/nginx.before-s3").exists


def test_after_a_rollback_old_and_new_media_come_from_the_disk(host):
    status, output = play("rollback")
    assert status == 0, output
    assert stage_of(host) == "rolled_back"
    assert_old_media_are_served(host)
    assert host.check_output("cat /srv/media/new.txt") == "came after the cutover"
    assert get(host, "new.txt") == ("200", hashlib.sha256(b"came after the cutover").hexdigest())
    new = host.file("/srv/media/new.txt")
    assert new.user == "www-data", "the application can change what was brought back"
    assert host.run("diff -r --no-dereference /etc/nginx /root/nginx-before").rc == 0
    assert not host.file("/srv/media.before-s3").exists
    test_services_are_as_they_were(host)
    assert play("rollback")[1].count("changed=0") == 1
