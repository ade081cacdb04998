# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names are keys, which keys are paths, and which are left out."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.keys import Exclude, PrefixKeys, unfit_for_disk, unfit_for_store


@pytest.mark.parametrize(
    ("pattern", "path", "left_out"),
    [
        ("cache", "cache", True),
        ("cache", "cache/a/b", True),
        ("cache", "cached", False),
        ("cache", "x/cache", False),
        ("/cache", "cache/a", True),
        ("cache/", "cache/a", True),
        ("cache/", "cache", False),
        ("cache/**", "cache/a/b", True),
        ("cache/**", "cache", False),
        ("cache/*", "cache/a/b", True),
        ("*.tmp", "a.tmp", True),
        ("*.tmp", "x/a.tmp", False),
        ("**/*.tmp", "a.tmp", True),
        ("**/*.tmp", "x/y/a.tmp", True),
        ("**/.thumb", "x/.thumb/1", True),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[ab]x", "bx", True),
        ("[!ab]x", "bx", False),
        ("[!a]x", "/x", False),
        ("a[b", "a[b", True),
        ("a.b", "axb", False),
        ("a\nb", "a\nb", True),
        ("(x|y)", "x", False),
        ("été*", "été 2026", True),
    ],
)
def test_exclude(pattern, path, left_out):
    assert (path in Exclude([pattern])) is left_out


def test_exclude_a_folder_is_asked_with_a_slash():
    assert "cache/" in Exclude(["cache/"])
    assert "cache/" in Exclude(["cache"])
    assert "x/" not in Exclude([])
    assert not Exclude([])


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("", "prefix itself"),
        ("/etc/passwd", "absolute"),
        ("../x", "'..'"),
        ("a/../../x", "'..'"),
        ("a/./x", "'.'"),
        ("a//b", "'//'"),
        ("a/", "ends in '/'"),
        ("a\0b", "NUL"),
        ("a/" + "x" * 256, "255"),
        ("a/.x.mediastore-partial", "unfinished"),
    ],
)
def test_keys_that_are_no_path(key, word):
    assert word in unfit_for_disk(key)


@pytest.mark.parametrize("key", ["a", "a/b", "..a/b..", "a b/ü+%20&?", "x" * 255, "a\nb"])
def test_keys_that_are_paths(key):
    assert unfit_for_disk(key) == ""


def test_key_length_counts_bytes():
    assert unfit_for_store("ü" * 512) == ""
    assert "1025 bytes" in unfit_for_store("ü" * 512 + "x")


def test_a_key_that_is_file_and_folder():
    keys = ["a", "a-b", "a.txt", "a/b", "a/b/c", "a0", "b/c", "b/d"]
    chain = PrefixKeys()
    assert {key: above for key in keys if (above := chain.file_above(key))} == {"a/b": "a", "a/b/c": "a"}
