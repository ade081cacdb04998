# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host as a user would have it: a depot with media, an S3 server with TLS, an inventory, and clients that keep uploading."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.mediastore.s3.tests.servers import depot
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

BUCKET = "media"
PLAYBOOK_TIMEOUT_S = 240
#: the task that is the whole window
AT_ONCE = "Stop the application, copy the last files, switch it, start it, and wait until it is healthy"
BACK_AT_ONCE = "Stop the application, bring its files and settings back, start it, and wait until it is healthy"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def snapshot(*roots: Path) -> dict[str, tuple[Any, ...]]:
    """Every path below the roots with its kind, mode, owner, time and content: equal snapshots mean nothing was changed."""
    found: dict[str, tuple[Any, ...]] = {}
    for root in roots:
        for path in [root, *sorted(root.rglob("*"))]:
            stat = path.lstat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(path)] = (stat.st_mode, stat.st_uid, stat.st_ino, content)
    return found


@dataclass
class Play:
    """What a playbook run printed."""

    status: int
    output: str

    @property
    def changed(self) -> int:
        """The number of changed tasks in the recap."""
        return self._recap("changed")

    @property
    def failed(self) -> int:
        """The number of failed tasks in the recap."""
        return self._recap("failed")

    def _recap(self, word: str) -> int:
        return int(self.output.rpartition("PLAY RECAP")[2].partition(f"{word}=")[2].split()[0])


