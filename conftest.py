# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test that was meant to run and did not is a failure, in every pytest run of this repository."""

from __future__ import annotations

import pytest


def _fail_if_skipped(report: pytest.CollectReport | pytest.TestReport) -> None:
    """Turn a skip, or an expected failure, into a failure that keeps the reason."""
    if report.skipped:
        # a skip's longrepr is (path, line, reason)
        reason = getattr(report, "wasxfail", "") or (
            report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        )
        report.outcome = "failed"
        report.longrepr = f"did not run, and a test that does not run proves nothing: {reason}"
        # or the terminal and the XML report would go on calling it an expected failure
        if hasattr(report, "wasxfail"):
            del report.wasxfail


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(collector: pytest.Collector):
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = yield
    _fail_if_skipped(report)
    return report
