# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sync module against stores that run."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.files import Lock
from ansible_collections.mediastore.s3.tests.servers.liar import LIE, LyingS3
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.unit.modules.running import PACKAGE, run_module

MIB = 1024 * 1024
#: names that servers, proxies and signatures get wrong
ODD = [
    "plain",
    "a b",
    "a+b",
    "a%20b",
    "a&b=c?d#e",
    "ü/é",
    "🎉/x",
    "a.txt",
    "a/b",
    "a-b",
    "a0",
    "~",
    "'\"",
    "port:8448/x",
    "back\\slash",
    "(x)*!",
]


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.mkdir()
    return path


@pytest.fixture
def bucket(rclone):
    (rclone.data / "media").mkdir()
    return rclone


@pytest.fixture
def moto_tls(tmp_path):
    with MotoS3(tmp_path / "moto", tls=True) as store:
        store.client().create_bucket(Bucket="media")
        yield store


def write(root, **files):
    for name, body in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


#: options that all runs of a test share
SHARED = {}


@pytest.fixture(autouse=True, params=["boto3", "obstore"])
def engine(request, monkeypatch):
    """Every test is run with each engine; which makes no difference but for its name."""
    monkeypatch.setitem(SHARED, "engine", request.param)
    return request.param


def sync(store, path, check=False, diff=False, **options):
    options = {**store.connection, "path": str(path), "bucket": "media", **SHARED, **options}
    return run_module("sync", options, check=check, diff=diff)


def names(root):
    """The files below a directory; rclone's unfinished ones are none."""
    found = [os.path.relpath(os.path.join(where, name), root) for where, _folders, files in os.walk(root) for name in files]
    return sorted(name for name in found if ".rclone_temp" not in name)


def contents(root):
    return {name: (root / name).read_bytes() for name in names(root)}


def test_a_directory_with_odd_names_there_and_back(bucket, source, tmp_path, engine):
    for name in ODD:
        write(source, **{name: name.encode()})
    write(source, empty=b"", large=os.urandom(11 * MIB + 5))
    os.utime(source / "plain", ns=(1, 1_500_000_000_123_456_789))
    journal = str(tmp_path / "state" / "journal")
    predicted = sync(bucket, source, check=True, diff=True, prefix="p/", journal=journal)
    assert (predicted["changed"], predicted["complete"]) == (True, False)
    assert "+ p/'" in predicted["diff"]["prepared"]
    assert not os.path.exists(tmp_path / "state")
    assert contents(bucket.data) == {}
    first = sync(bucket, source, prefix="p/", journal=journal)
    # these two are for reading before, and a real run counts neither
    assert {*predicted["plan"]} - {*first["plan"]} == {"requests", "estimate"}
    assert first["plan"].items() <= predicted["plan"].items()
    assert (first["changed"], first["complete"], first["engine"]) == (True, True, engine)
    assert first["transferred"] == {"files": len(ODD) + 2, "bytes": sum(len(body) for body in contents(source).values())}
    assert contents(bucket.data / "media" / "p") == contents(source)
    again = sync(bucket, source, prefix="p/", journal=journal)
    assert (again["changed"], again["complete"]) == (False, True)
    back = tmp_path / "back"
    back.mkdir()
    down = sync(bucket, back, direction="download", prefix="p/")
    assert (down["changed"], down["transferred"]) == (True, first["transferred"])
    assert contents(back) == contents(source)
    assert os.stat(back / "plain").st_mtime_ns == 1_500_000_000_123_456_789
    assert not sync(bucket, back, direction="download", prefix="p/")["changed"]


