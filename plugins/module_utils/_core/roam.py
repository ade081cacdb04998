# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A few of many files, found by walking down folders at random: each kind of media is seen, and nothing is read as a whole."""

from __future__ import annotations

import os
import random
import typing as t

from .keys import MARK, PARTIAL_SUFFIX, QUARANTINE

#: walks for each file that is wanted, before it is believed that there are hardly any more
WALKS = 20

#: the names of the folders and of the files in a folder, which is empty or ends with a slash
Children = t.Callable[[str], t.Tuple[t.List[str], t.List[str]]]


def roam(children: Children, count: int, rng: random.Random, wanted: t.Callable[[str], object]) -> list[str]:
    """Up to so many files that are wanted, in order. Of two folders each is as likely, so the rare kinds are among them."""
    known: dict[str, tuple[list[str], list[str]]] = {}
    found: list[str] = []
    for _walk in range(WALKS * count):
        way = [""]
        while True:
            folder = way[-1]
            if folder not in known:
                known[folder] = children(folder)
            folders, files = known[folder]
            if not folders and not files:
                break
            name = rng.choice([*folders, *files])
            if name in files:
                # whoever has been there does not go again
                files.remove(name)
                found += [folder + name] if wanted(folder + name) else []
                break
            way.append(folder + name)
        while len(way) > 1 and known[way[-1]] == ([], []):
            gone = way.pop()
            known[way[-1]][0].remove(gone[len(way[-1]) :])
        if len(found) == count or known[""] == ([], []):
            break
    return sorted(found)


def in_directory(path: str) -> Children:
    """The folders and files of a directory, without links, names that are no keys, and what is this collection's own."""

    def children(folder: str) -> tuple[list[str], list[str]]:
        folders, files = [], []
        try:
            entries = list(os.scandir(os.path.join(path, folder)))
        except FileNotFoundError:
            # the application removes folders whenever it likes
            entries = []
        for entry in entries:
            if not is_media(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(f"{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                files.append(entry.name)
        return folders, files

    return children


def is_media(name: str) -> bool:
    """Whether a name can be that of a medium."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not name.startswith((MARK, QUARANTINE)) and not name.endswith(PARTIAL_SUFFIX)
