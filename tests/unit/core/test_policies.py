# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies that are made: what each allows, to whom, and what it never does."""

from __future__ import annotations

import fnmatch
import itertools
import json

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import policies, policydoc
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput

ME = "arn:aws:iam:::user/me"

#: from Zulip's documentation, "S3 bucket policy" and "Data exports"
ZULIP_UPLOADS = """
{
    "Version": "2012-10-17",
    "Id": "Policy1468991802320",
    "Statement": [
        {
            "Sid": "Stmt1468991795370",
            "Effect": "Allow",
            "Principal": {
                "AWS": "ARN_PRINCIPAL_HERE"
            },
            "Action": [
                "s3:GetObject",
                "s3:DeleteObject",
                "s3:PutObject"
            ],
            "Resource": "arn:aws:s3:::BUCKET_NAME_HERE/*"
        },
        {
            "Sid": "Stmt1468991795371",
            "Effect": "Allow",
            "Principal": {
                "AWS": "ARN_PRINCIPAL_HERE"
            },
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::BUCKET_NAME_HERE"
        }
    ]
}
"""
ZULIP_AVATARS = """
{
    "Version": "2012-10-17",
    "Id": "Policy1468991802321",
    "Statement": [
        {
            "Sid": "Stmt1468991795380",
            "Effect": "Allow",
            "Principal": {
                "AWS": "ARN_PRINCIPAL_HERE"
            },
            "Action": [
                "s3:GetObject",
                "s3:DeleteObject",
                "s3:PutObject"
            ],
            "Resource": "arn:aws:s3:::BUCKET_NAME_HERE/*"
        },
        {
            "Sid": "Stmt1468991795381",
            "Effect": "Allow",
            "Principal": {
                "AWS": "ARN_PRINCIPAL_HERE"
            },
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::BUCKET_NAME_HERE"
        },
        {
            "Sid": "Stmt1468991795382",
            "Effect": "Allow",
            "Principal": {
                "AWS": "*"
            },
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::BUCKET_NAME_HERE/*"
        }
    ]
}
"""
ZULIP_EXPORTS = """
{
    "Version": "2012-10-17",
    "Id": "Policy1468991802322",
    "Statement": [
        {
            "Sid": "Stmt1468991795390",
            "Effect": "Allow",
            "Principal": {
                "AWS": "ARN_PRINCIPAL_HERE"
            },
            "Action": [
                "s3:GetObject",
                "s3:DeleteObject",
                "s3:PutObject"
            ],
            "Resource": "arn:aws:s3:::BUCKET_NAME_HERE/*"
        },
        {
            "Sid": "Stmt1468991795391",
            "Effect": "Allow",
            "Principal": {
                "AWS": "ARN_PRINCIPAL_HERE"
            },
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::BUCKET_NAME_HERE"
        }
    ]
}
"""
#: from the documentation of matrix-docker-ansible-deploy, "Storing Matrix media files on Amazon S3"
MATRIX = """
{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Stmt1400105486000",
            "Effect": "Allow",
            "Action": [
                "s3:*"
            ],
            "Resource": [
                "arn:aws:s3:::your-bucket-name",
                "arn:aws:s3:::your-bucket-name/*"
            ]
        }
    ]
}
"""

#: what an application must never be able to do with the bucket that holds its media
NEVER = (
    "s3:*",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutLifecycleConfiguration",
    "s3:DeleteBucket",
    "s3:DeleteObjectVersion",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutBucketAcl",
    "s3:BypassGovernanceRetention",
)
LEAST = ("read_only", "read_write", "mastodon", "migration", "storage_class")


def made(preset, **options):
    """The policy of a bucket where there is one, otherwise that of a key."""
    if preset in policies.FOR_BUCKETS:
        return policies.for_bucket("media", preset, [ME], **options)
    return policies.for_key("media", preset, **options)


def allowed(policy, action, resource, *, public=False, prefix=None):
    """Whether the policy lets the named ones (or everybody) do something, judged as a store does."""
    return any(
        (statement.get("Principal") in ("*", {"AWS": "*"})) == public
        and any(fnmatch.fnmatchcase(action, pattern) for pattern in policydoc.as_list(statement["Action"]))
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in policydoc.as_list(statement["Resource"]))
        and holds(statement.get("Condition", {}), prefix)
        for statement in policy["Statement"]
    )


def holds(condition, prefix):
    patterns = condition.get("StringLike", {}).get("s3:prefix")
    return not patterns or (prefix is not None and any(fnmatch.fnmatchcase(prefix, pattern) for pattern in patterns))


