# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three streams become one, and disorder never passes for absence."""

from __future__ import annotations

import random

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import Disordered
from ansible_collections.mediastore.s3.plugins.module_utils._core.march import march
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import LocalFile, Proof, RemoteObject


def files(keys):
    return [LocalFile(key, 1, 2, 3, 4) for key in keys]


def objects(keys):
    return [RemoteObject(key, 1, "etag") for key in keys]


def proofs(keys):
    return [Proof(key, 1, 2, 3, 4, "md5", "etag", 0) for key in keys]


@pytest.mark.parametrize("seed", range(30))
def test_rows_are_the_union_of_both_sides(seed):
    chance = random.Random(seed)
    names = ["a", "a/b", "a0", "b", "é", "🎉", "z/z", "\uffee"]
    sides = [sorted(chance.sample(names, chance.randint(0, len(names))), key=lambda name: name.encode()) for _side in range(3)]
    rows = list(march(files(sides[0]), objects(sides[1]), proofs(sides[2])))
    assert [row.key for row in rows] == sorted(set(sides[0]) | set(sides[1]), key=lambda name: name.encode())
    for row in rows:
        there = [thing is not None for thing in row[1:]]
        assert there == [row.key in side for side in sides]
        assert all(thing.key == row.key for thing in row[1:] if thing)


@pytest.mark.parametrize("keys", [["b", "a"], ["a", "c", "b"], ["a", "a"], ["🎉", "\uffee"]])
@pytest.mark.parametrize("side", range(3))
def test_disorder_and_twins_raise(keys, side):
    streams = [files(["m"]), objects(["m"]), proofs(["m"])]
    streams[side] = [files, objects, proofs][side](keys)
    if side == 2:  # proofs are only drawn as far as there are files
        streams[0] = files(["z", "🎊"])
    with pytest.raises(Disordered):
        list(march(*streams))


def test_an_error_of_a_stream_is_not_its_end():
    def broken():
        yield from objects(["a"])
        raise OSError("the connection is gone")

    seen = []
    with pytest.raises(OSError, match="gone"):
        for row in march(files(["a", "b"]), broken(), []):
            seen.append(row.key)
    assert seen == ["a"]
