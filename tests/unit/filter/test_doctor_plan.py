# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor looks at follows from the variables of the other roles, and has no secrets in it."""

from __future__ import annotations

from ansible_collections.mediastore.s3.plugins.filter.doctor_plan import doctor_plan

RULE = {"id": "exports", "prefix": "exports/", "expiration_days": 30}
BUCKETS = [
    {"name": "media", "preset": "public_read", "lifecycle": [RULE]},
    {"name": "uploads", "preset": "private", "public_url": "https://uploads.example.org"},
    {"name": "own", "policy": {}, "expect": "private"},
    {"name": "unknown"},
    {"name": "old", "state": "absent"},
]
CACHES = [
    {"name": "media", "mode": "public", "bucket": "media", "server_name": ["media.example.org"], "certificate": "/etc/media.pem"},
    {"name": "part", "mode": "public", "bucket": "unknown", "prefix": "part", "server_name": ["part.example.org"]},
    {"name": "gone", "state": "absent"},
]
MOUNTS = [
    {"name": "media", "path": "/srv/media", "backend": "rclone", "owner": "synapse", "sse_c_key": "secret", "bucket": "media"},
    {"name": "plain", "path": "/srv/plain", "backend": "s3fs", "bucket": "media"},
]


def test_buckets_as_they_are_meant():
    plan = doctor_plan(BUCKETS, caches=CACHES)
    found = {ward["name"]: (ward["expect"], ward["public_url"], ward["lifecycle"]) for ward in plan["buckets"]}
    assert found == {
        "media": ("public_read", "https://media.example.org", [RULE]),
        "uploads": ("private", "https://uploads.example.org", []),
        "own": ("private", "", []),
        "unknown": ("any", "", []),
    }


def test_what_is_known_besides_wins_and_the_bucket_of_the_migration_is_added():
    known = [{"name": "media", "path": "/srv/media", "page_url": None}, {"name": "more", "expect": "private"}]
    plan = doctor_plan(BUCKETS[:1], known=known, bucket="moved")
    assert [(ward["name"], ward["expect"], ward.get("path")) for ward in plan["buckets"]] == [
        ("media", "public_read", "/srv/media"),
        ("moved", "any", None),
        ("more", "private", None),
    ]
    assert "page_url" not in plan["buckets"][0]


def test_mounts_caches_and_who_is_asked_for_names():
    plan = doctor_plan([], mounts=MOUNTS, caches=CACHES, resolv_conf="# none\nnameserver 2001:db8::53\nnameserver 192.0.2.53\n")
    assert plan["mounts"][0] == {"name": "media", "path": "/srv/media", "owner": "synapse"}
    assert [one["path"] for one in plan["directories"]] == [
        "/var/lib/mediastore/mounts/media",
        "/var/lib/nginx/mediastore/media",
        "/var/lib/nginx/mediastore/part",
    ]
    assert plan["nameservers"] == ["[2001:db8::53]"]
    assert doctor_plan([], caches=CACHES, nameservers=["192.0.2.1"])["nameservers"] == ["192.0.2.1"]
    assert doctor_plan([], caches=[{**CACHES[0], "follow_dns": False}], resolv_conf="nameserver 192.0.2.53")["nameservers"] == []
    assert "secret" not in str(plan)
