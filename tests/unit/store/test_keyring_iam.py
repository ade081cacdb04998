# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys by IAM: where it is, what it may lack, and users who are there for something else."""

from __future__ import annotations

import datetime
import json

import pytest
from botocore.stub import ANY, Stubber

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput, StoreRefused
from ansible_collections.mediastore.s3.plugins.module_utils._core.grants import Grant
from ansible_collections.mediastore.s3.plugins.module_utils._store.connection import Connection
from ansible_collections.mediastore.s3.plugins.module_utils._store.keyring.iam import IamKeyring
from ansible_collections.mediastore.s3.plugins.module_utils._store.registry import profile_for
from ansible_collections.mediastore.s3.tests.servers.moto import MotoS3
from ansible_collections.mediastore.s3.tests.servers.moto_auth import ALLOW_EVERYTHING

GRANTS = (Grant("media", "", ("list", "read")),)
FIRST = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
NAMED = {"UserName": "chat"}


def keyring_of(**options):
    connection = Connection.from_params({"access_key": "A", "secret_key": "B", "provider": "aws", **options})
    return IamKeyring(connection, profile_for(connection))


@pytest.fixture(scope="module")
def server():
    with MotoS3() as store:
        yield store


@pytest.fixture
def iam(server):
    """A plain client, at a moto without users."""
    server.reset()
    return server._boto("iam")


@pytest.fixture
def keyring(server, iam):
    return keyring_of(**server.connection)


@pytest.fixture
def stub():
    """A keyring whose answers are written here, one after the other."""
    keyring = keyring_of(endpoint_url="https://127.0.0.1:1")
    with Stubber(keyring._iam) as stubber:
        stubber.keyring = keyring
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("options", "url", "region"),
    [
        ({"region": "eu-central-1"}, "https://iam.amazonaws.com", "aws-global"),
        ({"region": "cn-north-1"}, "https://iam.cn-north-1.amazonaws.com.cn", "aws-cn-global"),
        ({}, "https://iam.amazonaws.com", "aws-global"),
        (
            {"region": "eu-west-1", "endpoint_url": "https://s3.eu-west-1.amazonaws.com"},
            "https://iam.amazonaws.com",
            "aws-global",
        ),
        ({"provider": "wasabi", "region": "eu-central-2"}, "https://iam.wasabisys.com", "us-east-1"),
        ({"provider": "wasabi", "region": "x", "admin_url": "https://iam.example.org"}, "https://iam.example.org", "us-east-1"),
        ({"provider": "ceph", "endpoint_url": "https://s3.example.org"}, "https://s3.example.org", "us-east-1"),
        ({"admin_url": "https://iam.example.org"}, "https://iam.example.org", "us-east-1"),
    ],
)
def test_where_it_is(monkeypatch, options, url, region):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    client = keyring_of(**options)._iam
    assert (client.meta.endpoint_url, client.meta.region_name) == (url, region)
    assert "mediastore.s3" in client.meta.config.user_agent


def test_a_third_key_is_refused_with_what_to_do(keyring):
    for _number in range(2):
        keyring.create("chat", GRANTS, None)
    with pytest.raises(StoreRefused, match="delete the key that nobody uses") as caught:
        keyring.create("chat", GRANTS, None)
    assert caught.value.code == "LimitExceeded"
    assert len(keyring.find("chat").keys) == 2


def test_a_key_is_switched_off_and_on(keyring):
    key = keyring.create("chat", GRANTS, None)
    for active in (False, True):
        keyring.switch(keyring.find("chat"), key, active)
        assert [one.active for one in keyring.find("chat").keys] == [active]


def test_the_policy_is_as_short_as_it_can_be(keyring, iam):
    keyring.create("chat", GRANTS, None)
    found = iam.get_user_policy(UserName="chat", PolicyName="mediastore")["PolicyDocument"]
    assert len(json.dumps(found, separators=(",", ":"))) < 500


@pytest.mark.parametrize("what", ["a policy", "an attached policy", "a group"])
def test_a_user_who_may_do_more_is_left_alone(keyring, iam, what):
    """Whoever names an administrator by mistake must neither narrow nor delete it."""
    iam.create_user(UserName="admin")
    key = iam.create_access_key(UserName="admin")["AccessKey"]["AccessKeyId"]
    if what == "a policy":
        iam.put_user_policy(UserName="admin", PolicyName="everything", PolicyDocument=ALLOW_EVERYTHING)
    elif what == "an attached policy":
        arn = iam.create_policy(PolicyName="everything", PolicyDocument=ALLOW_EVERYTHING)["Policy"]["Arn"]
        iam.attach_user_policy(UserName="admin", PolicyArn=arn)
    else:
        iam.create_group(GroupName="everything")
        iam.add_user_to_group(UserName="admin", GroupName="everything")
    found = keyring.find("admin")
    assert found.grants is None and [one.id for one in found.keys] == [key]
    for act in (
        lambda: keyring.create("admin", GRANTS, None),
        lambda: keyring.regrant(found, GRANTS),
        lambda: keyring.remove(found),
    ):
        with pytest.raises(BadInput, match="everything"):
            act()
    assert keyring.find("admin") == found
    assert "mediastore" not in iam.list_user_policies(UserName="admin")["PolicyNames"]