def test_objects_are_stored_as_asked(moto_tls, source):
    write(source, **{"a.png": b"x", "b.tar.gz": b"x", "noext": b"x", "large.txt": os.urandom(6 * MIB)})
    done = sync(
        moto_tls,
        source,
        cache_control="public, max-age=60",
        metadata={"Origin": "synapse"},
        storage_class="STANDARD_IA",
        acl="public-read",
        part_size="5M",
    )
    assert done["complete"], done
    client = moto_tls.client()
    for key, kind in {
        "a.png": "image/png",
        "b.tar.gz": "application/octet-stream",
        "noext": "application/octet-stream",
        "large.txt": "text/plain",
    }.items():
        head = client.head_object(Bucket="media", Key=key)
        assert (head["ContentType"], head["CacheControl"], head["StorageClass"]) == (kind, "public, max-age=60", "STANDARD_IA")
        assert head["Metadata"]["origin"] == "synapse"
        found = os.stat(source / key)
        assert head["Metadata"]["mtime"] == f"{found.st_mtime_ns // 10**9}.{found.st_mtime_ns % 10**9:09d}"
        grants = client.get_object_acl(Bucket="media", Key=key)["Grants"]
        assert any(grant["Permission"] == "READ" and "AllUsers" in grant["Grantee"].get("URI", "") for grant in grants)
    assert client.head_object(Bucket="media", Key="large.txt")["ETag"].endswith('-2"')
    assert sync(moto_tls, source, part_size="6M")["plan"]["reasons"] == {"same_content": 4}


def test_a_literal_content_type(moto_tls, source):
    write(source, **{"a.png": b"x"})
    assert sync(moto_tls, source, content_type="application/x-mine")["complete"]
    assert moto_tls.client().head_object(Bucket="media", Key="a.png")["ContentType"] == "application/x-mine"


def test_encrypted_with_the_customers_key(moto_tls, source, tmp_path):
    write(source, a=b"secret", b=os.urandom(6 * MIB))
    key = base64.b64encode(os.urandom(32)).decode()
    done = sync(moto_tls, source, sse_customer_key=key, journal=str(tmp_path / "j"), part_size="5M")
    assert done["complete"], done
    assert key not in json.dumps(done)
    assert not sync(moto_tls, source, sse_customer_key=key, journal=str(tmp_path / "j"))["changed"]
    back = tmp_path / "back"
    back.mkdir()
    assert sync(moto_tls, back, sse_customer_key=key, direction="download")["complete"]
    assert contents(back) == contents(source)


@pytest.fixture
def liar(tmp_path):
    with LyingS3(tmp_path / "liar", tls=True) as store:
        store.client().create_bucket(Bucket="media")
        store.requests.clear()
        yield store


def test_etags_that_do_not_belong_to_the_bytes_are_a_failure(liar, source, tmp_path):
    write(source, a=b"1", b=b"2")
    liar.lies = {"/media/a"}
    failed = sync(liar, source, journal=str(tmp_path / "j"))
    assert failed["failed"]
    assert f"the store answered the ETag {LIE} for bytes whose MD5 is" in failed["msg"]
    assert (failed["failures"], failed["transferred"]["files"], failed["complete"]) == (1, 1, False)
    liar.lies = set()
    done = sync(liar, source, journal=str(tmp_path / "j"), against="journal")
    assert (done["plan"]["upload"]["files"], done["complete"]) == (1, True)


def test_where_etags_tell_nothing_every_object_is_read_back(liar, source, tmp_path):
    write(source, a=b"1", b=b"2")
    liar.lies = {"/media/a", "/media/b"}
    options = {"journal": str(tmp_path / "j"), "sse_customer_key": base64.b64encode(bytes(32)).decode()}
    done = sync(liar, source, **options)
    assert (done["transferred"]["files"], done["complete"]) == (2, True), done
    assert [request for request in sorted(liar.requests) if request.startswith("GET /media/")] == ["GET /media/a", "GET /media/b"]
    assert not sync(liar, source, **options)["changed"]


def test_against_the_journal_no_listing_is_made(moto, source, tmp_path):
    moto.client().create_bucket(Bucket="media")
    journal = str(tmp_path / "j")
    write(source, a=b"1", b=b"2")
    sync(moto, source, journal=journal)
    write(source, c=b"3")
    moto.requests.clear()
    done = sync(moto, source, journal=journal, against="journal")
    assert moto.requests == ["PUT /media/c"]
    assert done["plan"]["reasons"]["missing"] == 1
    assert done["complete"]


