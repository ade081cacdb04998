# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong on the host: mounts, disks, the DNS server that nginx asks, a migration that was cut off. Only root can mount."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess

import pytest

from ansible_collections.mediastore.s3.tests.doctor.planting import does, healthy, planted
from ansible_collections.mediastore.s3.tests.servers.binaries import find
from ansible_collections.mediastore.s3.tests.servers.mounted import Mounted
from ansible_collections.mediastore.s3.tests.servers.process import Process, free_port
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
SMALL = {"full": "size=1m", "no-inodes": "size=100m,nr_inodes=200", "large": "size=100m"}


@pytest.fixture
def mount(private, tmp_path):
    with Mounted(tmp_path, private.connection, private.name) as mount:
        yield mount


@contextlib.contextmanager
def disk(path, options):
    """A small filesystem, as long as it is needed."""
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def mounts(mount, **changed):
    """The doctor asked about a mount."""
    return {"mounts": [{"name": "media", "path": str(mount.path), **changed}], "mount_timeout": 2}


def directories(path, **changed):
    """The doctor asked about a directory."""
    return {"directories": [{"path": str(path), **changed}]}


@root
def test_a_mount_and_its_disk_are_fine(mount, private, tmp_path):
    assert (mount.path / "local_content/ab/cd/ef.png").read_bytes() == b"private"
    healthy("mount", private.asks(**mounts(mount, owner="root"), **directories(tmp_path)))


@root
@planted("not_mounted", "2")
def test_a_mount_is_not_there(mount):
    mount.unmount()
    found = yield mounts(mount)
    does(found, "systemctl start mediastore-mount-media.service", "journalctl -u mediastore-mount-media.service")
    mount.start()
    yield mounts(mount)


@root
@planted("mount_dead", "3")
def test_the_program_of_a_mount_is_gone(mount):
    mount.signal(signal.SIGKILL)
    found = yield mounts(mount)
    # the one while the connection ends, the other when it has ended
    assert any(word in found["seen"][0] for word in ("Software caused connection abort", "Transport endpoint is not connected"))
    does(found, f"umount -l {mount.path}", "systemctl restart mediastore-mount-media.service")
    mount.unmount("-l")
    mount.start()
    yield mounts(mount)


@root
@planted("mount_hangs", "4")
def test_the_program_of_a_mount_does_not_answer(mount):
    mount.signal(signal.SIGSTOP)
    found = yield mounts(mount)
    assert "no answer within 2 s" in found["seen"][0]
    does(found, "--signal=KILL", f"umount -l {mount.path}", "start it again")
    mount.signal(signal.SIGKILL)
    mount.unmount("-l")
    mount.start()
    yield mounts(mount)


@root
@planted("mount_other", "1")
def test_something_else_is_mounted(mount):
    mount.unmount()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", mount.path], check=True)
    found = yield mounts(mount)
    does(found, f"Unmount it (umount {mount.path})", "start mediastore-mount-media.service")
    mount.unmount()
    mount.start()
    yield mounts(mount)


@root
@planted("not_empty", "1")
def test_files_are_below_the_path_of_a_mount(mount, tmp_path):
    mount.unmount()
    (mount.path / "uploaded.png").write_bytes(b"x")
    found = yield mounts(mount)
    does(found, f"move them away from {mount.path}", "start mediastore-mount-media.service")
    (mount.path / "uploaded.png").rename(tmp_path / "uploaded.png")
    mount.start()
    yield mounts(mount)


@root
@planted("not_writable", "2")
def test_a_mount_takes_no_files(mount):
    mount.unmount()
    mount.start("--read-only")
    found = yield mounts(mount)
    does(found, f"Mount {mount.path} for writing")
    mount.unmount()
    mount.start()
    yield mounts(mount)


@root
@planted("not_writable", "2")
def test_a_directory_belongs_to_somebody_else(tmp_path):
    with disk(tmp_path / "media", "size=100m,mode=0755") as path:
        for folder in (tmp_path, *list(tmp_path.parents)[:-2]):
            folder.chmod(folder.stat().st_mode | 0o111)
        found = yield directories(path, owner="nobody")
        does(found, "give it to nobody")
        os.chown(path, 65534, 65534)
        yield directories(path, owner="nobody")


@root
@planted("disk_full", "16")
def test_a_disk_is_full(tmp_path):
    with disk(tmp_path / "media", SMALL["large"]) as path:
        (path / "old").write_bytes(b"x" * (60 << 20))
        found = yield directories(path)
        does(found, "Make room on the filesystem of")
        (path / "old").unlink()
        yield directories(path)


@root
@planted("inodes_full", "17")
def test_a_disk_takes_no_more_files(tmp_path):
    with disk(tmp_path / "media", SMALL["no-inodes"]) as path:
        for number in range(150):
            (path / f"{number}").mkdir()
        found = yield directories(path / "not/yet/there")
        does(found, "Remove small files from the filesystem of")
        for number in range(150):
            (path / f"{number}").rmdir()
        yield directories(path / "not/yet/there")


@planted("resolver", "28", "37")
def test_the_dns_server_does_not_know_the_store(private, tmp_path):
    where = {"endpoint_url": private.connection["endpoint_url"].replace("127.0.0.1", "localhost")}

    def dnsmasq(*options):
        port = free_port()
        command = [find("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user="]
        command += ["--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file=", f"--port={port}", *options]
        server = Process(command, tmp_path / f"dnsmasq-{len(options)}.log")
        while True:
            server.check()
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return server, f"127.0.0.1:{port}"

    server, place = dnsmasq()
    found = yield private.asks(**where, nameservers=[place])
    does(found, "Name a DNS server that knows localhost in mediastore_cache_nameservers")
    server.stop()
    server, place = dnsmasq("--address=/localhost/127.0.0.1")
    yield private.asks(**where, nameservers=[place])
    server.stop()


@planted("resolver", "28", "37")
def test_the_dns_server_is_silent(private):
    where = {"endpoint_url": private.connection["endpoint_url"].replace("127.0.0.1", "localhost")}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{closed.getsockname()[1]}"
    found = yield private.asks(**where, nameservers=[server])
    does(found, "Name a DNS server that knows localhost")
    # an address needs none
    yield private.asks(nameservers=[server])


@planted("interrupted", "39", "50")
def test_a_cutover_was_cut_off(tmp_path):
    media, state = tmp_path / "media", tmp_path / "state"
    media.mkdir()
    common = {"name": "media", "state_dir": str(state), "path": str(media)}
    asked = {"migrations": [{"name": "media", "state_dir": str(state)}]}

    def enter(stage, **options):
        done = run_module("migration", {**common, "stage": stage, **options})
        assert not done.get("failed"), done

    enter("synced", bucket="media", figures={"files": 0, "bytes": 0})
    healthy("migration", asked)
    enter("stopping")
    found = yield asked
    does(found, "Run ansible-playbook mediastore.s3.migrate.cutover again", "brings the application up")
    for stage in ("rolling_back", "restored", "rolled_back"):
        enter(stage)
    yield asked
