# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys from host_vars on every store: made, kept, changed, rotated under load, revoked; and nobody sees a secret."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.interop.applies import only, where
from ansible_collections.mediastore.s3.tests.interop.keyholder import KeyHolder, until
from ansible_collections.mediastore.s3.tests.interop.keysite import KeySite, cut_the_power
from ansible_collections.mediastore.s3.tests.servers.relay import Relay
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

PROVISION, ROTATE = "mediastore.s3.provision", "mediastore.s3.rotate_key"
KEYS = where(lambda profile: profile.keys.keyring != "none")
#: with a key in a vault: nothing about a vault depends on the store
IN_VAULTS = "ceph"
#: by an interface of S3's kind, and by one of its own; what each keyring does is tested without playbooks (test_keyrings.py)
BOTH_KINDS = ("ceph", "garage")
QUICK = {"rotate_key_drain": 2, "rotate_key_grace": 2}


@pytest.fixture
def site(store, tmp_path):
    """A host of that store. In the end all is gone, and no secret was shown by anything that ran."""
    made = KeySite(tmp_path, store)
    yield made
    run_module("access_key", {**made.admin, "name": made.name, "state": "absent"})
    for bucket in (made.bucket, made.other):
        run_module("bucket", {**made.admin, "name": bucket, "state": "absent", "force": True, "force_confirm": bucket})
    assert made.leaks() == []


def holder(site, kept, bucket=""):
    return KeyHolder(site.owner, site.client(kept), bucket or site.bucket)


@where(lambda place, name: name == IN_VAULTS or (place == "file" and name in BOTH_KINDS))
@pytest.mark.parametrize("place", ["file", "vault"])
def test_a_key_is_predicted_made_kept_and_left_alone(site, place):
    keys = [site.key("read_only", place=place)]
    predicted = site.run(PROVISION, "--check", mediastore_keys=keys)
    assert predicted.status == 0, predicted.output
    assert site.kept(place) == {}
    done = site.run(PROVISION, mediastore_keys=keys)
    assert done.status == 0 and done.changed == predicted.changed, done.output
    kept = site.kept(place)
    assert set(kept) == {"access_key", "secret_key"}
    holding = holder(site, kept)
    assert holding.may("read") and holding.may("list") and not holding.may("write")
    again = site.run(PROVISION, mediastore_keys=keys)
    assert (again.status, again.changed) == (0, 0), again.output
    assert site.kept(place) == kept
    if place == "file":
        assert site.file.stat().st_mode & 0o777 == 0o600
    else:
        assert site.vault.read_text().startswith("$ANSIBLE_VAULT;")
        assert [path.name for path in site.vault.parent.iterdir()] == ["keys.yml"]
    gone = site.run(PROVISION, mediastore_keys=[{**keys[0], "state": "absent"}])
    assert gone.status == 0 and gone.changed == 1, gone.output
    assert site.kept(place) == {} and until(lambda: not holding.known())
    revoked = run_module("access_key", {**site.admin, "name": site.name, "state": "absent"})
    assert not revoked["changed"], revoked


@only(*BOTH_KINDS)
def test_what_a_key_may_do_is_widened_and_narrowed(site):
    assert site.run(PROVISION, mediastore_keys=[site.key("read_only")]).status == 0
    kept = site.kept()
    holding = holder(site, kept)
    wide = [site.key("read_write")]
    predicted, done = site.run(PROVISION, "--check", mediastore_keys=wide), site.run(PROVISION, mediastore_keys=wide)
    assert (predicted.status, done.status, done.changed) == (0, 0, predicted.changed) and done.changed == 1, done.output
    assert holding.waits_for("write", True) and holding.may("delete")
    narrow = site.run(PROVISION, mediastore_keys=[site.key("read_only")])
    assert (narrow.status, narrow.changed) == (0, 1), narrow.output
    assert holding.waits_for("write", False) and holding.may("read")
    assert site.kept() == kept


@pytest.fixture
def application(site):
    """Starts an application that uses the key which is kept, and counts what fails."""
    running = []

    def start(key: Path) -> subprocess.Popen[bytes]:
        settings = {name: site.admin.get(name) for name in ("endpoint_url", "ca_path")}
        settings |= {"bucket": site.bucket, "region": site.admin.get("region") or "us-east-1", "key": str(key)}
        (site.directory / "app.json").write_text(json.dumps({**settings, "counts": str(site.directory / "counts.json")}))
        script = Path(__file__).with_name("busyapp.py")
        process = subprocess.Popen([sys.executable, str(script), str(site.directory / "app.json")])
        running.append(process)
        assert until((site.directory / "counts.json").exists)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


def counted(site, process):
    """What the application counted, after its end."""
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    return json.loads((site.directory / "counts.json").read_text())


