# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole sync over an engine in memory: plan, transfer, proofs and the result."""

from __future__ import annotations

import json
import os

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import sync as module
from ansible_collections.mediastore.s3.plugins.module_utils._core import upload
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import (
    BadInput,
    Incomplete,
    MediastoreError,
    StoreRefused,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.journal import Journal
from ansible_collections.mediastore.s3.plugins.module_utils._core.keys import Exclude
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import RemoteObject
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree

from .memory import MemoryStore

LONG_AGO = (1_000_000_000, 1_000_000_000)


@pytest.fixture(autouse=True)
def every_file_is_old(monkeypatch):
    # Files made by a test are younger than a tick, and so would never be proved by their times.
    monkeypatch.setattr("ansible_collections.mediastore.s3.plugins.module_utils._core.compare.TICK_NS", -(10**18))


class Side:
    """A directory, a store and a journal."""

    def __init__(self, tmp_path, objects=None):
        self.root = tmp_path / "root"
        self.root.mkdir()
        self.store = MemoryStore(objects)
        self.journal = str(tmp_path / "journal")

    def write(self, **files):
        for name, body in files.items():
            path = self.root / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

    def run(self, direction="upload", against_journal=False, exclude=(), prefix="", check=False, compare="auto", abandoned=False):
        rules = module.Rules(direction, compare, against_journal, True, True, 1024, 8 << 20, 4, None, 5)
        journal = Journal(self.journal)
        try:
            sync = module.Sync(
                rules, Tree(str(self.root), prefix, Exclude(list(exclude))), self.store, journal, journal, Silent()
            )
            plan = sync.plan(lambda: abandoned)
            if check:
                return sync.result(plan, module.Tally(5))
            tally = sync.carry_out(plan, lambda: False)
            result = sync.result(plan, tally)
            sync.require_done(plan, tally, result)
            return result
        finally:
            journal.close()

    def reasons(self, **options):
        return self.run(**options)["plan"]["reasons"]


@pytest.fixture
def side(tmp_path):
    return Side(tmp_path)


def test_there_and_again_and_nothing_more(side):
    side.write(a=b"1", b__c=b"22", empty=b"")
    first = side.run(prefix="p/")
    assert first["plan"] == {
        "upload": {"files": 3, "bytes": 3},
        "unchanged": {"files": 0, "bytes": 0},
        "reasons": {"missing": 3},
    }
    assert first["transferred"] == {"files": 3, "bytes": 3}
    assert first["complete"]
    assert side.store.objects == {"p/a": b"1", "p/b/c": b"22", "p/empty": b""}
    second = side.run(prefix="p/")
    assert second["plan"]["reasons"] == {"proved": 3}
    assert second["plan"]["unchanged"] == {"files": 3, "bytes": 3}
    assert side.run(prefix="p/", against_journal=True)["plan"]["reasons"] == {"proved": 3}
    assert len(side.store.puts) == 3


def test_prediction_is_the_plan_of_the_real_run(side):
    side.write(a=b"1", b=b"2")
    predicted = side.run(check=True)
    assert not predicted["complete"]
    assert side.store.puts == []
    done = side.run()
    assert predicted["plan"] == done["plan"]
    assert predicted["samples"]["planned"] == done["samples"]["planned"] == ["a (missing)", "b (missing)"]


def test_against_the_journal_only_changes_are_sent_and_the_store_is_asked_nothing(side, monkeypatch):
    side.write(a=b"1", b=b"2", c=b"3")
    side.run()
    side.write(b=b"22", d=b"4")
    (side.root / "c").unlink()
    monkeypatch.setattr(side.store, "listing", None)
    assert side.reasons(against_journal=True) == {"proved": 1, "size": 1, "missing": 1}
    assert side.store.objects == {"a": b"1", "b": b"22", "c": b"3", "d": b"4"}


def test_nothing_is_ever_deleted(side):
    side.store.objects["old"] = b"x"
    side.store.etags["old"] = "y"
    side.write(new=b"1")
    assert side.reasons() == {"missing": 1, "only_in_store": 1}
    assert set(side.store.objects) == {"old", "new"}


def test_a_refuted_proof_is_gone_before_the_transfer_begins(side):
    """A listing shows that an object is lost; the run is killed before it is sent again; the journal must not vouch for it."""
    side.write(a=b"1", b=b"2")
    side.run()
    del side.store.objects["a"]
    planned = side.run(check=True)
    assert planned["plan"]["reasons"] == {"gone_from_store": 1, "proved": 1}
    assert side.reasons(against_journal=True) == {"missing": 1, "proved": 1}
    assert set(side.store.objects) == {"a", "b"}


def test_a_lost_journal_is_made_again_without_sending(side):
    side.write(a=b"1", b=b"2")
    side.run()
    os.unlink(side.journal)
    assert side.reasons() == {"same_content": 2}
    assert side.reasons(against_journal=True) == {"proved": 2}
    assert len(side.store.puts) == 2


def test_every_bad_name_stops_the_run_before_anything_is_sent(side):
    side.write(**{"a": b"1", "z": b"2"})
    (side.root / os.fsdecode(b"\xff")).write_bytes(b"x")
    long = side.root
    for _number in range(5):
        long = long / ("l" * 250)
    long.mkdir(parents=True)
    (long / "x").write_bytes(b"x")
    (side.root / "link").symlink_to("a")
    with pytest.raises(BadInput) as caught:
        side.run()
    for part in ("3 of the names", "the key has 1256 bytes", "UTF-8", "link: is a symbolic link"):
        assert part in str(caught.value)
    assert side.store.puts == []


def test_a_listing_that_fails_ends_the_run_and_not_the_list(side, monkeypatch):
    side.write(a=b"1", b=b"2")

    def broken(prefix):
        yield RemoteObject("a", 1, "e")
        raise StoreRefused("list", said="500", remedy="Wait.")

    monkeypatch.setattr(side.store, "listing", broken)
    with pytest.raises(StoreRefused):
        side.run()
    assert side.store.puts == []


def test_a_failure_names_the_file_keeps_the_counts_and_is_made_good_later(side):
    side.write(a=b"1", b=b"2", c=b"3")
    side.store.refuses.add("b")
    with pytest.raises(Incomplete, match="1 of 3 files are not done; b: Could not upload b") as caught:
        side.run()
    assert caught.value.result["transferred"]["files"] == 2
    assert (caught.value.result["failures"], caught.value.result["complete"]) == (1, False)
    side.store.refuses.clear()
    assert side.reasons() == {"proved": 2, "missing": 1}


def test_excluded_on_both_sides(side):
    side.write(a=b"1", cache__x=b"2")
    assert side.reasons(exclude=["cache/"]) == {"excluded": 1, "missing": 1}
    side.store.objects["cache/y"] = b"3"
    side.store.etags["cache/y"] = "e"
    assert side.reasons(exclude=["cache/"]) == {"excluded": 1, "proved": 1}
    (side.root / "a").unlink()
    side.run(direction="download", exclude=["cache/"])
    assert sorted(os.listdir(side.root)) == ["a", "cache"]
    assert os.listdir(side.root / "cache") == ["x"]


def test_download_brings_what_differs_and_leaves_the_rest(tmp_path):
    side = Side(tmp_path, {"p/a": b"1", "p/b/c": b"22", "p/same": b"same", "q": b"elsewhere"})
    side.write(a=b"other", same=b"same", mine=b"m")
    result = side.run(direction="download", prefix="p/")
    assert result["plan"]["reasons"] == {"missing": 1, "only_local": 1, "same_content": 1, "size": 1}
    assert result["plan"]["download"] == {"files": 2, "bytes": 3}
    assert (side.root / "a").read_bytes() == b"1"
    assert (side.root / "b/c").read_bytes() == b"22"
    assert (side.root / "mine").read_bytes() == b"m"
    assert side.run(direction="download", prefix="p/")["plan"]["reasons"] == {"only_local": 1, "proved": 3}


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("p/../x", "'..'"),
        ("p//x", "absolute"),
        ("p/a//b", "'//'"),
        ("p/a/", "ends in"),
        ("p/", "no file name"),
        ("p/a/b", "p/a is a file"),
    ],
)
def test_a_key_that_is_no_path_stops_the_download_before_anything_is_written(tmp_path, key, word):
    side = Side(tmp_path, {"p/a": b"1", key: b"bad", "p/z": b"2"})
    with pytest.raises(BadInput, match="1 of the names") as caught:
        side.run(direction="download", prefix="p/")
    assert word in str(caught.value)
    assert os.listdir(side.root) == []


