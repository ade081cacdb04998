# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as a user runs them, against a running application, a real S3 server, and clients that keep uploading."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ansible_collections.mediastore.s3.tests.e2e.browser import Browser
from ansible_collections.mediastore.s3.tests.e2e.migrate_site import (
    BUCKET,
    Site,
    Writer,
    changes_nothing,
    plain,
    predicted_and_repeated,
    ran,
    snapshot,
    wait_for,
)
from ansible_collections.mediastore.s3.tests.servers.faultproxy import FaultProxy
from ansible_collections.mediastore.s3.tests.servers.moto_auth import MotoAuthS3
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3
from ansible_collections.mediastore.s3.tests.servers.relay import Relay
from ansible_collections.mediastore.s3.tests.servers.tls import make_certificates


@pytest.fixture
def site(tmp_path):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", "a-secret-of-the-store") as store:
        made = Site(tmp_path, store)
        made.build()
        try:
            yield made
        finally:
            made.close()


def test_the_whole_way_and_back_and_again(site, tmp_path):
    config, mode = site.config.read_bytes(), site.config.stat().st_mode
    with Writer(site):
        planned = re.sub(r"\s+", " ", ran(site.play("plan")).output)
        assert "Nothing was changed." in planned
        assert "bill: no price of a request is known, no price of storage is known (there is no price list of" in planned
        done = ran(site.play("sync"))
        assert re.search(r"A cutover now would stop the application for about [0-9.]+ s", done.output), done.output
        assert site.stage() == "synced"
        done = ran(site.play("cutover"))
        assert site.stage() == "healthy"
    shown = re.search(r"down    (\S+) s for the cutover; (\S+) s were expected", done.output)
    assert float(shown.group(1)) > 0 and float(shown.group(2)) > 10
    assert f"report  {site.state}/media/report.html" in done.output
    told = json.loads((site.state / "media" / "report.json").read_text())
    assert told["downtime_s"] == pytest.approx(float(shown.group(1)), abs=0.06)
    assert told["verification"][0]["checked"] > 60 and told["log"][-1][1].startswith("proved: ")
    assert "the application runs on the bucket; it was down for" in (site.state / "media" / "report.html").read_text()
    shutil.copy(site.state / "media" / "report.html", tmp_path / "cutover.html")
    before_cutover = set(site.acknowledged)
    assert json.loads(site.config.read_text())["backend"] == "s3"
    assert list(site.media.rglob("*")) == [], "the application's directory is empty, so it serves from the bucket"
    assert site.lost() == []

    with Writer(site):
        for number in range(600):
            assert site.upload(f"after/{number}", 10 * number)
        for number in range(1, 300):
            assert site.upload(f"after/{number}" if number > 30 else f"first/{number % 7}/{number}.bin", 77), "another content"
        for number in range(500, 600):
            assert site.delete(f"after/{number}")
        assert site.delete("first/6/6.bin"), "which comes back, and is no loss when the next cutover looks for losses"
        ran(site.play("rollback"))
    assert set(site.acknowledged) > before_cutover - {"first/6/6.bin"}
    assert site.stage() == "rolled_back"
    assert (site.config.read_bytes(), site.config.stat().st_mode) == (config, mode)
    assert not site.backup.exists()
    assert site.lost() == []
    assert (site.media / "after/4").read_bytes() == site.acknowledged["after/4"]

    refused = site.play("verify")
    assert refused.status != 0 and "stands at rolled_back" in refused.output
    ran(site.play("cutover"))
    refused = site.play("finalize")
    assert refused.status != 0 and "is kept 7 days, until 20" in refused.output
    assert site.backup.is_dir()

    (site.backup / "first/not-of-ours.txt").write_text("came after the cutover")
    done = ran(site.play("finalize", "-e", "migrate_keep_backup_days=0"))
    assert "first/not-of-ours.txt" in done.output
    assert [path.name for path in site.backup.rglob("*") if path.is_file()] == ["not-of-ours.txt"]
    assert site.lost() == []
    the_reports_can_be_read(site, shown.group(1), tmp_path)
    the_bucket_is_held_against_the_certificate(site)


