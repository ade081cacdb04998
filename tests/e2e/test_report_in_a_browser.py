# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in a browser: on a phone and on a desk, by day and by night, it can be read, and it needs nobody."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.report import as_html
from ansible_collections.mediastore.s3.tests.e2e.browser import Browser
from ansible_collections.mediastore.s3.tests.unit.core.test_report import FULL

#: everything that a report can have, some of it longer than one would think
LONG = {
    **FULL,
    "source": "/srv/" + "a-directory-with-a-long-name/" * 4 + "media",
    "undo": f"ansible-playbook -i /etc/ansible/inventories/{'production/' * 6}hosts.yml mediastore.s3.migrate.rollback",
    "facts": [["Certificate of what was proved", f"SHA-256 {'0123456789abcdef' * 4}"]],
}

BAD = """<!doctype html><html><head><meta name="viewport" content="width=device-width"></head>
<body style="background:#fff;color:#bbb"><h1>x</h1><p style="font-size:9px">small</p>
<div style="width:2000px;background:#eee">wide</div><img src="http://127.0.0.1:9/x.png">
<script>console.error("bad news"); undefined.x</script></body></html>"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_full_report(browser, tmp_path, width, dark):
    page = tmp_path / "report.html"
    page.write_text(as_html(LONG), encoding="utf-8")
    seen = browser.open(page, width, dark)
    assert seen.problems() == []
    for words in ("2\u202f812", "5.5 seconds of downtime", "of 1\u202f644 acknowledged", "3 wrong", LONG["undo"], LONG["source"]):
        assert words in seen.text
    # each stage, the downtime across all of them, the clients' answers, and the steps of the window
    assert (seen.shapes["bar"], seen.shapes["bar quiet"], seen.shapes["down"]) == (1, 1, 1)
    assert seen.shapes["area"] >= 3
    assert seen.shapes["part p0"] == seen.shapes["part p1"] == 1


def test_a_page_that_is_no_good_is_found_out(browser, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(BAD, encoding="utf-8")
    problems = "\n".join(browser.open(page, 390, dark=True).problems())
    for words in ("asked the network for http://127.0.0.1:9/x.png", "bad news", "TypeError"):
        assert words in problems
    for words in ("px wide, and there are 390", "beyond the edge: <div", "luminance 1.00", "contrast 1.9: x", "9 px: small"):
        assert words in problems
