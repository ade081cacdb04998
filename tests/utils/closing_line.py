# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add up what the stages noted in build/results/ and end with one line: ``tests: N passed, N failed``.

Each stage leaves NAME.stage ("exit-status seconds"); those that run pytest leave NAME*.xml too. A skipped test counts as failed,
and so does a stage that failed without a failing test (a linter, or pytest itself).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from xml.etree import ElementTree


def count(report: Path) -> tuple[int, int]:
    """Passed and failed tests of one JUnit report."""
    passed = failed = 0
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        if any(case.find(tag) is not None for tag in ("failure", "error", "skipped")):
            failed += 1
        else:
            passed += 1
    return passed, failed


def add_up(results: Path, required: list[str]) -> tuple[int, int]:
    """Print one row for each stage and return the totals."""
    stages = {path.stem: path.read_text(encoding="utf-8").split() for path in results.glob("*.stage")}
    total_passed = total_failed = 0
    for name in sorted(set(stages) | set(required)):
        status, seconds = stages.get(name, ("not run", "0"))
        counts = [count(report) for report in results.glob(f"{name}.*xml")]
        passed, failed = (sum(column) for column in zip(*counts)) if counts else (0, 0)
        if status != "0" and not failed:
            failed = 1
        total_passed += passed
        total_failed += failed
        tests = f"{passed} passed" if counts else ""
        verdict = "ok" if not failed else f"FAILED ({status})"
        print(f"{name:<24} {seconds:>5} s  {tests:<14} {verdict}")
    return total_passed, total_failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("required", nargs="*", help="stages that must have run")
    arguments = parser.parse_args()
    passed, failed = add_up(arguments.results, arguments.required)
    print(f"tests: {passed} passed, {failed} failed")
    sys.exit(bool(failed or not passed))


if __name__ == "__main__":
    main()