def the_reports_can_be_read(site, downtime_s, tmp_path):
    """Those of the cutover and of the end: on a phone and on a desk, by day and by night, asking nobody for anything."""
    with Browser(tmp_path / "chromium") as browser:
        for page in (tmp_path / "cutover.html", site.state / "media" / "report.html"):
            for width in (390, 1280):
                for dark in (False, True):
                    seen = browser.open(page, width, dark)
                    assert seen.problems() == []
                    assert "seconds of downtime" in seen.text and "Inside the cutover" in seen.text
                    # the last copy, and the rest of the window
                    assert seen.shapes["part p0"] == seen.shapes["part p1"] == 1
                    if page.name == "cutover.html":
                        assert f"it was down for {downtime_s} s" in seen.text


def the_bucket_is_held_against_the_certificate(site):
    """Nothing but that is left to compare with."""
    client, proved_by_us = site.store.client(), (key for key, body in site.acknowledged.items() if len(body) == 3000)
    key = next(key for key in proved_by_us if key.startswith("first/"))
    proved = json.loads((site.state / "media" / "report.json").read_text())["verification"][0]["checked"]
    assert site.upload("later/1", 10) and site.upload("after/41", 78)
    done = ran(site.play("verify"))
    assert f"{proved - 1} of {proved} files are in the bucket as they were proved on 20" in done.output
    assert "Since then 1 were written anew, 0 deleted and 1 uploaded." in re.sub(r"\s+", " ", done.output)
    assert done.changed == 0
    found = client.get_object(Bucket=BUCKET, Key=key)
    whole = found["Body"].read()
    client.put_object(Bucket=BUCKET, Key=key, Body=bytes(len(whole)), Metadata=found["Metadata"])
    refused = site.play("verify")
    assert refused.status != 0 and f"{key} (same size, other content)" in refused.output
    client.put_object(Bucket=BUCKET, Key=key, Body=whole, Metadata=found["Metadata"])
    assert site.delete(key)
    refused = site.play("verify")
    assert refused.status != 0 and key in refused.output
    done = ran(site.play("verify", "-e", "migrate_accept_deleted=true"))
    assert "1 deleted" in re.sub(r"\s+", " ", done.output)


@pytest.fixture
def asked(site, tmp_path):
    """What the store is asked from outside, by somebody before it who writes it down."""
    certificates, heard = make_certificates(tmp_path / "way"), []
    plain = RcloneS3(tmp_path / "plain", "ACCESSKEY", "a-secret-of-the-store", tls=False)
    with plain as store, FaultProxy(certificates, store.port, rate=1.0) as way:
        way.spares = lambda request: heard.append(request) or True
        reached = {"endpoint_url": way.url, "ca_path": str(certificates.ca)}
        (store.data / BUCKET).mkdir()
        files = [{"path": str(site.config), "content": json.dumps({**site.settings("s3"), **reached})}]
        site.vary(mediastore_store={**store.connection, **reached}, generic_switch_files=files)
        yield heard


def test_a_plan_says_how_many_requests_the_store_will_get_and_what_they_cost(site, asked):
    """One of the files is so large that it goes in two parts; what a cutover adds is in it."""
    prices = {"copy_per_1000": 1000, "list_per_1000": 10, "get_per_1000": 0, "storage_per_gib_month": {"STANDARD": 1000}}
    site.vary(migrate_prices={**prices, "currency": "EUR"})
    told = re.sub(r"\s+", " ", ran(site.play("plan")).output)
    words = r"Requests of the copy, a cutover and its proof: (\d+) that write, (\d+) LIST, (\d+) GET\."
    writes, lists, gets = map(int, re.search(words, told).groups())
    stored = sum(len(body) for body in site.acknowledged.values()) / 1024**3 * 1000
    assert f"Estimated bill: {writes + lists * 0.01:.2f} EUR once for these requests, {stored:.2f} EUR a month for" in told
    assert "(the task, without discounts and taxes)" in told

    asked.clear()
    ran(site.play("sync"))
    ran(site.play("cutover"))
    # the last is the application's own, which asks the bucket for something when it is asked whether it is healthy
    done = Counter(request.operation for request in asked if "health-check" not in request.target)
    assert done["UploadPart"] == 2
    # rclone refuses one now and then, which is then sent again: nobody can predict that
    assert writes == len({(request.method, request.target) for request in asked if request.method in ("PUT", "POST")})
    assert lists == done["ListObjects"]
    # obstore believes no refusal before boto3 has had it too: that the mark is missing is asked twice
    assert gets == done["GetObject"] - 1
    assert site.lost() == []


