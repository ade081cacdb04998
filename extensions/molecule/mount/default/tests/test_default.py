# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is mounted is what was asked for: owner, modes, secrets, what the backend can do, and what is refused."""

from __future__ import annotations

import json
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.mediastore.s3.extensions.molecule.mount.default.tests.machines import (
    APP,
    MACHINES,
    NAMES,
    SSE_C_KEY,
    STORE,
    UNIT,
    measured,
    nothing_is_lost,
    play,
    wait,
)

AS_APP = "setpriv --reuid=www-data --regid=www-data --clear-groups"

#: tries what a file can be put through, and prints what became of it
TRY = """
import errno, json, os, sys, time
os.umask(0o027)
base = sys.argv[1] + "/tries"
os.mkdir(base)
found = {}

def attempt(name, action):
    try:
        found[name] = action() is not False
    except OSError as exc:
        found[name] = False

def put(path, content, flags=os.O_CREAT | os.O_WRONLY | os.O_TRUNC):
    descriptor = os.open(path, flags, 0o640)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)

def get(path):
    with open(path, "rb") as file:
        return file.read()

def rename():
    put(base + "/before", b"one")
    os.rename(base + "/before", base + "/after")
    return get(base + "/after") == b"one" and not os.path.exists(base + "/before")

def rename_folder():
    os.mkdir(base + "/folder")
    put(base + "/folder/file", b"one")
    os.rename(base + "/folder", base + "/other")
    return get(base + "/other/file") == b"one"

def append():
    put(base + "/log", b"one")
    put(base + "/log", b"two", os.O_WRONLY | os.O_APPEND)
    return get(base + "/log") == b"onetwo"

def overwrite():
    put(base + "/whole", b"first")
    put(base + "/whole", b"second")
    return get(base + "/whole") == b"second"

def within():
    put(base + "/part", b"abcdef")
    descriptor = os.open(base + "/part", os.O_RDWR)
    try:
        os.pwrite(descriptor, b"X", 2)
    finally:
        os.close(descriptor)
    return get(base + "/part") == b"abXdef"

def modes():
    put(base + "/mode", b"one")
    os.chmod(base + "/mode", 0o600)
    return os.stat(base + "/mode").st_mode & 0o777 == 0o600

for action in (rename, rename_folder, append, overwrite, within, modes):
    attempt(action.__name__, action)

began = time.monotonic()
for number in range(50):
    put(base + "/small-%d" % number, os.urandom(20000))
found["writes_per_s"] = round(50 / (time.monotonic() - began), 1)
began = time.monotonic()
for number in range(50):
    get(base + "/small-%d" % number)
found["reads_per_s"] = round(50 / (time.monotonic() - began), 1)
print(json.dumps(found))
"""

#: what is in the bucket after fsync() and right after close(); rclone uploads a second later, so the store is asked in here
HOLD = """
import json, os, sys, time, boto3, botocore.config
path, prefix = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url="https://s3:9000", aws_access_key_id="mount-test", region_name="us-east-1",
    aws_secret_access_key="a-secret-of-the-mounts", verify="/etc/ssl/store.pem",
    config=botocore.config.Config(s3=dict(addressing_style="path")))

def arrived():
    return s3.list_objects_v2(Bucket="site-media", Prefix=prefix + os.path.basename(path))["KeyCount"] == 1

descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o640)
os.write(descriptor, b"held")
os.fsync(descriptor)
synced = arrived()
os.close(descriptor)
began = time.monotonic()
closed = arrived()
print(json.dumps([synced, closed, time.monotonic() - began]))
"""


def pause():
    for machine in MACHINES:
        machine.sh("touch /var/log/media-app/pause")
    time.sleep(0.5)


def test_it_is_a_mount_of_this_bucket_that_everybody_sees():
    for machine in MACHINES:
        found = machine.host.mount_point("/srv/media")
        assert found.exists and found.filesystem.startswith("fuse")
        assert found.device.replace(":", "/") == f"site-media/{machine.backend}/media"
        main = machine.unit(UNIT, "MainPID")
        assert machine.sh("readlink /proc/%s/ns/mnt", main) == machine.sh("readlink /proc/1/ns/mnt")
        assert machine.unit(UNIT, "Type") == ("notify" if machine.backend == "rclone" else "exec")


def test_owner_and_modes_are_as_asked():
    for machine in MACHINES:
        machine.sh(f"{AS_APP} sh -c 'umask 027; mkdir /srv/media/d; echo x > /srv/media/d/f'")
        shown = machine.sh("stat --format='%U:%G %a' /srv/media /srv/media/d /srv/media/d/f").splitlines()
        assert shown == ["www-data:www-data 750", "www-data:www-data 750", "www-data:www-data 640"], machine.name
        assert machine.host.run("setpriv --reuid=nobody --regid=nogroup --clear-groups ls /srv/media").rc != 0


