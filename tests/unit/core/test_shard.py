# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key is in exactly one part, the parts are of one size, and the files of the others are not looked at."""

from __future__ import annotations

import os

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import scan
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput
from ansible_collections.mediastore.s3.plugins.module_utils._core.journal import Journal
from ansible_collections.mediastore.s3.plugins.module_utils._core.keys import Exclude
from ansible_collections.mediastore.s3.plugins.module_utils._core.problems import Problems
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree
from ansible_collections.mediastore.s3.plugins.module_utils._core.shard import WHOLE, Shard, shard_of

LAYOUTS = {
    "one folder": [f"2/uploads/{number}.png" for number in range(40_000)],
    "a folder each": [f"local/{number % 256:02x}/{number // 256:02x}/{number:07d}/a" for number in range(40_000)],
    # names whose parts say the same, which sums that are linear do not mix
    "repeating": [f"{number:04x}/{number:04x}/{number:04x}.jpg" for number in range(40_000)],
}


@pytest.mark.parametrize("count", [2, 3, 4, 16])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_parts_are_disjoint_complete_and_of_one_size(layout, count):
    keys = LAYOUTS[layout]
    sizes = [0] * count
    for key in keys:
        (where,) = [index for index in range(count) if key in Shard(index, count)]
        sizes[where] += 1
    fair = len(keys) / count
    assert max(abs(size - fair) for size in sizes) < 5 * fair**0.5


def test_a_key_stays_where_it_is():
    # A change of this would have every host take other files than those that its journal knows.
    assert [key for key in ("a", "a/b", "ü/é", "🎉") if key in Shard(0, 2)] == ["a/b", "ü/é"]
    assert "ü/é".encode() in Shard(0, 2) and "x" in WHOLE


def test_each_walk_looks_at_its_own_files_only(tmp_path, monkeypatch):
    names = [f"{number % 3}/{number}" for number in range(60)]
    for name in [*names, "skip/1", "skip/2"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    os.symlink("nowhere", tmp_path / "link")
    looked_at = []
    real = os.lstat
    monkeypatch.setattr(scan.os, "lstat", lambda path, **how: looked_at.append(path) or real(path, **how))
    seen, links = [], 0
    for index in range(4):
        tree = Tree(str(tmp_path), "p/", Exclude(["skip/*"]), special_fails=False, shard=Shard(index, 4))
        looked_at.clear()
        mine = [file.key for file in tree.files(Problems("look"))]
        assert mine == sorted(mine) and 0 < len(mine) < 40
        assert len(looked_at) == len(mine) + tree.passed["special"]
        seen += mine
        links += tree.passed["special"]
    assert sorted(seen) == sorted("p/" + name for name in names)
    assert links == 1, "what is not a file is one part's trouble"


@pytest.mark.parametrize(
    "index, count, said",
    [
        (0, 0, "shard.count is 0"),
        (4, 4, "shard.index is 4 and shard.count is 4"),
        (-1, 4, "shard.index is -1 and shard.count is 4"),
    ],
)
def test_what_no_part_can_be_is_refused(index, count, said):
    with pytest.raises(BadInput, match=said):
        shard_of({"index": index, "count": count}, "sync")


def test_nothing_said_is_the_whole():
    assert shard_of(None, "sync") == shard_of({"index": 0, "count": 1}, "sync") == WHOLE
    assert WHOLE.binding == {} and Shard(1, 4).binding == {"shard": "1 of 4"}


@pytest.mark.parametrize("first, second", [(WHOLE, Shard(0, 4)), (Shard(0, 4), WHOLE), (Shard(0, 4), Shard(0, 5))])
def test_a_journal_of_one_part_is_none_of_another(tmp_path, first, second):
    path = str(tmp_path / "journal")
    for shard in (first, first):
        journal = Journal(path)
        journal.bind(bucket="media", **shard.binding)
        journal.close()
    journal = Journal(path)
    with pytest.raises(BadInput, match="it was written for (no )?shard.* and this run is for (no )?shard"):
        journal.bind(bucket="media", **second.binding)
    journal.close()
