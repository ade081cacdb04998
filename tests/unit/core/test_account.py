# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report of a migration says at each of its stages."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.account import account
from ansible_collections.mediastore.s3.plugins.module_utils._core.migration import LEGAL, Migration
from ansible_collections.mediastore.s3.plugins.module_utils._core.report import as_html, as_json

from .test_report import Page

COMMAND = "ansible-playbook mediastore.s3.migrate."
T0 = 1_790_000_000.0


def walked(*stages):
    """A migration that went this way, a minute a stage."""
    migration = Migration(name="media")
    migration.bind("/srv/media", {"bucket": "media", "endpoint": "https://s3.example.org", "prefix": ""})
    course = [[1.0, 400, 2 << 20], [3.0, 1200, 5 << 20]]
    synced = {"files": 1200, "bytes": 5 << 20, "files_per_s": 350.0, "throughput": course}
    figures = {"synced": synced, "window": {"copied_s": 0.4, "rest_s": 3.6}}
    for number, stage in enumerate(stages):
        facts = {"synced": {"files": 1200, "bytes": 5 << 20}, "healthy": {"downtime_s": 4.0}}.get(stage, {})
        if stage == "healthy" and migration.stage == stage:
            migration.figures["proof"] = facts = {"files": 1201, "bytes": 5 << 20, "sha256": "5c1e2a0f"}
            facts = {"proof": facts}
        if stage == "healthy":
            migration.downtime_s["cutover"], migration.expected_s = 4.0, 6.5
        if stage == "rolled_back":
            migration.downtime_s["rollback"] = 9.25
            facts = {"downtime_s": 9.25, "reason": "<it was asked for>"}
        if stage == "finalized":
            migration.figures["finalized"] = {"files": 1201, "bytes": 5 << 20, "stayed": 2}
        migration.figures.update({name: what for name, what in figures.items() if name != "window" or stage == "healthy"})
        migration.enter(stage, T0 + 60 * number, **facts)
    return migration


CUT = ("synced", "stopping", "settled", "backed_up", "healthy", "healthy")
RESTARTED = ("synced", "restarting", "healthy", "healthy")


def told(*stages):
    report = account(walked(*stages), COMMAND, T0)
    assert as_json(report)
    return Page(as_html(report)).text


def restarted(*stages):
    """The same where the files stay where they are."""
    migration = walked(*stages)
    migration.backup = migration.path
    if "window" in migration.figures:
        migration.figures["window"] = {"copied_s": 0.0, "rest_s": 4.0}
    return migration


def test_a_cutover_is_told_from_its_copy_to_its_proof():
    text = told(*CUT)
    for words in (
        "/srv/media to media",
        "1200 files moved 5.0 MiB",
        "350 files per second while it was in use",
        "4.0 seconds of downtime",
        "last copy 0.4 s stop, switch and start 3.6 s",
        "copied to the bucket, while the application ran (1 200 files, 5.0 MiB)",
        "the application runs on the bucket; it was down for 4.0 s",
        "proved: 1 201 files, 5.0 MiB are in the bucket",
        "1201 all right",
        "How fast it was copied files/s bytes/s max 400 max 2.0 MiB 0 3.0 s",
        "Certificate of what was proved SHA-256 5c1e2a0f",
        "Expected for the cutover 6.5 s",
        "Old files /srv/media.before-s3",
        "mediastore.s3.migrate.rollback",
    ):
        assert words in text, words


def test_the_last_way_is_drawn_with_its_downtime():
    drawn = account(walked(*CUT), COMMAND, T0)
    assert [(stage["name"], stage["began"] - T0, stage["ended"] - T0) for stage in drawn["stages"]] == [
        ("stop, last copy", 60, 120),
        ("set aside", 120, 180),
        ("switch, start", 180, 240),
        ("proof", 240, 300),
    ]
    assert [(outage["began"] - T0, outage["ended"] - T0) for outage in drawn["outages"]] == [(236, 240)]
    assert "as the playbook measured it" in told(*CUT)

    back = account(walked(*CUT, "rolling_back", "restored", "rolled_back"), COMMAND, T0)
    assert [stage["name"] for stage in back["stages"]] == ["stop, bring back", "start"]
    assert [outage["ended"] - T0 for outage in back["outages"]] == [480]

    undone = account(walked("synced", "stopping", "settled", "rolling_back", "restored", "rolled_back"), COMMAND, T0)
    names = ["stop, last copy", "until it failed", "stop, bring back", "start"]
    assert [stage["name"] for stage in undone["stages"]] == names

    assert "stages" not in account(walked("synced"), COMMAND, T0)
    assert "stages" not in account(Migration(name="media"), COMMAND, T0)


def test_a_cutover_of_one_restart_is_told_and_drawn():
    drawn = account(restarted(*RESTARTED), COMMAND, T0)
    assert [(stage["name"], stage["began"] - T0) for stage in drawn["stages"]] == [("restart", 60), ("proof", 120)]
    text = Page(as_html(drawn)).text
    assert "about to be restarted for the cutover; its files stay where they are" in text
    assert "stop, switch and start 4.0 s" in text and "last copy" not in text
    assert "all of the directory, against a listing of the bucket" in text
    undone = account(restarted("synced", "restarting", "rolling_back", "restored", "rolled_back"), COMMAND, T0)
    assert [stage["name"] for stage in undone["stages"]] == ["until it failed", "stop, bring back", "start"]
    ended = Page(as_html(account(restarted(*RESTARTED, "finalized"), COMMAND, T0))).text
    assert "the files stay where they are, and there is no way back any more" in ended
    assert "Old files stay in /srv/media" in ended and "removed" not in ended


def test_what_a_clock_that_was_set_back_makes_of_it_is_not_drawn():
    migration = walked(*CUT)
    migration.history[3]["at"] = migration.history[0]["at"]
    drawn = account(migration, COMMAND, T0)
    assert [stage["name"] for stage in drawn["stages"]] == ["stop, last copy"]
    assert as_html(drawn)


def test_a_way_back_is_told_with_its_reason_and_has_no_way_back():
    text = told(*CUT, "rolling_back", "restored", "rolled_back")
    assert "the application runs on its own files again; it was down for 9.2 s: <it was asked for>" in text
    assert "9.2 seconds of downtime" in text
    assert "The way back" not in text


def test_the_end_is_told_with_what_stayed():
    assert "1 201 files, 5.0 MiB removed 0.0 days after the cutover; 2 stayed" in told(*CUT, "finalized")


@pytest.mark.parametrize("length", range(len(CUT)))
def test_any_stage_can_be_told(length):
    assert "The migration media" in told(*CUT[:length])


def test_every_stage_has_its_words():
    for stage in set(LEGAL) - {"new"}:
        migration = Migration(name="media", stage=stage)
        migration.history = [
            {"stage": "healthy", "at": "2026-11-20T12:30:23.000Z"},
            {"stage": stage, "at": "2026-11-20T12:30:23.000Z"},
        ]
        migration.figures["finalized"] = {}
        assert account(migration, COMMAND, T0)["log"][1][1]
