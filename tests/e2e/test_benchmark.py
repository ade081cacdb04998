# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark measures what it says, and notices a byte that did not arrive. How fast anything is, is not tested here."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import replace

import pytest

from ansible_collections.mediastore.s3.tests.benchmark import eviction, measure, report, tools, trees, works
from ansible_collections.mediastore.s3.tests.benchmark import window as ways
from ansible_collections.mediastore.s3.tests.benchmark.contest import Arena, Heat, NotArrived
from ansible_collections.mediastore.s3.tests.benchmark.nulls3 import NullS3
from ansible_collections.mediastore.s3.tests.benchmark.tools import Entrant
from ansible_collections.mediastore.s3.tests.benchmark.window import Window, rows

OURS = Entrant("ours", tools.ours(), ours=True)
RCLONE = Entrant("rclone", tools.rclone("--no-check-dest"))
PARTS = ("--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with NullS3(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def arena(server, tmp_path):
    return Arena(server, tmp_path / "arena", print)


def altered(entrant, change):
    """The tool, but it moves a copy of the tree that was changed."""

    def prepare(site):
        copy = site.scratch / "copy"
        shutil.copytree(site.tree.root, copy)
        change(copy)
        return entrant.prepare(replace(site, tree=trees.Tree(copy)))

    return Entrant("loser", prepare)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def spoil_last_byte(path):
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def test_the_same_seed_gives_the_same_files(tmp_path):
    for layout in trees.LAYOUTS:
        first, second = (trees.store(tmp_path / place, layout, trees.SMALL, 60, 7) for place in "ab")
        assert first.entries == second.entries
        assert len({entry.md5 for entry in first.entries.values()}) == 60
        assert trees.store(tmp_path / "a", layout, trees.SMALL, 60, 7).entries == first.entries


def test_ours_and_another_tool_are_measured_and_every_byte_is_proved(arena, tmp_path):
    tree = trees.store(tmp_path, "mixed", trees.MEDIA, 60, 1)
    results = arena.contest("small", [Heat(OURS, tree), Heat(RCLONE, tree)], rounds=2)
    for result in results:
        measured = result.as_dict()
        assert measured["files"] == 60 and measured["bytes"] == tree.nbytes
        assert len(result.runs) == 2
        assert all(run.kinds["put"] == 60 for run in result.runs)
        assert measured["cpu_s"] > 0 and measured["peak_mib"] > 10 and measured["requests"] >= 60
        assert tools.BUCKET in measured["command"] or result.ours
    work = works.Work("Title", "What.", results, {"initial": 2.04, "cpu": 0.46})
    everything = {
        "scale": 1.0,
        "rounds": 2,
        "works": {"initial": work.as_dict()},
        "versions": {"rclone": "1"},
        "machine": dict.fromkeys(("processors", "model", "memory_gib", "system", "kernel", "load"), "x"),
    }
    assert report.closing_line(everything) == "bench: initial=2.0x cpu=0.5x latency=- large=- delta=- verify=-"
    page = report.page(everything)
    assert "| **ours** |" in page and "* rclone: `rclone copy MEDIA bench:media" in page and str(tmp_path) not in page


@pytest.mark.parametrize("change", [cut, spoil_last_byte, lambda path: path.unlink()])
def test_a_byte_that_is_missing_or_another_ends_it(arena, tmp_path, change):
    tree = trees.store(tmp_path, "mixed", trees.SMALL, 20, 1)
    name = sorted(tree.entries)[7]
    with pytest.raises(NotArrived, match="loser: of 20 files 1 "):
        arena.contest("loses", [Heat(altered(RCLONE, lambda copy: change(copy / name)), tree)], rounds=1)


def test_also_in_a_file_that_came_in_parts(arena, tmp_path):
    tree = trees.large(tmp_path, 2, 11 * trees.MIB)
    rclone = Entrant("rclone", tools.rclone("--no-check-dest", *PARTS))
    (result,) = arena.contest("parts", [Heat(rclone, tree)], rounds=1)
    assert result.runs[0].kinds["mpu_part"] == 6
    with pytest.raises(NotArrived, match="1 different: exports/01.tar"):
        loser = altered(rclone, lambda copy: spoil_last_byte(copy / "exports/01.tar"))
        arena.contest("loses", [Heat(loser, tree)], rounds=1)


@pytest.fixture
def window(arena, tmp_path):
    store, last = (trees.store(tmp_path, "synapse", trees.SMALL, *which) for which in ((80, 1), (10, 2)))
    return Window(arena, store, works.as_held(store), last)


def test_a_cutover_is_down_for_as_long_as_a_client_says_and_has_copied_the_last_words(arena, window):
    rclone = tools.rclone("--no-traverse")
    heats = [
        window.least("least", tools.ours(against="journal")),
        window.ours("ours", migrate_change_feed="never"),
        window.by_hand("slow", lambda site: slowed(rclone(site), 3)),
    ]
    least, ours, slow = arena.contest("window", heats, rounds=1)
    assert least.median("wall_s") > 0.1 and slow.median("wall_s") > 3
    # the record begins before a client can know that it was stopped, and ends when that has an answer already
    assert 0.1 < ours.median("wall_s") < ours.noted("record_s") < ours.noted("command_s")
    assert least.runs[0].kinds["put"] == slow.runs[0].kinds["put"] == 10
    # it may not ask what is there, which takes longer the more that is
    assert "list" not in least.runs[0].kinds
    heading, *table = rows([least, ours, slow], least)
    assert {row[0]: row[2] for row in table}["**least**"] == "1.00" and len(table) == 3
    assert [float(row[1]) for row in table] == sorted(float(row[1]) for row in table)
    assert all(len(row) == len(heading) for row in table)


@pytest.mark.parametrize(
    ("stall_s", "shown", "why"), [(1, "> ", ""), (60, "not measured", ", still copying while the application was up")]
)
def test_who_is_not_waited_for_has_no_figure_but_the_one_that_it_exceeds(arena, window, monkeypatch, stall_s, shown, why):
    monkeypatch.setattr(ways, "CAP_S", 6.0)
    monkeypatch.setattr(ways, "STALL_S", stall_s)
    heat = window.by_hand("endless", lambda site: measure.Command(["sleep", "60"], site.environment))
    (result,) = arena.contest("window", [heat], rounds=1)
    row = rows([result], result)[1]
    assert row[1].startswith(shown) and row[4] == "> 6.0", row
    assert ways.given_up([result]) == [f"endless was ended after 6 s{why}."]


def slowed(command, seconds):
    return replace(command, argv=["sh", "-c", f"sleep {seconds}; {shlex.join(command.argv)}"])


def test_a_window_that_loses_one_of_the_last_words_ends_it(arena, window):
    nothing = window.by_hand("forgetful", lambda site: measure.Command(["true"], site.environment))
    with pytest.raises(measure.Failed, match="does not serve what came last|NoSuchKey"):
        arena.contest("window", [nothing], rounds=1)
    new = sorted(window.last.entries)[3]
    forgets = window.by_hand("forgetful", tools.rclone("--no-traverse", "--exclude", f"/{new}"))
    with pytest.raises(NotArrived, match=f"of 90 files 1 missing: {new}"):
        arena.contest("window", [forgets], rounds=1)


def test_what_a_command_starts_is_counted_in(tmp_path):
    burn = "x = bytearray(60 << 20)\nimport time\nwhile time.process_time() < 0.5: pass"
    command = measure.Command(["sh", "-c", f"{sys.executable} -c '{burn}'; true"], {})
    cost = measure.run(command, tmp_path / "log", 60)
    assert cost.cpu_s >= 0.5 and cost.peak_mib >= 60


def test_a_command_that_fails_ends_it_with_what_it_said(tmp_path):
    with pytest.raises(measure.Failed, match="no luck"):
        measure.run(measure.Command(["sh", "-c", "echo no luck; exit 3"], {}), tmp_path / "log", 60)


def test_an_eviction_takes_the_old_media_and_nothing_else(arena, tmp_path):
    old = eviction.Old(trees.store(tmp_path / "trees", "synapse", trees.SMALL, 200, 8), 20)
    assert 20 <= len(old.names) < 40 and any("_thumbnail" in name for name in old.names)
    heat = Heat(Entrant("ours", tools.ours("evict", max_age="30d", engine="boto3"), ours=True), old.tree, old.stage, check=False)
    arena.contest("evict", [heat], 2)
    old.require_gone()
    (old.tree.root / next(iter(old.tree.entries.keys() - old.names))).unlink()
    with pytest.raises(eviction.NotEvicted, match="1 others have gone"):
        old.require_gone()