def refused(function, *args, **options):
    with pytest.raises(BadInput) as caught:
        function(*args, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("preset", "printed"), [("zulip_uploads", ZULIP_UPLOADS), ("zulip_avatars", ZULIP_AVATARS), ("zulip_exports", ZULIP_EXPORTS)]
)
def test_zulip_word_for_word(preset, printed):
    policy = policies.for_bucket("BUCKET_NAME_HERE", preset, ["ARN_PRINCIPAL_HERE"])
    assert json.dumps(policy, indent=4) == printed.strip()


def test_matrix_word_for_word():
    assert json.dumps(policies.for_key("your-bucket-name", "matrix_full"), indent=4) == MATRIX.strip()


def test_matrix_of_a_bucket_is_the_same_with_a_principal():
    (statement,) = policies.for_bucket("your-bucket-name", "matrix_full", [ME])["Statement"]
    assert statement.pop("Principal") == {"AWS": ME}
    assert [statement] == json.loads(MATRIX)["Statement"]


def test_word_for_word_there_may_be_several_users():
    policy = policies.for_bucket("media", "zulip_avatars", ["b", "a", "b"])
    assert [one["Principal"] for one in policy["Statement"]] == [{"AWS": ["a", "b"]}, {"AWS": ["a", "b"]}, {"AWS": "*"}]


@pytest.mark.parametrize("option", [{"prefix": "a/"}, {"acl": True}])
@pytest.mark.parametrize("preset", policies.VERBATIM)
def test_word_for_word_is_not_half_of_it(preset, option):
    message = refused(policies.for_bucket, "media", preset, [ME], **option)
    assert f"{preset} is kept word for word" in message and f"Leave {next(iter(option))} out, or use read_write" in message


def test_read_write_is_the_template_of_least_privilege():
    template = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Use",
                "Effect": "Allow",
                "Action": [
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                ],
                "Resource": "arn:aws:s3:::media/*",
            },
            {
                "Sid": "List",
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
                "Resource": "arn:aws:s3:::media",
            },
        ],
    }
    assert policydoc.canonical(policies.for_key("media", "read_write")) == policydoc.canonical(template)


@pytest.mark.parametrize(
    ("preset", "yes", "no"),
    [
        ("read_only", "GetObject", "PutObject DeleteObject AbortMultipartUpload GetObjectTagging PutObjectAcl"),
        (
            "read_write",
            "GetObject PutObject DeleteObject AbortMultipartUpload ListMultipartUploadParts",
            "PutObjectAcl GetObjectTagging PutObjectTagging GetObjectVersion",
        ),
        (
            "mastodon",
            "GetObject PutObject DeleteObject AbortMultipartUpload ListMultipartUploadParts",
            "PutObjectAcl PutObjectTagging",
        ),
        (
            "migration",
            "GetObject PutObject DeleteObject ListMultipartUploadParts GetObjectTagging PutObjectTagging",
            "PutObjectAcl",
        ),
        (
            "storage_class",
            "GetObject PutObject AbortMultipartUpload ListMultipartUploadParts GetObjectTagging PutObjectTagging",
            "DeleteObject PutObjectAcl GetObjectAcl RestoreObject",
        ),
    ],
)
def test_rights_over_objects(preset, yes, no):
    policy = made(preset)
    assert all(allowed(policy, f"s3:{action}", "arn:aws:s3:::media/a") for action in yes.split())
    assert not any(allowed(policy, f"s3:{action}", "arn:aws:s3:::media/a") for action in no.split())
    assert allowed(policy, "s3:ListBucket", "arn:aws:s3:::media") and allowed(
        policy, "s3:GetBucketLocation", "arn:aws:s3:::media"
    )


@pytest.mark.parametrize("acl", [False, True])
@pytest.mark.parametrize("prefix", ["", "a/"])
@pytest.mark.parametrize("preset", LEAST)
def test_what_no_application_may(preset, prefix, acl):
    policy = made(preset, prefix=prefix, acl=acl and preset != "read_only")
    actions = list(itertools.chain.from_iterable(policydoc.as_list(one["Action"]) for one in policy["Statement"]))
    assert not set(actions) & set(NEVER) and not any("*" in action for action in actions)
    assert all(one["Effect"] == "Allow" for one in policy["Statement"])
    elsewhere = ("arn:aws:s3:::media2", "arn:aws:s3:::media2/a", "arn:aws:s3:::other/a/b")
    assert not any(
        allowed(policy, action, place, public=public) for action in actions for place in elsewhere for public in (True, False)
    )