def generic(process, **more):
    """The application, as the role generic has to know it."""
    return {
        "rotate_key_app": "generic",
        "generic_status_command": f"kill -0 {process.pid}",
        "generic_reload_command": f"kill -HUP {process.pid}",
        **more,
    }


@KEYS
def test_a_key_in_a_file_is_rotated_and_not_one_of_twenty_operations_a_second_fails(site, application):
    keys = [site.key("read_write")]
    assert site.run(PROVISION, mediastore_keys=keys).status == 0
    old = site.kept()
    process = application(site.file)
    options = {"mediastore_keys": keys, "rotate_key_name": site.name, **QUICK, **generic(process)}
    predicted = site.run(ROTATE, "--check", **options)
    assert predicted.status == 0 and site.kept() == old, predicted.output
    site.client(old).put_object(Bucket=site.bucket, Key="before", Body=b"written with the old key")
    done = site.run(ROTATE, **options)
    new = site.kept()
    time.sleep(1)
    counts = counted(site, process)
    assert done.status == 0, done.output
    assert set(new) == {"access_key", "secret_key"} and new["access_key"] != old["access_key"]
    assert (counts["failed"], counts["errors"]) == (0, [])
    assert set(counts["keys"]) == {old["access_key"], new["access_key"]}
    assert "is deleted, and the store refuses it" in done.output
    assert until(lambda: not holder(site, old).known()) and holder(site, new).may("write")
    # Nobody lost it: neither the application nor whoever owns the bucket, though who wrote it is gone.
    for client in (site.client(new), site.owner):
        assert client.get_object(Bucket=site.bucket, Key="before")["Body"].read() == b"written with the old key"
    assert site.run(PROVISION, mediastore_keys=keys).changed == 0
    print(f"\nrotation on {site.store.name}: operations={counts['done']} failed={counts['failed']}")


@only(IN_VAULTS)
def test_a_key_in_a_vault_is_rotated_and_reaches_the_application(site, application):
    keys = [site.key("read_write", place="vault")]
    assert site.run(PROVISION, mediastore_keys=keys).status == 0
    old = site.kept("vault")
    written = site.directory / "app-key.json"
    written.write_text(json.dumps(old))
    process = application(written)
    content = f"{{{{ mediastore_secrets['{site.name}'] | ansible.builtin.to_json }}}}"
    files = {"generic_switch_files": [{"path": str(written), "content": content, "mode": "0600"}]}
    options = {"mediastore_keys": keys, "rotate_key_name": site.name, **QUICK, **generic(process, **files)}
    done = site.run(ROTATE, **options)
    new = site.kept("vault")
    time.sleep(1)
    counts = counted(site, process)
    assert done.status == 0, done.output
    assert set(new) == {"access_key", "secret_key"} and new["access_key"] != old["access_key"]
    assert json.loads(written.read_text())["access_key"] == new["access_key"]
    assert (counts["failed"], counts["errors"]) == (0, [])
    assert until(lambda: not holder(site, old).known()) and holder(site, new).may("write")


@only(*BOTH_KINDS)
def test_killed_between_making_and_keeping_a_key_nothing_is_lost(site):
    """kill -9 of all that runs when the store has the key and its answer is on the way, so that nobody knows its secret."""
    for bucket in (site.bucket, site.other):
        assert not run_module("bucket", {**site.admin, "name": bucket}).get("failed")
    task = {**site.key("read_only", place="vault"), **site.admin}
    play = site.directory / "play.yml"

    def write(option, url):
        tasks = [{"mediastore.s3.access_key": {**task, option: url}}]
        play.write_text(yaml.safe_dump([{"hosts": "chat", "gather_facts": False, "tasks": tasks}]))

    option = "admin_url" if "admin_url" in site.admin else "endpoint_url"
    address = urlsplit(site.admin[option])
    with Relay(address.port) as line:
        line.late_s = 1.0
        write(option, address._replace(netloc=f"{address.hostname}:{line.port}").geturl())
        process = site.start(str(play))
        while not (orphans := ids(site)) and process.poll() is None:
            time.sleep(0.2)  # well within the second that the answer takes
        cut_the_power(process.pid)
        process.wait()
    assert orphans and ids(site) == orphans and not site.kept("vault").get("access_key")
    write(option, site.admin[option])
    done = site.run(str(play))
    assert done.status == 0, done.output
    kept = site.kept("vault")
    # One key, and its secret is the one that is kept.
    assert ids(site) == [kept["access_key"]] and kept["access_key"] not in orphans and "unfinished" not in kept
    assert holder(site, kept).waits_for("read", True)


def ids(site):
    """The keys of the name that the store has, asked in this process."""
    found = run_module("access_key_info", {**site.admin, "name": site.name})
    assert not found.get("failed"), found
    return [key["access_key"] for key in found["access_keys"]]
