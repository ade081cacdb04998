# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One policy of several."""

from __future__ import annotations

import copy
import json

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import policies, policydoc
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput
from ansible_collections.mediastore.s3.plugins.module_utils._core.policymerge import LIMIT_BYTES, merge

READ = {"Sid": "Read", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/a/*"}
WRITE = {**READ, "Sid": "Write", "Principal": {"AWS": "arn:aws:iam:::user/me"}, "Action": ["s3:PutObject"]}


def document(*statements, **more):
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


def refused(*given):
    with pytest.raises(BadInput) as caught:
        merge(list(given))
    assert str(caught.value).startswith("Could not merge policies: ")
    return str(caught.value)


def test_statements_stay_in_their_order():
    assert merge([document(WRITE), document(READ)]) == document(WRITE, READ)
    assert merge([document(READ)]) == document(READ)


def test_what_is_merged_is_not_changed_and_not_shared():
    given = [document(READ), document(WRITE)]
    before = copy.deepcopy(given)
    made = merge(given)
    made["Statement"][1]["Action"].append("x")
    assert given == before


def test_json_a_single_statement_and_a_generator_will_do():
    assert merge(one for one in (json.dumps(document(READ)), {"Version": "2012-10-17", "Statement": WRITE})) == document(
        READ, WRITE
    )


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"Sid": "Named"},
        {"Sid": ""},
        {"Principal": {"AWS": ["*"]}},
        {"Action": ["s3:getobject", "s3:GetObject"]},
        {"Condition": {}},
    ],
)
def test_the_same_statement_is_there_once_and_the_first_stays(other):
    assert merge([document(READ), document(WRITE, {**READ, **other})]) == document(READ, WRITE)


def test_different_statements_get_different_sids():
    other, third = {**READ, "Resource": "arn:aws:s3:::media/b/*"}, {**READ, "Resource": "arn:aws:s3:::media/c/*"}
    taken = {**WRITE, "Sid": "Read2"}
    made = merge([document(READ, other), document(third, taken)])
    assert [one["Sid"] for one in made["Statement"]] == ["Read", "Read3", "Read4", "Read2"]
    assert merge([made, document(READ)]) == made


def test_statements_without_a_sid_stay_without():
    nameless = [{name: value for name, value in one.items() if name != "Sid"} for one in (READ, WRITE)]
    assert merge([document(nameless[0]), document(nameless[1])]) == document(*nameless)


def test_all_that_was_granted_is_granted():
    users = [policies.for_bucket("media", "read_write", [f"arn:aws:iam:::user/{name}"], f"{name}/") for name in "abc"]
    public = policies.public_read("media", "public/")
    made = merge([*users, public])
    sids = [one["Sid"] for one in made["Statement"]]
    assert len(sids) == len(set(sids)) == 10
    wanted = [policydoc.canonical(document({**one, "Sid": ""})) for policy in (*users, public) for one in policy["Statement"]]
    assert [policydoc.canonical(document({**one, "Sid": ""})) for one in made["Statement"]] == wanted
    assert policydoc.parse(made, "media") == made


@pytest.mark.parametrize(
    ("ids", "kept"), [(("a", None), "a"), ((None, "a"), "a"), (("a", "a"), "a"), (("a", "b"), None), ((None, None), None)]
)
def test_the_id_is_kept_where_there_is_one(ids, kept):
    given = [document(one, **({"Id": name} if name else {})) for one, name in zip((READ, WRITE), ids)]
    assert merge(given).get("Id") == kept


def test_keys_and_buckets_are_kept_apart():
    identity = policies.for_key("media", "read_write")
    assert merge([identity, policies.for_key("other", "read_only")])["Statement"][2]["Sid"] == "List2"
    message = refused(document(READ), identity)
    assert "statement 1 of policy 1 has a Principal, and statement 1 of policy 2 has none" in message
    assert "Merge each kind by itself" in message
    half = {name: value for name, value in WRITE.items() if name != "Principal"}
    assert "statement 2 of policy 1 has none" in refused(document(READ, half))
    assert merge([document(READ), document({**half, "NotPrincipal": {"AWS": "x"}, "Effect": "Deny"})])


def test_versions_are_kept_apart():
    old = {"Statement": [WRITE]}
    assert merge([old, {**old, "Version": "2008-10-17"}])["Version"] == "2008-10-17"
    message = refused(document(READ), document(READ), old)
    assert "policy 1 has the Version 2012-10-17, and policy 3 has 2008-10-17" in message


def test_a_dialect_is_merged_with_itself():
    first = {"Effect": "Allow", "Principal": {"SCW": ["user_id:b", "user_id:a"]}, "Action": "*", "Resource": "media"}
    turned, public = {**first, "Principal": {"SCW": ["user_id:a", "user_id:b"]}}, {**first, "Principal": "*"}
    everybody = {**first, "Principal": {"AWS": "*"}}
    made = merge([{"Version": "2023-04-17", "Statement": one} for one in (first, turned, public, everybody)])
    assert made == {"Version": "2023-04-17", "Statement": [first, public, everybody]}


def test_the_limit():
    def padded(size):
        return document({**READ, "Resource": "arn:aws:s3:::media/" + "x" * size})

    room = LIMIT_BYTES - len(json.dumps(padded(0)))
    assert len(json.dumps(merge([padded(room)]))) == LIMIT_BYTES == 20480
    message = refused(padded(room + 1))
    assert "together they have 20481 bytes, and the policy of a bucket may have 20480" in message
    assert "key_policy" in message


@pytest.mark.parametrize("given", [[], None, 5, "[]", document(READ)])
def test_what_is_no_list_of_policies(given):
    with pytest.raises(BadInput, match="there is no list of policies"):
        merge(given)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (None, "policy 2 is None, and has no Statement"),
        ({}, "policy 2 has no Statement"),
        ("{", "policy 2 is not JSON"),
        ([document(READ)], "and has no Statement. Write it as a dictionary"),
        (document(READ, {**WRITE, "Action": 5}), "statement 2 of policy 2 has the Action 5"),
        (document({**READ, "Condition": "x"}), "statement 1 of policy 2 has a Condition that is not a dictionary"),
    ],
)
def test_what_is_no_policy_is_named(wrong, words):
    assert words in refused(document(WRITE), wrong)