def test_our_policy_that_somebody_has_changed_is_not_taken_for_grants(keyring, iam):
    keyring.create("chat", GRANTS, None)
    iam.put_user_policy(UserName="chat", PolicyName="mediastore", PolicyDocument=ALLOW_EVERYTHING)
    assert keyring.find("chat").grants is None
    keyring.regrant(keyring.find("chat"), GRANTS)
    assert keyring.find("chat").grants == GRANTS


def test_what_is_gone_already_is_no_error(keyring, iam):
    key = keyring.create("chat", GRANTS, None)
    found = keyring.find("chat")
    keyring.remove(found)
    keyring.remove(found)
    keyring.delete(found, key)
    assert keyring.find("chat") is None


def test_a_store_that_knows_only_what_is_needed(stub):
    """Old gateways answer calls that they do not know without any code."""
    stub.add_response(
        "get_user", {"User": {"Path": "/", "UserId": "AIDA" * 4, "Arn": "arn:aws:iam::1:user/chat", **NAMED, "CreateDate": FIRST}}
    )
    stub.add_response("list_access_keys", {"AccessKeyMetadata": [{"AccessKeyId": "K" * 16, "Status": "Active"}]}, NAMED)
    stub.add_client_error("get_access_key_last_used", "InvalidAction", http_status_code=400)
    stub.add_response("list_user_policies", {"PolicyNames": ["mediastore"]}, NAMED)
    stub.add_client_error("list_attached_user_policies", "", http_status_code=405)
    stub.add_client_error("list_groups_for_user", "NotImplemented", http_status_code=501)
    stub.add_client_error("get_user_policy", "NoSuchEntity", http_status_code=404)
    found = stub.keyring.find("chat")
    assert (found.grants, [(key.id, key.created, key.last_used) for key in found.keys]) == ((), [("K" * 16, None, None)])


def test_keys_on_several_pages_the_oldest_first(stub):
    stub.add_response(
        "get_user", {"User": {"Path": "/", "UserId": "AIDA" * 4, "Arn": "arn:aws:iam::1:user/chat", **NAMED, "CreateDate": FIRST}}
    )
    newer = {"AccessKeyId": "N" * 16, "Status": "Inactive", "CreateDate": FIRST + datetime.timedelta(days=1)}
    older = {"AccessKeyId": "O" * 16, "Status": "Active", "CreateDate": FIRST}
    stub.add_response("list_access_keys", {"AccessKeyMetadata": [newer], "IsTruncated": True, "Marker": "more"}, NAMED)
    stub.add_response("list_access_keys", {"AccessKeyMetadata": [older]}, {**NAMED, "Marker": "more"})
    used = {"AccessKeyLastUsed": {"LastUsedDate": FIRST, "ServiceName": "s3", "Region": "us-east-1"}}
    stub.add_response("get_access_key_last_used", used, {"AccessKeyId": older["AccessKeyId"]})
    never = {"AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
    stub.add_response("get_access_key_last_used", never, {"AccessKeyId": newer["AccessKeyId"]})
    stub.add_response("list_user_policies", {"PolicyNames": ["mediastore"], "IsTruncated": True, "Marker": "more"}, NAMED)
    stub.add_response("list_user_policies", {"PolicyNames": ["of somebody"]}, {**NAMED, "Marker": "more"})
    stub.add_response("list_attached_user_policies", {"AttachedPolicies": []}, NAMED)
    stub.add_response("list_groups_for_user", {"Groups": []}, NAMED)
    found = stub.keyring.find("chat")
    assert [(key.id, key.active, key.created, key.last_used) for key in found.keys] == [
        ("O" * 16, True, "2026-01-02T02:04:05Z", "2026-01-02T02:04:05Z"),
        ("N" * 16, False, "2026-01-03T02:04:05Z", None),
    ]
    assert found.grants is None


@pytest.mark.parametrize(
    ("code", "status", "remedy"),
    [
        ("AccessDenied", 403, "iam:CreateUser"),
        ("InvalidClientTokenId", 403, "Check access_key"),
        ("SignatureDoesNotMatch", 403, "Check secret_key"),
        ("Throttling", 400, "busy"),
    ],
)
def test_refusals_say_what_to_do(stub, code, status, remedy):
    stub.add_client_error("get_user", code, http_status_code=status)
    with pytest.raises(StoreRefused, match=remedy) as caught:
        stub.keyring.find("chat")
    assert caught.value.code == code


def test_a_policy_that_is_too_long_says_so(stub):
    stub.add_response("list_user_policies", {"PolicyNames": []}, NAMED)
    stub.add_response("list_attached_user_policies", {"AttachedPolicies": []}, NAMED)
    stub.add_response("list_groups_for_user", {"Groups": []}, NAMED)
    sent = {**NAMED, "PolicyName": "mediastore", "PolicyDocument": ANY}
    stub.add_client_error(
        "put_user_policy", "LimitExceeded", "Maximum policy size of 2048 bytes exceeded", 409, expected_params=sent
    )
    with pytest.raises(StoreRefused, match="fewer grants"):
        stub.keyring._grant("chat", GRANTS)