def test_a_listing_of_many_pages(bucket, source):
    for number in range(2100):
        write(bucket.data / "media", **{f"{number % 30:02d}__{number:04d}é": b""})
    assert sync(bucket, source, check=True)["plan"]["reasons"] == {"only_in_store": 2100}
    assert sync(bucket, source, check=True, prefix="07/")["plan"]["reasons"] == {"only_in_store": 70}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"path": "/no/such/directory"}, "does not exist"),
        ({"journal": "{source}/journal"}, "is inside"),
        ({"journal": "{source}"}, "is a directory"),
        ({"journal": "/proc/journal"}, "cannot be written|Could not"),
        ({"against": "journal"}, "journal"),
        ({"against": "journal", "direction": "download", "journal": "{other}/j"}, "a download compares with the store"),
        ({"keep_replaced": "{other}"}, "is for downloads"),
        ({"keep_replaced": "{source}/kept", "direction": "download"}, "is inside"),
        ({"part_size": "1M"}, "part_size"),
        ({"concurrency": 0}, "concurrency"),
        ({"bandwidth": ["fast"]}, "bandwidth has 'fast'"),
        ({"bandwidth": ["25:00 1M"]}, "bandwidth has '25:00 1M'"),
        ({"bandwidth": ["08:00 1M", "8:00 off"]}, "one for this time already"),
        ({"prefix": "/x"}, "begins with '/'"),
        ({"metadata": {"who": "Ü"}}, "not plain ASCII"),
        ({"acl": "public-read"}, "does not take the ACL"),
        ({"sse_customer_key": "c2hvcnQ="}, "cannot encrypt with SSE-C"),
        ({"bucket": "nowhere"}, "NoSuchBucket"),
        ({"access_key": "WRONGKEY"}, "InvalidAccessKeyId|403"),
        ({"secret_key": "wrong"}, "SignatureDoesNotMatch|403"),
        ({"endpoint_url": "https://127.0.0.1:1", "max_attempts": 1}, "Connect|connect"),
    ],
)
def test_bad_input_is_one_clear_error_and_nothing_is_sent(bucket, source, tmp_path, options, words):
    write(source, a=b"1")
    options = {
        name: value.format(source=source, other=tmp_path) if isinstance(value, str) else value for name, value in options.items()
    }
    failed = sync(bucket, options.pop("path", source), **options)
    assert failed["failed"]
    assert re.search(words, failed["msg"]), failed["msg"]
    assert contents(bucket.data) == {}


def test_what_goes_over_the_line_is_limited(bucket, source):
    write(source, **{f"a{number}": b"x" * 10_000 for number in range(20)})
    begun = time.monotonic()
    assert sync(bucket, source, bandwidth=["50k"])["complete"]
    assert time.monotonic() - begun > 200_000 / 51_200 - 1
    assert len(contents(bucket.data)) == 20


def test_a_customer_key_that_is_no_key(moto_tls, source):
    assert "not 32 bytes" in sync(moto_tls, source, sse_customer_key="c2hvcnQ=")["msg"]
    key = base64.b64encode(bytes(32)).decode()
    assert "plain HTTP" in sync(moto_tls, source, endpoint_url="http://127.0.0.1:1", sse_customer_key=key)["msg"]


def test_two_runs_at_once_with_one_journal(bucket, source, tmp_path):
    write(source, a=b"1")
    journal = str(tmp_path / "j")
    with Lock(journal + ".lock"):
        failed = sync(bucket, source, journal=journal)
    assert f"process {os.getpid()}" in failed["msg"]
    assert failed["error"]["code"] == "Busy"
    assert contents(bucket.data) == {}
    assert sync(bucket, source, journal=journal)["complete"]


def test_a_journal_of_another_bucket_is_refused(bucket, source, tmp_path):
    write(source, a=b"1")
    journal = str(tmp_path / "j")
    sync(bucket, source, journal=journal)
    for check in (True, False):
        failed = sync(bucket, source, journal=journal, prefix="other/", check=check)
        assert failed["error"]["code"] == "ForeignJournal"


def test_a_journal_on_a_full_filesystem(bucket, source, monkeypatch, tmp_path):
    write(source, a=b"1")
    module = f"{PACKAGE.rpartition('.')[0]}.module_utils._base.tree"
    monkeypatch.setattr(f"{module}.free_bytes", lambda path: 1000)
    failed = sync(bucket, source, journal=str(tmp_path / "j"))
    assert "full" in failed["msg"]
    assert contents(bucket.data) == {}


def test_a_download_that_does_not_fit_is_not_begun(bucket, tmp_path, source, monkeypatch):
    write(bucket.data / "media", a=b"12345")
    monkeypatch.setattr(f"{PACKAGE.rpartition('.')[0]}.module_utils._base.transfer.free_bytes", lambda path: 4)
    failed = sync(bucket, source, direction="download")
    assert "5 B have to be downloaded and 4 B are free" in failed["msg"]
    assert contents(source) == {}


