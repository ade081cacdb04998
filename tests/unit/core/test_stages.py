# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stages do on the host, with a kill between any two changes of the filesystem."""

from __future__ import annotations

import dataclasses
import json
import os
import time

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.clock import Moment
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, MediastoreError
from ansible_collections.mediastore.s3.plugins.module_utils._core.stages import (
    PIECE_BYTES,
    PIECES,
    TRIAL_BYTES,
    Application,
    Stages,
    load,
)

from .killing import killed_everywhere

STORE = {"endpoint": "https://s3.example.org", "bucket": "media", "prefix": ""}
UNITS = {"web.service": ("active", "enabled"), "worker.service": ("inactive", "disabled"), "job.service": ("active", "static")}


def systemctl(arguments):
    unit = arguments[-1]
    active, enabled = UNITS.get(unit, ("inactive", ""))
    load_state = "loaded" if unit in UNITS else "not-found"
    return 0, f"LoadState={load_state}\nActiveState={active}\nUnitFileState={enabled}\n", ""


@dataclasses.dataclass
class Host:
    """A directory with media and two configuration files, one of which does not exist."""

    root: object
    led_by: str = ""

    def __post_init__(self):
        self.media, self.backup, self.state = self.root / "media", self.root / "media.before-s3", self.root / "state"
        self.config, self.absent = self.root / "app.conf", self.root / "extra.conf"
        (self.media / "a").mkdir(parents=True)
        (self.media / "cache").mkdir()
        (self.media / "a" / "one").write_bytes(b"one")
        (self.media / "cache" / "tmp").write_bytes(b"local")
        self.media.chmod(0o2770)
        self.config.write_bytes(b"backend = directory\n")
        self.config.chmod(0o640)
        self.state.mkdir()
        self.app = Application(str(self.media), ["cache"], [str(self.config), str(self.absent)], [])

    def stages(self, **options):
        clock = options.get("clock", Moment.now)
        return Stages(str(self.state), "media", systemctl, check=options.get("check", False), clock=clock)

    def cut_over(self):
        self.stages().synced(str(self.media), STORE, {"files": 1, "bytes": 3, "changed": True}, self.led_by)
        self.stages().stopping(self.app)
        self.stages().backed_up(self.app, {"files": 0, "bytes": 0})
        self.switch()
        self.stages().healthy(None)

    def restart(self):
        """A cutover of an application that reads both places."""
        self.stages().synced(str(self.media), STORE, {"files": 1, "bytes": 3, "changed": True})
        self.stages().restarting(self.app)
        self.switch()
        self.stages().healthy(None)

    def switch(self):
        self.config.write_bytes(b"backend = s3\n")
        self.absent.write_bytes(b"keys\n")

    def go_back(self):
        if load(str(self.state), "media").stage == "rolled_back":
            return
        for act in (lambda s: s.rolling_back(self.app, "asked for"), lambda s: s.restored(False), lambda s: s.rolled_back()):
            act(self.stages())

    def files(self, root):
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def assert_as_before(self, more=()):
        expected = {"a/one": b"one", "cache/tmp": b"local", **dict(more)}
        assert self.files(self.media) == expected
        assert self.media.stat().st_mode & 0o7777 == 0o2770
        assert not self.backup.exists()
        assert self.config.read_bytes() == b"backend = directory\n"
        assert self.config.stat().st_mode & 0o777 == 0o640
        assert not self.absent.exists()


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_the_directory_is_set_aside_and_an_alike_one_left_with_what_stays_local(host):
    host.cut_over()
    assert host.files(host.backup) == {"a/one": b"one"}
    assert host.files(host.media) == {"cache/tmp": b"local"}
    assert host.media.stat().st_mode & 0o7777 == 0o2770
    assert [entry["stage"] for entry in load(str(host.state), "media").history] == [
        "synced",
        "stopping",
        "settled",
        "backed_up",
        "healthy",
    ]


def test_with_one_restart_no_file_is_moved_there_and_back(host):
    host.backup.mkdir()  # of whomsoever
    files, folder = host.files(host.media), host.media.stat().st_ino
    host.restart()
    assert host.files(host.media) == files
    assert [entry["stage"] for entry in load(str(host.state), "media").history] == ["synced", "restarting", "healthy"]
    (host.media / "new").write_bytes(b"came later")
    host.go_back()
    host.backup.rmdir()
    host.assert_as_before([("new", b"came later")])
    assert host.media.stat().st_ino == folder


def test_the_other_order_may_follow_a_rollback(host):
    host.restart()
    host.go_back()
    host.cut_over()
    assert host.files(host.backup) == {"a/one": b"one"}
    host.go_back()
    host.restart()
    host.go_back()
    host.assert_as_before()


