# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several processes see what one sees, in its order; and none of them is missed without a word."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import scouts
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import MediastoreError
from ansible_collections.mediastore.s3.plugins.module_utils._core.keys import Exclude
from ansible_collections.mediastore.s3.plugins.module_utils._core.problems import Problems
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree
from ansible_collections.mediastore.s3.plugins.module_utils._core.shard import Shard

NAMES = ["a", "a.b", "a0", "B", "é", "🎉", "-", "~", "x" * 40]


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """So that a few folders are enough to be shared out."""
    monkeypatch.setattr(scouts, "FOLDERS", 8)
    monkeypatch.setattr(scouts, "BUNCH", 3)


def grow(root, seed, files=300):
    """Files at all depths, and now and then what is no file or has no name."""
    chance = random.Random(seed)
    for number in range(files):
        folder = root.joinpath(*chance.choices(NAMES, k=chance.randint(0, 4)))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(b"x" * number)
        if number % 50 == 0:
            (folder / f"{number}.link").symlink_to("nowhere")
            (folder / f"{number}.skip").write_bytes(b"")
            with open(os.fsencode(folder) + b"/%d-\xff" % number, "wb"):
                pass


def outcome(files, tree, problems):
    """All that a walk says."""
    return list(files), problems.count, sorted(problems.shown), dict(tree.passed)


def nobody_is_left():
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("processes", [2, 3, 7])
@pytest.mark.parametrize("shard", [Shard(), Shard(1, 3)], ids=["whole", "shard"])
@pytest.mark.parametrize("seed", range(3))
def test_they_see_what_one_sees(tmp_path, seed, shard, processes, monkeypatch):
    forks = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: forks.append(1) or fork())
    grow(tmp_path, seed)
    one, many = (Tree(str(tmp_path), "p/", Exclude(["*.skip"]), shard=shard) for _tree in range(2))
    alone, together = Problems("look"), Problems("look")
    # more problems than are shown would be others, as each shows its first
    monkeypatch.setattr("ansible_collections.mediastore.s3.plugins.module_utils._core.problems.SHOWN", 1000)
    expected = outcome(one.files(alone), one, alone)
    assert outcome(scouts.walk(many, together, processes), many, together) == expected
    assert len(forks) == processes and expected[0] and expected[1] and expected[3]["special"]
    nobody_is_left()


def test_few_folders_are_not_worth_a_process(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("it was not to fork"))
    for name in ("a/1", "b/2", "3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    tree, problems = Tree(str(tmp_path)), Problems("look")
    assert [file.key for file in scouts.walk(tree, problems, 4)] == ["3", "a/1", "b/2"]


def test_an_empty_folder_that_cannot_be_read_is_named_once(tmp_path, monkeypatch):
    def refuse(path):
        if path.endswith(b"/shut/"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", refuse)
    (tmp_path / "shut").mkdir()
    tree, problems = Tree(str(tmp_path)), Problems("look")
    assert not list(scouts.walk(tree, problems, 2)) and problems.count == 1


def test_who_stops_early_leaves_nobody_behind(tmp_path):
    grow(tmp_path, 1)
    walk = scouts.walk(Tree(str(tmp_path), special_fails=False), Problems("look"), 3)
    next(walk)
    walk.close()
    nobody_is_left()


def test_without_more_processes_it_walks_alone(tmp_path, monkeypatch):
    def refuse():
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    grow(tmp_path, 1)
    tree, problems = Tree(str(tmp_path)), Problems("look")
    expected = list(tree.files(problems))
    for refused_from in (1, 2):
        forks = []
        fork = os.fork
        with monkeypatch.context() as patch:
            patch.setattr(os, "fork", lambda: forks.append(1) or (refuse() if len(forks) >= refused_from else fork()))  # noqa: B023
            assert list(scouts.walk(tree, problems, 3)) == expected
        assert len(forks) == refused_from
        nobody_is_left()


def test_one_that_is_killed_is_missed(tmp_path, monkeypatch):
    def killed(tree, folders, tried, seen=scouts._seen):
        for number, row in enumerate(seen(tree, folders, tried)):
            if number == 20:
                os.kill(os.getpid(), signal.SIGKILL)
            yield row

    monkeypatch.setattr(scouts, "_seen", killed)
    grow(tmp_path, 1)
    with pytest.raises(MediastoreError, match="has ended before it was done"):
        list(scouts.walk(Tree(str(tmp_path), special_fails=False), Problems("upload"), 2))
    nobody_is_left()


def test_a_mistake_of_ours_is_not_swallowed(tmp_path, monkeypatch):
    grow(tmp_path, 1)
    files = Tree.files

    def wrong(self, problems, below=b"", **more):
        if below:
            raise ZeroDivisionError("in a child")
        return files(self, problems, below, **more)

    monkeypatch.setattr(Tree, "files", wrong)
    with pytest.raises(RuntimeError, match="ZeroDivisionError: in a child"):
        list(scouts.walk(Tree(str(tmp_path), special_fails=False), Problems("upload"), 2))
    nobody_is_left()


def test_a_folder_that_goes_meanwhile_is_no_problem(tmp_path, monkeypatch):
    grow(tmp_path, 1)
    upper = Tree.upper

    def gone(self, *given):
        names, folders = upper(self, *given)
        shutil.rmtree(os.path.join(self.root, folders[-1]))
        return names, folders

    monkeypatch.setattr(Tree, "upper", gone)
    tree, problems = Tree(str(tmp_path), special_fails=False), Problems("look")
    seen = list(scouts.walk(tree, problems, 2))
    assert seen == list(Tree(str(tmp_path), special_fails=False).files(Problems("look"))) and seen
