# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the database, the media store and the bucket say of each other, and that nothing else is said of them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput
from ansible_collections.mediastore.s3.plugins.module_utils._core.ledger import STATES
from ansible_collections.mediastore.s3.plugins.module_utils._core.mediarows import (
    KINDS,
    LOCAL,
    LOCAL_THUMBNAILS,
    REMOTE,
    REMOTE_THUMBNAILS,
    SqliteDatabase,
    check_schema,
    legacy_name,
    media_rows,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.mend import Purge, choose_purge, todos
from ansible_collections.mediastore.s3.plugins.module_utils._core.progress import Silent
from ansible_collections.mediastore.s3.plugins.module_utils._core.reconcile import Reconciler, Scope
from ansible_collections.mediastore.s3.plugins.module_utils._core.scan import Tree

from .memory import MemoryStore
from .synapsedb import MediaTables

STORED = (LOCAL, LOCAL_THUMBNAILS, REMOTE, REMOTE_THUMBNAILS)
LONG_AGO = time.time() - 30 * 86400
HOUR_MS = 3_600_000


def place(medium: str, top: str = LOCAL) -> str:
    return f"{top}/{medium[:2]}/{medium[2:4]}/{medium[4:]}"


class Site:
    def __init__(self, directory, prefix="", hashed=True):
        self.root, self.prefix = directory / "media", prefix
        self.root.mkdir()
        self.tables = MediaTables(directory / "homeserver.db", hashed)
        self.store = MemoryStore()
        self.meanwhile = lambda: None

    def file(self, path, content, age_s=30 * 86400):
        where = self.root / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(content)
        os.utime(where, (time.time() - age_s,) * 2)

    def thing(self, path, content):
        self.store.put(self.prefix + path, content, hashlib.md5(content).digest(), 0)

    def both(self, path, content):
        self.file(path, content)
        self.thing(path, content)

    def reconcile(self, samples=5, stored=STORED):
        tree = Tree(str(self.root), self.prefix)
        scope = Scope(stored, round(time.time() * 1000) - HOUR_MS, True, 8 << 20, 2, samples)
        self.reconciler = Reconciler(scope, tree, self.store, Silent(), lambda: False)
        with contextlib.closing(SqliteDatabase(str(self.tables.path), "test")) as database:
            check_schema(database, "test")
            self.reconciler.read(database)
        self.reconciler.look(self.store.listing(self.prefix), iter(()))
        self.meanwhile()
        with contextlib.closing(SqliteDatabase(str(self.tables.path), "test")) as database:
            self.reconciler.settle(database)
        return self.reconciler.result()

    def purge(self, most=None):
        return choose_purge(self.reconciler.ledger, most)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def states(result, kind=LOCAL):
    return {state: number for state, number in result["counts"][kind].items() if number}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("prefix", ["", "matrix/"])
def test_each_state_in_each_directory(tmp_path, prefix):
    site = Site(tmp_path, prefix)
    for kind, add in (
        (LOCAL, lambda name: site.tables.local(name, 5)),
        (REMOTE, lambda name: site.tables.remote("o.org:8448", "x" + name, name, 5)),
    ):
        top = kind if kind == LOCAL else f"{kind}/o.org:8448"
        for name in ("AAboth", "AAdisk", "AAbucket", "AAnone", "AAother", "AAcut"):
            add(name)
        site.both(place("AAboth", top), b"12345")
        site.file(place("AAdisk", top), b"12345")
        site.thing(place("AAbucket", top), b"12345")
        site.file(place("AAother", top), b"12345")
        site.thing(place("AAother", top), b"54321")
        site.file(place("AAcut", top), b"12")
        site.thing(place("AAcut", top), b"12345")
        site.file(place("ZZfile", top), b"1")
        site.thing(place("ZZobject", top), b"1")
        site.both(place("ZZtwo", top), b"1")
    for kind, add in (
        (LOCAL_THUMBNAILS, lambda name: site.tables.local_thumbnail(name, 5)),
        (REMOTE_THUMBNAILS, lambda name: site.tables.remote_thumbnail("o.org:8448", "x" + name, name, 5)),
    ):
        top = kind if kind == LOCAL_THUMBNAILS else f"{kind}/o.org:8448"
        for name in ("AAboth", "AAdisk", "AAbucket", "AAnone", "AAother", "AAcut"):
            add(name)
        for name, file, thing in (
            ("AAboth", b"12345", b"12345"),
            ("AAdisk", b"12345", None),
            ("AAbucket", None, b"12345"),
            ("AAother", b"12345", b"54321"),
            ("AAcut", b"12", b"12345"),
            ("ZZfile", b"1", None),
            ("ZZobject", None, b"1"),
            ("ZZtwo", b"1", b"1"),
        ):
            path = place(name, top) + "/96-96-image-png-crop"
            if file is not None:
                site.file(path, file)
            if thing is not None:
                site.thing(path, thing)
    result = site.reconcile()
    for kind in STORED:
        expected = {"rows": 6, "both": 1, "disk_only": 1, "bucket_only": 1, "missing": 1, "different": 2}
        assert states(result, kind) == {**expected, "orphan_disk": 2, "orphan_bucket": 2}, kind
    assert not result["reconciled"]
    remote = f"{prefix}remote_content/o.org:8448/AA/no/ne (mxc://o.org:8448/xAAnone)"
    assert remote in result["samples"]["missing"]
    cut = f"{prefix}local_content/AA/cu/t (bytes: database 5, file 2, object 5; the object is whole)"
    assert cut in result["samples"]["different"]


def test_what_is_in_order_is_reconciled(site):
    for name in ("AAone", "BBtwo"):
        site.tables.local(name, 3, sha(b"abc"))
    site.both(place("AAone"), b"abc")
    site.thing(place("BBtwo"), b"abc")
    site.thing("stranger/x", b"?")
    result = site.reconcile()
    assert result["reconciled"] and states(result) == {"rows": 2, "both": 1, "bucket_only": 1}
    assert states(result, "other") == {"orphan_bucket": 1}


def test_previews_belong_on_the_disk(site):
    site.tables.local("2026-01-01_abcdef", 3, url="https://example.org")
    site.tables.local_thumbnail("2026-01-01_abcdef", 3)
    site.tables.local("2026-01-02_abcdef", 3, url="https://example.org")
    site.file("url_cache/2026-01-01/abcdef", b"abc")
    site.file("url_cache_thumbnails/2026-01-01/abcdef/96-96-image-png-crop", b"abc")
    site.thing("url_cache/2026-01-01/abcdef", b"abc")
    result = site.reconcile()
    assert states(result, "url_cache") == {"rows": 2, "disk_only": 1, "missing": 1, "orphan_bucket": 1}
    assert states(result, "url_cache_thumbnails") == {"rows": 1, "disk_only": 1}
    assert "disk_only" not in result["samples"]


def test_what_the_provider_is_not_given_belongs_on_the_disk(site):
    site.tables.remote("o.org", "x", "AAfile", 3)
    site.file(place("AAfile", "remote_content/o.org"), b"abc")
    assert not site.reconcile()["reconciled"]
    assert site.reconcile(stored=(LOCAL, LOCAL_THUMBNAILS))["reconciled"]


def test_which_side_is_whole(site):
    good, bad = b"abc", b"xyz"
    cases = {
        "AAfile": (sha(good), good, bad, "the file is whole"),
        "AAobject": (sha(good), bad, good, "the object is whole"),
        "AAneither": (sha(good), bad, b"...", "same size, other content)"),
        "AAunknown": ("", good, bad, "same size, other content)"),
        "AAlength": ("", good, b"ab", "bytes: database 3, file 3, object 2; the file is whole"),
        "AAalone": (sha(good), b"ab", None, "bytes: database 3, file 2)"),
    }
    for name, (sha256, file, thing, _why) in cases.items():
        site.tables.local(name, 3, sha256)
        site.file(place(name), file)
        if thing is not None:
            site.thing(place(name), thing)
    result = site.reconcile(samples=9)
    shown = result["samples"]["different"]
    for name, (_sha256, _file, _thing, why) in cases.items():
        assert [text for text in shown if text.startswith(place(name) + " ") and why in text], (name, shown)
    ledger = site.reconciler.ledger
    assert [todo.key for todo in todos(ledger, "upload", STORED, True)] == [place("AAfile"), place("AAlength")]
    assert [todo.key for todo in todos(ledger, "download", STORED, False)] == [place("AAobject")]


def test_what_is_young_is_not_judged(site):
    now = round(time.time() * 1000)
    site.tables.local("AAyoung", 3, created=now)
    site.tables.local("BBempty", None, created=now)
    site.file(place("CCorphan"), b"abc", age_s=10)
    result = site.reconcile()
    assert states(result) == {"rows": 1, "settling": 2}


def test_what_comes_and_goes_meanwhile_is_no_difference(site):
    site.tables.local("AAdeleted", 3)
    site.tables.local("BBevicted", 3)
    site.thing(place("CCnew"), b"abc")
    site.tables.local("DDlost", 3)

    def meanwhile():
        site.tables.db.execute("delete from local_media_repository where media_id = 'AAdeleted'")
        site.tables.db.commit()
        site.thing(place("BBevicted"), b"abc")
        site.tables.local("CCnew", 3)

    site.meanwhile = meanwhile
    result = site.reconcile()
    assert states(result) == {"rows": 3, "missing": 1, "settling": 1}
    assert result["samples"]["missing"] == [place("DDlost")]


def test_quarantined_media_are_named(site):
    site.tables.local("AAbad", 3, by="@admin:example.org")
    site.both(place("AAbad"), b"abc")
    result = site.reconcile()
    assert states(result) == {"rows": 1, "both": 1, "quarantined": 1}
    assert result["samples"]["quarantined"] == [place("AAbad") + " (by @admin:example.org)"]


def test_thumbnails_with_an_older_name(site):
    for name in ("AAboth", "AAdisk", "AAbucket"):
        site.tables.remote("o.org", name, name, 3)
        site.thing(place(name, "remote_content/o.org"), b"abc")
        site.tables.remote_thumbnail("o.org", name, name, 2)
    old = {name: place(name, "remote_thumbnail/o.org") + "/96-96-image-png" for name in ("AAboth", "AAdisk", "AAbucket")}
    site.both(old["AAboth"], b"ab")
    site.file(old["AAdisk"], b"ab")
    site.thing(old["AAbucket"], b"ab")
    assert states(site.reconcile(), REMOTE_THUMBNAILS) == {"rows": 3, "both": 1, "disk_only": 1, "bucket_only": 1}
    assert [todo.key for todo in todos(site.reconciler.ledger, "upload", STORED, True)] == [old["AAdisk"]]


def test_names_that_no_path_may_have(site):
    site.tables.local("../../etc/passwd", 3)
    site.tables.remote("a/../b", "x", "AAxxxx", 3)
    result = site.reconcile()
    assert result["strange"] == 2 and sum(result["totals"].values()) == 0


@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("a/32-32-image-png-crop", "a/32-32-image-png"),
        ("a/32-32-image-svg+xml-scale", "a/32-32-image-svg+xml"),
        ("a/32-32-image-png", None),
        ("local_content/aa/bb/x-scale", None),
    ],
)
def test_legacy_names(name, old):
    assert legacy_name(name) == old


