# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifying a directory in use: what came after the sync is no difference, what was proved and is gone is one."""

from __future__ import annotations

import hashlib

from ansible_collections.mediastore.s3.plugins.module_utils._core.model import Proof
from ansible_collections.mediastore.s3.plugins.module_utils._core.problems import Problems
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree
from ansible_collections.mediastore.s3.plugins.module_utils._core.verify import NONE, Verifier

from .memory import MemoryStore


def proofs_of(tree):
    for file in tree.files(Problems("prove")):
        with open(tree.path(file.key), "rb") as body:
            md5 = hashlib.md5(body.read()).hexdigest()
        yield Proof(file.key, file.size, file.mtime_ns, file.ctime_ns, file.inode, md5, md5, 0)


def verify(tree, store, proofs, live):
    return Verifier(tree, store, True, 8 << 20, NONE, 1, 1, Silent(), live).run(store.listing(""), proofs, 10)


def test_file_that_came_after_the_sync_is_pending(tmp_path):
    (tmp_path / "old").write_bytes(b"old")
    tree, store = Tree(str(tmp_path)), MemoryStore({"old": b"old"})
    proofs = list(proofs_of(tree))
    (tmp_path / "new").write_bytes(b"new")
    found = verify(tree, store, proofs, live=True)
    assert found.verified(extra_fails=False)
    assert (found.counts["matched"], found.counts["pending"], found.counts["missing"]) == (1, 1, 0)
    assert not verify(tree, store, proofs, live=False).verified(extra_fails=False)


def test_file_that_changed_after_the_sync_is_pending(tmp_path):
    (tmp_path / "old").write_bytes(b"old")
    tree, store = Tree(str(tmp_path)), MemoryStore({"old": b"old"})
    proofs = list(proofs_of(tree))
    (tmp_path / "old").write_bytes(b"another")
    assert verify(tree, store, proofs, live=True).counts["pending"] == 1


def test_proved_object_that_is_gone_is_missing_however_live_the_directory_is(tmp_path):
    (tmp_path / "old").write_bytes(b"old")
    tree = Tree(str(tmp_path))
    found = verify(tree, MemoryStore(), list(proofs_of(tree)), live=True)
    assert found.counts["missing"] == 1
    assert not found.verified(extra_fails=False)