def test_two_applications_do_not_share_a_bucket_by_mistake(site):
    ran(site.play("sync"))
    mark = site.store.client().get_object(Bucket=BUCKET, Key=".mediastore-owner")["Body"].read().decode()
    assert re.fullmatch(r"media [0-9a-f]{12}", mark)
    anew = ("-e", f"migrate_state_dir={site.directory}/another")
    for stage in ("plan", "cutover"):
        refused = site.play(stage, *anew)
        assert refused.status != 0 and f"belongs to '{mark}'" in re.sub(r"\s+", " ", refused.output), refused.output
    assert site.lost() == []
    ran(site.play("sync", *anew, "-e", "migrate_adopt=true"))
    assert "belongs to" in site.play("sync").output
    ran(site.play("cutover", *anew))
    assert site.lost() == []
    ran(site.play("rollback", *anew))
    assert not (site.media / ".mediastore-owner").exists()


def test_check_mode_predicts_the_run_and_a_second_run_changes_nothing(site):
    finalize = ("finalize", "-e", "migrate_keep_backup_days=0")
    for stage in ("sync", "cutover", "rollback"):
        predicted_and_repeated(site, stage)
    ran(site.play("cutover"))
    predicted_and_repeated(site, *finalize)
    for stage, *options in ((*finalize, "--check"), ("plan",), ("status",), ("verify",)):
        changes_nothing(site, stage, *options)
    assert site.stage() == "finalized"
    assert not site.backup.exists(), "every file of the backup was proved to be in the bucket"
    assert site.lost() == []


def test_settings_that_lie_on_the_controller_are_put_in_place_and_never_shown(site, tmp_path):
    config, mode, source = site.config.read_bytes(), site.config.stat().st_mode, tmp_path / "depot.json"
    source.write_text(json.dumps(site.settings("s3"), indent=3))
    source.chmod(0o600)
    site.vary(generic_switch_files=[{"path": str(site.config), "src": str(source)}])
    ran(site.play("sync"))
    shown = ran(site.play("cutover", "-vvv", "--diff")).output
    assert "Stop the application, copy the last files" in shown and site.store.secret_key not in shown
    assert base64.b64encode(source.read_bytes()).decode() not in shown
    assert site.config.read_bytes() == source.read_bytes() and site.config.stat().st_mode & 0o777 == 0o600
    assert site.lost() == []
    ran(site.play("rollback"))
    assert (site.config.read_bytes(), site.config.stat().st_mode) == (config, mode)
    assert site.lost() == []


def test_a_plan_tries_what_the_key_may_do(site, tmp_path):
    """It has to list, read and write, need not delete, and leaves nothing behind."""
    with MotoAuthS3(tmp_path / "moto") as store:
        iam, owner = store.client(service="iam"), store.client()
        owner.create_bucket(Bucket=BUCKET)
        iam.create_user(UserName="migration")
        key = iam.create_access_key(UserName="migration")["AccessKey"]
        secrets = {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}
        site.vary(mediastore_store={**store.connection, **secrets})
        shown = {}
        for denied in ("s3:PutObject", "s3:DeleteObject"):
            rules = [
                {"Effect": effect, "Action": action, "Resource": "*"} for effect, action in (("Allow", "s3:*"), ("Deny", denied))
            ]
            document = json.dumps({"Version": "2012-10-17", "Statement": rules})
            iam.put_user_policy(UserName="migration", PolicyName="p", PolicyDocument=document)
            shown[denied] = site.play("plan")
        assert shown["s3:PutObject"].status != 0
        assert "it may not write (AccessDenied)" in re.sub(r"\s+", " ", shown["s3:PutObject"].output)
        assert "The key may list, read, write." in ran(shown["s3:DeleteObject"]).output
        assert owner.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
        assert not owner.list_multipart_uploads(Bucket=BUCKET).get("Uploads")


