# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evict module against stores that run."""

from __future__ import annotations

import fcntl
import io
import json
import os
import time

import pytest

from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

NAMES = [f"local_content/{name}" for name in ("aa/bb/one", "aa/cc/two", "dd/ee/three")]
THUMB = "local_thumbnails/aa/bb/one/96-96-image-png-crop"
PAGE = "url_cache/2026-01-01/page"
DAY = 86400


def write(root, name, days, content=None):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(1000) if content is None else content)
    moment = time.time() - days * DAY
    os.utime(path, (moment, moment))
    return path


@pytest.fixture
def media(tmp_path):
    """A media store whose files are a month old, more and more."""
    root = tmp_path / "media"
    for number, name in enumerate([*NAMES, THUMB, PAGE]):
        write(root, name, 60 - number)
    return root


@pytest.fixture(params=["boto3", "obstore"])
def run(request, rclone, media, tmp_path):
    """Runs evict on a bucket that has all of it."""
    (rclone.data / "media").mkdir()

    def run(check=False, diff=False, module="evict", **options):
        common = {**rclone.connection, "path": str(media), "bucket": "media", "engine": request.param}
        if module == "evict":
            common |= {"journal": str(tmp_path / "state" / "journal"), "min_age": "1d", "exclude": ["url_cache/"]}
        return run_module(module, {**common, **options}, check=check, diff=diff)

    run.engine = request.param
    assert run(module="sync", exclude=["url_cache/"]).get("complete")
    return run


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_first_a_dry_run_then_the_real_one_then_nothing(run, media, rclone):
    predicted = run(check=True, diff=True, max_bytes=2000)
    assert (predicted["changed"], predicted["evicted"]) == (True, {"files": 2, "bytes": 2000})
    assert f"- {NAMES[0]}" in predicted["diff"]["prepared"]
    assert len(files(media)) == 5
    done = run(max_bytes=2000)
    assert (done["changed"], done["evicted"], done["engine"]) == (True, {"files": 2, "bytes": 2000}, run.engine)
    assert sorted(done["samples"]["evicted"]) == sorted(NAMES[:2])
    assert files(media) == sorted([NAMES[2], THUMB, PAGE])
    assert done["summary"].startswith("2 files (2.0 KiB) evicted, 0 uploaded, 2 (2.0 KiB) stay")
    again = run(max_bytes=2000)
    assert (again["changed"], again["evicted"]["files"]) == (False, 0)
    assert sorted(path.name for path in media.iterdir()) == ["local_content", "local_thumbnails", "url_cache"]


def test_what_the_bucket_has_in_another_way_is_named_and_stays(run, media, rclone):
    cut, other, gone, thumb = (rclone.data / "media" / name for name in (*NAMES, THUMB))
    cut.write_bytes(b"")
    other.write_bytes(b"?" * 1000)
    rclone.client().delete_object(Bucket="media", Key=NAMES[2])
    failed = run(max_age="0s")
    assert failed["failed"] and "2 different" in failed["msg"] and NAMES[0] in failed["msg"]
    assert files(media) == sorted([*NAMES[:2], PAGE])
    assert failed["samples"]["different"] == [
        f"{NAMES[0]} (0 bytes in the store, 1000 here)",
        f"{NAMES[1]} (same size, other content)",
    ]
    assert (failed["uploaded"]["files"], failed["evicted"]["files"]) == (1, 2)
    assert (cut.read_bytes(), other.read_bytes(), gone.exists(), thumb.exists()) == (b"", b"?" * 1000, True, True)
    reported = run(max_age="0s", on_difference="report")
    assert (reported.get("failed", False), reported["stayed"]["different"]) == (False, 2)
    # the way out that the message names: whoever finds the files whole uploads them again
    assert run(module="sync", exclude=["url_cache/"])["complete"]
    assert run(max_age="0s")["evicted"]["files"] == 2


@pytest.mark.parametrize("wrong", [{"prefix": "other/"}, {"bucket": "empty"}, {"exclude": ["local_content/aa/"], "prefix": "x/"}])
def test_a_wrong_place_costs_nothing(run, media, rclone, wrong):
    rclone.client().create_bucket(Bucket="empty")
    failed = run(max_age="0s", **wrong)
    assert failed["failed"] and failed["error"]["code"] == "NothingInCommon"
    assert len(files(media)) == 5
    assert not list((rclone.data / "empty").iterdir()) and not (rclone.data / "media" / "other").exists()


def test_a_directory_that_shows_the_bucket_costs_nothing(run, rclone):
    """What the store has on its disk is the bucket: each file there would be proved by itself, and go."""
    bucket = rclone.data / "media"
    (bucket / ".mediastore-owner").write_text("the media of example.org")
    before = files(bucket)
    failed = run(max_age="0s", path=str(bucket))
    assert failed["failed"] and "media shows a bucket (it has the file .mediastore-owner" in failed["msg"]
    assert "If this is it, somebody has copied that file there: remove it." in failed["msg"]
    assert files(bucket) == before