def test_the_time_before_which_synapse_forgets(site):
    for number, there in enumerate([True, False, True, True, False, True], 1):
        site.tables.remote("o.org", f"m{number}", f"AAfile{number}", 3, used=number * 1000)
        if there:
            site.thing(place(f"AAfile{number}", "remote_content/o.org"), b"abc")
    site.tables.remote("o.org", "bad", "AAbad", 3, used=1, by="@admin:example.org")
    site.reconcile()
    assert site.purge() == Purge(5001, 2, 3)
    assert site.purge(0) == Purge(0, 0, 0)
    assert site.purge(1) == Purge(2001, 1, 1)
    assert site.purge(2) == Purge(2001, 1, 1)
    assert site.purge(3) == Purge(5001, 2, 3)


def test_a_schema_without_sha256(tmp_path):
    site = Site(tmp_path, hashed=False)
    site.tables.local("AAone", 3)
    site.both(place("AAone"), b"abc")
    assert site.reconcile()["reconciled"]


def test_what_is_no_database_of_synapse(tmp_path, site):
    text = tmp_path / "text"
    text.write_text("not a database" * 100)
    for path, said in ((tmp_path / "absent", "does not exist"), (tmp_path, "is not a file"), (text, "not a database")):
        with pytest.raises(BadInput, match=said):
            SqliteDatabase(str(path), "test")
    site.tables.db.execute("alter table remote_media_cache drop column filesystem_id")
    with contextlib.closing(SqliteDatabase(str(site.tables.path), "test")) as database:
        with pytest.raises(BadInput, match="the table remote_media_cache has no filesystem_id"):
            check_schema(database, "test")
        site.tables.db.execute("drop table local_media_repository")
    database = SqliteDatabase(str(site.tables.path), "test")
    with contextlib.closing(database), pytest.raises(BadInput, match="there is no table local_media_repository"):
        check_schema(database, "test")


def test_the_database_is_left_as_it_is(site, tmp_path):
    """Whether Synapse has it open, with a write-ahead log, or not."""
    path = site.tables.path
    site.tables.db.execute("pragma journal_mode = wal")
    site.tables.local("AAone", 3)

    def seen():
        return sorted(file.name for file in tmp_path.iterdir()), path.read_bytes()

    before = seen()
    assert "homeserver.db-wal" in before[0]
    assert states(site.reconcile()) == {"rows": 1, "missing": 1}
    assert seen() == before
    site.tables.db.close()
    before = seen()
    assert "homeserver.db-wal" not in before[0]
    with contextlib.closing(SqliteDatabase(str(path), "test")) as database:
        assert [row.path for row in media_rows(database, [])] == [place("AAone")]
        with pytest.raises(BadInput, match="attempt to write|readonly"):
            list(database.rows("delete from local_media_repository"))
    assert seen() == before


def test_all_states_and_directories_are_in_the_result(site):
    result = site.reconcile()
    assert set(result["counts"]) == set(KINDS)
    assert set(result["totals"]) == set(STATES)