def test_what_is_replaced_is_kept(bucket, source, tmp_path):
    write(bucket.data / "media", a__x=b"from the store", b=b"same")
    write(source, a__x=b"the local one", b=b"same", mine=b"mine")
    done = sync(bucket, source, direction="download", keep_replaced=str(tmp_path / "kept"))
    assert (done["complete"], done["transferred"]["files"]) == (True, 1)
    assert contents(source) == {"a/x": b"from the store", "b": b"same", "mine": b"mine"}
    assert contents(tmp_path / "kept") == {"a/x": b"the local one"}


def rewrite(moto, key, body, **said):
    """As an application does it, or with the metadata of the object that was there, as damage has it."""
    moto.client().put_object(Bucket="media", Key=key, Body=body, **said)


def test_what_was_rewritten_comes_back_and_what_was_damaged_does_not(moto, source, tmp_path):
    moto.client().create_bucket(Bucket="media")
    write(source, damaged=b"whole", rewritten=b"old", cut=b"not cut", young=b"older", same=b"same")
    for name in names(source):
        os.utime(source / name, ns=(1, 1_600_000_000_123_456_789))
    journal = str(tmp_path / "j")
    sync(moto, source, journal=journal)
    for key, body in (("damaged", b"WHOLE"), ("cut", b"not")):
        rewrite(moto, key, body, Metadata=moto.client().head_object(Bucket="media", Key=key)["Metadata"])
    rewrite(moto, "rewritten", b"new")
    rewrite(moto, "added", b"added")
    rewrite(moto, "both", b"of the bucket")
    time.sleep(1.1)
    write(source, young=b"changed here", both=b"of the disk")
    options = {"direction": "download", "replace": "rewritten", "journal": journal, "keep_replaced": str(tmp_path / "kept")}
    done = sync(moto, source, **options)
    assert (done["complete"], done["transferred"]["files"], done["damaged"], done["newer"]) == (True, 2, 2, 1), done
    assert sorted(done["samples"]["damaged"]) == ["cut", "damaged"]
    assert done["plan"]["reasons"]["kept"] == 1
    expected = {"damaged": b"whole", "rewritten": b"new", "cut": b"not cut", "young": b"changed here", "same": b"same"}
    expected["both"] = b"of the disk"
    assert contents(source) == {**expected, "added": b"added"}
    assert contents(tmp_path / "kept") == {"rewritten": b"old"}
    again = sync(moto, source, **options)
    assert (again["changed"], again["damaged"]) == (False, 2)
    moto.client().delete_object(Bucket="media", Key="same")
    assert sync(moto, source, **options)["plan"]["reasons"]["only_local"] == 1
    predicted = sync(moto, source, check=True, journal=journal, against="journal")
    assert "same (missing)" in predicted["samples"]["planned"], "the journal does not say any more that it is there"
    # and what is uploaded then repairs the bucket
    assert sync(moto, source, journal=journal)["transferred"]["files"] == 5
    assert sync(moto, source, direction="download", journal=journal)["plan"]["unchanged"]["files"] == 7


def test_the_progress_file(bucket, source, tmp_path):
    write(source, a=b"1", b=b"22")
    sync(bucket, source, progress_file=str(tmp_path / "p"))
    state = json.loads((tmp_path / "p").read_text())
    assert (state["phase"], state["files_total"], state["bytes_total"]) == ("upload", 2, 3)


def start(store, path, **options):
    """The module in a process of its own, as on a host."""
    args = {**store.connection, "path": str(path), "bucket": "media", "_ansible_remote_tmp": "/tmp", **SHARED, **options}
    process = subprocess.Popen(
        [sys.executable, "-m", f"{PACKAGE}.sync"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=":".join(sys.path)),
    )
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode())
    process.stdin.close()
    return process


def wait_for(condition, process):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline and process.poll() is None, process.communicate()
        time.sleep(0.01)


def wait_for_files(directory, number, process):
    wait_for(lambda: len(names(directory)) >= number, process)


def end(process):
    process.stdout.close()
    process.stderr.close()
    return process.wait(30)