def test_a_local_file_where_a_folder_must_be_stops_the_download(tmp_path):
    side = Side(tmp_path, {"a/b": b"1"})
    side.write(a=b"file")
    with pytest.raises(BadInput, match="a is a file, so it cannot be a folder"):
        side.run(direction="download")


def test_empty_folder_markers_are_no_files(tmp_path):
    side = Side(tmp_path, {"a/": b"", "a/b": b"1"})
    assert side.run(direction="download")["plan"]["reasons"] == {"folder_marker": 1, "missing": 1}
    assert (side.root / "a/b").read_bytes() == b"1"


def test_the_result_stays_small(side):
    side.write(**{f"{'x' * 200}{number}": b"1" for number in range(40)})
    side.store.refuses.update(f"{'x' * 200}{number}" for number in range(20))
    with pytest.raises(Incomplete) as caught:
        side.run()
    assert len(json.dumps(caught.value.result)) + len(str(caught.value)) < 10_000


def test_a_file_that_never_rests_is_left_while_its_application_runs_and_an_error_when_it_is_stopped(side, monkeypatch):
    side.write(log=b"x", still=b"1")
    real = upload._read

    def read(source, wanted):
        with open(side.root / "log", "ab") as other:
            other.write(b"y")
        return real(source, wanted)

    monkeypatch.setattr(upload, "_read", read)
    monkeypatch.setattr(upload.CachedFiles, "take", lambda *_args: None)
    monkeypatch.setattr(upload, "RETAKES", 2)
    live = side.run()
    assert (live["unsettled"], live["complete"], live["samples"]["unsettled"]) == (1, False, ["log"])
    with pytest.raises(Incomplete, match="still being written: log"):
        side.run(against_journal=True)
    monkeypatch.undo()
    assert side.run()["complete"]
    assert side.store.objects["log"] == (side.root / "log").read_bytes()


def test_nothing_is_planned_for_nobody(side):
    side.write(a=b"1")
    with pytest.raises(MediastoreError, match="is gone"):
        side.run(abandoned=True)
