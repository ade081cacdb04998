# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever happens to a mount, what the application was told to be stored is stored, and nothing lands in the bare directory."""

from __future__ import annotations

import re
import time

from ansible_collections.mediastore.s3.extensions.molecule.mount.default.tests.machines import (
    APP,
    MACHINES,
    STORE,
    UNIT,
    each,
    measured,
    nothing_is_lost,
    wait,
)

WRITE_BELOW = "while ! test -e /run/enough; do touch /srv/media/stray-$(date +%s%N) 2>/dev/null; sleep 0.1; done"


def running(machine):
    return machine.active(UNIT) and machine.active(APP)


def load(on):
    for machine in MACHINES:
        if on:
            machine.sh("rm -f /var/log/media-app/pause /var/log/media-app/acknowledged; systemctl restart %s", APP)
        else:
            machine.sh("touch /var/log/media-app/pause")
    time.sleep(1)


def nothing_is_below(machine):
    """Stops the mount, looks, and starts it again."""
    machine.sh("systemctl stop %s", UNIT)
    assert not machine.host.mount_point("/srv/media").exists
    assert not machine.active(APP), "it must not run without its mount"
    assert machine.sh("ls -A /srv/media") == "", machine.name
    folder = machine.host.file("/srv/media")
    assert (folder.user, folder.mode) == ("root", 0)
    stranger = "setpriv --reuid=www-data --regid=www-data --clear-groups touch /srv/media/stray"
    assert machine.host.run(stranger).rc != 0, machine.name
    assert (machine.host.run("touch /srv/media/stray").rc != 0) == machine.immutable, machine.name
    machine.sh("rm -f /srv/media/stray; systemctl start %s %s", UNIT, APP)


def test_killed_under_load():
    load(True)
    before = {machine.name: machine.unit(APP, "InvocationID") for machine in MACHINES}
    for machine in MACHINES:
        # Root, too, writes all the time where the directory can be protected from it.
        machine.sh("rm -f /run/enough")
        machine.begin(WRITE_BELOW, "root" if machine.immutable else "www-data")
    time.sleep(2)
    for machine in MACHINES:
        assert len(machine.acknowledged()) > 5
        machine.sh("kill -9 %s", machine.unit(UNIT, "MainPID"))

    def back(machine):
        return running(machine) and machine.unit(APP, "InvocationID") != before[machine.name]

    took = wait(back, 30, "mount and application are back after kill -9")
    time.sleep(1)
    for machine in MACHINES:
        measured(machine.backend, back_after_kill_s=round(took[machine.name], 1))
        machine.sh("touch /run/enough")
        assert "died (signal)" in machine.journal(UNIT)
    load(False)
    nothing_is_lost()
    each(nothing_is_below)


def test_hung_io_is_cut():
    load(True)
    for machine in MACHINES:
        machine.sh("kill -STOP %s", machine.unit(UNIT, "MainPID"))
    victims = {machine.name: machine.begin("ls /srv/media/nothing") for machine in MACHINES}
    wait(lambda machine: victims[machine.name].poll() is not None, 30, "whoever hung is let go")
    wait(running, 30, "mount and application are back after a hang")
    for machine in MACHINES:
        # on a busy machine one may have been found to hang before, or again
        said = machine.journal("mediastore-mount-watch@media")
        assert re.search(r"gave no answer within 4 s: killed, to be mounted again; [1-9][0-9]* times", said)
    wait(
        lambda machine: machine.told("up") == 1 and machine.told("cuts") >= 1,
        15,
        "the monitoring knows of the hang, and that it is over",
    )
    load(False)
    nothing_is_lost()


def test_a_program_that_is_told_to_end_by_somebody_else_comes_back_with_the_application():
    load(True)
    time.sleep(1)
    before = {machine.name: machine.unit(APP, "InvocationID") for machine in MACHINES}
    for machine in MACHINES:
        machine.sh("kill %s", machine.unit(UNIT, "MainPID"))
    wait(
        lambda machine: running(machine) and machine.unit(APP, "InvocationID") != before[machine.name],
        60,
        "mount and application are back after kill",
    )
    load(False)
    nothing_is_lost()


def test_a_file_of_which_a_killed_rclone_knows_nothing_is_uploaded():
    """rclone removes such a file from its cache when it starts; the kill in the middle of its note is made here."""
    machine = next(machine for machine in MACHINES if machine.backend == "rclone")
    # Stopped, it cannot upload what it has; and the start after the kill is two seconds later.
    machine.sh(
        "set -e; head -c 100000 /dev/urandom >/run/last.bin; cp /run/last.bin /srv/media/last.bin; kill -STOP %s;"
        ' note=$(find /var/lib/mediastore/mounts/media/vfsMeta -name last.bin); test -f "$note"; kill -9 %s; : >"$note"',
        *[machine.unit(UNIT, "MainPID")] * 2,
    )
    digest = machine.sh("sha256sum /run/last.bin").split()[0]
    deadline = time.monotonic() + 30
    while machine.read("last.bin")["last.bin"][0] != digest:
        assert time.monotonic() < deadline, machine.journal(UNIT)[-3000:]
        time.sleep(0.5)
    assert "last.bin was in the cache, and a kill has left nothing that says so: it is uploaded." in machine.journal(UNIT)
    wait(running, 30, "mount and application are back")


def test_a_store_that_goes_away_for_a_minute_and_comes_back():
    load(True)
    STORE.check_output("systemctl stop minio")
    time.sleep(60)
    STORE.check_output("systemctl start minio && systemctl kill --signal=STOP minio")
    time.sleep(9)
    STORE.check_output("systemctl kill --signal=CONT minio")
    began = {machine.name: len(machine.acknowledged()) for machine in MACHINES}
    wait(
        lambda machine: running(machine) and len(machine.acknowledged()) > began[machine.name],
        60,
        "media are stored again",
    )
    load(False)
    # rclone waits longer after each attempt that fails, and what the store took when it was frozen it holds for failed.
    nothing_is_lost(300)
    wait(lambda machine: not machine.waiting(), 300, "nothing waits for its upload")


def test_a_stop_waits_for_uploads_and_for_whoever_holds_files():
    load(True)
    time.sleep(1)

    def stop(machine):
        machine.sh("systemctl stop %s", UNIT)
        assert "/srv/media is unmounted, and nothing waits for its upload." in machine.journal(UNIT).splitlines()[-8:]
        believed = machine.acknowledged()
        held = machine.read(*believed)
        assert {name for name in believed if held[name][0] != believed[name]} == set(), machine.name
        machine.sh("systemctl start %s %s", UNIT, APP)
        holder = machine.begin("cd /srv/media && echo there && sleep 3")
        assert holder.stdout.readline() == "there\n"
        machine.sh("systemctl stop %s", UNIT)
        # by whom only a process with CAP_SYS_PTRACE may learn, which containers lack
        assert "Waiting to unmount /srv/media: it is in use by " in machine.journal(UNIT), machine.name
        machine.sh("systemctl start %s %s", UNIT, APP)

    each(stop)