def test_a_restart_is_all_that_the_next_cutover_is_expected_to_take(host):
    host.stages().synced(str(host.media), STORE, {"files": 1})
    host.stages().restarting(host.app)
    host.stages(clock=lambda: Moment(time.time() + 5)).healthy(None, 3.25)
    assert load(str(host.state), "media").figures["window"] == {"copied_s": 0.0, "rest_s": 3.25}


def test_files_that_stay_are_not_removed_and_nothing_ends_before_it_is_proved(host):
    host.restart()
    with pytest.raises(
        BadInput, match=r"nothing proves yet that all files are in the bucket\. Run mediastore\.s3\.migrate\.cutover again"
    ):
        host.stages().finalized([], 0)
    host.stages().healthy({"files": 1, "bytes": 3})
    host.stages().finalized([], 0)
    assert load(str(host.state), "media").stage == "finalized"
    assert host.files(host.media) == {"a/one": b"one", "cache/tmp": b"local"}
    with pytest.raises(BadInput, match="after which comes nothing"):
        host.stages().rolling_back(host.app, "asked for")


def test_back_with_what_came_after_the_cutover(host):
    host.cut_over()
    (host.media / "new").write_bytes(b"came later")
    host.config.write_bytes(b"backend = s3, edited by hand\n")
    host.go_back()
    host.assert_as_before([("new", b"came later")])
    kept = host.state / "config-backup" / "switched" / "app.conf"
    assert kept.read_bytes() == b"backend = s3, edited by hand\n"


def test_every_stage_can_be_entered_twice(host):
    host.cut_over()
    assert not entered(host, lambda s: s.healthy(None))
    host.go_back()
    assert not entered(host, lambda s: s.rolled_back())
    host.assert_as_before()


def entered(host, act):
    stages = host.stages()
    act(stages)
    return stages.changed


@pytest.mark.parametrize(("way", "least"), [(Host.cut_over, 40), (Host.restart, 25)])
def test_a_kill_anywhere_in_the_cutover_can_be_undone(tmp_path, way, least):
    kills = 0
    for host in killed_everywhere(way, fresh(tmp_path)):
        stage = load(str(host.state), "media").stage
        if stage in ("new", "synced"):
            assert host.files(host.media) == {"a/one": b"one", "cache/tmp": b"local"}
        else:
            host.go_back()
            host.assert_as_before()
        kills += 1
    assert kills >= least


def test_a_kill_anywhere_on_the_way_back_is_finished_by_the_same_call(tmp_path):
    def prepare():
        host = fresh(tmp_path)()
        host.cut_over()
        (host.media / "new").write_bytes(b"came later")
        (host.backup / "brought").write_bytes(b"from the bucket")
        return host

    more = [("new", b"came later"), ("brought", b"from the bucket")]
    for host in killed_everywhere(Host.go_back, prepare):
        host.go_back()
        host.assert_as_before(more)
        figures = load(str(host.state), "media").figures["merge"]
        assert figures["moved"] + figures["identical"] <= 2


def fresh(tmp_path):
    def prepare():
        root = tmp_path / str(len(list(tmp_path.iterdir())))
        root.mkdir()
        return Host(root)

    return prepare


def test_a_second_cutover_after_a_rollback_keeps_the_newer_configuration(host):
    host.cut_over()
    host.go_back()
    host.config.write_bytes(b"backend = directory, version 2\n")
    host.cut_over()
    host.go_back()
    assert host.config.read_bytes() == b"backend = directory, version 2\n"


def test_a_backup_of_somebody_else_is_refused_before_the_stop(host):
    host.stages().synced(str(host.media), STORE, {"files": 1})
    host.backup.mkdir()
    with pytest.raises(BadInput, match=r"before-s3 exists already"):
        host.stages().stopping(host.app)
    assert load(str(host.state), "media").stage == "synced"


def test_a_backup_that_is_gone_is_no_reason_to_serve_an_empty_directory(host):
    host.cut_over()
    (host.backup / "a" / "one").rename(host.root / "saved")
    (host.backup / "a").rmdir()
    host.backup.rmdir()
    with pytest.raises(MediastoreError, match=r"is gone.*make it an empty directory"):
        host.stages().rolling_back(host.app, "asked for")
    assert load(str(host.state), "media").stage == "healthy"
    host.backup.mkdir()
    host.go_back()
    assert host.files(host.media) == {"cache/tmp": b"local"}


