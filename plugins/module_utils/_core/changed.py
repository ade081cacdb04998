# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The files that have changed, as the walk through the whole directory would have given them."""

from __future__ import annotations

import heapq
import os
import stat
from typing import Iterator

from .changeset import Changes
from .journal import Journal
from .model import LocalFile
from .problems import Problems
from .scan import Tree


def changed_files(tree: Tree, changes: Changes, proofs: Journal, problems: Problems) -> Iterator[LocalFile]:
    """Yield them in key order, each once: what was written, what is in folders that appeared, and other names of both."""
    reached = _Reached(tree, problems)
    single = set(changes.files)
    inodes = set(changes.inodes)
    for path in changes.files:
        found = _look(tree, path)
        if found is not None and found.st_nlink > 1 and stat.S_ISREG(found.st_mode):
            inodes.add(found.st_ino)
    if inodes:
        single |= {tree.relative(key).encode("utf-8") for key in proofs.linked(sorted(inodes))}
    streams = [_singly(tree, single, reached, problems)]
    streams += [tree.files(problems, folder) for folder in _topmost(changes.folders) if reached.folder(folder)]
    last = None
    for file in heapq.merge(*streams, key=lambda file: file.key):
        if file.key != last:
            yield file
        last = file.key


def _singly(tree: Tree, paths: set[bytes], reached: _Reached, problems: Problems) -> Iterator[LocalFile]:
    for path in sorted(paths):
        if not reached.folder(path[: path.rfind(b"/") + 1]) or not tree.passes(path, problems):
            continue
        found = _look(tree, path)
        # a folder that has the name now was told by itself
        if found is not None and not stat.S_ISDIR(found.st_mode):
            file = tree.file(path, problems)
            if file is not None:
                yield file


def _topmost(folders: list[bytes]) -> Iterator[bytes]:
    """The folders without those that are inside of another."""
    last = None
    for folder in sorted(folders):
        if last is None or not folder.startswith(last):
            last = folder
            yield folder


class _Reached:
    """Which folders the walk would enter. Each is looked at once, for many files are in one folder."""

    def __init__(self, tree: Tree, problems: Problems) -> None:
        self._tree = tree
        self._problems = problems
        self._known = {b"": True}

    def folder(self, folder: bytes) -> bool:
        """Whether the walk enters a folder (``a/b/``), which it does not by way of symbolic links."""
        end = 0
        while self._known.get(folder[:end], False) and end < len(folder):
            end = folder.index(b"/", end) + 1
            above = folder[:end]
            if above not in self._known:
                self._known[above] = self._enters(above)
        return self._known.get(folder, False)

    def _enters(self, folder: bytes) -> bool:
        found = _look(self._tree, folder[:-1])
        return found is not None and stat.S_ISDIR(found.st_mode) and self._tree.passes(folder, self._problems)


def _look(tree: Tree, relative: bytes) -> os.stat_result | None:
    try:
        return os.lstat(b"%s/%s" % (tree.root, relative))
    except OSError:
        return None
