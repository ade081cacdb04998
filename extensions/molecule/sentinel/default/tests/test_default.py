# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentinel under systemd, with MinIO: it is silent, loud, at a loss and gone when it should be, and knows no secret."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
import testinfra

testinfra_hosts = ["sentinel-host"]

SCENARIO = Path(__file__).parent.parent
UNIT = "mediastore-sentinel"
SECRET = "a-secret-of-the-store"
METRICS = "/var/lib/node-exporter/sentinel.prom"
STATE = "/var/lib/mediastore-sentinel"
#: the interval of the scenario, a look, and what a busy machine takes
SOON_S = 60
STORE = testinfra.get_host("ssh://sentinel-store", ssh_config=os.environ["SSH_CONFIG"])
POLICY = """
import json, sys, boto3
bucket, actions = sys.argv[1], json.loads(sys.argv[2])
s3 = boto3.client("s3", endpoint_url="https://s3:9000", aws_access_key_id="sentinel-test", region_name="us-east-1",
    aws_secret_access_key="a-secret-of-the-store", verify="/etc/ssl/store.pem")
statements = [{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": [action], "Resource": [resource]}
    for action, resource in actions.items()]
if statements:
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
else:
    s3.delete_bucket_policy(Bucket=bucket)
"""
PUBLIC = {"s3:GetObject": "arn:aws:s3:::social/media_attachments/*"}


def policy(host, bucket, actions):
    host.check_output("python3 -c %s %s %s", POLICY, bucket, json.dumps(actions))


def status(host):
    shown = host.check_output(f"systemctl show {UNIT}.service -p Result,ExecMainStatus,ActiveState")
    return dict(line.split("=", 1) for line in shown.splitlines())


def wait(host, code):
    """Until a look ends with that status."""
    began = time.monotonic()
    while time.monotonic() - began < SOON_S:
        found = status(host)
        if found["ActiveState"] in ("inactive", "failed") and found["ExecMainStatus"] == str(code):
            return
        time.sleep(0.1)
    raise AssertionError(f"no look ended with {code}: {status(host)}\n{journal(host)}")


def next_look(host):
    """The status of the first look that begins after now, when it has ended."""
    before = host.check_output(f"systemctl show {UNIT}.service -p InvocationID --value")
    began = time.monotonic()
    while time.monotonic() - began < SOON_S:
        shown = host.check_output(f"systemctl show {UNIT}.service -p InvocationID,ActiveState,ExecMainStatus").splitlines()
        found = dict(line.split("=", 1) for line in shown)
        if found["InvocationID"] != before and found["ActiveState"] in ("inactive", "failed"):
            return int(found["ExecMainStatus"])
        time.sleep(0.1)
    raise AssertionError("no look")


def journal(host, *options):
    return host.check_output(f"journalctl --no-pager -o cat -u {UNIT}.service {' '.join(options)}")


def value(host, name):
    lines = host.file(METRICS).content_string.splitlines()
    return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"mediastore_sentinel_{name}"))


def told(host):
    return host.file("/tmp/told").content_string if host.file("/tmp/told").exists else ""