def test_a_damaged_and_a_missing_object_are_named_and_nothing_is_stopped(site):
    ran(site.play("sync"))
    objects = site.store.data / BUCKET
    whole = (objects / "first/2/2.bin").read_bytes()
    damaged, missing = objects / "first/0/0.bin", objects / "first/3/3.bin"
    damaged.write_bytes(bytes(damaged.stat().st_size))
    missing.unlink()
    with Writer(site) as writer:
        refused = site.play("cutover")
    assert refused.status != 0
    assert "first/0/0.bin" in refused.output and "first/3/3.bin" in refused.output
    assert writer.refused == 0, "the application was never stopped"
    assert site.stage() == "synced"
    ran(site.play("sync"))
    assert damaged.read_bytes() == site.acknowledged["first/0/0.bin"]
    assert (objects / "first/2/2.bin").read_bytes() == whole
    ran(site.play("cutover"))
    assert site.lost() == []


@pytest.fixture
def slowly(site):
    """The store at the other end of a slow line, with one file at a time: each file takes a fifth of a second and more."""
    address = urlsplit(site.store.connection["endpoint_url"])
    with Relay(address.port) as line:
        line.late_s = 0.2
        url = address._replace(netloc=f"{address.hostname}:{line.port}").geturl()
        site.vary(mediastore_store=dict(site.store.connection, endpoint_url=url), migrate_concurrency=1)
        yield line


def test_a_window_that_would_be_too_long_is_refused_and_nothing_is_stopped(site):
    ran(site.play("sync"))
    site.vary(migrate_downtime_budget=10.1)
    with Writer(site) as writer:
        refused = site.play("cutover")
    assert refused.status != 0
    assert writer.refused == 0, "the application was never stopped"
    assert site.stage() == "synced"
    words = r"would be down for about (\S+) s,\s+and migrate_downtime_budget is 10.1 s"
    expected = float(re.search(words, refused.output).group(1))
    passes = re.search(r"last copies before the stop took ([0-9. s,]+) s", refused.output).group(1).split(" s, ")
    assert 1 < len(passes) <= 5
    assert expected == pytest.approx(10 + float(passes[-1]), abs=0.11)
    assert "is assumed to take 10" in refused.output


def test_the_last_copy_is_repeated_until_the_window_is_short(site, slowly, tmp_path):
    """What comes while everything is verified takes long to copy, and what comes meanwhile does not."""
    log = tmp_path / "cutover.log"
    site.vary(migrate_downtime_budget=25)
    process = site.begin("cutover", log)
    assert wait_for(process, log, "Record the live copy")
    for number in range(100):
        assert site.upload(f"meanwhile/{number}", 10)
    assert process.wait() == 0, log.read_text()
    assert log.read_text().count("migrate : Copy what came in the meantime]") == 2
    assert site.stage() == "healthy"
    assert site.lost() == []


def copying(site):
    """What status says about the copy in the background."""
    found = re.search(r"copying (.*) \(in the background\)|copied  (.*) \(in the background\)", ran(site.play("status")).output)
    return found and found.group(1, 2)


def job_of(site):
    return int(json.loads((site.state / "media" / "copying").read_text())["pid"])


def ended(pid):
    """Whether a job has ended; nobody is left to take a killed one's status but init."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def soon(condition):
    """Wait for what must become true within two minutes."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_copy_in_the_background_needs_nobody(site, slowly):
    """It goes on when ansible-playbook has ended, is looked at, is in the way of a cutover, and can be killed."""
    assert copying(site) is None
    background = ("-e", "migrate_background=true")
    predicted = ran(site.play("sync", "--check", *background))
    assert predicted.changed and not (site.state / "media" / "copying").exists()
    begun = ran(site.play("sync", *background))
    assert "The copy has begun. It goes on without this run of Ansible." in begun.output
    soon((site.state / "media" / "copying").exists)
    first = job_of(site)
    os.kill(first, signal.SIGSTOP)  # so that there is time to look
    slowly.late_s = 0.0
    assert re.match(r"(plan|upload): ", copying(site)[0])
    assert "The copy is under way already: " in ran(site.play("sync", *background)).output
    for stage in ("cutover", "sync"):
        refused = site.play(stage)
        assert refused.status != 0 and f"or end it: kill {first}" in refused.output
    assert job_of(site) == first
    os.kill(first, signal.SIGKILL)
    soon(lambda: ended(first))
    assert "it was cut short" in copying(site)[1]
    ran(site.play("sync", *background))
    soon(lambda: job_of(site) != first)
    soon(lambda: ended(job_of(site)))
    assert re.match(r"it is complete: [0-9]+ files in [0-9]+ s", copying(site)[1])
    done = ran(site.play("sync"))
    assert site.stage() == "synced" and "A cutover now would stop the application for about" in done.output
    ran(site.play("cutover"))
    assert site.lost() == []


