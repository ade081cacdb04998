# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A transfer of a second and one of a week are told in as few numbers."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.course import MOST, Course


class Clock:
    at = 100.0

    def __call__(self):
        return self.at


def walked(seconds, step=0.1, files_per_s=10):
    clock = Clock()
    course, files = Course(clock), 0.0
    for _one in range(round(seconds / step)):
        clock.at += step
        files += files_per_s * step
        course.note(int(files), int(files) * 1000)
    return course.until(int(files), int(files) * 1000)


def test_nothing_moved_is_no_course():
    assert Course(Clock()).until(0, 0) == []


def test_what_is_over_at_once_has_its_end():
    (row,) = walked(0.5)
    assert row[0] == pytest.approx(0.5) and row[1] > 0


@pytest.mark.parametrize("seconds", [3, 99, 1000, 86_400])
def test_the_rows_are_few_even_and_end_at_the_end(seconds):
    rows = walked(seconds, step=max(0.1, seconds / 5000))
    assert len(rows) <= MOST
    assert len(rows) >= min(seconds, MOST / 2 - 2)
    assert rows[-1][0] == pytest.approx(seconds, rel=0.01)
    steps = [later[0] - row[0] for row, later in zip(rows[:-2], rows[1:-1])]
    assert max(steps, default=0) <= 2.1 * min(steps, default=1)
    assert all(row[1] <= later[1] and row[2] == row[1] * 1000 for row, later in zip(rows, rows[1:]))


def test_a_silence_is_seen():
    clock = Clock()
    course = Course(clock)
    for second, files in ((1, 10), (2, 20), (30, 21), (31, 30)):
        clock.at = 100.0 + second
        course.note(files, files)
    assert course.until(30, 30) == [[1.0, 10, 10], [2.0, 20, 20], [30.0, 21, 21], [31.0, 30, 30], [31.0, 30, 30]]
