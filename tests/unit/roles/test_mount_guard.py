# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guard of a mount makes of the cache that a killed rclone has left, and of the directory below a mount."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import pytest

GUARD = Path(__file__).parents[3] / "roles" / "mount" / "files" / "mount_guard.py"


@pytest.fixture(scope="module")
def guard():
    spec = importlib.util.spec_from_file_location("mount_guard", GUARD)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def cache(tmp_path):
    for name in ("vfs", "vfsMeta"):
        (tmp_path / name / "media" / "bucket").mkdir(parents=True)
    return tmp_path


def cached(cache, name, body, known=None):
    path = cache / "vfs" / "media" / "bucket" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(body)
    os.utime(path, ns=(5, 1_600_000_000_123_456_789))
    metadata = cache / "vfsMeta" / "media" / "bucket" / name
    if known is not None:
        metadata.parent.mkdir(exist_ok=True)
        metadata.write_text(known)
    return metadata


@pytest.fixture
def rescue(guard, cache, capsys):
    def said():
        guard.rescue({"pending": str(cache / "vfsMeta")})
        return capsys.readouterr().out.splitlines()

    return said


@pytest.mark.parametrize("known", ["", '{"ModTime": "2026-', None], ids=["empty", "cut off", "none"])
def test_what_rclone_would_remove_is_noted_again(guard, cache, rescue, known):
    metadata = cached(cache, "some/new.png", b"x" * 100_000, known)
    (said,) = rescue()
    assert said.startswith("media/bucket/some/new.png was in the cache")
    when = "2020-09-13T12:26:40.123456789Z"
    assert json.loads(metadata.read_text()) == {
        "ModTime": when,
        "ATime": when,
        "Size": 100_000,
        "Rs": [{"Pos": 0, "Size": 100_000}],
        "Fingerprint": "",
        "Dirty": True,
    }
    assert metadata.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in metadata.parent.iterdir()] == ["new.png"]
    assert guard.pending({"pending": str(cache / "vfsMeta")}) == 1
    assert rescue() == []


def test_what_rclone_knows_of_is_left_to_it(cache, rescue):
    metadata = cached(cache, "a", b"x", '{"Dirty": false}')
    assert rescue() == []
    assert metadata.read_text() == '{"Dirty": false}'


def test_what_is_not_whole_does_not_replace_what_is_in_the_bucket_and_is_kept(cache, rescue):
    cached(cache, "begun", b"", "")
    metadata = cached(cache, "changed", b"x" * 8192, "")
    with open(cache / "vfs" / "media" / "bucket" / "changed", "r+b") as out:
        out.truncate(10_000_000)
    (said,) = rescue()
    assert "media/bucket/changed was being changed" in said and said.endswith(f"is in {cache / 'kept'}.")
    assert metadata.read_text() == ""
    assert (cache / "kept" / "media" / "bucket" / "changed").read_bytes()[:8192] == b"x" * 8192
    assert rescue() == []


def test_a_backend_without_a_cache_has_nothing_to_rescue(guard, tmp_path):
    guard.rescue({"pending": ""})
    guard.rescue({"pending": str(tmp_path / "none" / "vfsMeta")})


def test_a_cache_without_room_is_said(guard, tmp_path, monkeypatch):
    place = str(tmp_path / "not" / "there" / "yet")
    assert guard.no_room("") == ""
    monkeypatch.setattr(guard, "CACHE_LEAST", 0)
    assert guard.no_room(place) == ""
    monkeypatch.setattr(guard, "CACHE_LEAST", 1 << 80)
    assert place in guard.no_room(place)


@pytest.fixture
def notes(guard, tmp_path, monkeypatch):
    """The two places where the guard keeps what it knows."""
    for name in ("ETC", "RUN", "CACHES"):
        monkeypatch.setattr(guard, name, str(tmp_path / name))
        (tmp_path / name / "media").mkdir(parents=True)

    def write(place, path):
        (tmp_path / place / "media" / "mount.json").write_text(
            json.dumps({"path": str(path), "source": "ours", "pending": "", "services": []})
        )

    return write


@pytest.fixture
def bare(tmp_path):
    """A directory as it is below a mount."""
    path = tmp_path / "bare"
    path.mkdir()
    path.chmod(0)
    yield path
    path.chmod(0o700)


def mode(path):
    return path.stat().st_mode & 0o777


def test_a_path_that_was_protected_is_given_back_and_one_with_media_in_it_is_not_touched(guard, notes, bare, tmp_path):
    media = tmp_path / "media"
    media.mkdir(0o750)
    (media / "one").write_bytes(b"one")
    media.chmod(0o750)
    # to be mounted at the media's place from the next start on; until then it was elsewhere
    notes("ETC", media)
    notes("RUN", bare)
    guard.forget("media", str(os.getuid()), str(os.getgid()), "0755")
    assert (mode(bare), mode(media)) == (0o755, 0o750)
    assert not (tmp_path / "RUN" / "media").exists()


def test_a_mount_that_moves_gives_its_former_path_back(guard, notes, bare, tmp_path, monkeypatch):
    monkeypatch.setattr(guard.os, "chown", lambda *_args: None)  # nobody but root may
    monkeypatch.setattr(guard, "immutable", lambda *_args: None)  # nor say that a directory cannot change
    new = tmp_path / "new"
    notes("ETC", new)
    notes("RUN", bare)
    guard.clear("media")
    assert mode(bare) == 0o755
    assert (mode(new), list(new.iterdir()) if os.getuid() == 0 else []) == (0, [])
    assert guard.started("media")["path"] == str(new)
    new.chmod(0o700)


def told(path):
    lines = path.read_text().splitlines()
    return {key: float(value) for key, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def test_what_the_monitoring_reads_of_a_mount(guard, cache, tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "RUN", str(tmp_path / "run"))
    cached(cache, "new", b"x", '{"Dirty": true, "Size": 10, "Rs": [{"Pos": 0, "Size": 6}, {"Pos": 8, "Size": 2}]}')
    cached(cache, "old", b"x", '{"Dirty": false, "Size": 5, "Rs": null}')
    cached(cache, "half", b"x", '{"Dirty": tr')
    assert (guard.count("media", "deaths"), guard.count("media", "deaths")) == (1, 2)
    file, labels = tmp_path / "mediastore_mount_media.prom", '{name="media",path="/srv/media"}'
    guard.tell(str(file), "media", {"path": "/srv/media", "pending": str(cache / "vfsMeta")}, True)
    values = told(file)
    assert values.pop(f"mediastore_mount_last_check_timestamp_seconds{labels}") > 1_700_000_000
    wanted = {"up": 1, "deaths": 2, "cuts": 0, "pending_files": 1, "cached_files": 2, "cached_bytes": 8}
    assert values == {f"mediastore_mount_{name}{labels}": value for name, value in wanted.items()}
    assert file.stat().st_mode & 0o777 == 0o644 and not list(tmp_path.glob("*.new"))


def test_of_a_backend_without_a_cache_nothing_is_said_of_one(guard, tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "RUN", str(tmp_path / "run"))
    file = tmp_path / "mediastore_mount_media.prom"
    guard.tell(str(file), "media", {"path": "/srv/media", "pending": ""}, False)
    values = told(file)
    assert values['mediastore_mount_up{name="media",path="/srv/media"}'] == 0 and len(values) == 4
