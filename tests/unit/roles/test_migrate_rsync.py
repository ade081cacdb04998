# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module sync leaves out rsync leaves out as well, with the patterns that the role gives it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.keys import Exclude

ROLE_VARIABLES = Path(__file__).parents[3] / "roles" / "migrate" / "vars" / "main.yml"
FILES = (
    *("top.tmp", "keep", "file1", "file12", "we ird/f", "back\\slash", "[x]", ".mediastore-owner", "half.mediastore-partial"),
    *(
        "cache/e",
        "cache/deep/d",
        "x/cache/c",
        "x/b.tmp",
        "x/c",
        "mycache/f",
        ".mediastore-quarantine/day/f",
        "x/.mediastore-owner",
    ),
)
#: what never comes along, whatever the patterns
OURS = {".mediastore-owner", "half.mediastore-partial", ".mediastore-quarantine/day/f"}
#: and what they leave out too many, which the module sync brings
LEFT_TO_SYNC = {"**/cache/": {"mycache/f"}, "**/cache/**": {"mycache/f"}}
PATTERNS = (
    *("*.tmp", "/*.tmp", "**/*.tmp", "cache/", "cache/**", "cache", "**/cache/", "**/cache/**", "x/**/c", "x/*", "x/**", "**"),
    *("file?", "file[12]", "file[!2]", "back\\slash", "[[]x]", "cache/*/d", "we ird/f"),
)


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    """The options of rsync for each pattern, as Ansible makes them."""
    ask = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars_files": [str(ROLE_VARIABLES)]}
    given = {"__migrate_exclude": list(PATTERNS)}
    folder = tmp_path_factory.mktemp("options")
    said, play = folder / "said", folder / "play.json"
    copy = {"content": "{{ __migrate_rsync_exclude | to_json }}", "dest": str(said), "mode": "0600"}
    play.write_text(json.dumps([{**ask, "tasks": [{"ansible.builtin.copy": copy, "vars": given}]}]), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(play)]
    environment = {**os.environ, "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    made = json.loads(said.read_text(encoding="utf-8"))
    ours, theirs = made[: -len(PATTERNS)], made[-len(PATTERNS) :]
    return {pattern: [*ours, option] for pattern, option in zip(PATTERNS, theirs)}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_leaves_out_the_same(pattern, options, tmp_path):
    source, goal = tmp_path / "source", tmp_path / "goal"
    for name in FILES:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    subprocess.run(["rsync", "--recursive", *options[pattern], f"{source}/", f"{goal}/"], check=True, timeout=60)
    moved = {path.relative_to(goal).as_posix() for path in goal.rglob("*") if path.is_file()}
    assert moved == {name for name in FILES if name not in Exclude([pattern])} - OURS - LEFT_TO_SYNC.get(pattern, set())
