# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module in a process of its own, as on a host, and how much memory it needed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

LOOK_EVERY_S = 0.05


def start(module: str, options: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Begin to run it."""
    command = [sys.executable, "-m", f"ansible_collections.mediastore.s3.plugins.modules.{module}"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
    process.stdin.close()
    return process


def finish(process: subprocess.Popen[bytes]) -> tuple[dict[str, Any], int, int]:
    """Its result, that result's length, and its peak memory in KiB."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, peak_of(process))
        time.sleep(LOOK_EVERY_S)
    with process:
        assert process.stdout
        output = process.stdout.read()
    assert process.returncode == 0, output
    return json.loads(output), len(output), peak


def peak_of(process: subprocess.Popen[bytes]) -> int:
    """The peak memory of a process in KiB, 0 when it has ended.

    Not from wait4: what that says is never less than what the parent had when it forked, and a test may be a large parent.
    """
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found.group(1)) if found else 0