@dataclass
class Site:
    """The host, its store and its application."""

    directory: Path
    store: RcloneS3
    seed: int = 1
    variables: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.media = self.directory / "media"
        self.backup = self.directory / "media.before-s3"
        self.config = self.directory / "etc" / "depot.json"
        self.state = self.directory / "state"
        self.port = free_port()
        self.random = random.Random(self.seed)
        #: what a client was told is stored: key -> content
        self.acknowledged: dict[str, bytes] = {}

    def build(self, files: int = 60) -> None:
        """Lay out the directory, start the application and upload the first files."""
        for folder in (self.media, self.config.parent, self.directory / "run", self.store.data / BUCKET):
            folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(json.dumps(self.settings("directory"), indent=1) + "\n")
        self.config.chmod(0o640)
        (self.directory / "inventory.json").write_text(json.dumps(self.inventory(), indent=1))
        self.depot("start")
        for number in range(files):
            size = self.random.choice((0, 10, 3000, 70_000)) if number else 9_000_000
            self.upload(f"first/{number % 7}/{number}.bin", size)

    def settings(self, backend: str) -> dict[str, Any]:
        """The application's configuration."""
        run = self.directory / "run"
        settings = {"port": self.port, "pid_file": str(run / "pid"), "log": str(run / "log"), "backend": backend}
        if backend != "s3":
            settings["directory"] = str(self.media)
        if backend == "directory":
            return settings
        needed = ("endpoint_url", "access_key", "secret_key", "ca_path")
        connection = {key: value for key, value in self.store.connection.items() if key in needed}
        return dict(settings, bucket=BUCKET, **connection)

    def inventory(self) -> dict[str, Any]:
        """An inventory as a user would write it."""
        command = f"{sys.executable} {depot.__file__}"
        return {
            "all": {
                "hosts": {
                    "depot": {
                        "ansible_connection": "local",
                        "ansible_python_interpreter": sys.executable,
                        "mediastore_store": self.store.connection,
                        # test_engine_role.py is about that
                        "mediastore_engine_install": False,
                        "migrate_app": "generic",
                        "migrate_bucket": BUCKET,
                        "migrate_state_dir": str(self.state),
                        "generic_path": str(self.media),
                        "generic_stop_command": f"{command} stop {self.config}",
                        "generic_start_command": f"{command} start {self.config}",
                        "generic_status_command": f"{command} status {self.config}",
                        "generic_health_url": f"http://127.0.0.1:{self.port}/health",
                        "generic_health_timeout": 3,
                        "generic_switch_files": [{"path": str(self.config), "content": json.dumps(self.settings("s3"))}],
                        **self.variables,
                    }
                }
            }
        }

    def vary(self, **variables: Any) -> None:
        """Change variables of the inventory."""
        self.variables.update(variables)
        (self.directory / "inventory.json").write_text(json.dumps(self.inventory(), indent=1))

    # the application

    def depot(self, action: str) -> int:
        """Run the application's command."""
        return subprocess.run([sys.executable, depot.__file__, action, str(self.config)], check=action != "status").returncode

    def request(self, method: str, key: str, body: bytes | None = None) -> tuple[int, bytes]:
        """One request of a client; status 0 when there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, f"/media/{key}", body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def upload(self, key: str, size: int) -> bool:
        """Upload random bytes and remember them if the application acknowledged."""
        body = self.random.randbytes(size)
        stored = self.request("PUT", key, body)[0] == 201
        if stored:
            self.acknowledged[key] = body
        return stored

    def delete(self, key: str) -> bool:
        """Delete a medium; from then on nobody asks for it."""
        self.acknowledged.pop(key, None)
        return self.request("DELETE", key)[0] == 204

    def lost(self) -> list[str]:
        """The keys that the application no longer serves as it acknowledged them."""
        return [key for key, body in self.acknowledged.items() if self.request("GET", key) != (200, body)]

    def erasing(self, key: str) -> list[str]:
        """A command that removes an object, through the store: behind its back it would go on listing what it cannot give."""
        told = self.store.connection
        client = {"endpoint_url": told["endpoint_url"], "verify": str(told["ca_path"]), "region_name": "us-east-1"}
        client.update(aws_access_key_id=told["access_key"], aws_secret_access_key=told["secret_key"])
        script = self.directory / "erase.py"
        script.write_text(f"import boto3\nboto3.client('s3', **{client!r}).delete_object(Bucket={BUCKET!r}, Key={key!r})\n")
        return [sys.executable, str(script)]

    def damage_at_the_stop(self) -> tuple[Path, Path]:
        """Have one object cut off and another removed when the application stops, once.

        Damage in a store leaves what it says about the object; here that is the time of the file.
        """
        key = next(key for key, body in self.acknowledged.items() if len(body) == 70_000)
        cut, gone = self.store.data / BUCKET / key, self.store.data / BUCKET / "first/3/3.bin"
        stop = self.inventory()["all"]["hosts"]["depot"]["generic_stop_command"]
        erase = self.erasing("first/3/3.bin")
        script, done, time_of = (self.directory / name for name in ("damage.sh", "damaged", "time"))
        script.write_text(
            f"#!/bin/sh\nset -e\n{stop}\n[ -e {done} ] && exit 0\ntouch {done}\n"
            f"touch -r {cut} {time_of}\nhead -c 60000 /dev/zero > {cut}\ntouch -r {time_of} {cut}\n{' '.join(erase)}\n"
        )
        script.chmod(0o755)
        self.vary(generic_stop_command=str(script))
        return cut, gone

    # the playbooks

    def command(self, stage: str, *options: str) -> list[str]:
        """The command that a user types."""
        playbook = Path(sys.executable).with_name("ansible-playbook")
        return [str(playbook), "-i", str(self.directory / "inventory.json"), f"mediastore.s3.migrate.{stage}", *options]

    def environment(self) -> dict[str, str]:
        """No setting of the developer's, but where the collection is."""
        keep = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "AWS_"))}
        collections = os.environ["ANSIBLE_COLLECTIONS_PATH"]
        home = {"ANSIBLE_HOME": str(self.directory / "ansible"), "ANSIBLE_LOCAL_TEMP": str(self.directory / "tmp")}
        return {**keep, **home, "ANSIBLE_COLLECTIONS_PATH": collections, "ANSIBLE_PIPELINING": "true", "NO_COLOR": "1"}

    def play(self, stage: str, *options: str) -> Play:
        """Run a playbook to its end."""
        done = subprocess.run(
            self.command(stage, *options),
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=PLAYBOOK_TIMEOUT_S,
            text=True,
            check=False,
        )
        return Play(done.returncode, done.stdout)

    def begin(self, stage: str, log: Path) -> subprocess.Popen[bytes]:
        """Start a playbook and leave it running; its output can be followed in *log*."""
        # not PYTHONUNBUFFERED, which the modules would inherit and be read byte by byte
        unbuffered = [sys.executable, "-u", *self.command(stage)]
        with open(log, "wb") as out:
            return subprocess.Popen(unbuffered, env=self.environment(), stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    def stage(self) -> str:
        """The stage that is recorded on the host."""
        path = self.state / "media" / "migration.json"
        return str(json.loads(path.read_text())["stage"]) if path.exists() else "new"

    def close(self) -> None:
        """Stop the application."""
        self.depot("stop")


def ran(play: Play) -> Play:
    """A playbook that had to succeed."""
    assert play.status == 0, play.output
    return play


def plain(play: Play) -> str:
    """What it printed, without the line breaks that Ansible puts in."""
    return re.sub(r"\s+", " ", play.output)


def seen(site: Site, *without: Path) -> dict[str, tuple[Any, ...]]:
    """All that a stage may change."""
    roots = (site.media, site.config.parent, site.store.data, site.state, site.backup)
    return snapshot(*(root for root in roots if root.exists() and root not in without))


def changes_nothing(site: Site, stage: str, *options: str) -> None:
    """A stage that had to succeed and to leave all as it was."""
    before = seen(site)
    done = ran(site.play(stage, *options))
    assert (done.changed, seen(site)) == (0, before), done.output


def predicted_and_repeated(site: Site, stage: str, *options: str) -> None:
    """A stage whose check mode says that it will change something and does not, and whose second run changes nothing."""
    before = seen(site)
    predicted = ran(site.play(stage, "--check", "--diff", *options))
    assert seen(site) == before
    assert predicted.changed > 0, predicted.output
    assert site.store.secret_key not in predicted.output
    ran(site.play(stage, *options))
    # but for the state, which says when it was asked
    before = seen(site, site.state)
    again = ran(site.play(stage, *options))
    assert (again.changed, seen(site, site.state)) == (0, before), again.output


def wait_for(process: subprocess.Popen[bytes], log: Path, task: str) -> bool:
    """Wait until a playbook begins a task; False when it ended without."""
    deadline = time.monotonic() + PLAYBOOK_TIMEOUT_S
    while time.monotonic() < deadline:
        if f"{task}] ***" in log.read_text(errors="replace"):
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    raise TimeoutError(f"the task {task!r} did not begin, see {log}")


def kill_hard(process: subprocess.Popen[bytes]) -> None:
    """kill -9 of ansible-playbook alone, if it still runs: what it started on the host goes on for as long as it likes."""
    process.kill()
    process.wait()


class Writer:
    """A client that uploads all the time, and tries again while the application is down."""

    def __init__(self, site: Site, pause_s: float = 0.3) -> None:
        self.site = site
        self.pause_s = pause_s
        self.refused = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def _write(self) -> None:
        number = 0
        while not self._end.is_set():
            number += 1
            size = (5, 2000, 150_000)[number % 3]
            if not self.site.upload(f"live/{id(self)}/{number % 5}/{number}.bin", size):
                self.refused += 1
            time.sleep(self.pause_s)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._end.set()
        self._thread.join()
