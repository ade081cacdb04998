# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verify module against stores that run."""

from __future__ import annotations

import os

import pytest

from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

#: options that all runs of a test share
SHARED = {}


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    (path / "b").mkdir(parents=True)
    (path / "a").write_bytes(b"1")
    (path / "b" / "c").write_bytes(os.urandom(6 * 1024 * 1024))
    return path


@pytest.fixture
def bucket(rclone):
    (rclone.data / "media").mkdir()
    return rclone


@pytest.fixture(autouse=True, params=["boto3", "obstore"])
def engine(request, monkeypatch):
    """Every test is run with each engine."""
    monkeypatch.setitem(SHARED, "engine", request.param)
    return request.param


def run(name, store, path, check=False, **options):
    return run_module(name, {**store.connection, "path": str(path), "bucket": "media", **SHARED, **options}, check=check)


def test_after_a_sync_all_is_verified(bucket, source, tmp_path, engine):
    journal = str(tmp_path / "j")
    run("sync", bucket, source, journal=journal)
    for options in ({}, {"journal": journal}, {"read_back": "all"}, {"read_back": "sample", "sample": 1}, {"extra": "fail"}):
        found = run("verify", bucket, source, **options)
        assert (found["changed"], found["verified"], found["files"]) == (False, True, 2), found
        assert (found["counts"]["matched"], found["engine"]) == (2, engine)
        assert found["read_back"] == {"all": 2, "sample": 1}.get(options.get("read_back"), 0)


def test_in_parts_on_a_store_whose_etags_say_so(moto, source):
    moto.client().create_bucket(Bucket="media")
    run("sync", moto, source, part_size="5M")
    moto.requests.clear()
    assert run("verify", moto, source, part_size="5M")["verified"]
    assert not [request for request in moto.requests if request.startswith("GET /media/")]
    # cut in a way that nobody would guess: then only reading back can tell
    assert run("verify", moto, source, part_size="7M")["verified"]


def test_what_differs_fails_and_is_named(bucket, source):
    (source / "extra").write_bytes(b"2")
    run("sync", bucket, source)
    (source / "extra").unlink()
    (source / "a").write_bytes(b"2")
    (source / "new").write_bytes(b"3")
    failed = run("verify", bucket, source)
    assert failed["failed"]
    assert "1 matched, 1 missing, 1 different, 1 extra" in failed["msg"]
    assert failed["samples"] == {"missing": ["new"], "different": ["a (same size, other content)"], "extra": ["extra"]}
    reported = run("verify", bucket, source, on_difference="report")
    assert (reported.get("failed", False), reported["verified"]) == (False, False)
    assert reported["counts"] == failed["counts"]


def test_live_needs_a_journal_and_forgives_what_came_later(bucket, source, tmp_path):
    assert "journal" in run("verify", bucket, source, live=True)["msg"]
    journal = str(tmp_path / "j")
    run("sync", bucket, source, journal=journal)
    (source / "new").write_bytes(b"3")
    found = run("verify", bucket, source, live=True, journal=journal)
    assert (found["verified"], found["counts"]["pending"]) == (True, 1)


def test_what_was_written_anew_since_is_no_difference_if_asked(moto, source, tmp_path):
    client = moto.client()
    client.create_bucket(Bucket="media")
    for name in ("a", "b/c"):
        os.utime(source / name, ns=(1, 1_600_000_000_123_456_789))
    assert "journal" in run("verify", moto, source, rewritten="ignore")["msg"]
    journal = str(tmp_path / "j")
    run("sync", moto, source, journal=journal)
    client.put_object(Bucket="media", Key="a", Body=b"2")
    failed = run("verify", moto, source, journal=journal)
    assert failed["samples"] == {"different": ["a (same size, other content)"]}
    found = run("verify", moto, source, journal=journal, rewritten="ignore")
    assert (found["verified"], found["counts"]["rewritten"], found["counts"]["matched"]) == (True, 1, 1)
    assert found["samples"] == {"rewritten": ["a"]}
    said = client.head_object(Bucket="media", Key="b/c")["Metadata"]
    client.put_object(Bucket="media", Key="b/c", Body=b"cut", Metadata=said)
    failed = run("verify", moto, source, journal=journal, rewritten="ignore")
    assert failed["failed"] and "b/c (3 bytes in the store" in failed["msg"]
    assert failed["counts"]["rewritten"] == 1


