# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cleanup job on a machine under systemd, without Ansible: what it removes, what it may touch, and how it is undone."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

testinfra_hosts = ["apps"]

SCENARIO = Path(__file__).parent.parent
UNIT = "mediastore-synapse-evict"
MEDIA = "/var/lib/matrix-synapse/media"
SECRET = "a-secret-that-must-not-show"
METRICS = "/var/lib/node-exporter/synapse_evict.prom"
BREAK = """
import boto3
s3 = boto3.client("s3", endpoint_url="http://s3:5000", aws_access_key_id="testing", aws_secret_access_key="testing")
s3.put_object(Bucket="site-media", Key="local_content/aa/b5/one", Body=b"")
"""


def left(host, below):
    return sorted(host.check_output(f"cd {MEDIA} && find {below} -type f").split())


def originals(*numbers):
    return [f"local_content/aa/b{number}/one" for number in numbers]


def unit(host, *names):
    return dict(
        line.split("=", 1) for line in host.check_output(f"systemctl show {UNIT}.service -p {','.join(names)}").splitlines()
    )


def value(host, name):
    lines = host.file(METRICS).content_string.splitlines()
    return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"mediastore_evict_{name}{{"))


def test_the_timer_runs_and_the_key_is_nobodys_business(host):
    assert host.service(f"{UNIT}.timer").is_enabled and host.service(f"{UNIT}.timer").is_running
    program = host.file("/opt/mediastore/synapse-evict.pyz")
    assert (program.user, program.mode) == ("matrix-synapse", 0o600)
    assert host.run(f"grep -rl {SECRET} /etc/systemd/system").stdout == ""
    assert left(host, "local_content") == originals(1, 2, 3, 4, 5)


def test_without_the_provider_it_does_nothing(host):
    """After a rollback the disk is all that Synapse has."""
    host.check_output("mv /etc/matrix-synapse/conf.d/s3_media.yaml /root/")
    try:
        host.check_output(f"systemctl start {UNIT}.service")
        assert unit(host, "Result") == {"Result": "exec-condition"}
        assert left(host, "local_content") == originals(1, 2, 3, 4, 5)
    finally:
        host.check_output("mv /root/s3_media.yaml /etc/matrix-synapse/conf.d/")


def test_it_removes_what_is_proved_and_fails_for_the_rest(host):
    host.check_output(f"python3 -c '{BREAK}'")
    assert host.run(f"systemctl start {UNIT}.service").rc == 1
    assert left(host, "local_content") == originals(5)
    assert (value(host, "last_run_success"), value(host, "evicted_files")) == (0, 4)
    log = host.check_output(f"journalctl --no-pager -u {UNIT}.service")
    assert "local_content/aa/b5/one (0 bytes in the store" in log and SECRET not in log
    assert len(left(host, "local_thumbnails")) == 5 and len(left(host, "url_cache")) == 5
    host.check_output(f"rm {MEDIA}/local_content/aa/b5/one")
    host.check_output(f"systemctl start {UNIT}.service")
    assert (value(host, "last_run_success"), value(host, "evicted_files"), value(host, "local_files")) == (1, 0, 5)
    assert (host.file(METRICS).user, host.file(METRICS).mode) == ("root", 0o644)
    assert host.file(f"{MEDIA}/local_content").is_directory


@pytest.mark.parametrize(
    "path", ["/etc/probe", "/opt/mediastore/probe", "/var/lib/matrix-synapse/probe", "/var/lib/node-exporter/probe"]
)
def test_it_may_write_nowhere_else(host, path):
    """The service's sandbox, with another program in it."""
    run = f"/etc/systemd/system/{UNIT}.service.d"
    host.check_output(f"mkdir -p {run} && chmod 0777 $(dirname {path})")
    host.check_output(f"printf '[Service]\\nExecStart=\\nExecStart=/usr/bin/touch {path}\\n' > {run}/probe.conf")
    host.check_output("systemctl daemon-reload")
    try:
        assert host.run(f"systemctl start {UNIT}.service").rc == 1
        assert not host.file(path).exists
        host.check_output(f"sed -i 's#touch .*#touch {MEDIA}/local_content/probe#' {run}/probe.conf && systemctl daemon-reload")
        host.check_output(f"systemctl start {UNIT}.service && rm {MEDIA}/local_content/probe")
    finally:
        host.check_output(f"rm -r {run} && chmod 0755 $(dirname {path}) && systemctl daemon-reload")


def converge(**variables):
    command = [
        "ansible-playbook",
        "-i",
        str(SCENARIO / "inventory.yml"),
        str(SCENARIO / "converge.yml"),
        "-e",
        json.dumps(variables),
    ]
    environment = {**os.environ, "ANSIBLE_PIPELINING": "true", "NO_COLOR": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_a_script_that_does_not_run_is_refused(host):
    """There is no Synapse here, and so no s3_media_upload beside it."""
    before = host.check_output(f"systemctl cat {UNIT}.service")
    done = converge(synapse_media_evict_by="s3_media_upload", synapse_media_evict_keep_thumbnails=False)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0 and "s3_media_upload does not run (it is not there, or cannot be executed)" in said
    assert host.check_output(f"systemctl cat {UNIT}.service") == before


def test_nothing_is_left_of_it_but_the_media(host):
    for changed in (True, False):
        done = converge(synapse_media_evict_enabled=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert ("changed=0" in done.stdout) != changed
    found = host.check_output("find / -xdev -name '*synapse*evict*' -not -path '/proc/*' -not -path '/tmp/*'")
    assert found == ""
    assert host.run(f"systemctl cat {UNIT}.timer").rc != 0
    assert len(left(host, "local_thumbnails")) == 5
