# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies of Ceph's users."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.cephpolicy import document_for, grants_of, owner_document
from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import Grant, policy_for

MEDIA = Grant("media", "", ("list", "read", "write", "delete"))
SHARED = Grant("shared", "chat/", ("list", "read", "write", "delete", "tags", "acl"))


def denied(grants):
    return {one["Sid"]: one for one in document_for(grants)["Statement"] if one["Effect"] == "Deny"}


@pytest.mark.parametrize("grants", [(), (MEDIA,), (MEDIA, SHARED), (Grant("media", "", ("write",)),)])
def test_what_is_said_is_read_again(grants):
    document = document_for(grants)
    assert grants_of(document) == grants
    assert grants_of({**document, "Statement": document["Statement"][::-1]}) == grants


def test_what_is_not_granted_is_denied_there_and_only_there():
    assert denied((MEDIA, SHARED))["NotOwnRead"]["NotResource"] == ["arn:aws:s3:::media/*", "arn:aws:s3:::shared/chat/*"]
    assert denied((MEDIA, SHARED))["NotOwnAcl"]["NotResource"] == ["arn:aws:s3:::shared/chat/*"]
    assert denied(()).keys() == {"NotOwnRead", "NotOwnTags", "NotOwnAcl"}
    assert all(one["Resource"] == ["*"] for one in denied(()).values())


def test_many_objects_are_deleted_at_once_where_one_may_be():
    (many,) = (one for one in document_for((MEDIA, SHARED))["Statement"] if one["Sid"] == "DeleteMany")
    assert many["Resource"] == ["arn:aws:s3:::media", "arn:aws:s3:::shared"]
    assert "DeleteMany" not in str(document_for((Grant("media", "", ("list", "read", "write")),)))


@pytest.mark.parametrize(
    "document",
    [
        policy_for((MEDIA,)),
        owner_document("media"),
        {**document_for((MEDIA,)), "Statement": document_for((MEDIA,))["Statement"][:-1]},
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]},
        {"Version": "2012-10-17", "Statement": "nonsense"},
    ],
)
def test_anything_else_is_not_taken_for_grants(document):
    assert grants_of(document) is None


def test_nothing_is_no_rights():
    assert grants_of(None) == ()