def test_secrets_are_in_files_of_root_and_nowhere_else():
    for machine in MACHINES:
        main = machine.unit(UNIT, "MainPID")
        shown = machine.sh("cat /proc/%s/cmdline", main) + machine.sh("systemctl cat %s", UNIT) + machine.journal(UNIT)
        shown += machine.sh("systemctl show %s", UNIT)
        for secret in ("a-secret-of-the-mounts", SSE_C_KEY):
            assert secret not in shown, machine.name
        folder = machine.host.file("/etc/mediastore/mounts")
        assert (folder.user, folder.mode) == ("root", 0o700)
        assert set(machine.sh("stat --format=%a /etc/mediastore/mounts/media/*").split()) == {"600"}


def test_what_was_written_before_is_there_after_a_reboot():
    for machine in MACHINES:
        machine.sh("rm -f /var/log/media-app/pause; systemctl start %s", APP)
        machine.sh(f"{AS_APP} sh -c 'echo before > /srv/media/before.txt'")
    time.sleep(2)
    # The store comes up later than the hosts: until then the application must not run, and then nobody has to start it.
    STORE.check_output("systemctl stop minio")
    subprocess.run(["docker", "restart", *NAMES], check=True, capture_output=True, timeout=120)
    wait(lambda machine: machine.host.run("systemctl is-system-running").rc in (0, 1), 60, "systemd is up")
    time.sleep(8)
    for machine in MACHINES:
        assert not machine.active(UNIT) and not machine.active(APP), machine.name
    STORE.check_output("systemctl start minio")
    wait(lambda machine: machine.active(UNIT) and machine.active(APP), 90, "mount and application run after a reboot")
    for machine in MACHINES:
        assert machine.sh("cat /srv/media/before.txt") == "before"
    pause()
    nothing_is_lost()


def tried(machine):
    """What the backend can do, and how quickly."""
    machine.sh("rm -rf /srv/media/tries /srv/media/held")
    said = machine.host.run(f"{AS_APP} python3 -c %s /srv/media", TRY)
    assert said.rc == 0, said.stderr
    facts = json.loads(said.stdout)
    facts["sse_c"] = bool(machine.key)
    looked_s = 1.0
    while looked_s > 0.8:  # what takes as long as rclone waits shows nothing
        machine.sh("rm -f /srv/media/held")
        shown = machine.sh(f"{AS_APP} python3 -c %s /srv/media/held %s", HOLD, f"{machine.backend}/media/")
        facts["fsync_uploads"], facts["close_uploads"], looked_s = json.loads(shown)
    return facts


def test_what_a_backend_can_do():
    """Fills the table of docs/mounts.md; what is asserted is what the documentation says of each."""
    pause()
    # one after the other, so that they do not slow each other down
    can = {machine.backend: tried(machine) for machine in MACHINES}
    wait(lambda machine: machine.read("held")["held"][0] != "missing", 20, "what was written arrives")
    for machine in MACHINES:
        if machine.backend == "s3fs":
            machine.sh("echo x > /srv/cheap/held")
            kept = machine.read_cheap("held")
        else:
            kept = machine.read("held")["held"]
        can[machine.backend]["storage_class"] = kept[1] == "REDUCED_REDUNDANCY"
        machine.sh("rm -rf /srv/media/tries")
        measured(machine.backend, **can[machine.backend])
    usual = {"rename": True, "rename_folder": True, "overwrite": True, "storage_class": True}
    for backend, facts in can.items():
        assert {name: facts[name] for name in usual} == usual, (backend, facts)
    assert [can[name]["append"] for name in ("goofys", "rclone", "s3fs")] == [False, True, True], can
    assert [can[name]["within"] for name in ("goofys", "rclone", "s3fs")] == [False, True, True], can
    assert [can[name]["modes"] for name in ("goofys", "rclone", "s3fs")] == [False, False, True], can
    assert [can[name]["close_uploads"] for name in ("goofys", "rclone", "s3fs")] == [True, False, True], can
    assert [can[name]["fsync_uploads"] for name in ("goofys", "rclone", "s3fs")] == [False, False, True], can


EVICT = """
- hosts: mounts
  gather_facts: false
  module_defaults:
    group/mediastore.s3.store: "{{ mediastore_store }}"
  tasks:
    - name: Evict what is in the bucket
      mediastore.s3.evict:
        path: "{{ path }}"
        bucket: site-media
        prefix: "{{ backend }}/media/"
        journal: /var/lib/evict/journal
        max_age: 0s
        min_age: 0s
"""


