# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sync and verify as a user runs them: a playbook, a terminal or none, and a kill in the middle."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import Busy
from ansible_collections.mediastore.s3.plugins.module_utils._core.files import Lock
from ansible_collections.mediastore.s3.tests.servers.rclone import RcloneS3

SECRET = "a-secret-that-must-not-show"


class Site:
    """A directory, a store, and a playbook that syncs the one to the other."""

    def __init__(self, root: Path, store: RcloneS3, engine: str) -> None:
        self.root = root
        self.store = store
        self.engine = engine
        self.media = root / "media"
        self.journal = root / "state" / "journal"
        self.bucket = store.data / "media"
        for path in (self.media, self.bucket, root / "tmp", root / "async"):
            path.mkdir(parents=True)

    def fill(self, number: int) -> None:
        for name in range(number):
            path = self.media / f"{name % 9}" / f"{name:04d}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"content of {name}")

    def stored(self) -> int:
        return sum(not name.startswith(".") for _where, _folders, names in os.walk(self.bucket) for name in names)

    def write_play(self, tasks: list[dict]) -> list[str]:
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "vars_files": [str(self.root / "store.yml")],
            "module_defaults": {"group/mediastore.s3.store": "{{ mediastore_store }}"},
            "tasks": tasks,
        }
        (self.root / "store.yml").write_text(yaml.safe_dump({"mediastore_store": self.store.connection}))
        (self.root / "play.yml").write_text(yaml.safe_dump([play]))
        return ["ansible-playbook", str(self.root / "play.yml")]

    def task(self, module: str = "sync", keywords: dict | None = None, **options) -> dict:
        options = {"path": str(self.media), "bucket": "media", "journal": str(self.journal), "engine": self.engine, **options}
        return {"name": module, f"mediastore.s3.{module}": options, **(keywords or {})}

    def environment(self, **extra: str) -> dict[str, str]:
        keep = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        own = {"PATH": path, "TMPDIR": str(self.root / "tmp"), "ANSIBLE_ASYNC_DIR": str(self.root / "async")}
        return {**keep, **own, "TERM": "xterm", **extra}

    def run(self, tasks: list[dict], *flags: str) -> subprocess.CompletedProcess:
        command = [*self.write_play(tasks), *flags]
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=120, check=False)
        assert SECRET not in done.stdout + done.stderr and "Traceback" not in done.stdout + done.stderr
        return done

    def leftovers(self) -> list[str]:
        return [str(path) for place in ("tmp", "async") for path in (self.root / place).iterdir()]


@pytest.fixture(params=["boto3", "obstore"])
def site(tmp_path, request):
    """With each engine."""
    with RcloneS3(tmp_path / "store", "ACCESSKEY", SECRET) as store:
        yield Site(tmp_path, store, request.param)


def changed(output: str) -> int:
    return int(re.search(r"changed=(\d+)", output).group(1))


def on_terminal(site: Site, tasks: list[dict]) -> tuple[int, str]:
    """Exit status and everything that came to a terminal of 80 columns."""
    command, shown = site.write_play(tasks), []
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, site.environment(COLUMNS="80"))
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown.append(part)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), b"".join(shown).decode()


def test_check_predicts_the_run_and_the_second_run_changes_nothing(site):
    site.fill(40)
    kept = site.root / "result.json"
    keep = {"name": "keep", "ansible.builtin.copy": {"content": "{{ synced | to_json }}", "dest": str(kept)}, "diff": False}
    tasks = [site.task(keywords={"register": "synced"}), site.task("verify", keywords={"when": "not ansible_check_mode"})]
    predicted = site.run(tasks, "--check", "--diff")
    assert (predicted.returncode, changed(predicted.stdout)) == (0, 1), predicted.stdout
    assert "upload: 40 files" in predicted.stdout and "+ and 30 more" in predicted.stdout
    assert site.stored() == 0 and not site.journal.parent.exists()
    done = site.run([*tasks, keep])
    assert (done.returncode, changed(done.stdout)) == (0, 2), done.stdout
    assert site.stored() == 40
    # without a terminal nobody is told how far it is
    assert "files" not in done.stdout + done.stderr
    result = json.loads(kept.read_text())
    assert (result["transferred"]["files"], result["complete"], len(result["samples"]["planned"])) == (40, True, 10)
    assert result["engine"] == site.engine
    assert len(kept.read_text()) < 5000
    again = site.run(tasks)
    assert (again.returncode, changed(again.stdout)) == (0, 0), again.stdout
    assert site.leftovers() == []


def test_without_a_terminal_it_tells_lines_if_asked(site):
    site.fill(20)
    told = site.run([site.task(progress="always"), site.task("verify", progress="always")])
    assert told.returncode == 0, told.stdout
    assert "[localhost]" in told.stderr and "files" in told.stderr
    assert "files" not in told.stdout
    assert site.stored() == 20
    assert site.leftovers() == []


def test_a_terminal_sees_files_bytes_rate_and_time_left(site):
    site.fill(3000)
    status, shown = on_terminal(site, [site.task(concurrency=1), site.task(against="journal")])
    assert status == 0, shown
    line = r"\[localhost\] upload: \d+ %, \d+ s left, \d+/3000 files, [\d.]+ K?i?B, \d+/s, [\d.]+ K?i?"
    assert re.search(line, shown), shown
    assert all(len(text) < 80 for text in re.findall(r"\x1b\[2K([^\x1b\r\n]*)", shown))
    # Users wait for the pass against the journal: it runs without the seconds that showing costs.
    _start, first, second = shown.split("TASK [sync]")
    assert "files" in first and "files" not in second
    assert site.stored() == 3000
    assert site.leftovers() == []


def test_an_error_of_a_run_that_is_shown_is_like_any_other(site):
    site.fill(3)
    (site.media / "link").symlink_to("nowhere")
    failed = site.run([site.task(progress="always")])
    assert failed.returncode == 2
    assert "link: is a symbolic link, not a file" in failed.stdout
    assert site.leftovers() == []
    assert site.stored() == 0


def test_as_an_asynchronous_task(site):
    site.fill(5)
    done = site.run([site.task(progress="always", keywords={"async": 60, "poll": 1})])
    assert (done.returncode, changed(done.stdout)) == (0, 1), done.stdout
    assert site.stored() == 5


def until(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_free(path: Path) -> bool:
    try:
        with Lock(str(path)):
            return True
    except Busy:
        return False


@pytest.mark.parametrize("progress", ["never", "always"])
def test_killed_in_the_middle_it_ends_on_the_host_and_is_resumed(site, progress):
    site.fill(2000)
    command = site.write_play([site.task(concurrency=1, progress=progress)])
    with open(site.root / "log", "wb") as log:
        play = subprocess.Popen(
            command, env=site.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        until(lambda: site.stored() > 30)
        play.send_signal(signal.SIGKILL)
        play.wait()
    until(lambda: is_free(Path(f"{site.journal}.lock")))
    assert 30 < site.stored() < 2000
    done = site.run([site.task(), site.task("verify")])
    assert done.returncode == 0, done.stdout
    assert site.stored() == 2000
