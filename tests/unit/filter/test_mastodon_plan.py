# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the settings of the role mastodon to the lines of .env.production, and what is refused with which words."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.filter.mastodon_plan import mastodon_plan
from ansible_collections.mediastore.s3.plugins.plugin_utils._mastodon import BEGIN, END

CEPH = {
    "endpoint": None,
    "region": "default",
    "addressing_style": "path",
    "capabilities": {"object_acls": ["private", "public-read"]},
}
AWS = {"endpoint": None, "region": None, "addressing_style": "auto", "capabilities": {"object_acls": ["public-read"]}}
GARAGE = {**CEPH, "region": "garage", "capabilities": {"object_acls": []}}
SETTINGS = {
    "bucket": "media",
    "endpoint_url": "https://s3.example.org:8443/",
    "access_key": "KEY",
    "secret_key": "SECRET/+=",
    "permission": "auto",
}


def plan(provider=None, file="", **changes):
    return mastodon_plan({**SETTINGS, **changes}, provider or CEPH, file)


def lines(**given):
    found = plan(**given)
    assert found["problems"] == []
    return dict(line.split("=", 1) for line in found["block"].splitlines())


def test_a_store_of_ones_own():
    assert lines() == {
        "S3_ENABLED": "true",
        "S3_BUCKET": "media",
        "AWS_ACCESS_KEY_ID": "KEY",
        "AWS_SECRET_ACCESS_KEY": "SECRET/+=",
        "S3_REGION": "default",
        "S3_PROTOCOL": "https",
        "S3_HOSTNAME": "s3.example.org:8443",
        "S3_ENDPOINT": "https://s3.example.org:8443",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        "S3_PERMISSION": "public-read",
    }


def test_amazon_has_a_hostname_for_each_region_and_no_endpoint():
    found = lines(provider=AWS, endpoint_url="", region="us-west-2")
    assert found["S3_HOSTNAME"] == "s3.us-west-2.amazonaws.com"
    assert (
        "S3_ENDPOINT" not in found and "AWS_REQUEST_CHECKSUM_CALCULATION" not in found and "S3_OVERRIDE_PATH_STYLE" not in found
    )
    assert plan(provider=AWS, endpoint_url="", region="us-west-2")["media_host"] == "https://media.s3.us-west-2.amazonaws.com"


def test_a_store_that_wants_the_bucket_in_the_host_name():
    assert lines(provider={**CEPH, "addressing_style": "virtual"})["S3_OVERRIDE_PATH_STYLE"] == "true"


def test_a_store_without_acls_is_sent_none():
    found = plan(provider=GARAGE)
    assert (found["acl"], "S3_PERMISSION=\n" in found["block"]) == ("", True)
    assert plan(provider=GARAGE, permission="public-read")["problems"] == [
        "mastodon_media_permission is public-read, and the store has no such ACL. Say auto, or let a policy of the bucket do it."
    ]
    assert lines(permission="private")["S3_PERMISSION"] == "private"


def test_a_threshold_has_a_unit_and_is_written_in_bytes():
    assert lines(multipart_threshold="15M")["S3_MULTIPART_THRESHOLD"] == str(15 << 20)
    assert "has no unit. Say 15M or 15B." in plan(multipart_threshold=15)["problems"][0]
    assert "is no size" in plan(multipart_threshold="large")["problems"][0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bucket": ""}, "mastodon_media_bucket is empty"),
        ({"secret_key": ""}, "needs access_key and secret_key"),
        ({"prefix": "m/"}, "Leave migrate_prefix empty"),
        ({"alias_host": "https://media.example.org"}, "must be a host name alone"),
        ({"storage_class": "COLD # cheap"}, "S3_STORAGE_CLASS has a character that Mastodon would misread (COLD # cheap)"),
        ({"environment": {"S3_BUCKET": "other"}}, "has S3_BUCKET, which another variable sets"),
        ({"environment": {"DB_HOST": "other"}}, "has DB_HOST, which is no setting of media"),
        ({"provider": AWS, "endpoint_url": ""}, "the region is not known"),
        ({"provider": AWS, "endpoint_url": "", "region": "us-west-2", "bucket": "media.example.org"}, "has a dot in its name"),
    ],
)
def test_what_mastodon_would_start_with_and_not_work(changes, said):
    (problem,) = plan(**changes)["problems"]
    assert said in problem