@pytest.mark.parametrize("preset", LEAST)
def test_below_a_prefix(preset):
    policy = made(preset, prefix="a/")
    assert allowed(policy, "s3:GetObject", "arn:aws:s3:::media/a/b")
    assert not allowed(policy, "s3:GetObject", "arn:aws:s3:::media/ab")
    listing = ("s3:ListBucket", "arn:aws:s3:::media")
    assert allowed(policy, *listing, prefix="a/") and allowed(policy, *listing, prefix="a/b")
    assert not any(allowed(policy, *listing, prefix=prefix) for prefix in (None, "", "a", "b/"))
    # these know no prefix: the one is harmless, the other would name the uploads of others
    assert allowed(policy, "s3:GetBucketLocation", "arn:aws:s3:::media")
    assert not allowed(policy, "s3:ListBucketMultipartUploads", "arn:aws:s3:::media", prefix="a/")


@pytest.mark.parametrize("preset", LEAST)
def test_a_condition_is_only_on_the_action_that_knows_its_key(preset):
    conditions = [one["Action"] for one in made(preset, prefix="a/")["Statement"] if "Condition" in one]
    assert conditions == [["s3:ListBucket"]]


@pytest.mark.parametrize(
    ("preset", "more"),
    [
        ("read_write", {"s3:PutObjectAcl"}),
        ("mastodon", {"s3:PutObjectAcl"}),
        ("migration", {"s3:GetObjectAcl", "s3:PutObjectAcl"}),
        ("storage_class", {"s3:GetObjectAcl", "s3:PutObjectAcl"}),
    ],
)
def test_acl_adds_the_right_to_set_acls(preset, more):
    without, with_acl = (
        {action for one in made(preset, acl=acl)["Statement"] for action in one["Action"]} for acl in (False, True)
    )
    assert with_acl - without == more and without < with_acl


def test_nobody_else_gets_anything():
    for preset in policies.FOR_BUCKETS:
        policy = policies.for_bucket("media", preset, [ME])
        public = [one for one in policy["Statement"] if "*" in json.dumps(one["Principal"])]
        assert bool(public) == (preset in ("mastodon", "zulip_avatars"))
        assert all(policydoc.as_list(one["Action"]) == ["s3:GetObject"] for one in public)


@pytest.mark.parametrize("prefix", ["", "social/"])
def test_what_is_public_in_mastodon(prefix):
    policy = policies.for_bucket("media", "mastodon", [ME], prefix)

    def public(key):
        return allowed(policy, "s3:GetObject", f"arn:aws:s3:::media/{key}", public=True)

    for key in (
        "accounts/avatars/1.png",
        "cache/media_attachments/1.png",
        "media_attachments/files/1.png",
        "site_uploads/files/1.png",
    ):
        assert public(prefix + key)
    for key in ("backups/dumps/1.zip", "imports/data/1.csv", "x"):
        assert not public(prefix + key)
        assert allowed(policy, "s3:GetObject", f"arn:aws:s3:::media/{prefix}{key}")


def test_a_policy_of_a_key_names_nobody():
    for preset in policies.FOR_KEYS:
        for statement in policies.for_key("media", preset)["Statement"]:
            assert not {"Principal", "NotPrincipal"} & set(statement)


@pytest.mark.parametrize("preset", ["mastodon", "zulip_avatars"])
def test_what_is_public_is_not_for_a_key(preset):
    assert refused(policies.for_key, "media", preset) == (
        f"Could not make a key_policy: {preset} opens objects to everybody, which only the policy of a bucket can do. "
        f"Give the key read_write, and the bucket mediastore.s3.app_policy('{preset}', principals=[...])."
    )


@pytest.mark.parametrize("preset", ["zulip_uploads", "zulip_exports"])
def test_the_policy_of_a_bucket_is_not_for_a_key(preset):
    assert f"{preset} is the policy of a bucket, word for word" in refused(policies.for_key, "media", preset)


@pytest.mark.parametrize("preset", ["migration", "storage_class"])
def test_what_is_for_a_while_is_not_for_a_bucket(preset):
    message = refused(policies.for_bucket, "media", preset, [ME])
    assert "is for a key that goes away" in message and message.endswith(f"Use mediastore.s3.key_policy('{preset}').")


