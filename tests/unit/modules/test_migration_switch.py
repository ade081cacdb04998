# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that switch an application come with the renaming of its directory, each whole, and none that would stay."""

from __future__ import annotations

import base64
import json

import pytest

from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module


@pytest.fixture
def at(tmp_path):
    """A migration whose last files are in the bucket."""
    (tmp_path / "media").mkdir()
    (tmp_path / "old.conf").write_text("backend: directory\n")
    (tmp_path / "old.conf").chmod(0o604)
    (tmp_path / "link.conf").symlink_to("old.conf")
    enter(tmp_path, "synced", bucket="media", figures={"files": 0, "bytes": 0})
    enter(tmp_path, "stopping")
    return tmp_path


def enter(at, stage, check=False, **options):
    kept = [str(at / name) for name in ("old.conf", "new.conf", "link.conf")]
    given = {"name": "media", "state_dir": str(at / "state"), "path": str(at / "media"), "config_files": kept, **options}
    return run_module("migration", {**given, "stage": stage}, check)


def file(at, name, text, **options):
    # as the action plugin gives it
    return {"path": str(at / name), "content": base64.b64encode(text.encode()).decode(), **options}


def test_each_gets_its_content_and_keeps_or_gets_its_mode(at):
    before = {name: (at / name).read_text() for name in ("old.conf", "link.conf")}
    switch = [file(at, name, f"{name}: s3\n") for name in ("old.conf", "new.conf", "link.conf")]
    assert enter(at, "backed_up", check=True, switch=switch)["changed"]
    assert {name: (at / name).read_text() for name in before} == before and not (at / "new.conf").exists()
    result = enter(at, "backed_up", switch=switch)
    assert result["changed"] and result["stage"] == "backed_up"
    assert (at / "media.before-s3").is_dir()
    for name, mode in (("old.conf", 0o604), ("new.conf", 0o640), ("link.conf", 0o640)):
        path = at / name
        assert path.read_text() == f"{name}: s3\n" and path.lstat().st_mode & 0o7777 == mode, name
    # a link was kept as a link, so what it points to is not written
    assert not (at / "link.conf").is_symlink()
    assert not enter(at, "backed_up", switch=switch)["changed"]
    assert enter(at, "backed_up", switch=[file(at, "old.conf", "old.conf: s3\n", mode="u=rw,g=,o=")])["changed"]
    assert (at / "old.conf").stat().st_mode & 0o7777 == 0o600


def test_a_way_back_restores_all_of_it(at):
    enter(at, "backed_up", switch=[file(at, name, "s3\n") for name in ("old.conf", "new.conf", "link.conf")])
    enter(at, "rolling_back")
    enter(at, "restored")
    assert (at / "old.conf").read_text() == "backend: directory\n" and not (at / "new.conf").exists()
    assert (at / "link.conf").is_symlink()


def test_a_file_that_nothing_would_restore_is_refused_before_anything_is_done(at):
    result = enter(at, "backed_up", switch=[file(at, "other.conf", "s3\n")])
    assert result["failed"] and "other.conf: it is not among config_files" in result["msg"]
    assert json.loads((at / "state" / "media" / "migration.json").read_text())["stage"] == "stopping"
    assert not (at / "media.before-s3").exists() and not (at / "other.conf").exists()


def test_a_content_that_is_a_word_of_the_result_hides_nothing(at):
    assert enter(at, "backed_up", switch=[file(at, "new.conf", "s3")])["backup"].endswith("media.before-s3")