def test_a_wrong_path_costs_nothing(run, media, rclone):
    failed = run(max_age="0s", path=str(media / "local_content"))
    assert failed["error"]["code"] == "NothingInCommon"
    assert len(files(media)) == 5 and not (rclone.data / "media" / "aa").exists()


def test_an_unreachable_store_costs_nothing(run, media, rclone, tmp_path):
    rclone.stop()
    metrics = tmp_path / "evict.prom"
    failed = run(max_age="0s", metrics=str(metrics))
    assert failed["failed"] and len(files(media)) == 5
    assert "mediastore_evict_last_run_success{" in metrics.read_text() and " 0\n" in metrics.read_text()


def test_what_the_monitoring_reads(run, media, tmp_path):
    metrics = tmp_path / "evict.prom"
    assert not run(max_bytes=2000, check=True, metrics=str(metrics)).get("failed") and not metrics.exists()
    run(max_bytes=2000, metrics=str(metrics))
    lines = metrics.read_text().splitlines()
    labels = f'path="{media}",bucket="media"'
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert values[f"mediastore_evict_last_run_success{{{labels}}}"] == "1"
    assert values[f"mediastore_evict_evicted_files{{{labels}}}"] == "2"
    assert values[f"mediastore_evict_local_bytes{{{labels}}}"] == "2000"
    assert values[f'mediastore_evict_stayed_files{{{labels},reason="recent"}}'] == "2"
    assert abs(float(values[f"mediastore_evict_last_run_timestamp_seconds{{{labels}}}"]) - time.time()) < 60
    assert sum(line.startswith("# TYPE ") for line in lines) == len({key.partition("{")[0] for key in values})
    assert metrics.stat().st_mode & 0o777 == 0o644


def test_two_runs_are_kept_apart(run, media, tmp_path):
    run(max_bytes=10000)
    with open(tmp_path / "state" / "journal.lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        failed = run(max_age="0s")
    assert failed["error"]["code"] == "Busy"
    assert len(files(media)) == 5


def test_a_drill_reads_what_is_only_in_the_bucket(run, media, rclone):
    run(max_age="0s", keep=["local_thumbnails/"])
    assert run(max_age="0s", keep=["local_thumbnails/"], drill=2)["drilled"] == {"objects": 2, "lost": 0}
    for name in NAMES:
        (rclone.data / "media" / name).write_bytes(b"!" * 1000)
    failed = run(max_age="0s", keep=["local_thumbnails/"], drill=9)
    assert failed["drilled"] == {"objects": 3, "lost": 3} and "3 lost" in failed["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "max_bytes, max_age"),
        ({"max_age": "3m"}, "max_age is '3m'"),
        ({"max_age": "1d", "min_age": ""}, "min_age is ''"),
        ({"max_bytes": "-1"}, "max_bytes"),
        ({"max_bytes": "1G", "drill": -1}, "drill is -1"),
        ({"max_bytes": "1G", "metrics": "/tmp/evict.txt"}, ".prom"),
        ({"max_bytes": "1G", "job_owner": "root"}, "job"),
        ({"max_bytes": "1G", "job": "/tmp/job.pyz"}, "not started by Ansible"),
        ({"max_bytes": "1G", "job": "/tmp/job.pyz", "job_owner": "no-such-user"}, "no user no-such-user"),
        ({"max_bytes": "1G", "path": "/no/such"}, "does not exist"),
        ({"max_bytes": "1G", "bucket": "no-such"}, "NoSuchBucket"),
    ],
)
def test_bad_input(run, media, options, words):
    failed = run(**options)
    assert failed["failed"] and words in failed["msg"], failed
    assert len(files(media)) == 5


def test_own_files_are_not_put_into_the_directory(run, media):
    for option in ("journal", "metrics", "job"):
        failed = run(max_bytes="1G", **{option: str(media / "file.prom")})
        assert f"the {option} {media}/file.prom is inside" in failed["msg"]


def test_objects_in_parts_as_the_provider_sends_them(moto, tmp_path):
    client, root, content = moto.client(), tmp_path / "media", os.urandom(9 * 1024 * 1024)
    client.create_bucket(Bucket="media")
    path = write(root, NAMES[0], 40, content)
    client.upload_fileobj(io.BytesIO(content), "media", NAMES[0])  # boto3's own way: parts of 8 MiB
    assert client.head_object(Bucket="media", Key=NAMES[0])["ETag"].endswith('-2"')
    moto.requests.clear()
    options = {**moto.connection, "path": str(root), "bucket": "media", "journal": str(tmp_path / "journal"), "max_age": "0s"}
    done = run_module("evict", options)
    assert done["evicted"]["files"] == 1, done
    assert moto.requests and not [request for request in moto.requests if f"/media/{NAMES[0]}" in request]
    assert not path.exists()