def test_a_damaged_copy_of_the_configuration_is_found_before_anything_is_restored(host):
    host.cut_over()
    copy = next((host.state / "config-backup" / "saved").iterdir())
    copy.write_bytes(b"something else")
    host.stages().rolling_back(host.app, "asked for")
    with pytest.raises(MediastoreError, match=r"restore .*app.conf: its copy .* is not what was saved"):
        host.stages().restored(False)
    assert host.config.read_bytes() == b"backend = s3\n"


def test_a_link_comes_back_as_a_link(host):
    available = host.root / "available"
    available.write_bytes(b"site\n")
    host.config.unlink()
    host.config.symlink_to(available)
    host.stages().synced(str(host.media), STORE, {"files": 1})
    host.stages().stopping(host.app)
    host.stages().backed_up(host.app, {})
    host.config.unlink()
    host.switch()
    host.go_back()
    assert os.readlink(host.config) == str(available)
    assert available.read_bytes() == b"site\n"


def test_services_are_recorded_before_the_stop_and_not_again_after_a_kill(host, monkeypatch):
    host.app.services = list(UNITS)
    host.stages().synced(str(host.media), STORE, {"files": 1})
    host.stages().stopping(host.app)
    expected = [
        {"name": "web.service", "active": True, "enabled": True},
        {"name": "worker.service", "active": False, "enabled": False},
        {"name": "job.service", "active": True, "enabled": None},
    ]
    assert load(str(host.state), "media").services == expected
    monkeypatch.setitem(UNITS, "web.service", ("inactive", "enabled"))
    host.stages().stopping(host.app)
    host.stages().rolling_back(host.app, "killed")
    assert load(str(host.state), "media").services == expected


def test_an_unknown_service_is_an_error_before_the_stop(host):
    host.app.services = ["wbe.service"]
    host.stages().synced(str(host.media), STORE, {"files": 1})
    with pytest.raises(BadInput, match="service wbe.service: systemd does not know it"):
        host.stages().stopping(host.app)


def test_check_mode_writes_nothing_and_says_what_would_change(host):
    before = sorted(host.root.rglob("*"))
    stages = host.stages(check=True)
    stages.synced(str(host.media), STORE, {"files": 1})
    stages.stopping(host.app)
    stages.backed_up(host.app, {})
    stages.healthy(None)
    assert stages.changed
    assert sorted(host.root.rglob("*")) == before


def test_the_window_is_opened_once_also_when_the_way_back_begins_in_it(host):
    host.stages().synced(str(host.media), STORE, {"files": 1})
    stopping = host.stages()
    stopping.stopping(host.app)
    assert stopping.window_opened
    back = host.stages()
    back.rolling_back(host.app, "cut short")
    assert not back.window_opened


def test_finalize_waits_for_its_day(host):
    host.cut_over()
    with pytest.raises(BadInput, match=r"the backup is kept 7 days, until 2\d{3}-"):
        host.stages().may_finalize(7)
    host.stages().may_finalize(0)


def test_state_that_cannot_be_written_is_found_before_anything_is_changed(host, monkeypatch):
    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="No space left on device"), Stages.locked(str(host.state / "media"), 0, False):
        raise AssertionError("not reached")


class Disk:
    """The filesystem of the state, which can be full: then it has room for no more than what is removed."""

    def __init__(self, state):
        self.state, self.room = state, None

    def used(self):
        return sum(file.stat().st_size for file in self.state.iterdir())

    def fill(self):
        self.room = self.used()


@pytest.fixture
def disk(host, monkeypatch):
    disk, fsync = Disk(host.state), os.fsync

    def written(fd):
        if disk.room is not None and disk.used() > disk.room:
            raise OSError(28, "No space left on device")
        fsync(fd)

    monkeypatch.setattr(os, "fsync", written)
    return disk


def enter(host, stage, *facts):
    with Stages.locked(str(host.state), 0, False):
        getattr(host.stages(), stage)(*facts)


def test_on_a_full_disk_nothing_is_begun(host, disk):
    enter(host, "synced", str(host.media), STORE, {"files": 1, "bytes": 3, "changed": True})
    for left in (0, 2 * TRIAL_BYTES, PIECES * PIECE_BYTES - 1):
        before = disk.used()
        disk.room = before + left
        with pytest.raises(BadInput, match="No space left on device"):
            enter(host, "stopping", host.app)
        assert load(str(host.state), "media").stage == "synced"
        assert disk.used() == before, "nothing is taken of the little that there is"


