# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MD5 sums and the ETags that are made of them."""

from __future__ import annotations

import hashlib
import os
import random

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.digest import (
    MIB,
    Digest,
    digest_of_file,
    multipart_etag,
    plausible_parts,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import LocalFile


def etag_in_parts(body, size):
    pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    return multipart_etag(hashlib.md5(piece).digest() for piece in pieces)


@pytest.mark.parametrize("length", [0, 1, 6, 7, 8, 13, 14, 15, 700])
def test_parts_are_found_however_the_stream_arrives(length):
    chance = random.Random(length)
    body = chance.randbytes(length)
    digest = Digest([7, 5])
    at = 0
    while at < length:
        step = chance.randint(1, 20)
        digest.update(body[at : at + step])
        at += step
    assert (digest.size, digest.md5) == (length, hashlib.md5(body).hexdigest())
    assert digest.part_size_for(hashlib.md5(body).hexdigest()) == 0
    assert digest.part_size_for(etag_in_parts(body, 7)) == 7
    assert digest.part_size_for(etag_in_parts(body, 5)) == (5 if length > 5 else 7)
    assert digest.part_size_for("0" * 32) is None


def test_an_md5_by_parts_says_how_to_compare_with_it():
    body = random.Random(3).randbytes(100)
    sent = Digest(whole=False)
    sent.update(body)
    sent.cut(30, etag_in_parts(body, 30))
    assert (sent.size, sent.md5) == (100, etag_in_parts(body, 30) + "/30")
    assert sent.part_size_for(hashlib.md5(body).hexdigest()) is None, "nobody has summed up the whole"

    for md5 in (sent.md5, hashlib.md5(body).hexdigest()):
        same, other = Digest.like(md5), Digest.like(md5)
        same.update(body)
        other.update(body[:-1] + b"?")
        assert same.gives(md5) and same.md5 == md5
        assert not other.gives(md5)
    assert not Digest.like(sent.md5).gives(sent.md5), "an empty stream"


@pytest.mark.parametrize(
    ("etag", "size", "hint", "likely"),
    [
        ("0" * 32, 100, 0, None),
        ("0" * 32 + "-3", 20 * MIB, 0, 8 * MIB),
        ("0" * 32 + "-2", 20 * MIB, 0, 16 * MIB),
        ("0" * 32 + "-4", 20 * MIB, 6 * MIB, 6 * MIB),
        ("0" * 32 + "-1", 5, 0, 8 * MIB),
        ("0" * 32 + "-0", 5, 0, None),
        ("0" * 32 + "-x", 5, 0, None),
        ("", 5, 0, None),
    ],
)
def test_plausible_parts(etag, size, hint, likely):
    assert (plausible_parts(etag, size, hint) or [None])[0] == likely


def seen(path):
    found = os.lstat(path)
    return LocalFile("x", found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def test_a_file_that_is_not_what_was_seen_has_no_digest(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"one")
    before = seen(path)
    assert digest_of_file(os.fsencode(path), before, Digest()).md5 == hashlib.md5(b"one").hexdigest()
    path.write_bytes(b"three")
    assert digest_of_file(os.fsencode(path), before, Digest()) is None


def test_a_link_in_its_place_is_not_followed(tmp_path):
    (tmp_path / "secret").write_bytes(b"one")
    before = seen(tmp_path / "secret")
    (tmp_path / "x").symlink_to("secret")
    with pytest.raises(OSError, match="symbolic"):
        digest_of_file(os.fsencode(tmp_path / "x"), before, Digest())