def test_what_somebody_has_just_read_stays(run, media):
    """The noted access counts (this needs a filesystem that notes it, as those of containers and machines usually do)."""
    assert not os.statvfs(media).f_flag & os.ST_NOATIME
    (media / NAMES[0]).read_bytes()
    done = run(max_age="0s")
    assert (done["used_by"], done["stayed"]["young"], files(media)) == ("atime", 1, [NAMES[0], PAGE])


def test_the_result_is_small_and_whole(run, media):
    for number in range(300):
        write(media, f"local_content/ff/{number:03d}/x", 70)
    done = run(max_age="0s", samples=5)
    assert (done["uploaded"]["files"], done["evicted"]["files"], len(done["samples"]["evicted"])) == (300, 304, 5)
    assert len(json.dumps(done)) < 4000


def day(ago: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - ago * DAY))


def test_quarantine_keeps_what_goes_for_some_days(run, media, rclone, tmp_path):
    place = media / ".mediastore-quarantine"
    contents = {name: (media / name).read_bytes() for name in (*NAMES, THUMB)}
    done = run(max_age="0s", min_age="0s", quarantine_days=3)  # they were just read
    assert done["evicted"]["files"] == 4 and done["quarantine"]["files"] == 4
    assert done["local"] == {"files": 0, "bytes": 0}
    assert {name: (place / day(0) / name).read_bytes() for name in contents} == contents
    assert place.stat().st_mode & 0o077 == 0
    # No module takes it for media.
    assert run(module="verify", exclude=["url_cache/"])["counts"]["matched"] == 0
    assert not run(module="sync", exclude=["url_cache/"])["changed"]
    assert run(max_age="0s", quarantine_days=3)["changed"] is False
    # The documented way back, which leaves what came meanwhile.
    write(media, NAMES[0], 1, b"new")
    assert os.system(f"cd {media} && cp -an .mediastore-quarantine/{day(0)}/. .") == 0
    assert (media / NAMES[0]).read_bytes() == b"new"
    assert (media / NAMES[1]).read_bytes() == contents[NAMES[1]]
    (media / NAMES[0]).write_bytes(contents[NAMES[0]])
    assert run(module="verify", exclude=["url_cache/"])["verified"]


def test_quarantine_ends(run, media):
    place = media / ".mediastore-quarantine"
    assert run(max_age="0s", quarantine_days=3)["quarantine"]["files"] == 4
    (place / day(0)).rename(place / day(3))
    (place / "notes").write_text("not ours")
    assert run(max_age="0s", quarantine_days=3)["quarantine"]["files"] == 4
    (place / day(3)).rename(place / day(4))
    foreseen = run(max_age="0s", quarantine_days=3, check=True)
    assert foreseen["changed"] and foreseen["quarantine"]["deleted_files"] == 4
    assert (place / day(4)).exists()
    done = run(max_age="0s", quarantine_days=3)
    assert done["quarantine"] == {"files": 0, "bytes": 0, "deleted_files": 4, "deleted_bytes": 4000}
    assert [path.name for path in place.iterdir()] == ["notes"]
    (place / "notes").unlink()
    write(media, NAMES[0], 40)
    run(module="sync", exclude=["url_cache/"])
    assert run(max_age="0s", quarantine_days=3)["quarantine"]["files"] == 1
    assert run(max_age="0s", quarantine_days=0)["quarantine"]["deleted_files"] == 1
    assert not place.exists()


def test_a_drill_says_whether_the_file_is_in_quarantine(run, media, rclone, tmp_path):
    metrics = tmp_path / "evict.prom"
    run(max_age="0s", quarantine_days=3)
    for name in (*NAMES, THUMB):
        (rclone.data / "media" / name).write_bytes(b"x")
    failed = run(max_age="0s", quarantine_days=3, drill=4, metrics=str(metrics))
    assert failed["failed"] and failed["drilled"] == {"objects": 4, "lost": 4}
    assert all(text.endswith("the file is in quarantine)") for text in failed["samples"]["lost"])
    text = metrics.read_text()
    for name, value in (("drilled_objects", 4), ("lost_objects", 4), ("quarantined_files", 4), ("last_run_success", 0)):
        assert [
            line for line in text.splitlines() if line.startswith(f"mediastore_evict_{name}{{") and line.endswith(f" {value}")
        ]


def test_quarantine_days_below_zero(run):
    failed = run(max_age="0s", quarantine_days=-1)
    assert failed["failed"] and "quarantine_days is -1" in failed["msg"]