def test_a_disk_that_goes_on_filling_up_does_not_keep_the_application_down(host, disk):
    enter(host, "synced", str(host.media), STORE, {"files": 1, "bytes": 3, "changed": True})
    enter(host, "stopping", host.app)
    enter(host, "backed_up", host.app, {"files": 0, "bytes": 0})
    for stage, facts in (("rolling_back", (host.app, "full")), ("restored", (False,)), ("rolled_back", ())):
        disk.fill()
        enter(host, stage, *facts)
    assert load(str(host.state), "media").stage == "rolled_back"
    assert host.files(host.media)["a/one"] == b"one"
    assert disk.used() < PIECES * PIECE_BYTES
    disk.room = None
    enter(host, "synced", str(host.media), STORE, {"files": 1, "bytes": 3, "changed": True})
    enter(host, "stopping", host.app)
    assert disk.used() > PIECES * PIECE_BYTES, "the reserve is filled up again"


def test_in_the_window_a_disk_is_only_too_full_when_the_reserve_is_used_up(host, disk):
    enter(host, "synced", str(host.media), STORE, {"files": 1, "bytes": 3, "changed": True})
    enter(host, "stopping", host.app)
    for _cut_short in range(PIECES):
        disk.fill()
        enter(host, "rolling_back", host.app, "full")
    disk.fill()
    with pytest.raises(BadInput, match="No space left on device"):
        enter(host, "rolling_back", host.app, "full")


def test_the_state_can_be_read_by_a_person(host):
    host.cut_over()
    text = (host.state / "migration.json").read_text()
    assert list(json.loads(text))[:3] == ["format", "name", "stage"]
    assert text.count("\n") > 20


def test_the_course_of_the_largest_copy_is_kept_and_stands_in_rows(host):
    courses = [[[1.0, 10, 100], [2.0, 30, 300]], [[0.1, 2, 20]], [], [[3.0, 31, 310]]]
    for number, course in enumerate(courses):
        figures = {"files": number, "bytes": 3, "changed": True, "throughput": course}
        host.stages().synced(str(host.media), STORE, figures)
        kept = load(str(host.state), "media").figures["synced"]["throughput"]
        assert kept == courses[3 if number == 3 else 0]
        assert f"[ {kept[0][0]}, {kept[0][1]}, {kept[0][2]} ]" in (host.state / "migration.json").read_text()


def test_the_next_cutover_knows_what_the_restart_takes(tmp_path):
    host = Host(tmp_path)
    host.stages().synced(str(host.media), STORE, {"files": 1, "bytes": 3, "changed": True})
    host.stages().stopping(host.app, 6.8)
    host.stages().backed_up(host.app, {"files": 0, "bytes": 0, "duration_s": 0.75})
    host.stages(clock=lambda: Moment(time.time() + 5)).healthy(None, 4.25)
    kept = load(str(host.state), "media")
    assert kept.expected_s == 6.8
    assert kept.figures["window"] == {"copied_s": 0.75, "rest_s": 3.5}


def test_a_host_that_shares_the_directory_leaves_it_to_the_one_that_moves_it(tmp_path):
    host = Host(tmp_path, "first.example.org")
    before = host.files(host.media)
    host.cut_over()
    assert host.files(host.media) == before and not host.backup.exists()
    assert load(str(host.state), "media").stage == "healthy"
    # the first one has set it aside, and the application has uploaded something
    host.media.rename(host.backup)
    host.media.mkdir()
    (host.media / "new").write_bytes(b"came later")
    host.go_back()
    assert host.files(host.media) == {"new": b"came later"} and host.files(host.backup) == before
    assert host.config.read_bytes() == b"backend = directory\n" and not host.absent.exists()
    # nor does a backup that is there stop it, or is removed
    host.cut_over()
    host.stages().finalized([], 0)
    assert host.files(host.backup) == before and host.files(host.media) == {"new": b"came later"}
    with pytest.raises(BadInput, match="it began with led_by 'first.example.org', and now led_by is ''"):
        host.stages().migration.bind(str(host.media), STORE)


def test_a_directory_that_has_become_a_mount_is_never_emptied(host, monkeypatch):
    host.cut_over()
    monkeypatch.setattr("os.path.ismount", lambda path: path == str(host.media))
    with pytest.raises(BadInput, match="nobody said that it is to be unmounted.*migrate_layout: mount"):
        host.stages().rolling_back(host.app, "asked for")
    assert load(str(host.state), "media").stage == "healthy"
    host.app.mounted = True
    host.stages().rolling_back(host.app, "asked for")
    with pytest.raises(MediastoreError, match="is a mount"):
        host.stages().restored(False)
    assert host.files(host.backup) == {"a/one": b"one"}
    monkeypatch.undo()
    host.go_back()
    host.assert_as_before()
