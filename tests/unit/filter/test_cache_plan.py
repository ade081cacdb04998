# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an entry of mediastore_caches to what the templates need, which DNS server nginx is told, and what is refused how."""

from __future__ import annotations

import re

import pytest

from ansible_collections.mediastore.s3.plugins.filter.cache_plan import cache_plan

SECRET = "a-secret-that-must-not-show"
STORE = {"provider": "ceph", "access_key": "KEY", "secret_key": SECRET, "ca_path": "/etc/ssl/store.pem"}
KNOWN = {"endpoint": "https://s3.example.org", "region": "default", "addressing_style": "path"}
INTERNAL = {"name": "chat", "mode": "internal", "bucket": "example-chat"}
PUBLIC = {
    "name": "social",
    "mode": "public",
    "bucket": "example-social",
    "server_name": ["files.example.org"],
    "certificate": "/etc/ssl/files.pem",
    "certificate_key": "/etc/ssl/files.key",
}
SIGNED = {**PUBLIC, "name": "vault", "mode": "signed", "certificate": None, "certificate_key": None, "listen": ["127.0.0.1:8080"]}
RESOLV_CONF = "search example.org\nnameserver 192.0.2.53 # the first\nnameserver 192.0.2.54\n"


def planned(*entries, known=None, store=None, resolv_conf=RESOLV_CONF, **said):
    providers = {entry["name"]: KNOWN if known is None else known for entry in entries}
    return cache_plan(list(entries), STORE if store is None else store, providers, resolv_conf, **said)


def one(entry, known=None, store=None, **said):
    plan = planned(entry, known=known, store=store, **said)
    assert plan["problems"] == []
    return plan["present"][0]


def test_zulips_sizes_are_the_defaults():
    cache = one(INTERNAL)
    assert (cache["memory"], cache["disk"], cache["s3_cache_inactive_time"], cache["valid"]) == ("1m", "200M", "30d", "1y")
    assert cache["cache_path"] == "/var/lib/nginx/mediastore/chat"
    assert one({**INTERNAL, "s3_memory_cache_size": "1G"})["memory"] == "1024m", "a zone's size has no g"


@pytest.mark.parametrize(
    ("known", "entry", "host", "base"),
    [
        ({}, {}, "s3.example.org", "/example-chat"),
        ({"addressing_style": "virtual"}, {}, "example-chat.s3.example.org", ""),
        ({"addressing_style": "auto"}, {}, "example-chat.s3.example.org", ""),
        ({"addressing_style": "auto"}, {"bucket": "example.chat"}, "s3.example.org", "/example.chat"),
        ({"addressing_style": "virtual"}, {"prefix": "/a/b/"}, "example-chat.s3.example.org", "/a/b"),
        (
            {"endpoint": None, "region": "eu-central-1", "addressing_style": "auto"},
            {},
            "example-chat.s3.eu-central-1.amazonaws.com",
            "",
        ),
        ({"endpoint": None, "region": "cn-north-1"}, {}, "s3.cn-north-1.amazonaws.com.cn", "/example-chat"),
    ],
)
def test_where_the_media_come_from(known, entry, host, base):
    origin = one({**INTERNAL, **entry}, {**KNOWN, **known})["origin"]
    assert (origin["host"], origin["base"], origin["place"], origin["header"]) == (host, base, f"{host}:443", host)
    assert origin["pinned"] is False


def test_what_everybody_reads_may_be_at_another_place():
    origin = one({**PUBLIC, "origin": "https://example-social.web.example.org/x/"})["origin"]
    assert (origin["host"], origin["base"]) == ("example-social.web.example.org", "/x")


def test_where_the_application_writes_another_host_than_the_store_is_known_by():
    """As boto3 does on Amazon S3 in its first region."""
    cache = one({**INTERNAL, "origin": "https://example-chat.s3.amazonaws.com"})
    assert (cache["origin"]["host"], cache["origin"]["base"]) == ("example-chat.s3.amazonaws.com", "")
    assert re.match(cache["path_pattern"].replace("?<", "?P<"), "/internal/s3/example-chat.s3.amazonaws.com/a")


def test_a_port_is_part_of_the_host_header_and_an_address_is_never_looked_up():
    origin = one(INTERNAL, {**KNOWN, "endpoint": "http://[2001:db8::1]:9000"})["origin"]
    assert (origin["header"], origin["place"], origin["pinned"]) == ("[2001:db8::1]:9000", "[2001:db8::1]:9000", True)
    assert one({**INTERNAL, "follow_dns": False})["origin"]["pinned"] is True


