# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small judgements of a measurement, on answers of stores that no laptop runs."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._store.probing.answers import Answer
from ansible_collections.mediastore.s3.plugins.module_utils._store.probing.keys import _most, _name
from ansible_collections.mediastore.s3.plugins.module_utils._store.probing.rules import mean_the_same, shown
from ansible_collections.mediastore.s3.plugins.module_utils._store.probing.trials import ACL, CORS

WEEK = {"prefix": "old/", "expiration_days": 7}
EXPIRES = {"ID": "x", "Status": "Enabled", "Expiration": {"Days": 7}}


@pytest.mark.parametrize(
    "rules",
    [
        [{**EXPIRES, "Filter": {"Prefix": "old/"}}],
        # Ceph
        [{**EXPIRES, "Prefix": "old/"}],
        [{**EXPIRES, "ID": "another", "Filter": {"And": {"Prefix": "old/"}}}],
        # Backblaze, which makes two rules of one
        [
            {**EXPIRES, "Filter": {"Prefix": "old/"}},
            {"ID": "y", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"ExpiredObjectDeleteMarker": True}},
        ],
    ],
)
def test_a_rule_in_other_words_is_kept(rules):
    assert mean_the_same(shown({"Rules": rules}), [WEEK])


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ([{**EXPIRES, "Filter": {"Prefix": "old/"}}], {**WEEK, "object_size_greater_than": 1000}),
        ([{**EXPIRES, "Filter": {"Prefix": ""}}], WEEK),
        ([], WEEK),
        ([], {"prefix": "old/", "expired_object_delete_marker": True}),
    ],
)
def test_a_rule_with_a_part_less_is_not(rules, wanted):
    assert not mean_the_same(shown({"Rules": rules}), [wanted])


@pytest.mark.parametrize("whom", [{"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, {"Type": "Group"}])
def test_everybody_is_known_by_any_name(whom):
    assert ACL.kept(Answer({"Grants": [{"Grantee": whom, "Permission": "READ"}]}), "bucket")


def test_nothing_set_is_known_and_not_kept():
    for answer in (Answer(status=204), Answer(code="NoSuchCORSConfiguration", status=404)):
        assert CORS.known(answer) and not CORS.kept(answer, "bucket")
    assert not CORS.known(Answer())


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer(code="NotImplemented", status=501), "refused"),
        (Answer(code="InvalidArgument", status=400), "refused"),
        (Answer(code="AccessDenied", status=403), "undecided"),
        (Answer(code="SlowDown", status=503), "undecided"),
        (Answer(code="InternalError", status=500), "undecided"),
        (Answer(), "done"),
    ],
)
def test_a_refusal_says_something_or_nothing(answer, verdict):
    assert [name for name in ("done", "refused", "undecided") if getattr(answer, name)] == [verdict]


@pytest.mark.parametrize("limit", [1, 2, 100, 254, 255])
def test_the_largest_is_found(limit):
    assert _most(1, 255, lambda length: length <= limit) == limit


@pytest.mark.parametrize("length", [100, 101, 200, 201, 1024])
def test_a_name_is_as_long_as_asked_and_so_are_its_pieces(length):
    name = _name(length, 100)
    assert len(name) == length and not name.startswith("/") and not name.endswith("/") and "//" not in name
    assert max(len(piece) for piece in name.split("/")) <= 100