def test_every_preset_of_one_kind_has_a_reason():
    assert set(policies.ONE_KIND) == set(policies.FOR_BUCKETS) ^ set(policies.FOR_KEYS)


@pytest.mark.parametrize("preset", ["", "read", "READ_WRITE", 5, None, ["read_write"], {"a": 1}])
def test_unknown_presets(preset):
    for message in (refused(policies.for_bucket, "media", preset, [ME]), refused(policies.for_key, "media", preset)):
        assert "there is no preset" in message and "read_write" in message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prefix": "a*"}, "holds *, which in a policy stands for something else"),
        ({"prefix": "a?/"}, "holds ?"),
        ({"prefix": "${aws:username}/"}, "holds ${"),
        ({"prefix": "/a/"}, "begins with '/'"),
        ({"prefix": 5}, "prefix is 5"),
        ({"prefix": None}, "prefix is None"),
        ({"acl": "no"}, "acl is 'no'. Write acl=true or acl=false"),
    ],
)
def test_options_that_cannot_be_meant(options, words):
    assert words in refused(policies.for_bucket, "media", "read_write", [ME], **options)
    assert words in refused(policies.for_key, "media", "read_write", **options)


def test_who_only_reads_sets_no_acls():
    assert "read_only writes nothing" in refused(policies.for_key, "media", "read_only", acl=True)


@pytest.mark.parametrize("bucket", ["", "a/b", "media/*", None, 5, ["media"]])
def test_what_is_no_bucket(bucket):
    for make in (
        lambda: policies.for_bucket(bucket, "read_write", [ME]),
        lambda: policies.for_key(bucket, "read_write"),
        lambda: policies.private(bucket, [ME]),
        lambda: policies.public_read(bucket),
    ):
        assert "bucket" in refused(make)


@pytest.mark.parametrize("principals", [[], None, "me", {"AWS": "me"}, ["me", ""], [5], ["*"], ["me", "*"]])
def test_whom_it_cannot_be_for(principals):
    for message in (
        refused(policies.for_bucket, "media", "read_write", principals),
        refused(policies.private, "media", principals),
    ):
        assert "principals" in message


def test_private_is_read_write_that_lists_everything():
    assert policies.private("media", [ME]) == policies.for_bucket("media", "read_write", [ME])
    assert policies.private("media", [ME], read_only=True) == policies.for_bucket("media", "read_only", [ME])
    below = policies.private("media", [ME], "a/")
    assert allowed(below, "s3:ListBucket", "arn:aws:s3:::media")
    assert not allowed(below, "s3:GetObject", "arn:aws:s3:::media/b")


def test_private_names_who_may():
    policy = policies.private("media", ["arn:aws:iam:::user/b", "arn:aws:iam:::user/a"], read_only=True)
    assert all(one["Principal"] == {"AWS": ["arn:aws:iam:::user/a", "arn:aws:iam:::user/b"]} for one in policy["Statement"])


def test_private_resumes_uploads():
    assert allowed(policies.private("media", [ME]), "s3:ListMultipartUploadParts", "arn:aws:s3:::media/a")


def test_public_read_opens_reading_below_the_prefix_only():
    (statement,) = policies.public_read("media", "avatars/")["Statement"]
    assert statement["Action"] == ["s3:GetObject"]
    assert statement["Resource"] == ["arn:aws:s3:::media/avatars/*"]


@pytest.mark.parametrize(
    "policy",
    [
        policies.public_read("media"),
        policies.private("media", [ME], "x/"),
        *(policies.for_bucket("media", preset, [ME]) for preset in policies.FOR_BUCKETS),
    ],
)
def test_what_is_made_is_accepted_as_the_policy_of_that_bucket_only(policy):
    assert policydoc.parse(policy, "media") == policy
    assert "is not in bucket other" in refused(policydoc.parse, policy, "other")


@pytest.mark.parametrize("preset", policies.FOR_KEYS)
def test_what_is_made_for_a_key_is_not_accepted_as_the_policy_of_a_bucket(preset):
    assert "a policy without is one for a key" in refused(policydoc.parse, policies.for_key("media", preset), "media")


def test_nothing_is_shared_between_two_policies():
    one = policies.for_bucket("media", "mastodon", [ME])
    before = json.dumps(one)
    other = policies.for_bucket("media", "mastodon", [ME])
    for statement in other["Statement"]:
        statement["Action"].append("x")
        statement["Resource"].append("x")
    assert json.dumps(one) == before == json.dumps(policies.for_bucket("media", "mastodon", [ME]))