def play(*options):
    command = ["ansible-playbook", "-i", str(SCENARIO / "inventory.yml"), str(SCENARIO / "converge.yml"), *options]
    environment = {**os.environ, "ANSIBLE_PIPELINING": "true", "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def test_it_is_silent_and_knows_no_key(host):
    wait(host, 0)
    next_look(host)
    assert status(host)["Result"] == "success" and told(host) == ""
    assert host.service(f"{UNIT}.timer").is_enabled and host.service(f"{UNIT}.timer").is_running
    assert "4 places asked, 6 objects" in journal(host)
    assert journal(host, "-p err").strip() in ("", "-- No entries --")
    assert (value(host, 'findings{kind="public"}'), value(host, "last_run_success")) == (0, 1)
    assert value(host, 'sampled_objects{bucket="social",prefix="backups/"}') == 1
    program = host.file("/opt/mediastore/sentinel.pyz")
    assert (program.user, program.mode) == ("mediastore-sentinel", 0o600)
    options = host.check_output(
        "python3 -m zipfile -e /opt/mediastore/sentinel.pyz /tmp/program && cat /tmp/program/options.json"
    )
    host.check_output("rm -r /tmp/program")
    assert SECRET not in options and "sentinel-test" not in options and "uploads" in options


@pytest.mark.parametrize(
    "bucket, opened, line",
    [
        ("uploads", {"s3:GetObject": "arn:aws:s3:::uploads/*"}, "EVERYBODY CAN READ bucket uploads (key 2026/"),
        ("uploads", {"s3:ListBucket": "arn:aws:s3:::uploads"}, "EVERYBODY CAN LIST bucket uploads ("),
        (
            "social",
            {"s3:GetObject": "arn:aws:s3:::social/*"},
            "EVERYBODY CAN READ bucket social below backups/ (key backups/archive.tar.gz",
        ),
    ],
)
def test_what_was_made_public_is_noticed_within_an_interval_and_told_once(host, bucket, opened, line):
    before = told(host)
    policy(host, bucket, opened)
    try:
        assert next_look(host) == 10
        said = journal(host, "-p err", "-n 4")
        assert f"PUBLIC: {line}" in said and "Take out of its policy what lets everybody in (mediastore.s3.bucket_policy)" in said
        assert SECRET not in said
        assert (value(host, 'findings{kind="public"}'), value(host, "last_run_success")) == (1, 0)
        assert f"{UNIT}.service" in host.check_output("systemctl --failed --plain --no-legend")
        next_look(host)
        next_look(host)
        new = told(host)[len(before) :]
        assert new.count("PUBLIC: ") == 1 and line in new
    finally:
        policy(host, bucket, PUBLIC if bucket == "social" else {})
    wait(host, 0)
    next_look(host)
    assert status(host)["Result"] == "success" and value(host, 'findings{kind="public"}') == 0
    assert len(told(host)) == len(before) + len(new)
    assert host.file(STATE).listdir() == ["metrics.prom"]


def test_a_store_that_is_away_is_neither_public_nor_private(host):
    before = told(host)
    STORE.check_output("systemctl stop minio.service")
    try:
        wait(host, 11)
        said = journal(host, "-p err", "-n 7")
        assert "NOT ANSWERED: whether everybody can read bucket uploads is not known (" in said and "PUBLIC" not in said
        assert value(host, 'known{bucket="uploads",prefix=""}') == 0 and value(host, 'public{bucket="uploads",prefix=""}') == 0
        next_look(host)
        assert "NOT ANSWERED" in told(host)[len(before) :] and "PUBLIC" not in told(host)[len(before) :]
    finally:
        STORE.check_output("systemctl start minio.service")
    wait(host, 0)


@pytest.mark.parametrize("path", ["/etc/probe", "/opt/mediastore/probe", "/var/lib/node-exporter/probe"])
def test_it_may_write_nowhere_else(host, path):
    """The service's sandbox, with another program in it, and what is said of one that does not work."""
    run = f"/run/systemd/system/{UNIT}.service.d"
    host.check_output(f"systemctl stop {UNIT}.timer; mkdir -p {run} && chmod 0777 $(dirname {path})")
    host.check_output(
        f"printf '[Service]\\nExecStart=\\nExecStart=/usr/bin/touch {path}\\n' > {run}/probe.conf; systemctl daemon-reload"
    )
    before = told(host)
    try:
        assert host.run(f"systemctl start {UNIT}.service").rc == 1
        assert not host.file(path).exists
        host.check_output(f"systemctl start {UNIT}-alarm.service")
        assert "BLIND: the sentinel itself could not work, status 1" in told(host)[len(before) :]
    finally:
        host.check_output(f"rm -r {run} && chmod 0755 $(dirname {path}) && rm -f {STATE}/alarm* && systemctl daemon-reload")
        host.check_output(f"systemctl start {UNIT}.timer")


def test_a_run_in_check_mode_and_one_with_nothing_to_watch(host):
    code, output = play("--check", "-e", '{"mediastore_sentinel_samples": 3}')
    assert code == 0 and "changed=0" not in output.rpartition("PLAY RECAP")[2]
    code, output = play("-e", '{"mediastore_buckets": []}')
    assert code != 0 and "neither mediastore_buckets nor mediastore_sentinel_buckets has a bucket" in output


def test_nothing_is_left_of_it(host):
    for changed in (True, False):
        code, output = play("-e", "mediastore_sentinel_state=absent")
        assert code == 0, output
        assert ("changed=0" in output) != changed
    assert (
        host.check_output("find / -xdev -iname '*sentinel*' -not -path '/proc/*' -not -path '/tmp/*' -not -path '/usr/*'") == ""
    )
    assert not host.user("mediastore-sentinel").exists
    assert host.run(f"systemctl cat {UNIT}.timer").rc != 0
    assert UNIT not in host.check_output("systemctl --failed --plain --no-legend")
