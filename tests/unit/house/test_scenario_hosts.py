# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two molecule scenarios run at a time on one engine, where a host's name is its container's: no two scenarios share one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Iterator

import yaml

MOLECULE = Path(__file__).parents[3] / "extensions" / "molecule"


def hosts(group: dict) -> Iterator[str]:
    yield from group.get("hosts") or {}
    for child in (group.get("children") or {}).values():
        yield from hosts(child or {})


def test_each_host_is_of_one_scenario():
    named = Counter()
    for path in MOLECULE.glob("*/*/inventory.yml"):
        named.update(set(hosts(yaml.safe_load(path.read_text(encoding="utf-8"))["all"])))
    assert named
    assert [name for name, scenarios in named.items() if scenarios > 1] == []
