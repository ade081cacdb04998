# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the rights of keys stand in the policies of buckets: keys and what else a policy says do not get in each other's way."""

from __future__ import annotations

import json
import secrets

import pytest
from botocore.exceptions import ClientError

from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import MediastoreError
from ansible_collections.mediastore.s3.plugins.module_utils._core.policies import public_read
from ansible_collections.mediastore.s3.plugins.module_utils._store.stranger import Stranger
from ansible_collections.mediastore.s3.tests.interop.applies import only, where
from ansible_collections.mediastore.s3.tests.interop.keyholder import client
from ansible_collections.mediastore.s3.tests.interop.test_keyrings import Place
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module

IN_POLICIES = where(lambda profile: profile.keys.in_bucket_policy)


@pytest.fixture
def place(store):
    """A store with a bucket; buckets and keys are gone afterwards."""
    made = Place(store)
    made.name = f"app-{secrets.token_hex(4)}"
    assert not module(made, "bucket").get("failed")
    yield made
    left = made.keyring.find(made.name)
    if left:
        made.keyring.remove(left)
    module(made, "bucket", state="absent", force=True, force_confirm=made.bucket)


def module(place, module_name, **options):
    return run_module(module_name, {**place.options, "name": place.bucket, **options})


def stored(place):
    """The policy as the store has it."""
    try:
        return json.loads(place.owner.get_bucket_policy(Bucket=place.bucket)["Policy"])
    except ClientError as exc:
        assert exc.response["Error"]["Code"] == "NoSuchBucketPolicy"
        return None


def public(place, key):
    """Whether everybody may read it."""
    place.owner.put_object(Bucket=place.bucket, Key=key, Body=b"x")
    return Stranger(place.connection).get(f"{place.options['endpoint_url']}/{place.bucket}/{key}").status == 200


@IN_POLICIES
def test_a_policy_and_keys_live_side_by_side(place):
    avatars, everything = public_read(place.bucket, "avatars/"), public_read(place.bucket)
    assert module(place, "bucket_policy", policy=avatars)["changed"]
    key = place.keyring.create(place.name, place.grants("list", "read", "write"), None)
    holder = place.holder(key)
    assert holder.waits_for("write", True)
    again = module(place, "bucket_policy", policy=avatars)
    assert not again["changed"] and public(place, "avatars/a") and not public(place, "private")
    (shown,) = module(place, "bucket_info", gather=["policy"])["buckets"]
    assert shown["policy"] == again["bucket"]["policy"] and "MediastoreKey" not in json.dumps(shown)
    assert module(place, "bucket_policy", policy=everything)["changed"]
    assert not module(place, "bucket_policy", policy=everything)["changed"]
    assert public(place, "private") and holder.may("write") and holder.may("read")
    assert module(place, "bucket_policy", state="absent")["changed"]
    assert not module(place, "bucket_policy", state="absent")["changed"]
    assert not public(place, "avatars/a") and holder.may("write") and holder.may("read")
    assert module(place, "bucket_policy", policy=avatars)["changed"]
    place.keyring.remove(place.keyring.find(place.name))
    assert stored(place) == avatars


@IN_POLICIES
def test_a_policy_that_was_made_for_keys_goes_with_the_last_of_them(place):
    place.keyring.create(place.name, place.grants("list", "read"), None)
    assert not module(place, "bucket_policy", state="absent")["changed"]
    assert module(place, "bucket_info", gather=["policy"])["buckets"][0]["policy"] is None
    assert stored(place) is not None
    place.keyring.remove(place.keyring.find(place.name))
    assert stored(place) is None


@IN_POLICIES
def test_a_user_does_not_write_statements_about_keys(place):
    policy = public_read(place.bucket)
    policy["Statement"][0]["Sid"] = "MediastoreKeyOfMine"
    failed = module(place, "bucket_policy", policy=policy)
    assert failed["failed"] and "MediastoreKeyOfMine" in failed["error"]["said"] and stored(place) is None


@only("versitygw")
def test_what_was_made_by_hand_of_a_policy_is_put_right(place):
    key = place.keyring.create(place.name, place.grants("list", "read"), None)
    policy = stored(place)
    policy["Statement"][0]["Action"] = ["s3:ListBucket", "s3:PutBucketTagging"]
    place.owner.put_bucket_policy(Bucket=place.bucket, Policy=json.dumps(policy))
    found = place.keyring.find(place.name)
    assert found.grants is None
    place.keyring.regrant(found, place.grants("list", "read"))
    assert place.keyring.find(place.name).grants == place.grants("list", "read") and place.holder(key).may("list")


@only("versitygw")
def test_an_account_that_somebody_else_deleted_is_no_obstacle(place):
    gone = place.keyring.create(place.name, place.grants("list", "read"), None)
    place.keyring._call("delete-user", {"access": gone.id})
    assert place.keyring.find(place.name).keys == ()
    key = place.keyring.create(place.name, place.grants("list", "read"), None)
    assert place.holder(key).waits_for("read", True) and gone.id not in json.dumps(stored(place))
    place.keyring._call("delete-user", {"access": key.id})
    place.keyring.remove(place.keyring.find(place.name))
    assert place.keyring.find(place.name) is None and stored(place) is None


@only("versitygw")
def test_the_account_that_made_the_bucket_keeps_it(place):
    access, secret, bucket = f"boss-{secrets.token_hex(4)}.", secrets.token_hex(20), f"boss-{secrets.token_hex(4)}"
    place.keyring._call("create-user", fields={"Access": access, "Secret": secret, "Role": "userplus"})
    boss = client(place.options, access, secret)
    boss.create_bucket(Bucket=bucket)
    try:
        key = place.keyring.create(place.name, place.grants("list", "read", "write", bucket=bucket), None)
        holder = place.holder(key, bucket)
        assert holder.waits_for("write", True) and not holder.may("delete")
        boss.put_object(Bucket=bucket, Key="a", Body=b"x")
        boss.get_bucket_policy(Bucket=bucket)
        for found in boss.list_objects_v2(Bucket=bucket)["Contents"]:  # what the key has written too
            boss.delete_object(Bucket=bucket, Key=found["Key"])
        place.keyring.remove(place.keyring.find(place.name))
        boss.put_object(Bucket=bucket, Key="a", Body=b"x")
        boss.delete_object(Bucket=bucket, Key="a")
    finally:
        module(place, "bucket", name=bucket, state="absent", force=True, force_confirm=bucket)
        place.keyring._call("delete-user", {"access": access})


@only("versitygw")
def test_nobody_is_locked_out_who_gets_in_by_an_acl(place):
    assert module(place, "bucket", ownership="BucketOwnerPreferred", acl="public-read")["changed"]
    with pytest.raises(MediastoreError) as refused:
        place.keyring.create(place.name, place.grants("list", "read"), None)
    assert refused.value.code == "HasAcl" and place.keyring.find(place.name) is None and stored(place) is None
    assert module(place, "bucket", acl="private")["changed"]
    place.keyring.create(place.name, place.grants("list", "read"), None)


@IN_POLICIES
def test_nothing_is_made_when_a_bucket_is_missing(place):
    with pytest.raises(MediastoreError) as refused:
        place.keyring.create(place.name, (*place.grants("list"), *place.grants("list", bucket="no-such-bucket")), None)
    assert refused.value.code == "NoSuchBucket" and place.keyring.find(place.name) is None and stored(place) is None
