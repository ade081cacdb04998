# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report is a well-formed page that stands alone, tells the figures it was given, and leaves out what is not known."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import report
from ansible_collections.mediastore.s3.plugins.module_utils._core.timeline import CHART, duration, steps, throughput, timeline

FULL = {
    "title": "The media of <synapse> moved",
    "source": "/srv/media & more",
    "bucket": "media",
    "generated": "2026-11-20T12:30:23.000Z",
    "moved": {"files": 2812, "bytes": 120 << 20, "files_per_s": 90.1, "bytes_per_s": 3.8 * (1 << 20)},
    "downtime_s": 5.53,
    "uploads": {"acknowledged": 1644, "lost": 0},
    "stages": [
        {"name": "sync", "began": 100.0, "ended": 140.0},
        {"name": "check", "began": 150.0, "ended": 200.0, "quiet": True},
    ],
    "outages": [{"began": 140.0, "ended": 145.5}],
    "traffic": [[100, 20, 0], [101, 10, 0], [150, 20, 0]],
    "throughput": [[10.0, 1000, 50 << 20], [40.0, 2812, 120 << 20]],
    "window": [["stop", 1.0], ["start", 3.0]],
    "log": [["2026-11-20T12:30:23.000Z", "copied <all>"]],
    "verification": [
        {"when": "before", "what": "all", "checked": 2812},
        {"when": "after", "what": "all", "checked": 10, "wrong": 3},
    ],
    "undo": "ansible-playbook mediastore.s3.migrate.rollback",
    "facts": [["Application", "Synapse"]],
}
VOID = {"meta"}


class Page(HTMLParser):
    """Checks that tags nest, and collects the words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u202f", "").split())


def test_page_tells_the_figures_it_was_given():
    text = Page(report.as_html(FULL)).text
    for words in (
        "Nothing was lost",
        "2812 files moved 120.0 MiB",
        "90 files per second 3.8 MiB/s",
        "5.5 seconds of downtime",
        "of 1644 acknowledged",
        "Stage by stage 2026-11-20T12:30:23.000Z copied <all>",
    ):
        assert words in text
    assert "ansible-playbook mediastore.s3.migrate.rollback" in text
    assert "all right" in text and "3 wrong" in text
    assert "stop 1.0 s start 3.0 s" in text


def test_words_are_escaped():
    page = report.as_html(FULL)
    assert "<synapse>" not in page
    assert "The media of <synapse> moved" in Page(page).text
    assert "/srv/media & more" in Page(page).text


def test_page_asks_for_nothing_from_elsewhere():
    page = report.as_html(FULL)
    assert not re.search(r"https?:|//|url\(|<script|<link|<img|@import", page.replace("</", ""))


def test_page_follows_light_and_dark_and_small_screens():
    page = report.as_html(FULL)
    assert "prefers-color-scheme:dark" in page
    assert "width=device-width" in page


def test_lost_uploads_are_the_headline():
    text = Page(report.as_html(dict(FULL, uploads={"acknowledged": 10, "lost": 2}))).text
    assert "2 uploads were lost" in text
    assert "Nothing was lost" not in text


@pytest.mark.parametrize("missing", sorted(FULL))
def test_what_is_not_known_is_not_shown(missing):
    known = {key: value for key, value in FULL.items() if key != missing}
    Page(report.as_html(known))


def test_nothing_known_gives_a_page_without_claims():
    assert Page(report.as_html({})).text == "Migration report Migration report"


def test_json_holds_everything():
    assert json.loads(report.as_json(FULL)) == FULL


def test_outage_lies_where_it_was_on_the_axis():
    picture = timeline(FULL["stages"], FULL["outages"], [])
    band = re.search(r'class="down" x="([\d.]+)" y="0" width="([\d.]+)"', picture)
    assert band is not None
    assert [float(value) for value in band.groups()] == [400.0, 55.0]


def test_answers_of_the_busiest_second_reach_the_top_of_the_chart():
    picture = timeline(FULL["stages"], [], FULL["traffic"])
    points = re.search(r'class="area" points="([^"]+)"', picture)
    assert points is not None
    heights = [float(point.partition(",")[2]) for point in points.group(1).split()]
    assert min(heights) == 18.0
    assert "max 20" in picture


def test_the_course_of_a_copy_has_its_peaks_at_the_top_and_its_silences_at_the_floor():
    picture = throughput([[1.0, 100, 10 << 20], [2.0, 100, 10 << 20], [4.0, 500, 20 << 20]])
    files, nbytes = (
        [tuple(map(float, point.split(","))) for point in points.split()]
        for points in re.findall(r'<polygon class="area" points="([^"]*)"', picture)
    )
    assert [(x, CHART - 4 - y) for x, y in files] == [
        (0, 0), (0, 25), (250, 25), (250, 0), (500, 0), (500, 50), (1000, 50), (1000, 0),
    ]  # fmt: skip
    assert [(x, 2 * CHART - 4 - y) for x, y in nbytes][1:7] == [(0, 50), (250, 50), (250, 0), (500, 0), (500, 25), (1000, 25)]
    assert "max 200<" in picture and "max 10.0 MiB<" in picture and "4.0 s" in picture


@pytest.mark.parametrize("rows", [[], [[0.4, 10, 100]]])
def test_a_copy_that_was_over_at_once_has_no_course(rows):
    assert throughput(rows) == ""


def test_rows_of_the_same_moment_are_no_division_by_zero():
    assert "max 10<" in throughput([[1.0, 10, 10], [1.0, 10, 10]])


def test_parts_of_the_window_fill_the_bar():
    widths = [float(width) for width in re.findall(r'width="([\d.]+)"', steps([("stop", 1.0), ("start", 3.0)]))]
    assert widths == [247.0, 747.0]
    assert steps([]) == ""


@pytest.mark.parametrize(("seconds", "said"), [(0.04, "0.0 s"), (99.94, "99.9 s"), (128.0, "2 min 08 s")])
def test_durations_as_people_say_them(seconds, said):
    assert duration(seconds) == said


def test_words_of_neighbouring_outages_do_not_cover_each_other():
    stages = [{"name": "cutover", "began": 0.0, "ended": 100.0}]
    outages = [{"began": at, "ended": at + 2.0} for at in (10.0, 15.0, 60.0)]
    assert re.findall(r'class="(mark[^"]*)"', timeline(stages, outages, [])) == ["mark", "mark lower", "mark"]
