# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs for a module in the tests (tests/utils/kept/kept_python.py) is like what would have run, and ends with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

UTILS = Path(__file__).resolve().parents[2] / "utils"
MODULE = """
import json, os, sys
there = sorted(name.partition(".")[0] for name in sys.modules if name.startswith(("ansible_collections", "botocore.session")))
said = [os.getcwd(), os.environ["WORD"], sys.argv, sorted(os.environ), sys.path, os.umask(0), __name__, there]
print(json.dumps([os.getppid(), said]), flush=True)
print("and this", file=sys.stderr)
sys.exit(int(os.environ["WORD"]))
"""


@pytest.fixture
def kept():
    """The variables of a Python that goes on in a kept one, which ends soon after the test."""
    path = f"{UTILS / 'kept'}:{os.environ['PYTHONPATH']}"
    # pytest's own directory has a longer name than a socket may have
    with tempfile.TemporaryDirectory(prefix="kept") as directory:
        yield {**os.environ, "KEPT": directory, "PYTHONPATH": path, "WORD": "0"}


def run(text, env, directory, *words):
    return subprocess.run(
        [sys.executable, *words], input=text, env=env, cwd=directory, capture_output=True, text=True, check=False
    )


def runs_there(env, directory):
    """Ask until one answers, and not the process itself."""
    deadline = time.monotonic() + 60
    while json.loads(run(MODULE, env, directory).stdout)[0] == os.getpid():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("through", ["stdin", "file"])
def test_it_is_like_the_process_that_asked(kept, tmp_path, through):
    file = tmp_path / "AnsiballZ_some.py"
    file.write_text(MODULE)
    words = [str(file)] if through == "file" else []
    alone = run(MODULE, {**kept, "KEPT": "", "WORD": "7"}, tmp_path, *words)
    runs_there(kept, tmp_path)
    there = run(MODULE, {**kept, "WORD": "7"}, tmp_path, *words)
    (alone_by, said), (there_by, same) = json.loads(alone.stdout), json.loads(there.stdout)
    assert same[:-1] == said[:-1] and (said[-1], same[-1]) == ([], ["botocore"])
    assert alone_by == os.getpid() != there_by
    assert (alone.returncode, alone.stderr) == (there.returncode, there.stderr) == (7, "and this\n")


def test_who_kills_what_asked_kills_what_runs(kept, tmp_path):
    runs_there(kept, tmp_path)
    asking = subprocess.Popen([sys.executable], env=kept, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    asking.stdin.write("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n")
    asking.stdin.close()
    runs = int(asking.stdout.readline())
    assert runs != asking.pid and Path(f"/proc/{runs}").exists()
    asking.kill()
    asking.wait()
    deadline = time.monotonic() + 30
    while Path(f"/proc/{runs}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    asking.stdout.close()


def test_what_is_killed_is_seen_to_be(kept, tmp_path):
    runs_there(kept, tmp_path)
    done = run("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", kept, tmp_path)
    assert done.returncode == 128 + signal.SIGKILL


def test_where_there_can_be_none_a_module_runs_all_the_same(kept, tmp_path):
    far = tmp_path / ("far" * 30)
    assert json.loads(run(MODULE, {**kept, "KEPT": str(far)}, tmp_path).stdout)[0] == os.getpid()
    assert not far.exists()