def test_damage_in_the_window_is_found_by_the_proof_and_undone(site):
    cut, _gone = site.damage_at_the_stop()
    config = site.config.read_bytes()
    with Writer(site):
        undone = site.play("cutover")
    assert undone.status != 0
    assert "The cutover was undone" in undone.output
    assert f"{cut.name} (60000 bytes in the store, 70000 here)" in undone.output and "first/3/3.bin" in undone.output
    assert site.stage() == "rolled_back"
    assert site.config.read_bytes() == config
    assert site.lost() == []
    ran(site.play("sync"))
    ran(site.play("cutover"))
    assert site.lost() == []


def deletes(site, key):
    """Code by which the application is asked to delete a medium."""
    request = f"urllib.request.Request('http://127.0.0.1:{site.port}/media/{key}', method='DELETE')"
    return f"urllib.request.urlopen({request}, timeout=20).close()"


def rewriting(site, tmp_path, key, body, also="pass"):
    """Have the application write a medium anew as soon as it runs on the bucket; a medium that is not served any more is lost."""
    start = site.inventory()["all"]["hosts"]["depot"]["generic_start_command"]
    script = tmp_path / "start.sh"
    script.write_text(
        f"#!{sys.executable}\nimport os, subprocess, urllib.request\nsubprocess.run({start!r}, shell=True, check=True)\n"
        f"if not os.path.exists('{tmp_path}/rewritten'):\n    open('{tmp_path}/rewritten', 'w').close()\n    {also}\n"
        f"    request = urllib.request.Request('http://127.0.0.1:{site.port}/media/{key}', {body!r}, method='PUT')\n"
        "    urllib.request.urlopen(request, timeout=20).close()\n"
    )
    script.chmod(0o755)
    site.vary(generic_start_command=str(script))
    site.acknowledged[key] = body


def test_a_medium_that_is_written_anew_before_the_proof_is_no_damage(site, tmp_path):
    rewriting(site, tmp_path, "first/2/2.bin", b"the new version")
    old = site.media.joinpath("first/2/2.bin").read_bytes()
    done = ran(site.play("cutover"))
    assert "first/2/2.bin" not in done.output
    assert site.stage() == "healthy"
    assert site.lost() == []
    ran(site.play("rollback"))
    assert site.lost() == []
    assert site.media.joinpath("first/2/2.bin").read_bytes() == b"the new version"
    assert Path(f"{site.media}.replaced", "first/2/2.bin").read_bytes() == old
    ran(site.play("cutover"))
    assert site.upload("first/4/4.bin", 5000)
    assert site.lost() == []
    ran(site.play("finalize", "-e", "migrate_keep_backup_days=0"))
    assert not site.backup.exists()
    assert site.lost() == []


def test_a_medium_that_the_application_deletes_is_missing_until_somebody_says_so(site, tmp_path):
    """During the proof it undoes the cutover, later it keeps the backup; with migrate_accept_deleted its old file stays."""
    key, number = "first/5/5.bin", "first/6/6.bin"
    old = site.acknowledged[key]
    rewriting(site, tmp_path, "first/2/2.bin", b"new", also=deletes(site, key))
    del site.acknowledged[key]
    accept = ("-e", "migrate_accept_deleted=true", "-e", "migrate_keep_backup_days=0")
    ran(site.play("cutover", *accept))
    assert site.delete(number)
    refused = site.play("finalize", *accept[2:])
    assert refused.status != 0
    assert key not in refused.output, "it was accepted, and the journal does not say any more that it is there"
    assert "so nothing of it was removed: " in refused.output and "1 missing, 0 different" in re.sub(r"\s+", " ", refused.output)
    assert number in refused.output
    assert len([path for path in site.backup.rglob("*") if path.is_file()]) == 60
    done = ran(site.play("finalize", *accept))
    assert key in done.output and number in done.output
    left = {str(path.relative_to(site.backup)): path.read_bytes() for path in site.backup.rglob("*") if path.is_file()}
    assert set(left) == {key, number} and left[key] == old
    assert site.stage() == "finalized"
    assert site.lost() == []