def test_what_was_deleted_is_forgotten_if_asked(moto, source, tmp_path):
    moto.client().create_bucket(Bucket="media")
    journal = str(tmp_path / "j")
    run("sync", moto, source, journal=journal)
    moto.client().delete_object(Bucket="media", Key="a")
    options = {"journal": journal, "missing": "forget"}
    for check in (True, False):
        found = run("verify", moto, source, check=check, **options)
        assert (found["verified"], found["changed"], found["counts"]["missing"]) == (True, False, 1)
        assert found["samples"] == {"missing": ["a"]}
        # what the journal still believes to be there would not be sent
        predicted = run("sync", moto, source, check=True, journal=journal, against="journal")
        assert predicted["plan"]["upload"]["files"] == (0 if check else 1)
    assert "1 missing" in run("verify", moto, source, journal=journal)["msg"]
    assert "journal" in run("verify", moto, source, missing="forget")["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [({"path": "/no/such"}, "does not exist"), ({"sample": 0}, "sample"), ({"bucket": "no-such"}, "NoSuchBucket")],
)
def test_bad_input(bucket, source, options, words):
    options = {"path": str(source), **options}
    failed = run("verify", bucket, options.pop("path"), **options)
    assert failed["failed"]
    assert words in failed["msg"]


def test_a_certificate_is_written_once_and_holds_without_the_directory(bucket, source, tmp_path):
    certificate = str(tmp_path / "kept" / "media.gz")
    run("sync", bucket, source)
    assert "certificate" not in run("verify", bucket, source, check=True, certificate=certificate)
    assert not (tmp_path / "kept").exists()
    written = run("verify", bucket, source, certificate=certificate)
    assert (written["changed"], written["verified"], written["certificate"]["files"]) == (True, True, 2)
    assert written["certificate"]["bucket"] == "media" and written["certificate"]["endpoint"].startswith("http")
    again = run("verify", bucket, source, certificate=certificate)
    assert (again["changed"], again["certificate"]) == (False, written["certificate"])
    client = bucket.client()
    client.put_object(Bucket="media", Key="later", Body=b"3")
    options = {**bucket.connection, "bucket": "media", "source": "certificate", "certificate": certificate, **SHARED}
    for check in (True, False):
        found = run_module("verify", options, check=check)
        assert (found["changed"], found["verified"], found["certificate"]) == (False, True, written["certificate"])
        assert (found["counts"]["matched"], found["counts"]["extra"], found["bytes"]) == (2, 1, 6 * 1024 * 1024 + 1)
    client.put_object(Bucket="media", Key="a", Body=b"2")
    client.delete_object(Bucket="media", Key="b/c")
    failed = run_module("verify", options)
    assert "the certificate and the bucket differ (1 missing, 1 different, 1 extra)" in failed["msg"]
    assert failed["samples"]["missing"] == ["b/c"]


def test_what_differs_is_not_certified(bucket, source, tmp_path):
    certificate = tmp_path / "media.gz"
    run("sync", bucket, source)
    run("verify", bucket, source, certificate=str(certificate))
    before = certificate.read_bytes()
    (source / "new").write_bytes(b"3")
    reported = run("verify", bucket, source, certificate=str(certificate), on_difference="report")
    assert (reported["verified"], reported["changed"]) == (False, False)
    assert "certificate" not in reported
    assert certificate.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"source": "certificate"}, "missing: certificate"),
        ({"source": "certificate", "certificate": "/no/such.gz"}, "/no/such.gz"),
        ({"source": "certificate", "certificate": "/no/such.gz", "live": True, "journal": "/tmp/j"}, "a certificate is not live"),
        ({"certificate": "{source}/c.gz"}, "is inside"),
        ({"certificate": "/tmp"}, "is a directory"),
    ],
)
def test_bad_input_about_a_certificate(bucket, source, options, words):
    options = {name: value.format(source=source) if isinstance(value, str) else value for name, value in options.items()}
    failed = run("verify", bucket, source, **options)
    assert failed["failed"]
    assert words in failed["msg"]


def test_without_a_certificate_the_directory_has_to_be_named(bucket):
    failed = run_module("verify", {**bucket.connection, "bucket": "media"})
    assert failed["failed"] and "path" in failed["msg"]
