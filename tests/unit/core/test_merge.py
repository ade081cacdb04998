# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The merge of a live tree into the backup: what is moved, what is removed, what is kept, and a kill anywhere."""

from __future__ import annotations

import os

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput
from ansible_collections.mediastore.s3.plugins.module_utils._core.merge import Merged, merge, same

from .killing import killed_everywhere


def write(root, **files):
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def read(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture
def trees(tmp_path):
    return make(tmp_path)


def make(root):
    live, backup = root / "media", root / "media.before-s3"
    write(live, a__new=b"new", a__same=b"same", a__other=b"live wins", deep__er__new=b"n", top=b"t", clash=b"a file now")
    write(backup, a__same=b"same", a__other=b"old", a__kept=b"kept", clash__inside=b"was a folder")
    (live / "a" / "link").symlink_to("new")
    (live / "empty").mkdir()
    return live, backup, root / "media.replaced"


MERGED = {
    "a/new": b"new",
    "a/link": b"new",
    "a/same": b"same",
    "a/other": b"live wins",
    "a/kept": b"kept",
    "deep/er/new": b"n",
    "top": b"t",
    "clash": b"a file now",
}


def test_live_files_move_duplicates_go_and_the_old_version_is_kept(trees):
    live, backup, replaced = trees
    done = merge(*map(str, trees))
    assert done == Merged(moved=6, identical=1, replaced=2)
    assert read(backup) == MERGED
    assert os.readlink(backup / "a" / "link") == "new"
    assert read(replaced) == {"a/other": b"old", "clash/inside": b"was a folder"}
    assert list(live.iterdir()) == []
    assert merge(*map(str, trees)) == Merged()


def test_a_kill_between_any_two_changes_is_finished_by_the_next_run(tmp_path):
    numbers = iter(range(10_000))

    def prepare():
        root = tmp_path / str(next(numbers))
        root.mkdir()
        return make(root)

    kills = 0
    for trees in killed_everywhere(lambda trees: merge(*map(str, trees)), prepare):
        live, backup, replaced = trees
        merge(*map(str, trees))
        assert read(backup) == MERGED
        assert read(replaced) == {"a/other": b"old", "clash/inside": b"was a folder"}
        assert list(live.iterdir()) == []
        kills += 1
    assert kills > 40


def test_what_an_earlier_merge_kept_is_never_overwritten(tmp_path):
    live, backup, replaced = (tmp_path / name for name in ("live", "backup", "replaced"))
    for number, content in enumerate((b"one", b"two", b"three")):
        write(backup, x=b"old %d" % number)
        write(live, x=content)
        merge(str(live), str(backup), str(replaced))
    assert read(backup) == {"x": b"three"}
    assert sorted(read(replaced).values()) == [b"old 0", b"old 1", b"old 2"]


def test_a_file_that_was_kept_is_no_obstacle_to_keeping_a_folder_of_its_name(tmp_path):
    live, backup, replaced = (tmp_path / name for name in ("live", "backup", "replaced"))
    write(replaced, x=b"kept as a file")
    write(backup, x__y=b"old")
    write(live, x__y=b"new")
    merge(str(live), str(backup), str(replaced))
    assert sorted(read(replaced).values()) == [b"kept as a file", b"old"]
    assert read(backup) == {"x/y": b"new"}


def test_names_that_are_no_utf8_are_merged_like_others(tmp_path):
    live, backup = tmp_path / "live", tmp_path / "backup"
    live.mkdir()
    backup.mkdir()
    with open(os.path.join(os.fsencode(live), b"caf\xe9"), "wb") as out:
        out.write(b"x")
    merge(str(live), str(backup), str(tmp_path / "replaced"))
    assert os.listdir(os.fsencode(backup)) == [b"caf\xe9"]


def test_new_folders_get_the_mode_of_the_live_ones(tmp_path):
    live, backup = tmp_path / "live", tmp_path / "backup"
    write(live, sub__x=b"x")
    backup.mkdir()
    (live / "sub").chmod(0o2750)
    merge(str(live), str(backup), str(tmp_path / "replaced"))
    assert (backup / "sub").stat().st_mode & 0o7777 == 0o2750


def test_same_compares_every_byte(tmp_path):
    write(tmp_path, a=b"x" * (1 << 20) + b"1", b=b"x" * (1 << 20) + b"2", c=b"x" * (1 << 20) + b"1")
    names = {name: os.fsencode(tmp_path / name) for name in "abc"}
    assert same(names["a"], names["c"])
    assert not same(names["a"], names["b"])


def test_a_full_disk_is_one_clear_error(trees, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device", str(trees[1]))

    monkeypatch.setattr(os, "mkdir", full)
    with pytest.raises(BadInput, match=r"Could not merge .*No space left on device.*Free some space"):
        merge(*map(str, trees))
