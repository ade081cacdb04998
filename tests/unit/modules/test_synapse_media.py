# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""synapse_media_info and synapse_media_repair: what they refuse, and what they do not move."""

from __future__ import annotations

import hashlib
import os

import pytest

from ansible_collections.mediastore.s3.tests.unit.core.synapsedb import MediaTables
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module


def place(medium):
    return f"local_content/{medium[:2]}/{medium[2:4]}/{medium[4:]}"


class Site:
    def __init__(self, directory, store):
        self.media, self.bucket, self.store = directory / "media", store.data / "media", store
        self.tables = MediaTables(directory / "homeserver.db")
        for root in (self.media, self.bucket):
            (root / "local_content").mkdir(parents=True)

    def put(self, root, medium, content):
        path = root / place(medium)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1e9, 1e9))
        return path

    def run(self, module, check=False, diff=False, **options):
        where = {"path": str(self.media), "bucket": "media", "database": {"path": str(self.tables.path)}}
        return run_module(f"synapse_media_{module}", {**self.store.connection, **where, **options}, check=check, diff=diff)


@pytest.fixture
def site(tmp_path, rclone):
    return Site(tmp_path, rclone)


@pytest.mark.parametrize("module", ["info", "repair"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"database": {"path": "/nowhere/homeserver.db"}}, "/nowhere/homeserver.db does not exist"),
        ({"database": {"path": __file__}}, "file is not a database"),
        ({"database": {}}, "one of the following is required: path, dbname"),
        ({"database": {"path": "/x", "dbname": "x"}}, "mutually exclusive"),
        ({"settle_after": "1 month"}, "settle_after is '1 month'"),
        ({"path": "/nowhere"}, "/nowhere does not exist"),
        ({"path": "/etc"}, "has none of the directories of a media store"),
        ({"prefix": "/x"}, "prefix begins with '/'"),
    ],
)
def test_what_cannot_be_meant(site, module, options, said):
    failed = site.run(module, **options)
    assert failed["failed"] and said in failed["msg"], failed


def test_what_cannot_be_repaired_so(site):
    for options, said in (
        ({"refetch": True}, "missing: synapse_url, synapse_token"),
        ({"refetch_also": -1}, "refetch_also is -1"),
        ({"keep_replaced": str(site.media / "old")}, "is inside path"),
    ):
        failed = site.run("repair", **options)
        assert failed["failed"] and said in failed["msg"].replace("all of the following are ", ""), failed


def test_another_database_is_named(site):
    site.tables.db.execute("drop table remote_media_cache")
    failed = site.run("info")
    assert failed["error"]["code"] == "Schema" and "there is no table remote_media_cache" in failed["msg"]


def test_what_the_database_has_otherwise_is_not_uploaded(site):
    good = hashlib.sha256(b"good!").hexdigest()
    for name in ("AAgood", "BBdamaged"):
        site.tables.local(name, 5, good)
    site.put(site.media, "AAgood", b"good!")
    site.put(site.media, "BBdamaged", b"bad!!")
    foreseen = site.run("repair", check=True, diff=True)
    assert f"+ {place('AAgood')}" in foreseen["diff"]["prepared"] and not (site.bucket / place("AAgood")).exists()
    done = site.run("repair")
    assert (done["uploaded"]["files"], done["damaged"]) == (1, 1) and done["samples"]["damaged"] == [place("BBdamaged")]
    assert (site.bucket / place("AAgood")).read_bytes() == b"good!" and not (site.bucket / place("BBdamaged")).exists()


def test_what_is_replaced_can_be_kept(site, tmp_path):
    site.tables.local("AAcut", 5, hashlib.sha256(b"whole").hexdigest())
    cut, other = site.put(site.media, "AAcut", b"wh"), tmp_path / "replaced"
    site.put(site.bucket, "AAcut", b"whole")
    assert site.run("repair", fetch="never")["changed"] is False
    assert site.run("repair", keep_replaced=str(other))["fetched"] == {"files": 1, "bytes": 5}
    assert cut.read_bytes() == b"whole" and (other / place("AAcut")).read_bytes() == b"wh"
    assert site.run("info")["reconciled"]


def test_the_journal_spares_reading(site, tmp_path):
    """And does not hide an object that has changed since."""
    site.tables.local("AAone", 5)
    site.put(site.media, "AAone", b"12345")
    journal = str(tmp_path / "state" / "journal")
    assert site.run("repair", journal=journal)["uploaded"]["files"] == 1
    assert site.run("info", journal=journal)["totals"]["both"] == 1
    assert site.run("info")["totals"]["both"] == 1
    (site.bucket / place("AAone")).write_bytes(b"54321")
    found = site.run("info", journal=journal)
    assert found["totals"]["different"] == 1, found


def test_a_part_of_the_keys(site):
    for number in range(20):
        site.tables.local(f"AA{number:04}", 5)
        site.put(site.media, f"AA{number:04}", b"12345")
    parts = [site.run("info", shard={"index": index, "count": 2}) for index in (0, 1)]
    assert sum(part["totals"]["disk_only"] for part in parts) == 20
    assert all(part["counts"]["local_content"]["rows"] for part in parts)