@pytest.mark.parametrize(
    ("resolv_conf", "said", "resolver"),
    [
        (RESOLV_CONF, {}, "192.0.2.53 valid=300s ipv6=off"),
        (RESOLV_CONF, {"ipv6": True}, "192.0.2.53 valid=300s"),
        ("nameserver 2001:db8::53\n", {"resolver_valid": "30s", "ipv6": True}, "[2001:db8::53] valid=30s"),
        ("nameserver fe80::1%eth0\nnameserver 192.0.2.54\n", {}, "192.0.2.54 valid=300s ipv6=off"),
        ("# nameserver 192.0.2.1\n;nameserver 192.0.2.2\n\tnameserver\t192.0.2.3\n", {}, "192.0.2.3 valid=300s ipv6=off"),
        (
            RESOLV_CONF,
            {"nameservers": ["192.0.2.1", "2001:db8::1", "[2001:db8::2]:5353", "192.0.2.2:53"]},
            "192.0.2.1 [2001:db8::1] [2001:db8::2]:5353 192.0.2.2 valid=300s ipv6=off",
        ),
    ],
)
def test_which_dns_server_nginx_is_told(resolv_conf, said, resolver):
    assert one(INTERNAL, resolv_conf=resolv_conf, **said)["resolver"] == resolver


def test_the_stub_of_systemd_resolved_is_recognised():
    plan = planned(INTERNAL, resolv_conf="nameserver 127.0.0.53\noptions edns0 trust-ad\n")
    assert (plan["nameservers"], plan["stub"], planned(INTERNAL)["stub"]) == (["127.0.0.53"], True, False)


def test_a_redirect_leads_to_objects_of_this_bucket_only():
    pattern = one(INTERNAL)["path_pattern"].replace("?<", "?P<")
    found = re.match(pattern, "/internal/s3/s3.example.org/example-chat/a%20b/c.png")
    assert found and found.group("mediastore_chat_key") == "/example-chat/a%20b/c.png"
    assert re.match(pattern, "/internal/s3/s3.example.org:443/example-chat/a")
    for path in (
        "/internal/s3/s3.example.org/example-chat/",
        "/internal/s3/s3.example.org/other/a",
        "/internal/s3/s3.example.org/example-chat2/a",
        "/internal/s3/s3.example.org.evil.example/example-chat/a",
        "/internal/s3/s3xexample.org/example-chat/a",
    ):
        assert not re.match(pattern, path), path


def test_a_policy_of_several_parts_is_one_string():
    assert one({**PUBLIC, "csp": "default-src 'none'; sandbox"})["csp"] == "default-src 'none'; sandbox"


def test_where_nginx_listens():
    assert one(PUBLIC)["listen"] == ["443 ssl"] and one(PUBLIC, ipv6=True)["listen"] == ["443 ssl", "[::]:443 ssl"]
    assert one(SIGNED)["listen"] == ["127.0.0.1:8080"] and one(SIGNED)["proof_url"] == "http://127.0.0.1:8080"
    assert one(PUBLIC)["proof_url"] == "https://127.0.0.1:443"
    assert one({**SIGNED, "listen": ["[::]:80"]})["proof_url"] == "http://[::1]:80"