def test_an_undone_cutover_keeps_what_was_written_anew(site, tmp_path):
    erase = site.erasing("first/3/3.bin")
    rewriting(site, tmp_path, "first/2/2.bin", b"the new version", also=f"subprocess.run({erase!r}, check=True)")
    undone = site.play("cutover")
    assert undone.status != 0
    assert "The cutover was undone" in undone.output and "first/3/3.bin" in undone.output
    assert site.stage() == "rolled_back"
    assert site.lost() == []
    assert "first/3/3.bin" in (site.state / "media" / "report.html").read_text()
    ran(site.play("sync"))
    ran(site.play("cutover"))
    assert site.lost() == []


def test_an_application_that_does_not_get_healthy_is_switched_back(site):
    broken = dict(site.settings("s3"), secret_key="wrong")
    site.vary(generic_switch_files=[{"path": str(site.config), "content": json.dumps(broken)}])
    config = site.config.read_bytes()
    site.vary(generic_health_url=f"http://127.0.0.1:{site.port}/media/first/1/1.bin")
    with Writer(site):
        undone = site.play("cutover")
    assert undone.status != 0
    assert "The cutover was undone" in undone.output and "Could not find the application healthy" in undone.output
    assert "Next, when the cause is found: ansible-playbook -i" in undone.output
    assert site.config.read_bytes() == config
    assert site.lost() == []
    status = ran(site.play("status"))
    assert "why     Could not find the application healthy on the bucket" in status.output
    assert status.output.count("Next: ") == 1 and "migrate.cutover" in status.output


def uploading(site, tmp_path):
    """A command that uploads, reads back, and notes when; it fails where there is a file that says so."""
    script = tmp_path / "upload.py"
    script.write_text(
        "import os, pathlib, sys, urllib.request\n"
        "when = os.environ['MEDIASTORE_PROOF']\n"
        f"if pathlib.Path({str(tmp_path)!r}, 'no-' + when).exists():\n    sys.exit('the quota is used up')\n"
        f"url = 'http://127.0.0.1:{site.port}/media/proof/' + when\n"
        "urllib.request.urlopen(urllib.request.Request(url, when.encode(), method='PUT'), timeout=20).close()\n"
        "assert urllib.request.urlopen(url, timeout=20).read() == when.encode()\n"
        f"open({str(tmp_path / 'proofs')!r}, 'a').write(when + '\\n')\n"
    )
    return f"{sys.executable} {script}"


def test_an_upload_through_the_application_is_a_part_of_the_proof(site, tmp_path):
    site.vary(migrate_proof_command=uploading(site, tmp_path))
    (tmp_path / "no-before").touch()
    before = snapshot(site.media, site.config.parent)
    refused = site.play("cutover")
    assert refused.status != 0 and site.stage() == "new"
    assert "Could not upload through the application before the switch:" in plain(refused)
    assert "ended with 1: the quota is used up Nothing was stopped." in plain(refused)
    assert snapshot(site.media, site.config.parent) == before
    assert ran(site.play("cutover", "--check")) and snapshot(site.media, site.config.parent) == before

    (tmp_path / "no-before").unlink()
    (tmp_path / "no-after").touch()
    undone = site.play("cutover")
    assert "The cutover was undone" in undone.output, undone.output
    assert "Could not upload through the application after the switch:" in plain(undone)
    assert site.media.joinpath("proof/before").read_bytes() == b"before"

    (tmp_path / "no-after").unlink()
    with Writer(site):
        ran(site.play("cutover"))
    assert (tmp_path / "proofs").read_text().split() == ["before", "before", "after"]
    assert (site.store.data / BUCKET / "proof/after").read_bytes() == b"after"
    assert site.lost() == []
    ran(site.play("rollback"))
    assert site.media.joinpath("proof/after").read_bytes() == b"after"
    assert site.lost() == []


def test_an_application_that_runs_and_cannot_write_is_switched_back(site, tmp_path):
    broken = dict(site.settings("s3"), secret_key="wrong")
    site.vary(generic_switch_files=[{"path": str(site.config), "content": json.dumps(broken)}])
    # it only says that its process is there
    site.vary(generic_health_url="", migrate_proof_command=uploading(site, tmp_path), migrate_proof_timeout=10)
    config = site.config.read_bytes()
    undone = site.play("cutover")
    assert undone.status != 0 and "The cutover was undone" in undone.output
    assert "Could not upload through the application after the switch:" in plain(undone)
    assert site.config.read_bytes() == config
    assert site.lost() == []
    site.vary(migrate_proof_command="sleep 60", migrate_proof_timeout=1)
    slow = plain(site.play("cutover"))
    assert "Upload something through the application] " in slow and "Timed out after 1 second" in slow, slow
    site.vary(migrate_proof_command="/nowhere/upload")
    nowhere = plain(site.play("cutover"))
    assert "before the switch: /nowhere/upload ended with 2: Error executing command." in nowhere, nowhere[-2500:]
    assert site.stage() == "rolled_back" and site.lost() == []