@pytest.mark.parametrize("path", ["/srv/media", "/srv"])
def test_nothing_is_evicted_from_a_mount(tmp_path, path):
    """All that it shows is proved to be in the bucket, since it is the bucket; whoever removes it there loses it."""
    (tmp_path / "evict.yml").write_text(EVICT, encoding="utf-8")
    status, output = play("-e", f"path={path}", playbook=str(tmp_path / "evict.yml"))
    assert status == 2
    words = " ".join(output.split())
    for machine in MACHINES:
        failed = words.partition(f"fatal: [{machine.name}]")[2].partition("fatal: ")[0]
        assert re.search(rf"{path} shows a bucket \(/srv/(media|cheap) is on .*, of type fuse", failed), output
    nothing_is_lost()


def test_what_cannot_work_is_refused_before_anything_is_touched():
    goofys = MACHINES[0]
    goofys.sh("mkdir -p /mnt/full /mnt/other /mnt/small /mnt/stale; touch /mnt/full/file")
    goofys.sh("mount -t tmpfs tmpfs /mnt/other; mount -t tmpfs -o size=1m tmpfs /mnt/small")
    # what a program leaves that is killed and that nobody watches
    goofys.sh(
        "set -a; . /etc/mediastore/mounts/media/environment;"
        " goofys -f --endpoint https://s3:9000 --region us-east-1 site-media:stale /mnt/stale >/dev/null 2>&1 &"
        " until mountpoint -q /mnt/stale; do sleep 0.1; done; kill -9 $!"
    )
    state = "find /etc/systemd/system /etc/mediastore /opt/mediastore /run/mediastore-mounts -newer /tmp/marker"
    goofys.sh("touch /tmp/marker; sleep 0.01")
    entry = {"backend": "goofys", "bucket": "site-media"}
    many = [
        {**entry, "name": "full", "path": "/mnt/full"},
        {**entry, "name": "other", "path": "/mnt/other"},
        {**entry, "name": "needed", "path": "/mnt/needed", "services": ["nobody.service"]},
        {**entry, "name": "program", "path": "/mnt/program", "binary": {"path": "/usr/bin/no-goofys"}},
        {**entry, "name": "packaged", "path": "/mnt/packaged", "backend": "geesefs"},
        {**entry, "name": "cached", "path": "/mnt/cached", "backend": "s3fs", "cache": {"path": "/mnt/small/cache"}},
        {**entry, "name": "stale", "path": "/mnt/stale"},
    ]
    found = [
        "/mnt/full is not empty: it holds 1 entries, such as file",
        "/mnt/other already is a mount of tmpfs (tmpfs)",
        "There is no unit nobody.service on the host",
        "/usr/bin/no-goofys is not a program on the host",
        "geesefs is neither on the host nor in its distribution",
        "The filesystem of its cache, /mnt/small/cache, has 1 MiB left",
        "/mnt/stale already is a mount of site-media:stale (fuse) that is dead (Transport endpoint is not connected)",
    ]
    one = [{**entry, "name": "new", "path": "/mnt/new", "services": ["media-app.service"]}]
    refused = [
        (many, found),
        ([{**one[0], "bucket": "no-such-bucket"}], ["there is no such bucket"]),
        ([{**one[0], "store": {"secret_key": "wrong"}}], ["Check secret_key"]),
        ([{**one[0], "store": {"endpoint_url": "https://s3:9001"}}], ["https://s3:9001", "Check endpoint_url"]),
    ]
    asked = [json.dumps({"mediastore_mounts": mounts}) for mounts, _words in refused]
    with ThreadPoolExecutor(4) as pool:
        outputs = list(pool.map(lambda given: play("-e", given, limit=goofys.name), asked))
    for (_mounts, words), (status, output) in zip(refused, outputs):
        assert status == 2 and output.count("fatal:") == 1, output
        for word in words:
            assert word in " ".join(output.split()), (word, output)
    assert goofys.sh(state) == ""
    assert goofys.host.run("test -e /mnt/new").rc != 0
    goofys.sh("umount /mnt/other /mnt/small; umount -l /mnt/stale; rm -r /mnt/full /mnt/other /mnt/small /mnt/stale")


def test_a_check_run_foresees_nothing_where_nothing_is_to_do_and_shows_no_secret():
    status, output = play("--check", "--diff", limit="mount-rclone")
    assert status == 0, output
    assert output.count("changed=0") == 1, output
    assert "a-secret-of-the-mounts" not in output and SSE_C_KEY not in output
