# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault is planted, the doctor has to call it by its name and nothing else, and what it says is to be done has to heal it.

    @planted("no_bucket", "T32")
    def test_a_bucket_that_is_not_there(site):
        found = yield site.asks(bucket="nobody-has-this")     # the options of the doctor with the fault
        does(found, "Correct the name of the bucket")          # what is done next is what was said
        yield site.asks()                                      # and with the fault healed

How it went is left in RESULTS/doctor/, a file for each fault.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

Options = dict[str, Any]
Finding = dict[str, Any]
#: options, or what runs the doctor by itself
Asked = Options | Callable[[], dict[str, Any]]
#: names of classes that have a fault, and what the fault is about in features.md (T27 to T32, rows of user pain)
CLASSES: set[str] = set()
ABOUT: dict[str, list[str]] = {}


def planted(name: str, *about: str) -> Callable[[Callable[..., Iterator[Asked]]], Callable[..., None]]:
    """The test plants a fault of this class."""

    def mark(plant: Callable[..., Iterator[Asked]]) -> Callable[..., None]:
        CLASSES.add(name)
        for one in about:
            ABOUT.setdefault(one, []).append(plant.__name__)

        @functools.wraps(plant)
        def test(**fixtures: Any) -> None:
            note = {"fault": plant.__name__, "class": name, "named": False, "healed": False, "false_alarms": 0}
            steps = plant(**fixtures)
            try:
                findings = examined(next(steps))
                names = [one["name"] for one in findings]
                note["named"], note["false_alarms"] = name in names, len(set(names) - {name})
                assert names == [name], findings
                left = examined(steps.send(findings[0]))
                note["healed"] = left == []
                assert left == [], left
            finally:
                # whatever the fault has started ends
                steps.close()
                leave(plant.__name__, note)

        return test

    return mark


def examined(asked: Asked) -> list[Finding]:
    """What the doctor finds; that it changes nothing and says all of it is part of every test."""
    result = asked() if callable(asked) else run_module("doctor", asked, check=True)
    assert not result.get("failed"), result
    assert result["changed"] is False and result["healthy"] is (result["findings"] == []) and result["checked"] > 0
    for one in result["findings"]:
        assert one["cause"] and one["fix"] and "{" not in one["fix"] and 1 <= len(one["seen"]) <= 3 <= 2 + one["count"]
        assert f"  fix:   {one['fix']}" in result["report"]
    return list(result["findings"])


def does(finding: Finding, *words: str) -> None:
    """What is done next is what was said."""
    for said in words:
        assert said in finding["fix"], finding


def healthy(name: str, asked: Asked) -> None:
    """Nothing may be found here."""
    findings = examined(asked)
    leave(name, {"healthy": name, "false_alarms": len(findings)})
    assert findings == [], findings


def leave(name: str, note: dict[str, Any]) -> None:
    """Note how it went, for the line at the end."""
    if "RESULTS" in os.environ:
        folder = Path(os.environ["RESULTS"]) / "doctor"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(note))