def test_an_application_that_cannot_be_stopped_goes_on_running(site):
    site.vary(generic_stop_command="/bin/false")
    undone = site.play("cutover")
    assert undone.status != 0
    assert "The cutover was undone" in undone.output and "Reason: Could not stop the application" in plain(undone)
    assert site.stage() == "rolled_back"
    assert site.lost() == []


def test_a_store_that_dies_in_the_window_does_not_keep_the_application_down(site, tmp_path):
    ran(site.play("sync"))
    start = site.inventory()["all"]["hosts"]["depot"]["generic_start_command"]
    script = tmp_path / "start.sh"
    script.write_text(f"#!/bin/sh\n[ -e {tmp_path}/dead ] || kill -9 {site.store.pid}\ntouch {tmp_path}/dead\nexec {start}\n")
    script.chmod(0o755)
    site.vary(
        generic_start_command=str(script),
        mediastore_store=dict(site.store.connection, connect_timeout=1, max_attempts=1),
        generic_health_url=f"http://127.0.0.1:{site.port}/media/first/1/1.bin",
    )
    undone = site.play("cutover")
    assert undone.status != 0
    assert site.lost() == []
    assert "owed    the bucket" in ran(site.play("status")).output
    site.store.stop()
    site.store.start()
    ran(site.play("rollback"))
    assert ran(site.play("rollback")).changed == 0
    assert "owed    the bucket" not in ran(site.play("status")).output
    assert site.lost() == []


def test_what_is_owed_is_brought_back_before_anything_is_copied_over_it(site, tmp_path):
    ran(site.play("sync"))
    start = site.inventory()["all"]["hosts"]["depot"]["generic_start_command"]
    url = f"http://127.0.0.1:{site.port}/media/"
    script = tmp_path / "start.py"
    script.write_text(
        f"import os, pathlib, shlex, subprocess, sys, urllib.request\n"
        f"done = subprocess.run(shlex.split({start!r})).returncode\n"
        f"dead = pathlib.Path({str(tmp_path / 'dead')!r})\n"
        "if not dead.exists():\n"
        "    dead.touch()\n"
        "    for key, body in (('new/1.bin', b'new'), ('first/2/2.bin', b'written anew'), ('new/2.bin', b'older')):\n"
        f"        urllib.request.urlopen(urllib.request.Request({url!r} + key, body, method='PUT'), timeout=20).close()\n"
        f"    os.kill({site.store.pid}, 9)\n"
        "sys.exit(done)\n"
    )
    store = site.store.connection
    site.vary(
        generic_start_command=f"{sys.executable} {script}",
        mediastore_store=dict(store, connect_timeout=1, max_attempts=1),
        generic_health_url=f"{url}first/1/1.bin",
    )
    undone = site.play("cutover")
    assert undone.status != 0 and "owed    the bucket" in ran(site.play("status")).output
    site.acknowledged.update({"new/1.bin": b"new", "first/2/2.bin": b"written anew"})
    assert sorted(site.lost()) == ["first/2/2.bin", "new/1.bin"], "the application went back without them"
    assert site.upload("new/2.bin", 3000), "what is in the bucket of this name is older from now on"
    for stage in ("sync", "cutover"):
        refused = site.play(stage)
        assert refused.status != 0 and "Bring back what exists only in the bucket" in refused.output, "the store is still away"

    site.store.stop()
    site.store.start()
    site.vary(mediastore_store=store)
    ran(site.play("cutover"))
    assert "owed    the bucket" not in ran(site.play("status")).output
    assert site.lost() == []
    ran(site.play("rollback"))
    assert site.lost() == []