def test_a_secret_that_would_be_misread_is_not_shown():
    (problem,) = plan(secret_key="a secret")["problems"]
    assert "AWS_SECRET_ACCESS_KEY has a character" in problem and "a secret" not in problem


def test_lines_from_before_and_below_that_would_win():
    before = "S3_BUCKET=files.example.com\nS3_ALIAS_HOST=old.example.org\n#S3_CLOUDFRONT_HOST=x\nDB_PASS=x\n"
    assert plan(file=before)["problems"] == [
        "Line 2 of .env.production sets S3_ALIAS_HOST, which would still hold. Remove it, or say it in "
        "mastodon_media_environment."
    ]
    assert plan(file=before, alias_host="new.example.org")["problems"] == []
    ours = f"S3_BUCKET=files\n{BEGIN}\nS3_BUCKET=media\n{END}\n"
    assert plan(file=ours)["problems"] == []
    (problem,) = plan(file=f"{ours}S3_BUCKET=third\n")["problems"]
    assert problem.startswith("Line 5 of .env.production sets S3_BUCKET once more, below the block")


def test_the_media_host_is_added_to_those_that_are_there_once():
    assert plan()["media_hosts"] == "https://s3.example.org:8443"
    file = "EXTRA_MEDIA_HOSTS=https://a.example.org, https://b.example.org\n"
    found = plan(file=file, alias_host="m.example.org")
    assert found["media_hosts"] == "https://a.example.org,https://b.example.org,https://m.example.org"
    assert (
        plan(file=f"EXTRA_MEDIA_HOSTS={found['media_hosts']}", alias_host="m.example.org")["media_hosts"] == found["media_hosts"]
    )


def test_whether_it_is_on_a_bucket_already():
    assert not plan(file="S3_ENABLED=true\nS3_ENABLED=false\n")["enabled"]
    assert plan(file=f"S3_ENABLED=false\n{BEGIN}\nS3_ENABLED=true\n{END}\n")["enabled"]


@pytest.mark.parametrize(
    ("provider", "changes", "url"),
    [
        (CEPH, {}, "https://s3.example.org:8443/media"),
        # Mastodon's library puts the bucket into the path of these, whatever the style of its own requests
        ({**CEPH, "addressing_style": "virtual"}, {}, "https://s3.example.org:8443/media"),
        (CEPH, {"alias_host": "media.example.org"}, "https://media.example.org"),
        (AWS, {"endpoint_url": "", "region": "eu-west-1"}, ""),
    ],
)
def test_where_visitors_find_media(provider, changes, url):
    assert plan(provider, **changes)["media_url"] == url


def test_a_host_for_visitors_has_tls_whatever_the_store_has():
    inside = {"endpoint_url": "http://garage.internal:3900", "alias_host": "media.example.org"}
    assert lines(**inside)["S3_PROTOCOL"] == "https" and lines(**inside)["S3_ENDPOINT"] == "http://garage.internal:3900"
    assert lines(endpoint_url="http://garage.internal:3900")["S3_PROTOCOL"] == "http"


@pytest.mark.parametrize(
    ("file", "url"),
    [
        ("", ""),
        ("LOCAL_DOMAIN=example.org\n", "https://example.org/"),
        ('LOCAL_DOMAIN=example.org\nWEB_DOMAIN="social.example.org"\n', "https://social.example.org/"),
    ],
)
def test_where_people_find_mastodon(file, url):
    assert plan(file=file)["site_url"] == url
