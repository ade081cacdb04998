# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The walk gives the files in the order of a listing, and names everything else."""

from __future__ import annotations

import os
import random
import socket

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput
from ansible_collections.mediastore.s3.plugins.module_utils._core.keys import Exclude
from ansible_collections.mediastore.s3.plugins.module_utils._core.problems import Problems
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree

ALPHABET = ["a", "b", "A", "0", "-", ".", "!", "~", " ", "+", "é", "\uffee", "🎉", "\x01", "\n", "aa", "a.b"]


def grow(root, keys):
    for key in keys:
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(key.encode())


def keys_of(tree):
    problems = Problems("look")
    keys = [file.key for file in tree.files(problems)]
    problems.raise_if_any()
    return keys


@pytest.mark.parametrize("seed", range(20))
def test_order_is_that_of_the_keys_bytes(tmp_path, seed):
    chance = random.Random(seed)
    folders, files = {""}, set()
    for _number in range(60):
        parent = chance.choice(sorted(folders))
        name = parent + "".join(chance.choices(ALPHABET, k=chance.randint(1, 3)))
        if name.rpartition("/")[2] in (".", "..") or name in files or name + "/" in folders:
            continue
        if chance.random() < 0.4:
            folders.add(name + "/")
        else:
            files.add(name)
    grow(tmp_path, files)
    assert keys_of(Tree(str(tmp_path), "p/")) == sorted(("p/" + name for name in files), key=lambda key: key.encode())


def test_the_classic_trap(tmp_path):
    grow(tmp_path, ["a/b", "a.txt", "a-b", "a0"])
    assert keys_of(Tree(str(tmp_path))) == ["a-b", "a.txt", "a/b", "a0"]


def test_what_stat_says(tmp_path):
    grow(tmp_path, ["x"])
    found = os.stat(tmp_path / "x")
    [file] = Tree(str(tmp_path)).files(Problems("look"))
    assert file == ("x", 1, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    assert Tree(str(tmp_path)).path("x") == os.fsencode(tmp_path / "x")


def test_excluded_folders_are_not_entered(tmp_path):
    grow(tmp_path, ["cache/deep/x", "keep/x", "keep/x.tmp"])
    tree = Tree(str(tmp_path), "", Exclude(["cache/", "**/*.tmp"]))
    (tmp_path / "cache" / "deep").joinpath(os.fsdecode(b"\xff")).write_text("not even this is looked at")
    assert keys_of(tree) == ["keep/x"]
    assert tree.passed == {"excluded": 2}


def test_every_bad_name_is_in_one_error(tmp_path):
    grow(tmp_path, ["fine"])
    (tmp_path / os.fsdecode(b"caf\xe9")).write_text("x")
    (tmp_path / "link").symlink_to("fine")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        problems = Problems("look")
        assert [file.key for file in Tree(str(tmp_path)).files(problems)] == ["fine"]
    with pytest.raises(BadInput) as caught:
        problems.raise_if_any()
    for part in (
        "4 of the names",
        r"caf\xe9: the name is not valid UTF-8",
        "link: is a symbolic link",
        "pipe: is a named pipe",
        "socket: is a socket",
    ):
        assert part in str(caught.value)


def test_special_files_are_counted_if_they_may_be_skipped(tmp_path):
    grow(tmp_path, ["fine"])
    (tmp_path / "loop").symlink_to(".")
    tree = Tree(str(tmp_path), special_fails=False)
    assert keys_of(tree) == ["fine"]
    assert tree.passed == {"special": 1}


def test_many_problems_are_counted_and_a_few_shown(tmp_path):
    for number in range(50):
        (tmp_path / f"link{number:02d}").symlink_to("nowhere")
    problems = Problems("look")
    assert list(Tree(str(tmp_path)).files(problems)) == []
    with pytest.raises(BadInput, match="50 of the names.*link09.* and 40 more") as caught:
        problems.raise_if_any()
    assert "link10" not in str(caught.value)


def test_a_folder_that_cannot_be_read_is_a_problem(tmp_path):
    if os.geteuid() == 0:  # root may read everything: then it is a folder that is not one any more
        problems = Problems("look")
        tree = Tree(str(tmp_path))
        grow(tmp_path, ["a/x"])
        walk = tree.files(problems)
        os.rename(tmp_path / "a", tmp_path / "b")
        (tmp_path / "a").write_text("a file now")
        assert [file.key for file in walk] == ["a", "b/x"]
        return
    grow(tmp_path, ["a/x"])
    os.chmod(tmp_path / "a", 0)
    problems = Problems("look")
    assert list(Tree(str(tmp_path)).files(problems)) == []
    os.chmod(tmp_path / "a", 0o700)
    assert problems.count == 1


def test_what_vanishes_during_the_walk_is_not_there(tmp_path):
    grow(tmp_path, ["a/1", "a/2", "b/1", "c"])
    walk = Tree(str(tmp_path)).files(Problems("look"))
    assert next(walk).key == "a/1"
    (tmp_path / "a" / "2").unlink()
    (tmp_path / "b" / "1").unlink()
    (tmp_path / "b").rmdir()
    assert [file.key for file in walk] == ["c"]


def test_unfinished_downloads_are_not_files(tmp_path):
    grow(tmp_path, ["x", ".0123.mediastore-partial"])
    assert keys_of(Tree(str(tmp_path))) == ["x"]


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_text("x")])
def test_a_source_that_is_no_directory(tmp_path, make):
    make(tmp_path / "x")
    with pytest.raises(BadInput, match="does not exist|is not a directory"):
        Tree(str(tmp_path / "x")).require("sync")