def test_everything_that_stands_in_the_way_is_named_at_once(site):
    site.backup.mkdir()
    site.vary(
        migrate_state_dir=str(site.media / "state"),
        generic_services=["no-such-unit.service"],
        mediastore_store=dict(site.store.connection, secret_key="wrong-secret"),
    )
    before = snapshot(site.media, site.config.parent, site.store.data)
    for stage in ("plan", "cutover"):
        refused = site.play(stage)
        assert refused.status != 0 and refused.changed == 0
        assert "is inside" in refused.output
        assert snapshot(site.media, site.config.parent, site.store.data) == before
    site.vary(migrate_state_dir=str(site.state))
    for stage in ("plan", "sync"):
        refused = site.play(stage)
        assert refused.status != 0 and refused.changed == 0
        for words in ("media.before-s3 exists already", "no-such-unit.service", "bucket media"):
            assert words in refused.output, refused.output
        assert "wrong-secret" not in refused.output
    assert snapshot(site.media, site.config.parent, site.store.data) == before


def test_rsync_without_a_mount_and_with_what_a_mount_cannot_do_is_refused_with_its_reasons(site):
    site.vary(migrate_transport="rsync", migrate_background=True, migrate_shared_by=["depot", "another"])
    site.vary(migrate_cache_control="public", migrate_storage_class="STANDARD_IA")
    refused = site.play("plan")
    assert refused.status != 0 and refused.changed == 0
    for words in (
        "migrate_transport is rsync, which writes through the mount of migrate_layout mount, and migrate_layout is native.",
        "migrate_transport is rsync, and hosts that share a directory copy to the bucket, each a part.",
        "migrate_transport is rsync, and migrate_background is a copy to the bucket without a mount.",
        "objects do not get what these say: migrate_cache_control, migrate_storage_class.",
    ):
        assert words in plain(refused), refused.output
    assert not list((site.store.data / BUCKET).iterdir())


def test_rsync_writes_nothing_into_a_bucket_of_somebody_else(site):
    mount = {"name": "media", "backend": "rclone", "bucket": BUCKET, "path": str(site.media)}
    mount.update(owner=site.media.owner(), group=site.media.group())
    site.vary(migrate_transport="rsync", migrate_layout="mount", generic_switch_files=[], mediastore_mounts=[mount])
    mark = site.store.data / BUCKET / ".mediastore-owner"
    mark.write_text("another 0123456789ab")
    refused = site.play("sync")
    assert refused.status != 0 and refused.failed == 1
    assert "what is there belongs to 'another 0123456789ab'" in plain(refused)
    assert "Say whose the bucket is" in refused.output and "Mount the bucket beside" not in refused.output
    assert list((site.store.data / BUCKET).iterdir()) == [mark]


def test_a_bucket_that_is_not_there_and_times_without_a_meaning_are_named(site):
    site.vary(migrate_bucket="medai", migrate_proof_timeout=0, migrate_backup_max_age=0)
    for stage in ("plan", "cutover"):
        refused = plain(site.play(stage))
        assert "The bucket medai does not exist. Make it with mediastore.s3.provision, or correct migrate_bucket." in refused
        assert "migrate_proof_timeout is 0" in refused and "migrate_backup_max_age is 0" in refused
    assert site.stage() == "new" and not list((site.store.data / BUCKET).iterdir())


def test_without_a_fresh_backup_nothing_is_copied_or_switched(site, tmp_path):
    marker = tmp_path / "backup-ended"
    site.vary(migrate_backup_marker=str(marker), migrate_backup_max_age=2)
    for stage in ("sync", "cutover"):
        refused = site.play(stage)
        assert refused.status != 0 and f"There is no fresh backup: migrate_backup_marker, {marker}, does not exist." in plain(
            refused
        )
    marker.touch()
    os.utime(marker, (time.time() - 9000,) * 2)
    assert "was written 2.5 hours ago, and migrate_backup_max_age is 2. Make a backup." in plain(site.play("sync"))
    assert not list((site.store.data / BUCKET).iterdir())
    marker.touch()
    ran(site.play("sync"))
    ran(site.play("sync", "--check"))


def test_a_health_address_that_never_answered_is_refused_before_the_stop(site):
    site.vary(generic_health_url=f"http://127.0.0.1:{site.port}/media/no-such-thing")
    with Writer(site) as writer:
        refused = site.play("cutover")
    assert refused.status != 0
    assert "Start the application, or correct generic_health_url" in refused.output
    assert writer.refused == 0
    assert site.stage() in ("new", "synced")
