# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sample has each kind of file, each file once, and all of them where there are no more."""

from __future__ import annotations

import os
import random

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.roam import in_directory, roam


@pytest.fixture
def tree(tmp_path):
    for number in range(300):
        path = tmp_path / "attachments" / f"{number % 30:03d}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    for name in ("avatars/1.png", "avatars/empty/deep/.keep", "top.png", ".mediastore-owner", "a.mediastore-partial"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "avatars" / "empty" / "deep" / ".keep").unlink()
    (tmp_path / "link.png").symlink_to("top.png")
    (tmp_path / os.fsdecode(b"no-\xff-key.png")).write_bytes(b"x")
    return str(tmp_path)


@pytest.mark.parametrize("seed", range(5))
def test_a_rare_kind_is_among_few(tree, seed):
    found = roam(in_directory(tree), 20, random.Random(seed), bool)
    assert len(found) == len(set(found)) == 20 and found == sorted(found)
    assert {"avatars/1.png", "top.png"} < set(found)


def test_where_there_are_no_more_it_is_all(tree):
    everything = roam(in_directory(tree), 1000, random.Random(1), bool)
    assert len(everything) == 302
    assert roam(in_directory(tree), 5, random.Random(1), lambda key: key.startswith("avatars/")) == ["avatars/1.png"]
    assert roam(in_directory(f"{tree}/does-not-exist"), 5, random.Random(1), bool) == []
