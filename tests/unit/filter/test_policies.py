# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that make policies."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.mediastore.s3.plugins.filter import private_policy, public_read_policy

PRIVATE = private_policy.FilterModule().filters()["private_policy"]
PUBLIC = public_read_policy.FilterModule().filters()["public_read_policy"]


def test_public_read():
    assert PUBLIC("media", prefix="a/") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "PublicRead",
                "Effect": "Allow",
                "Principal": "*",
                "Action": ["s3:GetObject"],
                "Resource": ["arn:aws:s3:::media/a/*"],
            }
        ],
    }


def test_private_may_be_read_only():
    actions = [statement["Action"] for statement in PRIVATE("media", ["arn:aws:iam:::user/a"], read_only=True)["Statement"]]
    assert actions == [["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], ["s3:GetObject"]]


@pytest.mark.parametrize(
    ("principals", "words"), [([], "is not a list of names"), ("me", "is not a list"), (["*"], "everybody"), ([""], "names")]
)
def test_private_refuses_nobody_and_everybody(principals, words):
    with pytest.raises(AnsibleFilterError, match=words):
        PRIVATE("media", principals)


@pytest.mark.parametrize("make", [PUBLIC, lambda name: PRIVATE(name, ["u"])])
def test_both_refuse_what_is_no_bucket(make):
    with pytest.raises(AnsibleFilterError, match="is not a name for a bucket"):
        make("not a bucket/")