@pytest.mark.parametrize("after", [3, 60, 200])
def test_killed_at_any_moment_it_is_resumed(bucket, source, tmp_path, after):
    for number in range(400):
        write(source, **{f"{number % 7}__{number:03d}": b"%d" % number})
    journal = str(tmp_path / "j")
    process = start(bucket, source, journal=journal)
    wait_for_files(bucket.data, after, process)
    process.send_signal(signal.SIGKILL)
    assert end(process) == -signal.SIGKILL
    done = sync(bucket, source, journal=journal)
    assert (done["complete"], done["failures"]) == (True, 0)
    assert done["transferred"]["files"] <= 400 - after
    assert contents(bucket.data / "media") == contents(source)
    assert sync(bucket, source, journal=journal, against="journal")["plan"]["upload"]["files"] == 0


def test_an_upload_in_parts_that_was_killed_is_taken_back(moto_tls, source, tmp_path):
    write(source, large=os.urandom(60 * MIB))
    journal = str(tmp_path / "j")
    process = start(moto_tls, source, journal=journal, part_size="5M")
    wait_for(lambda: any("partNumber=3" in request for request in moto_tls.requests), process)
    process.send_signal(signal.SIGKILL)
    end(process)
    assert len(moto_tls.client().list_multipart_uploads(Bucket="media")["Uploads"]) == 1
    assert sync(moto_tls, source, journal=journal, part_size="5M")["complete"]
    assert "Uploads" not in moto_tls.client().list_multipart_uploads(Bucket="media")


def test_it_stops_when_nobody_waits_for_the_result(bucket, source, tmp_path):
    for number in range(2000):
        write(source, **{f"{number:04d}": b"%d" % number})
    process = start(bucket, source, journal=str(tmp_path / "j"), concurrency=2)
    wait_for_files(bucket.data, 10, process)
    end(process)
    assert 10 <= len(contents(bucket.data / "media")) < 2000
    with Lock(str(tmp_path / "j.lock")):
        pass


def test_a_plan_counts_the_requests_that_the_run_then_sends(moto, source, tmp_path):
    """What the server counted is what was predicted: small files, parts, a mark, and two pages of a listing."""
    client = moto.client()
    client.create_bucket(Bucket="media")
    for number in range(1001):
        client.put_object(Bucket="media", Key=f"old/{number:04d}", Body=b"x")
    write(source, small=b"1", empty=b"", large=bytes(13 * MIB), old__0007=b"x", old__0008=b"another")
    options = {"journal": str(tmp_path / "j"), "owned_by": "us", "adopt": True, "part_size": "5M"}
    predicted = run_module("sync", {**moto.connection, "path": str(source), "bucket": "media", **SHARED, **options}, check=True)
    plan = predicted["plan"]
    assert plan["requests"] == {"write": 3 + 5 + 1, "read": 1, "list": 2, "verify": 2}
    stored = 13 * MIB + 1 + 0 + 1 + 7
    assert plan["estimate"]["monthly"] == pytest.approx(stored / 1024**3 * 0.023, abs=1e-6)
    assert plan["estimate"]["upload"] == pytest.approx((9 + 2) * 0.000005 + 0.0000004, abs=1e-6)
    moto.requests.clear()
    done = run_module("sync", {**moto.connection, "path": str(source), "bucket": "media", **SHARED, **options})
    assert done["complete"] and "requests" not in done["plan"]
    listings = [request for request in moto.requests if "list-type=2" in request]
    gets = [request for request in moto.requests if request.startswith("GET ") and request not in listings]
    puts = [request for request in moto.requests if request.split()[0] in ("PUT", "POST")]
    # obstore believes no refusal before boto3 has had it too: that the mark is missing is asked twice
    twice = SHARED["engine"] == "obstore"
    counted = {"write": len(puts), "read": len(gets) - twice, "list": len(listings), "verify": 2}
    assert counted == plan["requests"]
    assert len(puts) + len(gets) + len(listings) == len(moto.requests)


@pytest.mark.parametrize(
    ("prices", "words"),
    [({"copy_per_1000": -1}, "the price copy_per_1000 is -1.0"), ({"storage_per_gib_month": {"STANDARD": "x"}}, "is 'x'")],
)
def test_prices_that_are_none(moto, source, prices, words):
    options = {"path": str(source), "bucket": "media", "prices": prices}
    failed = run_module("sync", {**moto.connection, **SHARED, **options}, check=True)
    assert failed["failed"] and words in failed["msg"]
