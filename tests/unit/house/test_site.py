# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the documentation site is laid out, and how its links are followed; make docs builds it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from ansible_collections.mediastore.s3.tests.utils.check_links import broken
from ansible_collections.mediastore.s3.tests.utils.site_source import NoSuchPage, contents, lay_out, lead, page

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("docs/keys.md", "keys.md"),
        ("README.md", "project/README.md"),
        ("COPYING", "project/COPYING.md"),
        ("roles/mount/README.md", "roles/mount.md"),
        ("plugins/modules/sync.py", "reference/sync_module.rst"),
        ("plugins/filter/key_policy.py", "reference/key_policy_filter.rst"),
        ("plugins/modules", "reference/index.rst"),
        ("examples", "examples/README.md"),
        ("examples/evict.yml", "examples/evict.yml.md"),
        ("plugins/module_utils/_core/keys.py", None),
        ("Makefile", None),
    ],
)
def test_where_a_file_is_shown(path, place):
    assert page(PurePosixPath(path)) == (place and PurePosixPath(place))


def test_links_lead_to_pages_and_code_has_none():
    text = "[a](../plugins/modules/sync.py) `[b](nowhere)` [c](keys.md#good-to-know) [d](https://example.org)\n"
    own = "[e](https://github.com/mediastore/mediastore.s3/blob/main/COPYING)"
    assert lead(text + own, PurePosixPath("docs/start.md"), ROOT) == (
        "[a](reference/sync_module.rst) `[b](nowhere)` [c](keys.md#good-to-know) [d](https://example.org)\n[e](project/COPYING.md)"
    )


@pytest.mark.parametrize("link", ["nowhere.md", "../Makefile"])
def test_a_link_to_nothing_is_named(link):
    with pytest.raises(NoSuchPage, match=link):
        lead(f"[x]({link})", PurePosixPath("docs/start.md"), ROOT)


def test_the_table_of_contents_is_that_of_the_index():
    said = contents(
        "## One\n\n[a](a.md) and [again](a.md#part), [r](reference/index.rst)\n\n## Two\n\n[b](https://example.org)\n"
    )
    assert said == "\n```{toctree}\n:hidden:\n:caption: One\n\na\nreference/index\n```\n"


def test_every_guide_is_laid_out(tmp_path):
    assert lay_out(ROOT, tmp_path) == len(list(tmp_path.rglob("*.md")))
    for guide in ROOT.glob("docs/*.md"):
        assert (tmp_path / guide.name).exists()


def test_dead_links_and_anchors_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a id="here"></a><a href="#here"></a><a href="#gone"></a><a href="b.html#there"></a><a href="c.html"></a>'
        '<img src="gone.png"><a href="https://example.org/x"></a><a href="../out.html"></a>'
    )
    (tmp_path / "b.html").write_text('<p id="there"></p>')
    (tmp_path.parent / "out.html").write_text("not of the site")
    pages, links, wrong = broken(tmp_path)
    assert (pages, links) == (2, 6)
    assert [line.split(": ")[1].split()[0] for line in wrong] == ["#gone", "../out.html", "c.html", "gone.png"]
