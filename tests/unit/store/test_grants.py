# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ACLs as headers."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._store.grants import granted, headers, policy
from ansible_collections.mediastore.s3.plugins.module_utils._store.profile import CANNED_ACLS

OWNER = {"ID": "me", "DisplayName": "me"}
FULL = {"Grantee": {"Type": "CanonicalUser", "ID": "me"}, "Permission": "FULL_CONTROL"}
ALL = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
KNOWN = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"}
OTHER = {"Type": "CanonicalUser", "ID": "other"}


def acl(*grants):
    return {"Owner": OWNER, "Grants": [FULL, *({"Grantee": who, "Permission": what} for who, what in grants)]}


@pytest.mark.parametrize(
    ("found", "sent"),
    [
        ({}, {}),
        (acl(), {}),
        (acl((ALL, "READ")), {"ACL": "public-read"}),
        (acl((ALL, "WRITE"), (ALL, "READ")), {"ACL": "public-read-write"}),
        (acl((KNOWN, "READ")), {"ACL": "authenticated-read"}),
        (acl((OTHER, "READ")), {"GrantFullControl": 'id="me"', "GrantRead": 'id="other"'}),
        (
            acl((OTHER, "FULL_CONTROL"), (ALL, "READ"), (OTHER, "READ_ACP"), (OTHER, "WRITE_ACP")),
            {
                "GrantFullControl": 'id="me", id="other"',
                "GrantRead": f'uri="{ALL["URI"]}"',
                "GrantReadACP": 'id="other"',
                "GrantWriteACP": 'id="other"',
            },
        ),
        (
            {"Owner": OWNER, "Grants": [FULL, {"Grantee": {"Type": "Group"}, "Permission": "READ"}]},
            {"GrantFullControl": 'id="me"'},
        ),
    ],
)
def test_headers(found, sent):
    assert headers(found, CANNED_ACLS) == sent


def test_a_word_that_the_store_does_not_take_is_spelled_out():
    assert headers(acl((ALL, "READ")), ("private",)) == {"GrantFullControl": 'id="me"', "GrantRead": f'uri="{ALL["URI"]}"'}


def test_the_owner_without_full_control_is_no_default():
    found = {"Owner": OWNER, "Grants": [{"Grantee": {"ID": "me"}, "Permission": "READ"}]}
    assert granted(found) == {("READ", "id=me")}
    assert granted(acl()) == frozenset()


def test_the_document_is_what_was_read():
    assert policy({**acl(), "ResponseMetadata": {}}) == acl()
