# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every line of the truth table, and what a proof is worth."""

from __future__ import annotations

import hashlib
import os
import time

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.compare import (
    NEVER,
    REWRITTEN,
    TICK_NS,
    Comparer,
    proof_of,
    still_proved,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.digest import multipart_etag
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import LocalFile, RemoteObject, Row
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree

BODY = b"the content"
MD5 = hashlib.md5(BODY).hexdigest()
OTHER = "0" * 32


@pytest.fixture
def side(tmp_path):
    (tmp_path / "x").write_bytes(BODY)
    os.utime(tmp_path / "x", (1, 1))
    found = os.stat(tmp_path / "x")
    return Tree(str(tmp_path)), LocalFile("x", found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def later():
    return time.time_ns() + 2 * TICK_NS


def verdict(side, remote, proof=None, *, compare="auto", direction="upload", etag_is_md5=True, local=True, part_size=8):
    tree, file = side
    comparer = Comparer(direction, compare, tree.path, etag_is_md5, part_size)
    decision = comparer.listed(Row("x", file if local else None, remote, proof))
    return f"{decision.action} {decision.reason}"


def test_a_download_that_replaces_nothing_reads_nothing(side):
    tree, file = side
    comparer = Comparer("download", "auto", lambda key: b"/does/not/exist", True, 8, replace=NEVER)
    other = RemoteObject("x", 3, OTHER)
    assert comparer.listed(Row("x", file, other, None)).reason == "kept"
    assert comparer.listed(Row("x", None, other, None)).action == "download"


def test_truth_table_upload(side):
    file = side[1]
    same, size = RemoteObject("x", len(BODY), MD5), RemoteObject("x", 3, MD5)
    other = RemoteObject("x", len(BODY), OTHER)
    opaque = RemoteObject("x", len(BODY), "opaque")
    proof = proof_of(file, MD5, MD5, 0, later())
    assert verdict(side, None) == "upload missing"
    assert verdict(side, None, proof) == "upload gone_from_store"
    assert verdict(side, size) == "upload size"
    assert verdict(side, other, compare="size") == "keep same_size"
    assert verdict(side, same, proof) == "keep proved"
    assert verdict(side, same, proof, compare="checksum") == "keep same_content"
    assert verdict(side, same) == "keep same_content"
    assert verdict(side, other) == "upload content"
    assert verdict(side, other, proof) == "upload content"
    assert verdict(side, opaque) == "upload unprovable"
    assert verdict(side, other, etag_is_md5=False) == "upload unprovable"
    assert verdict(side, same, local=False) == "ignore only_in_store"


def test_truth_table_download(side):
    same, size = RemoteObject("x", len(BODY), MD5), RemoteObject("x", 3, MD5)
    assert verdict(side, same, local=False, direction="download") == "download missing"
    assert verdict(side, None, direction="download") == "ignore only_local"
    assert verdict(side, size, direction="download") == "download size"
    assert verdict(side, same, direction="download") == "keep same_content"
    assert verdict(side, RemoteObject("x", len(BODY), OTHER), direction="download") == "download content"


def test_a_download_that_replaces_nothing_keeps_what_exists(side):
    tree, file = side
    comparer = Comparer("download", "auto", tree.path, True, 8, replace=NEVER)
    row = Row("x", file, RemoteObject("x", 3, OTHER), None)
    assert comparer.listed(row)[:2] == ("ignore", "kept")
    assert comparer.listed(row._replace(local=None))[:2] == ("download", "missing")


def test_a_download_of_what_was_rewritten_leaves_what_was_not(side):
    tree, file = side
    comparer = Comparer("download", "auto", tree.path, True, 8, replace=REWRITTEN)
    row = Row("x", file, RemoteObject("x", len(BODY), OTHER), proof_of(file, MD5, MD5, 0, later()))
    assert comparer.listed(row)[:2] == ("download", "content")
    assert comparer.listed(row._replace(proof=None))[:2] == ("download", "content")
    assert comparer.listed(row._replace(remote=RemoteObject("x", 3, OTHER)))[:2] == ("download", "size")
    # the file has changed since it was proved, the object has not
    young = row.proof._replace(etag=OTHER, mtime_ns=5, size=3)
    assert comparer.listed(row._replace(proof=young))[:2] == ("ignore", "kept")
    assert comparer.listed(row._replace(remote=RemoteObject("x", 3, OTHER), proof=young))[:2] == ("ignore", "kept")
    assert comparer.listed(row._replace(remote=RemoteObject("x", len(BODY), MD5)))[:2] == ("keep", "proved")


def test_an_opaque_etag_is_believed_as_long_as_it_is_the_proved_one(side):
    file = side[1]
    proof = proof_of(file, MD5, "opaque", 0, later())
    thing = RemoteObject("x", len(BODY), "opaque")
    assert verdict(side, thing, proof, etag_is_md5=False) == "keep proved"
    touched = proof._replace(mtime_ns=5)
    assert verdict(side, thing, touched, etag_is_md5=False) == "keep same_content"
    assert verdict(side, thing, touched._replace(md5=OTHER), etag_is_md5=False) == "upload content"
    assert verdict(side, thing._replace(etag="another"), proof, etag_is_md5=False) == "upload unprovable"


def test_an_object_sent_in_parts_by_somebody_else_is_recognised(side):
    parts = [BODY[:8], BODY[8:]]
    etag = multipart_etag(hashlib.md5(part).digest() for part in parts)
    assert verdict(side, RemoteObject("x", len(BODY), etag)) == "keep same_content"
    assert verdict(side, RemoteObject("x", len(BODY), etag), part_size=9) == "upload unprovable"


def test_what_was_proved_by_parts_is_compared_by_parts(side):
    tree, file = side
    etag = multipart_etag(hashlib.md5(part).digest() for part in (BODY[:9], BODY[9:]))
    proof = proof_of(file, f"{etag}/9", "opaque", 9, later())
    touched, wrong = proof._replace(mtime_ns=5), proof._replace(mtime_ns=5, md5=f"{OTHER}-2/9")
    thing = RemoteObject("x", len(BODY), "opaque")
    assert verdict(side, thing, touched, etag_is_md5=False) == "keep same_content"
    assert verdict(side, thing, wrong, etag_is_md5=False) == "upload content"
    assert verdict(side, thing, proof, compare="checksum", etag_is_md5=False) == "keep same_content"
    comparer = Comparer("upload", "auto", tree.path, True, 8)
    assert comparer.proved(Row("x", file, None, touched)).proof._replace(ctime_ns=proof.ctime_ns) == proof
    assert comparer.proved(Row("x", file, None, wrong)).reason == "content"
    assert still_proved(tree.path("x"), file, touched) and not still_proved(tree.path("x"), file, wrong)
    # the proof was lost, and the part size was not
    found = Comparer("upload", "auto", tree.path, True, 9).listed(Row("x", file, RemoteObject("x", len(BODY), etag), None))
    assert found.proof._replace(ctime_ns=proof.ctime_ns) == proof._replace(etag=etag)


def test_a_file_written_while_it_is_compared_is_taken(side):
    tree, file = side
    open(tree.path("x"), "ab").close()
    os.utime(tree.path("x"), (2, 2))
    assert verdict(side, RemoteObject("x", len(BODY), MD5)) == "upload changing"


@pytest.mark.parametrize(
    ("compare", "change", "expected"),
    [
        ("auto", {}, "keep proved"),
        ("auto", {"mtime_ns": 5}, "keep same_content"),
        ("auto", {"ctime_ns": 5}, "keep same_content"),
        ("auto", {"inode": 5}, "keep same_content"),
        ("auto", {"mtime_ns": 5, "md5": OTHER}, "upload content"),
        ("auto", {"size": 5}, "upload size"),
        ("size", {"md5": OTHER, "inode": 5}, "keep same_size"),
        ("size", {"size": 5}, "upload size"),
        ("checksum", {"md5": OTHER}, "upload content"),
        ("checksum", {}, "keep same_content"),
    ],
)
def test_against_the_journal(side, compare, change, expected):
    tree, file = side
    proof = proof_of(file, MD5, MD5, 0, later())._replace(**change)
    decision = Comparer("upload", compare, tree.path, True, 8).proved(Row("x", file, None, proof))
    assert f"{decision.action} {decision.reason}" == expected


def test_against_the_journal_what_is_not_proved_is_sent(side):
    tree, file = side
    decision = Comparer("upload", "auto", tree.path, True, 8).proved(Row("x", file, None, None))
    assert (decision.action, decision.reason) == ("upload", "missing")


def test_a_file_changed_within_the_last_tick_is_not_covered(side):
    file = side[1]
    changed = max(file.mtime_ns, file.ctime_ns)
    assert not proof_of(file, MD5, MD5, 0, changed + TICK_NS // 2).covers(file)
    assert proof_of(file, MD5, MD5, 0, changed + TICK_NS + 1).covers(file)
    # a clock that has been set back must not make a proof out of a guess
    assert not proof_of(file, MD5, MD5, 0, changed - 10**12).covers(file)
