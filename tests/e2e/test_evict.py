# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""evict as a user runs it: a playbook that leaves a program, and the program alone, without Ansible and without a controller."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

SECRET = "a-secret-that-must-not-show"
FILES = 40


class Site:
    """A directory, its bucket, and a playbook that leaves the program."""

    def __init__(self, root: Path, store: RcloneS3) -> None:
        self.root = root
        self.store = store
        self.media = root / "media"
        self.bucket = store.data / "media"
        self.program = root / "evict.pyz"
        self.interpreter = ""
        for number in range(FILES):
            for place in (self.media, self.bucket):
                path = place / "local_content" / f"{number % 5}" / f"{number:03d}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"content of {number}")
                os.utime(path, (time.time() - (100 - number) * 86400,) * 2)

    def play(self, *flags: str, **options) -> dict:
        """Run the task; its result."""
        task = {
            "path": str(self.media),
            "bucket": "media",
            "journal": str(self.root / "state" / "journal"),
            "max_bytes": "300",
            "job": str(self.program),
            **options,
        }
        task = {name: value for name, value in task.items() if value is not None}
        tasks = [
            {"name": "Evict", "mediastore.s3.evict": task, "register": "done"},
            {
                "name": "Show",
                "ansible.builtin.copy": {"content": "{{ done }}", "dest": str(self.root / "done")},
                "check_mode": False,
            },
        ]
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "module_defaults": {"group/mediastore.s3.store": self.store.connection},
            "tasks": tasks,
        }
        (self.root / "play.yml").write_text(yaml.safe_dump([play]))
        keep = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["ansible-playbook", str(self.root / "play.yml"), *flags],
            env={**keep, "PATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert SECRET not in done.stdout + done.stderr
        return json.loads((self.root / "done").read_text())

    def run(self) -> subprocess.CompletedProcess:
        """Run the program as a timer does: nothing in its environment, another directory, nobody at the other end."""
        command = [self.interpreter or sys.executable, str(self.program)]
        return subprocess.run(
            command, cwd="/", env={}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )

    def left(self) -> int:
        return sum(path.is_file() for path in self.media.rglob("*"))


@pytest.fixture
def site(tmp_path):
    with RcloneS3(tmp_path / "store", "ACCESSKEY", SECRET) as store:
        yield Site(tmp_path, store)


def test_a_program_is_left_that_works_alone(site):
    foreseen = site.play("--check", "--diff")
    assert foreseen["changed"] and not site.program.exists()
    left = site.play()
    assert (left["changed"], left["job"]["path"]) == (True, str(site.program))
    assert (stat.S_IMODE(site.program.stat().st_mode), site.left()) == (0o600, FILES)
    site.interpreter = left["job"]["interpreter"]
    assert not site.play()["changed"], "the same program was written again"
    done = site.run()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    kept = sum(path.stat().st_size for path in site.media.rglob("*") if path.is_file())
    assert site.left() < FILES and 280 < kept <= 300
    assert done.stdout.startswith(f"{FILES - site.left()} files (")
    assert len(done.stdout.splitlines()) == 1 and SECRET not in done.stdout
    again = site.run()
    assert (again.returncode, again.stdout[:8]) == (0, "0 files ")


def test_the_program_fails_as_the_task_would_and_says_why(site):
    (site.bucket / "local_content" / "0" / "000").write_text("other")
    site.interpreter = site.play(max_age="0s")["job"]["interpreter"]
    done = site.run()
    assert done.returncode == 1 and site.left() == 1
    assert done.stdout.startswith("Could not evict from") and "local_content/0/000 (5 bytes in the store" in done.stdout
    site.store.stop()
    done = site.run()
    assert done.returncode == 1 and "Could not list bucket media" in done.stdout


def test_another_option_makes_another_program(site):
    site.play()
    assert site.play(max_bytes="2K")["changed"]
    with zipfile.ZipFile(site.program) as archive:
        sent = json.loads(archive.read("options.json"))["ANSIBLE_MODULE_ARGS"]
    assert sent["max_bytes"] == 2048 and "job" not in sent
    site.program.chmod(0o644)
    assert site.play(max_bytes="2K")["changed"]
    assert stat.S_IMODE(site.program.stat().st_mode) == 0o600


def test_the_task_itself_evicts_through_a_playbook(site):
    done = site.play(job=None, max_bytes="100")
    assert done["changed"] and done["local"]["bytes"] <= 100 and site.left() == done["local"]["files"]
