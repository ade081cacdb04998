# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state machine of a migration, and what is said about it."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import outlook
from ansible_collections.mediastore.s3.plugins.module_utils._core.clock import Moment, seconds, utc
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, MediastoreError
from ansible_collections.mediastore.s3.plugins.module_utils._core.migration import (
    IN_WINDOW,
    LEGAL,
    Migration,
    check_name,
    reachable,
)

NOW = 1_800_000_000.25
STORE = {"endpoint": "https://s3.example.org", "bucket": "media", "prefix": ""}
WAY = ("synced", "stopping", "settled", "backed_up", "healthy")
SHORT = ("synced", "restarting", "healthy")


def at(stage, way=WAY):
    migration = Migration("media")
    for number, name in enumerate(way[: way.index(stage) + 1]):
        migration.enter(name, NOW + number)
    return migration


def test_time_stamps_are_utc_and_can_be_read_back():
    assert utc(NOW) == "2027-01-15T08:00:00.250Z"
    assert seconds(utc(NOW)) == NOW


def test_the_whole_way_is_legal_and_recorded():
    migration = at("healthy")
    migration.enter("finalized", NOW + 9)
    assert [entry["stage"] for entry in migration.history] == [*WAY, "finalized"]
    assert migration.when("settled") == utc(NOW + 2)


@pytest.mark.parametrize(("stage", "way"), [*((stage, WAY) for stage in WAY[1:]), *((stage, SHORT) for stage in SHORT[1:])])
def test_the_way_back_is_open_from_everywhere_after_the_stop(stage, way):
    migration = at(stage, way)
    for back in ("rolling_back", "restored", "rolled_back", "synced"):
        migration.enter(back, NOW)
    assert migration.stage == "synced"


@pytest.mark.parametrize(
    ("stage", "target"),
    [
        ("synced", "backed_up"),
        ("synced", "healthy"),
        ("stopping", "healthy"),
        ("stopping", "restarting"),
        ("backed_up", "finalized"),
        ("healthy", "synced"),
        ("synced", "rolled_back"),
    ],
)
def test_no_stage_can_be_jumped(stage, target):
    migration = at(stage)
    with pytest.raises(BadInput, match=f"enter the stage {target} .* it is at {stage}, after which comes"):
        migration.enter(target, NOW)
    assert migration.stage == stage


def test_every_stage_may_be_entered_again():
    for stage in WAY:
        migration = at(stage)
        migration.enter(stage, NOW)


def test_nothing_follows_the_end():
    assert LEGAL["finalized"] == ()
    assert not reachable("finalized", "rolling_back")
    assert reachable("new", "finalized")
    assert all(reachable(stage, "rolled_back") for stage in IN_WINDOW)


def test_predicting_walks_the_stages_between():
    Migration("media").refuse_unless_legal("healthy", predicting=True)
    with pytest.raises(BadInput):
        Migration("media").refuse_unless_legal("healthy")


def test_many_syncs_are_one_line_of_history():
    migration = Migration("media")
    for number in range(5):
        migration.enter("synced", NOW + number)
    assert len(migration.history) == 1
    assert migration.history[0]["at"] == utc(NOW + 4)


def test_downtime_is_from_just_before_the_stop_to_health_and_survives_a_second_start():
    migration = Migration("media")
    assert migration.open_window(Moment(NOW))
    assert not migration.open_window(Moment(NOW + 3))
    assert migration.close_window("cutover", Moment(NOW + 4.5)) == 4.5
    assert migration.downtime_s == {"cutover": 4.5}
    assert migration.close_window("cutover", Moment(NOW + 99)) == 4.5


def test_a_downtime_that_was_measured_closely_is_the_one_that_is_kept():
    migration = Migration("media")
    migration.open_window(Moment(NOW))
    assert migration.close_window("rollback", Moment(NOW + 6), measured=4.21) == 4.21
    assert migration.downtime_s == {"rollback": 4.21}


@pytest.mark.parametrize("jump", [-86400.0, -1.0, 0.0, 1.0, 86400.0])
def test_a_clock_that_is_set_in_the_window_makes_the_downtime_neither_longer_nor_shorter(jump):
    migration = Migration("media")
    migration.open_window(Moment(NOW, "this boot", 1000.0))
    migration = Migration.from_dict(migration.as_dict())
    measured = None if abs(jump) > 1 else 4.0 + jump * 10
    down = migration.close_window("cutover", Moment(NOW + 5 + jump, "this boot", 1005.0), measured)
    assert down == (4.0 if jump == 0 else 5.0)


@pytest.mark.parametrize(("said", "down"), [(40.0, 40.0), (-40.0, 0.0)])
def test_after_a_restart_of_the_machine_only_its_clock_can_tell(said, down):
    migration = Migration("media")
    migration.open_window(Moment(NOW, "one boot", 1000.0))
    assert migration.close_window("cutover", Moment(NOW + said, "the next", 20.0)) == down


