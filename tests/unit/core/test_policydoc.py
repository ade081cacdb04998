# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies by meaning."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import policydoc

STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}


def document(*statements, **more):
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


def same(one, other):
    return policydoc.canonical(one) == policydoc.canonical(other)


@pytest.mark.parametrize(
    "other",
    [
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": ["*"]}},
        {"Action": ["s3:GetObject"]},
        {"Action": ["s3:GetObject", "s3:GetObject"]},
        {"Resource": ["arn:aws:s3:::media/*"]},
        {"Sid": ""},
    ],
)
def test_spellings_of_one_statement(other):
    assert same(document(STATEMENT), document({**STATEMENT, **other}))


def test_one_statement_or_a_list_of_one():
    assert same(document(STATEMENT), {"Version": "2012-10-17", "Statement": STATEMENT})


def test_the_order_of_statements_and_values_is_nothing():
    first, second = {**STATEMENT, "Action": ["s3:GetObject", "s3:PutObject"]}, {**STATEMENT, "Effect": "Deny"}
    assert same(document(first, second), document(second, {**first, "Action": ["s3:PutObject", "s3:GetObject"]}))


def test_an_account_is_its_root():
    number, root = {"AWS": "123456789012"}, {"AWS": ["arn:aws:iam::123456789012:root"]}
    assert same(document({**STATEMENT, "Principal": number}), document({**STATEMENT, "Principal": root}))


def test_conditions_come_back_as_strings():
    wanted = {"Bool": {"aws:SecureTransport": False}, "NumericLessThan": {"s3:max-keys": 10}}
    stored = {"NumericLessThan": {"s3:max-keys": ["10"]}, "Bool": {"aws:SecureTransport": "false"}}
    assert same(document({**STATEMENT, "Condition": wanted}), document({**STATEMENT, "Condition": stored}))


@pytest.mark.parametrize(
    "other",
    [
        {"Effect": "Deny"},
        {"Action": "s3:PutObject"},
        {"Action": ["s3:GetObject", "s3:PutObject"]},
        {"Resource": "arn:aws:s3:::media/a/*"},
        {"Principal": {"AWS": "arn:aws:iam:::user/a"}},
        {"Principal": {"CanonicalUser": "*"}},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Sid": "Named"},
    ],
)
def test_differences_are_differences(other):
    assert not same(document(STATEMENT), document({**STATEMENT, **other}))


def test_the_version_is_part_of_the_meaning():
    assert not same(document(STATEMENT), {"Statement": STATEMENT})
    assert same({"Version": "2008-10-17", "Statement": STATEMENT}, {"Statement": STATEMENT})


@pytest.mark.parametrize("nothing", [None, {}, {"Version": "2012-10-17"}, document()])
def test_no_statement_is_no_policy(nothing):
    assert policydoc.canonical(nothing) is None


def test_canonical_is_stable_and_changes_nothing():
    policy = document({**STATEMENT, "Condition": {"StringLike": {"aws:Referer": "x"}}}, {**STATEMENT, "Effect": "Deny"}, Id="me")
    before = copy.deepcopy(policy)
    once = policydoc.canonical(policy)
    assert policy == before
    assert policydoc.canonical(once) == once


def test_public_read_opens_reading_below_the_prefix_only():
    (statement,) = policydoc.public_read("media", "avatars/")["Statement"]
    assert statement["Action"] == ["s3:GetObject"]
    assert statement["Resource"] == ["arn:aws:s3:::media/avatars/*"]


def test_private_names_who_may():
    policy = policydoc.private("media", ["arn:aws:iam:::user/b", "arn:aws:iam:::user/a"], read_only=True)
    assert all(one["Principal"] == {"AWS": ["arn:aws:iam:::user/a", "arn:aws:iam:::user/b"]} for one in policy["Statement"])
    actions = {action for one in policy["Statement"] for action in one["Action"]}
    assert "s3:GetObject" in actions and "s3:PutObject" not in actions and "s3:DeleteObject" not in actions


@pytest.mark.parametrize("made", [policydoc.public_read("media"), policydoc.private("media", ["arn:aws:iam:::user/a"], "x/")])
def test_what_is_made_is_accepted(made):
    assert policydoc.parse(made, "media") == made


def test_a_star_in_the_bucket_of_an_arn_may_match():
    assert policydoc.parse(document({**STATEMENT, "Resource": ["arn:aws:s3:::med*/*", "bucket/*"]}), "media")
