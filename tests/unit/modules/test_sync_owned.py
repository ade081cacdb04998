# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sync with owned_by: the mark is left, respected, and never taken for a medium."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

MARK = ".mediastore-owner"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.mkdir()
    (path / "a").write_bytes(b"1")
    return path


@pytest.fixture
def bucket(rclone):
    (rclone.data / "media").mkdir()
    return rclone


@pytest.fixture(params=["boto3", "obstore"])
def engine(request):
    return request.param


def run(name, store, path, check=False, **options):
    return run_module(name, {**store.connection, "path": str(path), "bucket": "media", **options}, check=check)


def test_one_application_never_replaces_the_media_of_another(bucket, source, tmp_path, engine):
    stored = bucket.data / "media"
    mine = {"owned_by": "gallery 1", "engine": engine}
    assert run("sync", bucket, source, check=True, **mine)["changed"]
    assert list(stored.iterdir()) == []
    assert run("sync", bucket, source, **mine)["transferred"]["files"] == 1
    assert (stored / MARK).read_text() == "gallery 1"
    assert not run("sync", bucket, source, **mine)["changed"]
    (source / "a").write_bytes(b"2")
    for check in (True, False):
        refused = run("sync", bucket, source, check=check, owned_by="wiki 2", engine=engine)
        assert refused["failed"] and refused["error"]["code"] == "NotOurs"
        assert "belongs to 'gallery 1'" in refused["msg"] and "adopt" in refused["msg"]
    assert (stored / "a").read_bytes() == b"1"
    assert run("sync", bucket, source, owned_by="wiki 2", adopt=True, engine=engine)["changed"]
    assert ((stored / MARK).read_text(), (stored / "a").read_bytes()) == ("wiki 2", b"2")


def test_objects_that_nobody_marked_need_a_journal_that_knows_them(bucket, source, tmp_path):
    journal = str(tmp_path / "j")
    run("sync", bucket, source, journal=journal)
    refused = run("sync", bucket, source, owned_by="gallery 1")
    assert "there are objects already (a is the first)" in refused["msg"]
    assert run("sync", bucket, source, owned_by="gallery 1", journal=str(tmp_path / "other"))["failed"]
    marked = run("sync", bucket, source, owned_by="gallery 1", journal=journal)
    assert (marked["changed"], marked["transferred"]["files"]) == (True, 0)
    assert (bucket.data / "media" / MARK).exists()


def test_the_mark_is_no_medium(bucket, source, tmp_path):
    journal = str(tmp_path / "j")
    run("sync", bucket, source, owned_by="gallery 1", journal=journal)
    assert run("verify", bucket, source, extra="fail")["verified"]
    back = tmp_path / "back"
    back.mkdir()
    run("sync", bucket, back, direction="download", owned_by="wiki 2")
    assert [path.name for path in back.iterdir()] == ["a"]
    assert not run("sync", bucket, source, against="journal", journal=journal, owned_by="wiki 2")["changed"]


def test_an_empty_directory_marks_its_place_too(bucket, source):
    (source / "a").unlink()
    assert run("sync", bucket, source, owned_by="gallery 1", prefix="x/")["changed"]
    assert (bucket.data / "media" / "x" / MARK).read_text() == "gallery 1"