def test_another_place_is_refused_by_name():
    migration = Migration("media")
    assert migration.bind("/srv/media", STORE)
    assert not migration.bind("/srv/media", STORE)
    with pytest.raises(BadInput, match="it began with bucket 'media', and now bucket is 'other'"):
        migration.bind("/srv/media", dict(STORE, bucket="other"))
    with pytest.raises(BadInput, match="it began with path '/srv/media'"):
        migration.bind("/srv/elsewhere", STORE)


def test_round_trip_and_another_format():
    migration = at("healthy")
    assert Migration.from_dict(migration.as_dict()) == migration
    with pytest.raises(MediastoreError, match="its format is 2"):
        Migration.from_dict(dict(migration.as_dict(), format=2))


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 101, "a b"])
def test_a_name_that_is_no_directory_is_refused(name):
    with pytest.raises(BadInput, match="migration name"):
        check_name(name)


def test_set_aside_is_true_only_between_renaming_and_putting_back():
    migration = at("settled")
    assert not migration.set_aside
    # by then the clock was set back
    migration.enter("backed_up", NOW - 3600)
    assert migration.set_aside
    migration.enter("rolling_back", NOW + 5)
    assert migration.set_aside
    migration.enter("restored", NOW + 6)
    assert not migration.set_aside
    for number, stage in enumerate(("rolled_back", "synced", "stopping")):
        migration.enter(stage, NOW + 7 + number)
    assert not migration.set_aside, "the renaming of the first try does not count for the second"


def test_with_files_that_stay_the_bucket_may_have_more_from_the_restart_on():
    migration = at("synced", SHORT)
    migration.bind("/srv/media", STORE)
    migration.backup = migration.path
    assert not migration.may_be_switched
    migration.enter("restarting", NOW + 1)
    assert migration.may_be_switched and not migration.set_aside and not migration.was_healthy
    migration.enter("healthy", NOW + 2)
    migration.enter("rolling_back", NOW + 3)
    assert migration.may_be_switched and migration.was_healthy
    migration.enter("restored", NOW + 4)
    assert not migration.may_be_switched and not migration.was_healthy
    for number, stage in enumerate(("rolled_back", "synced", "restarting")):
        migration.enter(stage, NOW + 5 + number)
    assert not migration.was_healthy, "the health of the first try does not count for the second"


@pytest.mark.parametrize("stage", sorted(LEGAL))
def test_the_summary_names_the_next_and_the_undo_command(stage):
    migration = Migration("media", stage=stage)
    if stage != "new":
        migration.history = [{"stage": stage, "at": utc(NOW)}]
    lines = outlook.summary(migration, "ansible-playbook x.", 7)
    assert lines[0].startswith(f"media: {stage} (")
    assert lines[-2].startswith("Next: ansible-playbook x." if stage != "finalized" else "Next: nothing")
    undo = stage in ("stopping", "settled", "backed_up", "restarting", "healthy")
    assert lines[-1] == ("Undo: ansible-playbook x.rollback" if undo else "Undo: nothing to undo")


def test_the_summary_of_a_cutover_has_its_figures():
    migration = at("healthy")
    migration.bind("/srv/media", STORE)
    migration.figures = {"synced": {"files": 1234, "bytes": 5_600_000}, "proof": {"files": 1240, "bytes": 5_700_000}}
    migration.downtime_s = {"cutover": 4.217}
    migration.expected_s = 6.81
    text = "\n".join(outlook.summary(migration, "", 7))
    assert "1 234 files, 5.3 MiB by the live sync" in text
    assert "1 240 files, 5.4 MiB of the backup" in text
    assert "down    4.2 s for the cutover; 6.8 s were expected" in text
    assert "/srv/media.before-s3, kept until 2027-01-22T08:00:04.250Z" in text


def test_the_summary_of_files_that_stay_says_that_they_do():
    migration = at("healthy", SHORT)
    migration.bind("/srv/media", STORE)
    migration.backup = migration.path
    text = "\n".join(outlook.summary(migration, "x.", 7))
    assert "the application runs on the bucket, and on its files, which stay where they are" in text
    assert "files   /srv/media, a way back until 2027-01-22T08:00:02.250Z" in text
    assert "Next: x.cutover   (an earlier run was cut short: this copies the rest, and proves it)" in text
    migration.figures["proof"] = {"files": 1240, "bytes": 5_700_000}
    text = "\n".join(outlook.summary(migration, "x.", 7))
    assert "1 240 files, 5.4 MiB of the directory" in text
    assert "Next: x.finalize   (ends it, when its time is up: no file is removed" in text
    migration.figures["finalized"] = {"files": 0, "bytes": 0, "stayed": 0}
    migration.enter("finalized", NOW + 9)
    text = "\n".join(outlook.summary(migration, "x.", 7))
    assert "done; the files stay where they are" in text and "removed" not in text


def test_what_is_owed_is_the_next_thing_to_do():
    migration = Migration("media", stage="rolled_back", owed=True)
    assert outlook.next_command(migration, "x.") == "x.rollback"
