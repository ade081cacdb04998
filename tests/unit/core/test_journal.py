# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal keeps what it was told, survives kill -9, and says what is wrong with its place."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, MediastoreError
from ansible_collections.mediastore.s3.plugins.module_utils._core.journal import BATCH, Journal
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import Proof, RemoteObject, Todo


def proof(key, etag="e"):
    return Proof(key, 1, 2, 3, 4, "md5", etag, 0)


def test_proofs_come_in_the_order_of_a_listing(tmp_path):
    keys = ["b", "a/b", "a.txt", "🎉", "\uffee", "a0", "é"] + [f"n{number:05d}" for number in range(2 * BATCH)]
    journal = Journal(str(tmp_path / "j"))
    for key in keys:
        journal.prove(proof(key))
    assert [found.key for found in journal.proofs()] == sorted(keys, key=lambda key: key.encode())


def test_proofs_may_be_written_while_they_are_read(tmp_path):
    journal = Journal(str(tmp_path / "j"))
    keys = [f"{number:05d}" for number in range(BATCH + 5)]
    for key in keys:
        journal.prove(proof(key))
    read = []
    for found in journal.proofs():
        read.append(found.key)
        if int(found.key) % 2:
            journal.disprove(found.key)
        else:
            journal.prove(proof(found.key, "new"))
    assert read == keys
    assert [found.key for found in journal.proofs()] == keys[::2]


def test_a_new_plan_replaces_the_old_one(tmp_path):
    journal = Journal(str(tmp_path / "j"))
    journal.begin_plan()
    journal.plan(Todo("old", "upload", "missing", 1))
    journal.begin_plan()
    todo = [Todo(key, "upload", "missing", 1) for key in ("b", "a")]
    for line in todo:
        journal.plan(line)
    assert list(journal.planned()) == todo[::-1]
    journal.tick("a", "done")
    journal.commit()
    assert sqlite3.connect(tmp_path / "j").execute("select key, state from plan order by key").fetchall() == [
        ("a", "done"),
        ("b", ""),
    ]


def test_it_is_tied_to_one_place(tmp_path):
    where = {"store": "https://a", "bucket": "b", "prefix": "p/"}
    journal = Journal(str(tmp_path / "j"))
    journal.bind(**where)
    journal.bind(**where)
    journal.close()
    for name in where:
        again = Journal(str(tmp_path / "j"))
        with pytest.raises(BadInput, match=f"written for {name}"):
            again.bind(**{**where, name: "other"})
        again.close()


def test_a_listing_in_any_order_is_sorted(tmp_path):
    things = [RemoteObject(key, 1, "e") for key in ("b", "a", "c")]
    journal = Journal(str(tmp_path / "j"))
    for _time in range(2):
        assert [thing.key for thing in journal.sort(things)] == ["a", "b", "c"]
    with pytest.raises(MediastoreError, match="'b' twice"):
        list(journal.sort([*things, things[0]]))


WRITER = """
import sys
from ansible_collections.mediastore.s3.plugins.module_utils._core.journal import Journal
from ansible_collections.mediastore.s3.plugins.module_utils._core.model import Proof
journal = Journal(sys.argv[1])
for number in range(10**9):
    journal.prove(Proof(f"{number:09d}", 1, 2, 3, 4, "md5", "e", 0))
    if number % 100 == 99:
        journal.commit()
        print(number + 1, flush=True)
"""


def test_kill_loses_nothing_that_was_committed(tmp_path):
    path = str(tmp_path / "j")
    environment = dict(os.environ, PYTHONPATH=":".join(sys.path))
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, env=environment)
    told = [int(writer.stdout.readline()) for _line in range(20)][-1]
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    journal = Journal(path)
    assert sum(1 for _proof in journal.proofs()) >= told
    journal.prove(proof("still writable"))
    journal.close()


def test_what_is_no_journal_is_said(tmp_path):
    (tmp_path / "j").write_bytes(b"something else entirely" * 100)
    with pytest.raises(MediastoreError, match="not a database.*Move it away"):
        Journal(str(tmp_path / "j"))


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(BadInput, match="unable to open"):
        Journal(str(tmp_path / "no" / "j"))


def test_a_full_disk_is_said(tmp_path):
    journal = Journal(str(tmp_path / "j"))
    journal._db.execute("pragma max_page_count = 12")
    with pytest.raises(MediastoreError, match="full.*Make room"):
        for number in range(10**5):
            journal.prove(proof(f"{number:09d}"))


def test_read_only_changes_nothing(tmp_path):
    journal = Journal(str(tmp_path / "j"))
    journal.prove(proof("a"))
    journal.close()
    before = (tmp_path / "j").read_bytes()
    reader = Journal(str(tmp_path / "j"), read_only=True)
    reader.bind(store="x")
    assert [found.key for found in reader.proofs()] == ["a"]
    with pytest.raises(BadInput, match="readonly"):
        reader.prove(proof("b"))
    reader.close()
    assert (tmp_path / "j").read_bytes() == before
    assert os.listdir(tmp_path) == ["j"]
