# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Synapse, and a client that never rests: on its provider, interrupted, back, on a mount, back, and nothing left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import testinfra

SCENARIO = Path(__file__).parent.parent
HOST = testinfra.get_host("ssh://synapse-host", ssh_config=os.environ["SSH_CONFIG"])
MEDIA, DROP_IN = "/var/lib/matrix-synapse/media", "/etc/matrix-synapse/conf.d/s3_media.yaml"
UNIT, SECRET = "matrix-synapse.service", "a-secret-of-the-chat"
ROLE = [{"hosts": "chat", "gather_facts": False, "roles": ["mediastore.s3.synapse"]}]
WITHOUT_US = f"find {MEDIA} /etc/matrix-synapse /opt/venvs/matrix-synapse -name '*s3*' -o -name '*mediastore*'"


def begin(playbook, **variables):
    command = ["ansible-playbook", "-i", str(SCENARIO / "inventory.yml"), "--limit", "chat", "--diff", playbook]
    environment = {**os.environ, "ANSIBLE_PIPELINING": "true", "NO_COLOR": "1"}
    command += ["-e", json.dumps(variables)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def play(playbook, **variables):
    """A playbook as a user runs it, to its end."""
    running = begin(playbook, **variables)
    output = running.communicate(timeout=300)[0]
    assert running.returncode == 0 and SECRET not in output, output
    return output


def role(directory, **variables):
    (directory / "role.yml").write_text(json.dumps(ROLE))
    return play(str(directory / "role.yml"), synapse_media_prefix="provided/", **variables)


def stage_of():
    return json.loads(HOST.file("/var/lib/mediastore/media/migration.json").content_string)


def assert_nothing_is_lost():
    assert HOST.service(UNIT).is_running and HOST.service(UNIT).is_enabled
    before = len(HOST.file("/var/lib/client/acknowledged").content_string.splitlines())
    time.sleep(3)
    assert len(HOST.file("/var/lib/client/acknowledged").content_string.splitlines()) > before, "nobody can upload"
    assert HOST.check_output("find %s ! -user matrix-synapse | head -3", MEDIA) == "", "Synapse's own, or it cannot remove them"
    checked = HOST.run("python3 /usr/local/bin/client.py check")
    assert checked.rc == 0, checked.stdout
    assert not HOST.file("/var/lib/client/wrong").exists, HOST.file("/var/lib/client/wrong").content_string


def clean_up():
    done = HOST.run("systemctl start mediastore-synapse-evict")
    assert done.rc == 0, HOST.check_output("journalctl --no-pager -u mediastore-synapse-evict")


def refused():
    file = HOST.file("/var/lib/client/refused")
    return len(file.content_string.splitlines()) if file.exists else 0


def test_the_provider_was_installed_and_serves_what_was_moved():
    assert stage_of()["stage"] == "healthy"
    print(f"provider: down for {stage_of()['downtime_s']['cutover']} s, {refused()} requests were refused")
    drop_in = HOST.file(DROP_IN)
    assert (drop_in.user, drop_in.mode) == ("matrix-synapse", 0o600)
    assert "1.7.0" in HOST.check_output("/opt/venvs/matrix-synapse/bin/python -m pip show synapse-s3-storage-provider")
    assert HOST.check_output("ls %s", MEDIA) != "" and HOST.file(f"{MEDIA}.before-s3").exists
    assert_nothing_is_lost()


def test_a_second_run_changes_nothing(tmp_path):
    assert "changed=0 " in play("mediastore.s3.migrate.cutover")
    assert "changed=0 " in role(tmp_path)


def test_back_with_what_was_uploaded_since():
    seen = refused()
    play("mediastore.s3.migrate.rollback")
    assert stage_of()["stage"] == "rolled_back"
    print(f"back: down for {stage_of()['downtime_s']['rollback']} s, {refused() - seen} requests were refused")
    assert not HOST.file(DROP_IN).exists and not HOST.file(f"{MEDIA}.before-s3").exists
    assert_nothing_is_lost()


def test_a_cutover_that_was_killed_is_finished_by_the_same_command():
    running = begin("mediastore.s3.migrate.cutover")
    deadline = time.monotonic() + 200
    while not HOST.file(f"{MEDIA}.before-s3").exists:
        assert time.monotonic() < deadline and running.poll() is None, running.communicate()[0]
        time.sleep(0.05)
    running.kill()
    running.communicate()
    assert stage_of()["stage"] not in ("healthy", "rolled_back")
    play("mediastore.s3.migrate.cutover")
    assert stage_of()["stage"] == "healthy"
    assert_nothing_is_lost()
    play("mediastore.s3.migrate.rollback")


def test_on_a_mount_and_back():
    seen = refused()
    # another migration, since it is another place
    play("mediastore.s3.migrate.cutover", migrate_name="mounted", migrate_layout="mount", migrate_mount="media")
    print(f"mount: {refused() - seen} requests were refused")
    assert HOST.mount_point(MEDIA).filesystem.startswith("fuse") and not HOST.file(DROP_IN).exists
    assert UNIT in HOST.check_output("systemctl show --property=RequiredBy,BoundBy mediastore-mount-media.service")
    assert_nothing_is_lost()
    play("mediastore.s3.migrate.rollback", migrate_name="mounted", migrate_layout="mount", migrate_mount="media")
    assert not HOST.mount_point(MEDIA).exists
    assert_nothing_is_lost()


def test_the_role_alone_comes_and_goes_without_a_trace(tmp_path):
    before = HOST.check_output("sha256sum /etc/matrix-synapse/homeserver.yaml")
    HOST.check_output("/opt/venvs/matrix-synapse/bin/python -m pip uninstall --yes --quiet synapse-s3-storage-provider")
    without = HOST.check_output(WITHOUT_US)
    evict = {"synapse_media_evict_enabled": True, "synapse_media_evict_max_age": "0s", "synapse_media_evict_min_age": "0s"}
    role(tmp_path, **evict)
    HOST.check_output("systemctl stop client")
    # what came before the first way back; what came later is not in this place yet, and too new to be sent there
    count = f"find {MEDIA}/local_content -type f | wc -l"
    on_disk = int(HOST.check_output(count))
    clean_up()
    assert on_disk - int(HOST.check_output(count)) >= 60
    HOST.check_output("systemctl start client")
    assert "changed=0 " in role(tmp_path, **evict)
    assert_nothing_is_lost()
    evict["synapse_media_evict_by"] = "s3_media_upload"
    assert "changed=0 " not in role(tmp_path, **evict)
    HOST.check_output("systemctl stop client")
    assert int(HOST.check_output(count)) > 0
    clean_up()
    assert int(HOST.check_output(count)) == 0
    assert HOST.file(f"{MEDIA}/local_content").is_directory
    HOST.check_output("systemctl start client")
    assert "changed=0 " in role(tmp_path, **evict)
    assert_nothing_is_lost()
    assert "changed=0 " not in role(tmp_path, synapse_media_state="absent")
    assert HOST.check_output(WITHOUT_US) == without
    assert HOST.check_output("sha256sum /etc/matrix-synapse/homeserver.yaml") == before
    assert HOST.run("systemctl cat mediastore-synapse-evict.timer").rc != 0
    assert "changed=0 " in role(tmp_path, synapse_media_state="absent")
    assert_nothing_is_lost()


@pytest.fixture
def image():
    """An image with Synapse and no provider, whose package index is a directory; the role may make another one of it."""
    names = ["mediastore-s3-synapse:test", "mediastore-s3-synapse:with-provider"]
    subprocess.run(["docker", "commit", "synapse-host", names[0]], check=True, capture_output=True)
    yield names
    subprocess.run(["docker", "image", "rm", "--force", *names], check=False, capture_output=True)


def test_the_provider_goes_into_an_image_and_a_container_of_it_gets_its_bucket(tmp_path, image):
    """As matrix-docker-ansible-deploy runs it: read-only, without capabilities, with homeserver.yaml as its only settings."""
    config, storage = tmp_path / "config", tmp_path / "storage"
    for folder in (config, storage):
        folder.mkdir()
        folder.chmod(0o777)
    python = "/opt/venvs/matrix-synapse/bin/python"
    text = (SCENARIO / "homeserver.yaml").read_text().replace("/var/lib/matrix-synapse", "/matrix-media-store-parent")
    homeserver = config / "homeserver.yaml"
    homeserver.write_text(f"# a comment of somebody\n{text}media_storage_providers: []\n")
    name = "synapse-in-a-container"
    mounted = [
        f"--volume={config}:/data:ro",
        f"--volume={storage}:/matrix-media-store-parent",
        "--env=AWS_CA_BUNDLE=/etc/ssl/store.pem",
    ]
    made = [
        "docker",
        "create",
        f"--name={name}",
        f"--user={os.getuid()}:{os.getgid()}",
        "--cap-drop=ALL",
        "--read-only",
        "--tmpfs=/tmp",
    ]
    made += [*mounted, "--network=molecule-synapse-default", f"--entrypoint={python}", image[1], "-m", "synapse.app.homeserver"]
    made += ["-c", "/data/homeserver.yaml"]
    keys = ["docker", "run", "--rm", f"--user={os.getuid()}:{os.getgid()}", *mounted, f"--entrypoint={python}", image[0]]
    subprocess.run([*keys, "-m", "synapse.app.homeserver", "-c", "/data/homeserver.yaml", "--generate-keys"], check=True)
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "synapse_media_preset": "matrix-docker-ansible-deploy",
        "synapse_media_path": str(storage / "media"),
        "synapse_media_homeserver_config": str(homeserver),
        "synapse_media_config_file": str(homeserver),
        "synapse_media_python": python,
        "synapse_media_container": name,
        "synapse_media_stop_command": f"docker stop {name}",
        "synapse_media_start_command": f"docker start {name}",
        "synapse_media_bucket": "chat-media",
    }
    built = {**variables, "synapse_media_image": image[0], "synapse_media_image_built": image[1]}
    try:
        (tmp_path / "image.yml").write_text(json.dumps([{**ROLE[0], "roles": [], "tasks": [IMAGE_ONLY]}]))
        play(str(tmp_path / "image.yml"), **built)
        subprocess.run(made, check=True, capture_output=True)
        subprocess.run(["docker", "start", name], check=True, capture_output=True)
        address = json.loads(subprocess.check_output(["docker", "inspect", name]))[0]["NetworkSettings"]["Networks"]
        variables["synapse_media_health_url"] = f"http://{next(iter(address.values()))['IPAddress']}:8008/health"
        role(tmp_path, **variables)
        written = homeserver.read_text()
        assert written.startswith("# a comment of somebody\n") and "S3StorageProviderBackend" in written
        assert "changed=0 " in role(tmp_path, **variables)
        tried = subprocess.run(["docker", "exec", name, python, "-c", UPLOAD], capture_output=True, text=True, check=False)
        assert tried.returncode == 0, tried.stderr
        key = "provided/local_content/" + tried.stdout.strip()
        assert key in HOST.check_output("python3 -c %s", LISTED)
    finally:
        subprocess.run(["docker", "rm", "--force", name], check=False, capture_output=True)


#: the part of the role that prepares, which a migration runs first
IMAGE_ONLY = {"ansible.builtin.include_role": {"name": "mediastore.s3.synapse", "tasks_from": "provider"}}

#: somebody uploads from within, with the client that is in the image; the path of what was stored
UPLOAD = """
import sys
sys.path.insert(0, "/usr/local/bin")
import client
name = client.upload(client.token(), 4)[0][0].rpartition("/")[2]
print(f"{name[:2]}/{name[2:4]}/{name[4:]}")
"""

#: the keys of what the provider has sent
LISTED = """
import boto3
store = boto3.client("s3", endpoint_url="https://s3:9000", region_name="us-east-1", verify="/etc/ssl/store.pem",
                     aws_access_key_id="chat-test", aws_secret_access_key="a-secret-of-the-chat")
for page in store.get_paginator("list_objects_v2").paginate(Bucket="chat-media", Prefix="provided/local_content/"):
    for found in page["Contents"]:
        print(found["Key"])
"""
