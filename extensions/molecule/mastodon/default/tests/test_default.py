# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mastodon's units are found by their names, and each is afterwards as it was, on the way there and on the way back."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SCENARIO = Path(__file__).parent.parent
testinfra_hosts = ["apps"]
MEDIA = "http://127.0.0.1:3000/media/media_attachments/files/109/000"


def play(playbook, *options):
    """A playbook as a user runs it."""
    inventory = ["-i", str(SCENARIO / "inventory.yml"), "--limit", "apps"]
    command = ["ansible-playbook", *inventory, f"mediastore.s3.{playbook}", "--diff", *options]
    environment = {**os.environ, "ANSIBLE_PIPELINING": "true", "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    for secret in ("a-secret-of-mastodon", "a-secret-of-the-store"):
        assert secret not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


def assert_media_are_served(host):
    for line in host.file("/root/media").content_string.splitlines():
        number, digest = line.split()[:2]
        assert host.check_output(
            "curl --fail --silent %s | sha256sum", f"{MEDIA}/{int(number):03d}/original/0a{number}.png"
        ).startswith(digest)


def states(host):
    services = ("mastodon-web", "mastodon-sidekiq@default", "mastodon-streaming")
    return [(host.service(name).is_running, host.service(name).is_enabled) for name in services]


def test_it_works_on_the_bucket_and_its_units_are_as_they_were(host):
    assert "S3_ENABLED=true" in host.file("/home/mastodon/live/.env.production").content_string
    settings = host.file("/home/mastodon/live/.env.production")
    assert (settings.user, settings.mode) == ("www-data", 0o600)
    assert host.file("/home/mastodon/live/public/system").listdir() == []
    assert_media_are_served(host)
    assert states(host) == [(True, True), (True, True), (False, True)]


def test_a_second_run_changes_nothing(host):
    before = host.file("/home/mastodon/live/.env.production").content_string
    status, output = play("migrate.cutover")
    assert status == 0, output
    assert "changed=0 " in output.rpartition("PLAY RECAP")[2]
    assert host.file("/home/mastodon/live/.env.production").content_string == before
    assert states(host) == [(True, True), (True, True), (False, True)]


def test_visitors_see_media(host):
    status, output = play("mastodon.check")
    assert status == 0, output
    # all of them, as there are no more than are looked at
    assert "Visitors see 20 of 20 media at http://s3:5000/social-media" in output


def test_an_announcement_restarts_only_what_runs_and_shows_no_secret(host):
    status, output = play("mastodon.announce", "-e", "mastodon_media_alias_host=media.example.com")
    assert status == 0, output
    told = "EXTRA_MEDIA_HOSTS=http://s3:5000,https://media.example.com\n"
    assert told in host.file("/home/mastodon/live/.env.production").content_string
    assert_media_are_served(host)
    assert states(host) == [(True, True), (True, True), (False, True)]


def test_after_a_rollback_it_works_on_the_disk_and_its_settings_are_as_they_were(host):
    host.check_output("echo new > /tmp/new; curl --fail --silent --upload-file /tmp/new %s", f"{MEDIA}/021/original/new.png")
    host.check_output('echo "21 $(sha256sum < /tmp/new)" > /root/new')
    status, output = play("migrate.rollback")
    assert status == 0, output
    assert host.run("cmp /root/env-before /home/mastodon/live/.env.production").rc == 0
    assert host.check_output("curl --fail --silent %s", f"{MEDIA}/021/original/new.png") == "new"
    assert_media_are_served(host)
    assert host.file("/home/mastodon/live/public/system/media_attachments/files/109/000/021/original/new.png").user == "www-data"
    assert states(host) == [(True, True), (True, True), (False, True)]
