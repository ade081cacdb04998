# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be private of each bucket follows from what the buckets are meant to be."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.filter.sentinel_plan import sentinel_plan

URL = "https://cdn.example.org"


@pytest.mark.parametrize(
    "bucket, watched",
    [
        ({"preset": "private"}, [{}]),
        ({"preset": "private", "prefix": "a/", "principals": ["x"]}, [{}]),
        # whose access nobody has described is not meant to be public
        ({}, [{}]),
        ({"policy": {"Statement": []}, "expect": "private"}, [{}]),
        ({"preset": "private", "public_url": URL}, [{"public_url": URL}]),
        ({"preset": "public_read"}, [{"read": False}]),
        ({"policy": {"Statement": []}, "expect": "public_read"}, [{"read": False}]),
        ({"preset": "public_read", "prefix": "public/"}, [{"apart": ["public/"], "may_be_empty": True}]),
        ({"preset": "private", "state": "absent"}, []),
    ],
)
def test_what_is_watched_of_a_bucket(bucket, watched):
    assert sentinel_plan([{"name": "media", **bucket}]) == [{"name": "media", **entry} for entry in watched]


def test_the_private_folders_of_an_application_are_watched_in_a_public_bucket():
    buckets = [{"name": "social", "preset": "public_read"}, {"name": "other", "preset": "private"}]
    assert sentinel_plan(buckets, private={"social": ["backups/"]}) == [
        {"name": "social", "read": False},
        {"name": "social", "prefixes": ["backups/"], "may_be_empty": True},
        {"name": "other"},
    ]


def test_entries_of_ones_own_replace_those_of_the_same_bucket():
    more = [{"name": "media", "prefixes": ["exports/"]}, {"name": "elsewhere"}]
    assert sentinel_plan([{"name": "media", "preset": "private"}, {"name": "b"}], more) == [{"name": "b"}, *more]
