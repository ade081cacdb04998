# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module does not look for garbage among what it has loaded, neither meanwhile nor at its end."""

from __future__ import annotations

import subprocess
import sys

from ansible_collections.mediastore.s3.plugins.module_utils._base.brief import PATIENCE

MODULE = "ansible_collections.mediastore.s3.plugins.modules.bucket"
#: whoever registers first is called last
LOOK = f"import atexit, gc; atexit.register(lambda: print(gc.get_threshold()[0], gc.get_freeze_count() > 1000)); import {MODULE}"


def test_what_is_loaded_is_not_looked_through():
    found = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert found.stdout.split() == [str(PATIENCE), "True"]


def test_it_is_the_first_thing_that_a_module_does():
    order = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {MODULE}"], capture_output=True, text=True, check=True
    )
    loaded = [line.rpartition("|")[2].strip() for line in order.stderr.splitlines()]
    brief = next(number for number, name in enumerate(loaded) if name.endswith("_base.brief"))
    assert brief < loaded.index("ansible.module_utils.basic") and brief < loaded.index("botocore")
