# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that make policies."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2.nativetypes
import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.mediastore.s3.plugins.filter import (
    app_policy,
    key_policy,
    merge_policies,
    private_policy,
    public_read_policy,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core import policies, policydoc

FILTERS = {
    f"mediastore.s3.{name}": function
    for plugin in (app_policy, key_policy, merge_policies, private_policy, public_read_policy)
    for name, function in plugin.FilterModule().filters().items()
}
PRIVATE, PUBLIC, APP, KEY, MERGE = (
    FILTERS[f"mediastore.s3.{name}"]
    for name in ("private_policy", "public_read_policy", "app_policy", "key_policy", "merge_policies")
)
GUIDE = Path(__file__).parents[3] / "docs" / "policies.md"
ME = ["arn:aws:iam:::user/me"]


def rendered(expression):
    """What an expression of Jinja gives, with nothing but these filters."""
    environment = jinja2.nativetypes.NativeEnvironment()
    environment.filters.update(FILTERS)
    return environment.from_string(expression).render()


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


def test_they_give_what_they_are_named_for():
    assert APP("media", "mastodon", principals=ME, acl=True) == policies.for_bucket("media", "mastodon", ME, acl=True)
    assert KEY("media", "migration", prefix="a/") == policies.for_key("media", "migration", "a/")
    assert MERGE([PUBLIC("media"), PUBLIC("media", "a/")])["Statement"][1]["Sid"] == "PublicRead2"


@pytest.mark.parametrize(
    ("principals", "words"), [([], "is not a list of names"), ("me", "is not a list"), (["*"], "everybody"), ([""], "names")]
)
@pytest.mark.parametrize("make", [PRIVATE, lambda name, principals: APP(name, "read_write", principals)])
def test_nobody_and_everybody_are_refused(make, principals, words):
    with pytest.raises(AnsibleFilterError, match=words):
        make("media", principals)


@pytest.mark.parametrize(
    "make",
    [PUBLIC, lambda name: PRIVATE(name, ["u"]), lambda name: APP(name, "read_only", ["u"]), lambda name: KEY(name, "read_only")],
)
@pytest.mark.parametrize("name", ["not a bucket/", "", 5, None])
def test_all_refuse_what_is_no_bucket(make, name):
    with pytest.raises(AnsibleFilterError, match=r"is not a name for a bucket|is not the name of a bucket"):
        make(name)


def test_errors_are_for_people():
    with pytest.raises(
        AnsibleFilterError,
        match=r"Could not make a key_policy: zulip_avatars opens objects to everybody.*Give the key read_write",
    ):
        KEY("media", "zulip_avatars")
    with pytest.raises(
        AnsibleFilterError, match=r"Could not make an app_policy: there is no preset 'full'\. Use mastodon, matrix_full, "
    ):
        APP("media", "full", ME)
    with pytest.raises(AnsibleFilterError, match=r"Could not merge policies: policy 1 has no Statement"):
        MERGE([{}])


@pytest.mark.parametrize(("plugin", "presets"), [(app_policy, policies.FOR_BUCKETS), (key_policy, policies.FOR_KEYS)])
def test_the_documentation_knows_every_preset(plugin, presets):
    assert yaml.safe_load(plugin.DOCUMENTATION)["options"]["preset"]["choices"] == sorted(presets)


def test_in_a_template():
    policy = rendered("{{ ['a', 'b'] | map('mediastore.s3.key_policy', 'read_only') | mediastore.s3.merge_policies }}")
    assert [one["Sid"] for one in policy["Statement"]] == ["List", "Use", "List2", "Use2"]


def guide_tasks():
    """The tasks in the examples of the guide that have to do with a policy."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    tasks = [task for block in blocks for task in yaml.safe_load(block)]
    return [task for task in tasks if "mediastore.s3.bucket" not in task]


@pytest.mark.parametrize("task", guide_tasks(), ids=lambda task: task["name"])
def test_every_example_of_the_guide_makes_a_policy(task):
    bucket = task.get("mediastore.s3.bucket_policy")
    policy = bucket["policy"] if bucket else task["ansible.builtin.debug"]["msg"]
    policy = rendered(policy) if isinstance(policy, str) else policy
    assert policydoc.canonical(policy)
    if bucket:
        assert policydoc.parse(policy, bucket["name"])
    else:
        assert policy["Statement"] and not any("Principal" in one for one in policy["Statement"])
