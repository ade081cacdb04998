# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zulip by the commands and places of its own installer: on its buckets after a cutover, on the disk after a rollback."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SCENARIO = Path(__file__).parent.parent
testinfra_hosts = ["zulips"]
MEDIA = "http://127.0.0.1:9991/media"
AVATAR = f"{'0123456789' * 4}.png"


def rollback():
    """The playbook as a user runs it."""
    inventory = ["-i", str(SCENARIO / "inventory.yml"), "--limit", "zulips"]
    command = ["ansible-playbook", *inventory, "mediastore.s3.migrate.rollback", "-vvv", "--diff"]
    environment = {**os.environ, "ANSIBLE_PIPELINING": "true", "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    for secret in ("a-secret-of-zulip", "a-secret-of-the-store"):
        assert secret not in done.stdout + done.stderr
    assert done.returncode == 0, done.stdout


def assert_media_are_served(host):
    for line in host.file("/root/media").content_string.splitlines():
        path, digest = line.split()[:2]
        assert host.check_output("curl --fail --silent %s | sha256sum", f"{MEDIA}/{path}").startswith(digest), path


def status_for_strangers(host, bucket, key):
    command = "curl --silent --output /dev/null --write-out %%{http_code} --cacert /etc/ssl/store.pem %s"
    return host.check_output(command, f"https://s3:9000/{bucket}/{key}")


def test_it_works_on_its_buckets(host):
    settings = host.file("/etc/zulip/settings.py")
    assert '\n# LOCAL_UPLOADS_DIR = "/home/zulip/uploads"\n' in settings.content_string
    assert 'S3_AUTH_UPLOADS_BUCKET = "chat-uploads"\n' in settings.content_string
    assert (settings.user, settings.group, settings.mode) == ("zulip", "zulip", 0o640)
    assert host.file("/home/zulip/uploads").listdir() == []
    assert_media_are_served(host)


def test_nginx_was_configured_once(host):
    assert "s3_disk_cache_size = 5G\n" in host.file("/etc/zulip/zulip.conf").content_string
    assert host.file("/root/puppet").content_string == "-f\n"


def test_strangers_see_avatars_and_nothing_else(host):
    assert status_for_strangers(host, "chat-avatars", f"2/{AVATAR}") == "200"
    assert status_for_strangers(host, "chat-uploads", "2/a1/token/photo.png") == "403"
    assert status_for_strangers(host, "chat-exports", "2/token/zulip-export.tar.gz") == "403"


def test_after_a_rollback_it_works_on_the_disk_and_its_settings_are_as_they_were(host):
    host.check_output("echo new > /tmp/new; curl --fail --silent --upload-file /tmp/new %s", f"{MEDIA}/files/2/new/token/new.txt")
    rollback()
    assert host.run("diff -r /root/zulip-before /etc/zulip").rc == 0
    assert host.file("/root/puppet").content_string == "-f\n-f\n"
    new = host.file("/home/zulip/uploads/files/2/new/token/new.txt")
    assert (new.content_string, new.user) == ("new\n", "zulip")
    assert host.file(f"/home/zulip/uploads/avatars/2/{AVATAR}").is_file
    assert_media_are_served(host)
