# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights of keys in a bucket's policy: what is read is what was written, and what others wrote stays as it is."""

from __future__ import annotations

import itertools
import json

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import RIGHTS
from ansible_collections.mediastore.s3.plugins.module_utils._core.keystatements import (
    SID,
    changed,
    joined,
    ours,
    rights_in,
    without_ours,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.policies import public_read

THEIRS = {**public_read("media", "avatars/"), "Id": "of the user"}
READ, ALL = ("list", "read"), ("list", "read", "write", "delete")
ALIVE = ("app-1", "app-2", "web-1", "boss")


@pytest.mark.parametrize("rights", [some for n in range(1, len(RIGHTS) + 1) for some in itertools.combinations(RIGHTS, n)])
def test_every_combination_of_rights_is_read_as_it_was_written(rights):
    made = changed(THEIRS, "media", {"app-1": rights}, ALIVE)
    assert rights_in(made, "media") == {"app-1": rights}
    assert without_ours(made) == THEIRS and made["Statement"][0] == THEIRS["Statement"][0]
    assert changed(made, "media", {"app-1": rights}, ALIVE) == made


def test_keys_come_and_go_and_the_policy_of_others_stays():
    first = changed(THEIRS, "media", {"app-1": READ}, ALIVE)
    second = changed(first, "media", {"app-2": READ, "web-1": ALL}, ALIVE)
    assert rights_in(second, "media") == {"app-1": READ, "app-2": READ, "web-1": ALL}
    third = changed(second, "media", {"app-1": ALL}, ALIVE)
    assert rights_in(third, "media") == {"app-1": ALL, "app-2": READ, "web-1": ALL}
    last = changed(third, "media", {"app-1": (), "app-2": (), "web-1": ()}, ALIVE)
    assert last == THEIRS
    assert changed(changed(None, "media", {"app-1": READ}, ALIVE), "media", {"app-1": ()}, ALIVE) is None


def test_keys_that_may_do_the_same_share_their_statements():
    one = changed(None, "media", {"app-1": ALL}, ALIVE)
    two = changed(one, "media", {"app-2": ALL}, ALIVE)
    assert len(two["Statement"]) == len(one["Statement"]) == 2
    assert len(json.dumps(two)) - len(json.dumps(one)) < 30


def test_keys_that_are_gone_are_left_out():
    made = changed(None, "media", {"app-1": READ, "app-2": READ}, ALIVE)
    assert rights_in(changed(made, "media", {"web-1": ALL}, ("app-2", "web-1")), "media") == {"app-2": READ, "web-1": ALL}


def test_what_somebody_has_made_of_a_statement_is_kept_until_its_key_is_asked_for():
    made = changed(None, "media", {"app-1": READ, "web-1": ALL}, ALIVE)
    for statement in made["Statement"]:
        if "web-1" in statement["Principal"]["AWS"]:
            statement["Action"] = ["s3:GetObject", "s3:PutObjectRetention"]
    assert rights_in(made, "media") == {"app-1": READ, "web-1": None}
    after = changed(made, "media", {"app-2": READ}, ALIVE)
    assert rights_in(after, "media") == {"app-1": READ, "app-2": READ, "web-1": None}
    assert [one["Action"] for one in after["Statement"] if one["Principal"]["AWS"] == ["web-1"]][0][1] == "s3:PutObjectRetention"
    assert rights_in(changed(after, "media", {"web-1": ALL}, ALIVE), "media")["web-1"] == ALL


def test_the_account_that_owns_the_bucket_is_not_locked_out():
    made = changed(None, "media", {"app-1": READ}, ALIVE, "boss")
    assert made["Statement"][0]["Principal"] == {"AWS": ["boss"]} and made["Statement"][0]["Action"] == ["s3:*"]
    assert rights_in(made, "media") == {"app-1": READ}
    assert changed(made, "media", {"app-1": ()}, ALIVE, "boss") is None


def test_statements_are_ours_by_their_sid():
    made = changed(THEIRS, "media", {"app-1": READ}, ALIVE)
    assert all(one["Sid"].startswith(SID) for one in ours(made)) and len(made["Statement"]) == 1 + len(ours(made))
    assert joined({**THEIRS, "Statement": THEIRS["Statement"][0]}, []) == THEIRS
    assert joined(None, []) is None and without_ours(None) is None and ours({}) == []
    assert rights_in(made, "other") == {"app-1": None}