def test_only_the_file_that_signs_holds_the_key_and_only_root_reads_it():
    files = {file["template"]: file for file in one(SIGNED)["files"]}
    assert (files["signer.js.j2"]["path"], files["signer.js.j2"]["secret"]) == ("/etc/nginx/mediastore/vault.js", True)
    assert not files["http.conf.j2"]["secret"]
    assert SECRET not in str(one(PUBLIC)) and SECRET not in str(one(INTERNAL))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({**INTERNAL, "mode": "private"}, "Cache chat: mode must be one of internal, public, signed, and is private."),
        ({"name": "chat", "bucket": "x"}, "and is missing."),
        (
            {**INTERNAL, "s3_disk_cache_size": "200"},
            "s3_disk_cache_size is '200'; write a size with its unit (K, M or G), such as 200M.",
        ),
        ({**INTERNAL, "s3_memory_cache_size": "8000 entries"}, "write a size with its unit"),
        ({**INTERNAL, "s3_memory_cache_size": "1k"}, "nginx needs 64K at least"),
        ({**INTERNAL, "slice_size": "0M"}, "slice_size is '0M'"),
        ({**INTERNAL, "s3_cache_inactive_time": "30"}, "write a time with its unit (s, m, h, d, w, M or y), such as 30d."),
        ({**INTERNAL, "valid": "for ever"}, "valid is 'for ever'"),
        ({**INTERNAL, "bucket": ""}, "bucket is missing."),
        ({**INTERNAL, "bucket": "a/../b"}, "bucket a/../b is no name of a bucket."),
        ({**INTERNAL, "prefix": "a b"}, "prefix may only have"),
        ({**INTERNAL, "location": "internal"}, "location internal must be a path"),
        ({**INTERNAL, "server_name": "x.example.org"}, "internal has the application's"),
        ({**SIGNED, "origin": "https://x.example.org"}, "origin is not for the mode signed"),
        ({**INTERNAL, "include": "/srv/x.conf"}, "must be a file below /etc/nginx"),
        ({**INTERNAL, "include": "/etc/nginx/../x.conf"}, "must be a file below /etc/nginx"),
        ({**INTERNAL, "cache_path": "/var"}, "must be a folder for this cache alone"),
        ({**INTERNAL, "csp": 'none"; more_set_headers "x'}, "has a character that means something to nginx."),
        ({**PUBLIC, "store": {"proxy_url": "http://proxy.example.org:3128"}}, "nginx reaches a store only directly"),
        ({**PUBLIC, "cache_control": "public, $evil"}, "has a character that means something to nginx."),
        ({**PUBLIC, "listen": ["443; return 200"]}, "has a character that means something to nginx."),
        ({**INTERNAL, "name": "Chat Media"}, "may only have a-z, 0-9 and -."),
        ({**PUBLIC, "server_name": None}, "server_name is missing"),
        ({**PUBLIC, "server_name": ["a_b$"]}, "server_name a_b$ must be a host name."),
        ({**PUBLIC, "certificate_key": None}, "certificate and certificate_key go together."),
        ({**PUBLIC, "certificate": None, "certificate_key": None}, "or, behind another proxy, listen"),
        ({**PUBLIC, "origin": "files.example.org"}, "must be the URL of the bucket"),
        ({**PUBLIC, "redirect_from": "/system/; return 200"}, "has a character that means something"),
        ({**SIGNED, "store": {"secret_key": ""}}, "needs access_key and secret_key"),
    ],
)
def test_what_is_refused(entry, words):
    plan = planned(entry)
    assert words in " ".join(plan["problems"])
    assert plan["present"] == [] and SECRET not in " ".join(plan["problems"])


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"resolv_conf": "search example.org"}, "names no DNS server that nginx could ask"),
        ({"resolv_conf": "nameserver fe80::1%eth0"}, "mediastore_cache_nameservers"),
        ({"nameservers": ["dns.example.org"]}, "has dns.example.org; write addresses"),
        ({"nameservers": ["192.0.2.1:x"]}, "has 192.0.2.1:x; write addresses"),
        ({"resolver_valid": "300"}, "write a time with its unit, such as 300s."),
    ],
)
def test_dns_servers_that_are_none(said, words):
    assert words in " ".join(planned(INTERNAL, **said)["problems"])


def test_caches_that_clash_and_one_problem_stops_everything():
    plan = planned(INTERNAL, {**PUBLIC, "name": "chat"}, {"name": "old", "state": "absent"})
    assert "two have the name chat" in " ".join(plan["problems"]) and plan["present"] == plan["absent"] == []
    shared = planned({**INTERNAL, "cache_path": "/srv/x/y"}, {**SIGNED, "cache_path": "/srv/x/y"})
    assert "two have the cache_path /srv/x/y" in shared["problems"][0]


def test_what_another_mode_has_left_is_removed():
    assert one(PUBLIC)["leftovers"] == ["/etc/nginx/mediastore/social.conf", "/etc/nginx/mediastore/social.js"]
    assert one(SIGNED)["leftovers"] == ["/etc/nginx/mediastore/vault.conf"]
    assert one(INTERNAL)["leftovers"] == ["/etc/nginx/mediastore/chat.js"]


def test_what_is_removed_needs_no_more_than_a_name():
    (gone,) = planned({"name": "old", "state": "absent"}, known={}, store={})["absent"]
    assert gone["cache_path"] == "/var/lib/nginx/mediastore/old"
    assert gone["files"] == [
        "/etc/nginx/conf.d/mediastore-old.conf",
        "/etc/nginx/mediastore/old.js",
        "/etc/nginx/mediastore/old.conf",
    ]
    (other,) = planned({"name": "old", "state": "absent", "include": "/etc/nginx/app.d/x.conf"})["absent"]
    assert other["files"][-1] == "/etc/nginx/app.d/x.conf"
