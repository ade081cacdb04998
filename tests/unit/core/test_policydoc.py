# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies by meaning."""

from __future__ import annotations

import copy
import datetime
import json
import random

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import policydoc
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput
from ansible_collections.mediastore.s3.plugins.module_utils._core.policylanguage import ACTIONS, CONDITION_KEYS, as_list

STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}
#: one of everything that has more than one spelling
RICH = {
    "Version": "2012-10-17",
    "Id": "rich",
    "Statement": [
        {
            "Sid": "Use",
            "Effect": "Allow",
            "Principal": {
                "AWS": ["123456789012", "arn:aws:iam:::user/app", "arn:aws:iam::123456789012:user/b"],
                "Service": ["x.example"],
            },
            "Action": ["s3:GetObject", "s3:PutObject", "s3:List*"],
            "Resource": ["arn:aws:s3:::media", "arn:aws:s3:::media/*"],
            "Condition": {
                "StringLike": {"s3:prefix": ["a/*", "b/*"], "aws:Referer": ["https://a/*"]},
                "Bool": {"aws:SecureTransport": ["true"]},
            },
        },
        {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::media/public/*"]},
        {
            "Effect": "Deny",
            "NotPrincipal": {"AWS": ["arn:aws:iam::123456789012:root"]},
            "NotAction": ["s3:Get*"],
            "NotResource": ["arn:aws:s3:::media/public/*"],
            "Condition": {"Null": {"s3:x-amz-server-side-encryption": ["true"]}},
        },
    ],
}


def document(*statements, **more):
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


def same(one, other):
    return policydoc.canonical(one) == policydoc.canonical(other)


def refused(policy):
    with pytest.raises(BadInput) as caught:
        policydoc.parse(policy, "media")
    return str(caught.value)


def respelled(value, dice, under=""):
    """The same meaning in another spelling, by chance."""
    if isinstance(value, dict):
        pairs = [(name, respelled(inner, dice, name)) for name, inner in value.items()]
        dice.shuffle(pairs)
        return {key_respelled(name, dice): inner for name, inner in pairs}
    if isinstance(value, list):
        made = [respelled(item, dice, under) for item in value]
        made += dice.sample(made, dice.randint(0, 1))
        dice.shuffle(made)
        return made[0] if len(made) == 1 and dice.random() < 0.5 else made
    return word_respelled(value, dice, under)


def key_respelled(name, dice):
    return dice.choice([name, name.lower(), name.upper()]) if name.startswith(("aws:", "s3:")) else name


def word_respelled(word, dice, under):
    spellings = {
        "123456789012": ["123456789012", "arn:aws:iam::123456789012:root", "arn:aws-cn:iam::123456789012:root"],
        "arn:aws:iam::123456789012:root": ["arn:aws:iam::123456789012:root", "123456789012"],
        "true": ["true", True],
    }
    choices = (
        [word, word.lower(), word.upper(), word.swapcase()] if under in ("Action", "NotAction") else spellings.get(word, [word])
    )
    return dice.choice(choices)


@pytest.mark.parametrize("seed", range(50))
def test_every_spelling_of_a_policy_is_the_same_policy(seed):
    dice = random.Random(seed)
    other = respelled(RICH, dice)
    for statement in as_list(other["Statement"]):
        principal = statement.get("Principal")
        if isinstance(principal, dict) and set(as_list(principal["AWS"])) == {"*"}:
            statement["Principal"] = dice.choice(["*", {"AWS": "*"}])
    assert same(RICH, other)


def leaves(value, path=()):
    """The way to every single value in a document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    else:
        yield path


def at(value, path):
    for step in path:
        value = value[step]
    return value


PATHS = list(leaves(RICH))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(str(step) for step in path))
def test_every_single_value_is_part_of_the_meaning(path):
    for change in (lambda holder: holder.__setitem__(path[-1], "other"), lambda holder: holder.__delitem__(path[-1])):
        other = copy.deepcopy(RICH)
        change(at(other, path[:-1]))
        assert not same(RICH, other)


@pytest.mark.parametrize("number", range(len(RICH["Statement"])))
def test_every_statement_and_element_is_part_of_the_meaning(number):
    assert not same(RICH, {**RICH, "Statement": [one for one in RICH["Statement"] if one is not RICH["Statement"][number]]})
    for name in RICH["Statement"][number]:
        other = copy.deepcopy(RICH)
        del other["Statement"][number][name]
        assert not same(RICH, other)


@pytest.mark.parametrize(
    "other",
    [
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": ["*"]}},
        {"Principal": ["*"]},
        {"Action": ["s3:GetObject"]},
        {"Action": ["s3:GetObject", "s3:GetObject"]},
        {"Action": "s3:getobject"},
        {"Action": "S3:GETOBJECT"},
        {"Resource": ["arn:aws:s3:::media/*"]},
        {"Sid": ""},
        {"Condition": {}},
    ],
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_spellings_of_one_statement(other, effect):
    assert same(document({**STATEMENT, "Effect": effect}), document({**STATEMENT, "Effect": effect, **other}))


def test_one_statement_or_a_list_of_one():
    assert same(document(STATEMENT), {"Version": "2012-10-17", "Statement": STATEMENT})


def test_a_statement_twice_is_a_statement():
    assert same(document(STATEMENT), document(STATEMENT, {**STATEMENT, "Action": ["s3:getObject"]}))


def test_the_order_of_statements_and_values_is_nothing():
    first, second = {**STATEMENT, "Action": ["s3:GetObject", "s3:PutObject"]}, {**STATEMENT, "Effect": "Deny"}
    assert same(document(first, second), document(second, {**first, "Action": ["s3:PutObject", "s3:GetObject"]}))


@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_an_account_is_its_root(element, partition):
    statement = {name: value for name, value in STATEMENT.items() if name != "Principal"}
    number, root = {"AWS": "123456789012"}, {"AWS": [f"arn:{partition}:iam::123456789012:root"]}
    assert same(document({**statement, element: number}), document({**statement, element: root}))


@pytest.mark.parametrize(
    "other",
    [
        "arn:aws:iam::123456789012:user/root",
        "arn:aws:iam::12345678901:root",
        "arn:aws:iam::123456789012:root2",
        "arn:aws:iam:::user/123456789012",
        "1234567890123",
    ],
)
def test_what_is_not_the_root_of_the_account(other):
    assert not same(
        document({**STATEMENT, "Principal": {"AWS": "123456789012"}}), document({**STATEMENT, "Principal": {"AWS": other}})
    )
    assert not same(
        document({**STATEMENT, "Principal": {"AWS": "123456789012"}}),
        document({**STATEMENT, "Principal": {"CanonicalUser": "arn:aws:iam::123456789012:root"}}),
    )


def test_users_without_an_account_are_what_they_are():
    (statement,) = policydoc.canonical(document({**STATEMENT, "Principal": {"AWS": "arn:aws:iam:::user/Alice"}}))["Statement"]
    assert statement["Principal"] == {"AWS": ["arn:aws:iam:::user/Alice"]}


def test_whom_a_denial_leaves_out_is_not_guessed():
    statement = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::media/*"}
    assert not same(document({**statement, "NotPrincipal": "*"}), document({**statement, "NotPrincipal": {"AWS": "*"}}))
    assert not same(document({**statement, "NotPrincipal": "*"}), document({**statement, "Principal": "*"}))


def test_conditions_come_back_as_strings():
    wanted = {"Bool": {"aws:SecureTransport": False}, "NumericLessThan": {"s3:max-keys": 10}}
    stored = {"NumericLessThan": {"s3:max-keys": ["10"]}, "Bool": {"aws:SecureTransport": "false"}}
    assert same(document({**STATEMENT, "Condition": wanted}), document({**STATEMENT, "Condition": stored}))


def test_a_condition_key_is_the_same_in_capitals_and_the_name_of_a_tag_is_not():
    def condition(key):
        return document({**STATEMENT, "Condition": {"StringEquals": {key: "x"}}})

    assert same(condition("aws:SourceIp"), condition("AWS:sourceIP"))
    assert same(condition("s3:ExistingObjectTag/Team"), condition("s3:existingobjecttag/Team"))
    assert not same(condition("s3:ExistingObjectTag/Team"), condition("s3:ExistingObjectTag/team"))


def test_a_condition_key_twice_is_left_alone():
    twice = {"StringLike": {"aws:Referer": "a", "aws:referer": "b"}}
    once = {"StringLike": {"aws:Referer": ["a", "b"]}}
    assert not same(document({**STATEMENT, "Condition": twice}), document({**STATEMENT, "Condition": once}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"StringLike": {"s3:prefix": "a"}}, {"StringEquals": {"s3:prefix": "a"}}),
        ({"StringLike": {"s3:prefix": "a"}}, {"StringLikeIfExists": {"s3:prefix": "a"}}),
        ({"StringLike": {"s3:prefix": "a"}}, {"StringLike": {"s3:prefix": "A"}}),
        ({"StringLike": {"s3:prefix": "a"}}, {"StringLike": {"s3:delimiter": "a"}}),
        ({"Bool": {"aws:SecureTransport": True}}, {"Bool": {"aws:SecureTransport": False}}),
        ({"ForAllValues:StringLike": {"aws:TagKeys": "a"}}, {"ForAnyValue:StringLike": {"aws:TagKeys": "a"}}),
    ],
)
def test_conditions_that_differ(one, other):
    assert not same(document({**STATEMENT, "Condition": one}), document({**STATEMENT, "Condition": other}))


@pytest.mark.parametrize(
    "other",
    [
        {"Effect": "Deny"},
        {"Action": "s3:PutObject"},
        {"Action": ["s3:GetObject", "s3:PutObject"]},
        {"Action": "s3:GetObject*"},
        {"Resource": "arn:aws:s3:::media/a/*"},
        {"Resource": "arn:aws:s3:::Media/*"},
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


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("s3:getobject", "s3:GetObject"),
        ("S3:PUTBUCKETCORS", "s3:PutBucketCORS"),
        ("s3:get*", "s3:Get*"),
        ("s3:*", "s3:*"),
        ("*", "*"),
        ("s3:*object", "s3:*object"),
        ("s3:ListBucket?", "s3:ListBucket?"),
        ("iam:GetUser", "iam:getuser"),
        ("s3:Unheard", "s3:unheard"),
        ("nothing", "nothing"),
    ],
)
def test_actions_are_shown_as_they_are_usually_written(written, shown):
    (statement,) = policydoc.canonical(document({**STATEMENT, "Action": written}))["Statement"]
    assert statement["Action"] == [shown]


@pytest.mark.parametrize("action", [f"s3:{name}" for name in ACTIONS])
def test_a_known_action_is_its_own_spelling(action):
    (statement,) = policydoc.canonical(document({**STATEMENT, "Action": action.lower()}))["Statement"]
    assert statement["Action"] == [action]


def test_known_words_are_there_once():
    for words in (ACTIONS, CONDITION_KEYS):
        assert len({word.lower() for word in words}) == len(words)


SCALEWAY = {
    "Version": "2023-04-17",
    "Id": "MyPolicy",
    "Statement": [
        {
            "Sid": "All",
            "Effect": "Allow",
            "Principal": {"SCW": ["user_id:b", "user_id:a"]},
            "Action": "*",
            "Resource": ["media/*", "media"],
        },
        {"Sid": "Read", "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"], "Resource": "media/public/*"},
    ],
}


def test_minio_gives_the_id_back_in_capitals():
    assert same(document(STATEMENT, Id="mine"), document(STATEMENT, ID="mine"))
    assert not same(document(STATEMENT, Id="mine"), document(STATEMENT, ID="other"))
    assert not same(document(STATEMENT, Id="mine"), document(STATEMENT))
    assert "has 'ID', which is no part of a policy. Write Id." in refused(document(STATEMENT, ID="mine"))


def test_of_another_dialect_only_the_order_is_nothing():
    first, second = SCALEWAY["Statement"]
    turned = {
        **SCALEWAY,
        "Statement": [second, {**first, "Principal": {"SCW": ["user_id:a", "user_id:b"]}, "Resource": ["media", "media/*"]}],
    }
    assert same(SCALEWAY, turned)
    for change in (
        {"Principal": {"SCW": "*"}},
        {"Principal": {"AWS": "*"}},
        {"Action": "s3:getobject"},
        {"Resource": "public/*"},
    ):
        assert not same(SCALEWAY, {**SCALEWAY, "Statement": [first, {**second, **change}]})
    assert policydoc.canonical(SCALEWAY)["Statement"][0]["Principal"] == {"SCW": ["user_id:a", "user_id:b"]}


def test_the_dialect_is_accepted_as_it_is():
    assert policydoc.parse(SCALEWAY, "media") == SCALEWAY


@pytest.mark.parametrize("nothing", [None, {}, {"Version": "2012-10-17"}, document()])
def test_no_statement_is_no_policy(nothing):
    assert policydoc.canonical(nothing) is None


def test_canonical_is_stable_and_changes_nothing():
    for policy in (RICH, SCALEWAY):
        before = copy.deepcopy(policy)
        once = policydoc.canonical(policy)
        assert policy == before
        assert policydoc.canonical(once) == once


JUNK = [
    "x",
    5,
    None,
    True,
    [],
    {},
    [[]],
    ["x", 5, None, {"a": [1, {"b": None}]}],
    {"AWS": None},
    {"AWS": {"AWS": {"AWS": []}}},
    {"StringLike": ["x"]},
    {"StringLike": {"s3:prefix": {"a": [None]}}},
    {"StringLike": {"s3:prefix": [None, ["x"]]}},
]


@pytest.mark.parametrize("junk", JUNK, ids=repr)
@pytest.mark.parametrize("version", ["2012-10-17", "2023-04-17", 5])
@pytest.mark.parametrize(
    "name",
    ["Version", "Id", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "Resource", "Condition", "Else"],
)
def test_whatever_there_is_there_is_no_traceback(junk, name, version):
    if name in ("Version", "Id", "Statement"):
        policy = {"Version": version, "Statement": [STATEMENT], name: junk}
    else:
        policy = {"Version": version, "Statement": [STATEMENT, {**STATEMENT, name: junk}]}
    once = policydoc.canonical(policy)
    assert policydoc.canonical(once) == once
    try:
        policydoc.parse(policy, "media")
    except BadInput as exc:
        assert exc.said and exc.remedy


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ({"Statement": {1, 2}}, "is not JSON (it holds a set)"),
        ({"Statement": float("nan")}, "is not JSON"),
        ("[1]", "the policy is [1], and has no Statement. Write it as a dictionary"),
        (5, "the policy is 5, and has no Statement"),
        ({}, "the policy has no Statement. Give at least one"),
        ({"Statement": None}, "the policy has no Statement"),
        ({"Version": 2012, "Statement": STATEMENT}, "the policy has the Version 2012. Write it as text"),
        ({"Id": ["x"], "Statement": STATEMENT}, "the policy has the Id ['x']. Write it as text"),
        (
            {"version": "2012-10-17", "Statement": STATEMENT},
            "the policy has 'version', which is no part of a policy. Write Version.",
        ),
        ({"Statement": "Allow all"}, "statement 1 of the policy is not a dictionary. Write each statement as a dictionary"),
        ({"Statement": [STATEMENT, []]}, "statement 2 of the policy is not a dictionary"),
    ],
)
def test_documents_that_cannot_be_meant(wrong, words):
    assert words in refused(wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"Effect": "allow"}, "has the Effect 'allow' (it must be Allow or Deny). Write Allow or Deny."),
        ({"Effect": ["Allow"]}, "has the Effect ['Allow']"),
        ({"Sid": 5}, "has the Sid 5. Write it as text"),
        ({"Actions": "s3:*"}, "has 'Actions', which is no part of a statement. Write Action."),
        ({"principal": "*"}, "has 'principal', which is no part of a statement. Write Principal."),
        ({"Comment": "x"}, "has 'Comment', which is no part of a statement."),
        ({"Zzz": "x"}, "Write Sid or Effect or"),
        ({"Action": None}, "has no Action. Say the actions, such as s3:GetObject."),
        ({"Action": 5}, "has the Action 5. Write it as text, or as a list of texts."),
        ({"Action": ["s3:GetObject", {"a": 1}]}, "has the Action {'a': 1}"),
        ({"Action": "GetObject"}, "has the Action GetObject, which names no service. Write s3:GetObject."),
        ({"NotAction": "s3:GetObject"}, "has both Action and NotAction. Keep one of the two"),
        ({"Resource": None}, "has no Resource. Say the bucket (arn:aws:s3:::bucket) or its objects"),
        ({"Resource": [5]}, "has the Resource 5"),
        (
            {"Resource": "arn:aws:s3:::other/*"},
            "names arn:aws:s3:::other/*, which is not in bucket media. Write arn:aws:s3:::media",
        ),
        ({"Resource": "arn:aws:s3:::media2"}, "is not in bucket media"),
        ({"Resource": "arn:media"}, "is not in bucket media"),
        ({"Principal": None}, "has no Principal. Say whom it is for"),
        ({"Principal": [{"AWS": "*"}]}, "has the Principal {'AWS': '*'}. Write Principal: \"*\", or"),
        (
            {"Principal": {"AWS": 123456789012}},
            "has the Principal 123456789012, which is a number. Put the number of the account in quotes.",
        ),
        ({"Principal": {"AWS": ["a", None]}}, "has the Principal None"),
        ({"Condition": []}, "has a Condition that is not a dictionary. Write it as operator, key and values"),
        ({"Condition": {"Bool": "x"}}, "has a Condition that is not a dictionary"),
        ({"Condition": {"Bool": {"aws:SecureTransport": None}}}, "has the value None for aws:SecureTransport in its Condition"),
        ({"Condition": {"Bool": {"aws:SecureTransport": [{"x": 1}]}}}, "has the value {'x': 1} for aws:SecureTransport"),
    ],
)
def test_an_error_names_the_statement_and_says_what_to_do(wrong, words):
    message = refused(document(STATEMENT, {**STATEMENT, **wrong}))
    assert message.startswith("Could not set the policy of bucket media: statement 2 of the policy ")
    assert words in message


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:s3:::media",
        "arn:aws:s3:::media/a:b/*",
        "arn:aws-cn:s3:::media/*",
        "arn:aws:s3::tenant:media/*",
        ["arn:aws:s3:::med*/*", "bucket/*"],
    ],
)
def test_names_of_the_bucket(resource):
    assert policydoc.parse(document({**STATEMENT, "Resource": resource}), "media")


@pytest.mark.parametrize(
    "policy", [RICH, document({**STATEMENT, "Principal": ["user1", "user2"]}), document({**STATEMENT, "Action": "*"})]
)
def test_what_is_meant_is_taken_as_it_is(policy):
    assert policydoc.parse(policy, "media") == policy
    assert policydoc.parse(json.dumps(policy), "media") == policy


def test_a_version_without_quotes_is_a_day_to_yaml():
    assert policydoc.parse({"Version": datetime.date(2012, 10, 17), "Statement": [STATEMENT]}, "media") == document(STATEMENT)
