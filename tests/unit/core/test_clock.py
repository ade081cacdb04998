# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations mean one thing only."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.clock import duration


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("90s", 90), ("12h", 43200), (" 30d ", 2592000), ("2w", 1209600)])
def test_durations(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "30", "2m", "1y", "-1d", "1.5h", "1 d", "²d"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError):
        duration(text)
