# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights in words, and the policies that say the same."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import grants, policies
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput
from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import (
    RIGHTS,
    Grant,
    grants_in,
    in_order,
    policy_for,
    same,
)

LEVELS = ("list+read", "write+delete", "list+read+write+delete")


def understood(*said, **options):
    return grants.understood(said, "make a key", **options)


def test_one_grant_for_each_place_in_one_order():
    found = understood(
        {"bucket": "media", "rights": ["write", "list"]},
        {"bucket": "avatars", "preset": "read_only"},
        {"bucket": "media", "rights": ["read"], "prefix": ""},
        {"bucket": "media", "rights": ["read"], "prefix": "a/"},
    )
    assert found == (
        Grant("avatars", "", ("list", "read")),
        Grant("media", "", ("list", "read", "write")),
        Grant("media", "a/", ("read",)),
    )


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"bucket": "media"}, "neither preset nor rights"),
        ({"bucket": "media", "preset": "zulip", "rights": ["read"]}, "both preset and rights"),
        ({"bucket": "Media!", "preset": "zulip"}, "Media!"),
        ({"bucket": "media", "preset": "zulip", "prefix": "/a"}, "begins with '/'"),
        ({"bucket": "media", "preset": "zulip", "prefix": "a*"}, "stands for something else"),
    ],
)
def test_what_cannot_be_meant_is_refused(said, word):
    with pytest.raises(BadInput, match=word):
        understood(said)


def test_a_store_that_tells_few_rights_apart_gives_a_preset_the_least_that_holds_it():
    assert understood({"bucket": "media", "preset": "synapse"}, levels=LEVELS) == (
        Grant("media", "", ("list", "read", "write", "delete")),
    )
    assert understood({"bucket": "media", "preset": "read_only"}, levels=LEVELS) == (Grant("media", "", ("list", "read")),)


def test_and_rights_exactly_or_not_at_all():
    assert understood({"bucket": "media", "rights": ["delete", "write", "tags"]}, levels=LEVELS)[0].rights == ("write", "delete")
    with pytest.raises(BadInput, match="cannot give list, read, write on media and no more"):
        understood({"bucket": "media", "rights": ["list", "read", "write"]}, levels=LEVELS)
    with pytest.raises(BadInput, match="whole buckets"):
        understood({"bucket": "media", "preset": "zulip", "prefix": "a/"}, prefixes=False)


def test_a_right_that_a_store_lacks_is_no_part_of_a_preset_and_refused_by_name():
    assert understood({"bucket": "media", "preset": "migration"}, lacks=("tags",))[0].rights == (
        "list",
        "read",
        "write",
        "delete",
    )
    with pytest.raises(BadInput, match="no right to tags"):
        understood({"bucket": "media", "rights": ["read", "tags"]}, lacks=("tags",))


def test_every_grant_comes_back_from_its_policy():
    subsets = [in_order(some) for size in range(1, len(RIGHTS) + 1) for some in itertools.combinations(RIGHTS, size)]
    for rights, prefix in itertools.product(subsets, ("", "a/b/")):
        given = (Grant("media", prefix, rights),)
        assert grants_in(policy_for(given)) == given
    both = (("", ("list",)), ("x/", RIGHTS))
    several = tuple(Grant(bucket, prefix, rights) for bucket in ("a-a", "b-b") for prefix, rights in both)
    assert grants_in(policy_for(several)) == several
    assert policy_for(()) is None
    assert grants_in(None) == ()


def test_the_policy_is_that_of_the_filter():
    for preset in ("read_only", "read_write", "migration", "storage_class"):
        for prefix in ("", "a/"):
            written = policies.for_key("media", preset, prefix)
            given = understood({"bucket": "media", "preset": preset, "prefix": prefix})
            assert same(written, given)
            assert grants_in(written) == given


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"},
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutBucketPolicy"], "Resource": "arn:aws:s3:::media/*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*", "Condition": {"Bool": {"a": "b"}}},
        {"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"},
        "nonsense",
    ],
)
def test_what_grants_cannot_say_is_none(statement):
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    assert grants_in(policy) is None
    assert not same(policy, (Grant("media", "", ("read",)),))
