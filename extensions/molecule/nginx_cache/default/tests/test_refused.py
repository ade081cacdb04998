# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong is said before anything is touched, and what nginx refuses never takes its place."""

from __future__ import annotations

import json

import pytest

from ansible_collections.mediastore.s3.extensions.molecule.nginx_cache.default.tests.site import (
    CACHES,
    CONNECTION,
    WEB,
    configuration,
    masters,
    media,
    play,
    put,
    run,
    with_caches,
)

CHAT, SOCIAL, VAULT = CACHES["chat"], CACHES["social"], CACHES["vault"]


@pytest.fixture
def untouched():
    """Fails if anything has changed by the end, or if nginx was reloaded."""
    put("social-media", here=1000)
    before = configuration(), masters()
    yield
    assert (configuration(), masters()) == before
    assert media("social", "here.jpg").status == 200


@pytest.mark.parametrize(
    ("caches", "said", "words"),
    [
        ([{**CHAT, "s3_disk_cache_size": "200"}], {}, "write a size with its unit"),
        ([{**CHAT, "mode": "private"}], {}, "must be one of: internal, public, signed"),
        (
            [CHAT],
            {"mediastore_store": {**CONNECTION, "endpoint_url": "https://nowhere.test"}},
            "it says NXDOMAIN; nginx asks it directly",
        ),
        ([CHAT], {"mediastore_store": {**CONNECTION, "ca_path": "/etc/ssl/files.pem"}}, "CERTIFICATE_VERIFY_FAILED"),
    ],
)
def test_what_cannot_be_meant_is_refused(untouched, caches, said, words):
    status, output = with_caches(*caches, **said)
    assert status != 0 and words in " ".join(output.split()), output
    assert CONNECTION["secret_key"] not in output


def test_what_nginx_refuses_never_takes_its_place(untouched):
    status, output = with_caches({**SOCIAL, "certificate": "/etc/ssl/none.pem"}, VAULT)
    words = " ".join(output.split())
    assert status != 0 and "nginx refuses the configuration" in words and "/etc/ssl/none.pem" in words, output
    assert "nginx-candidate" not in words, "what is said is about the files where they are, and not where they were tested"


def test_what_nginx_does_not_run_with_is_put_back():
    """Only when it takes over does it see that somebody else listens there."""
    before = configuration()
    status, output = with_caches({**SOCIAL, "certificate": "", "certificate_key": "", "listen": ["127.0.0.1:9000"]})
    words = " ".join(output.split())
    assert status != 0 and "goes on with the configuration that it had" in words and "127.0.0.1:9000" in words, output
    assert configuration() == before
    assert media("social", "here.jpg").status == 200


def test_a_check_run_after_a_run_foresees_nothing_and_shows_no_secret(untouched):
    status, output = play("--check", "--diff", "-vvv")
    assert status == 0 and "changed=0" in output, output
    assert CONNECTION["secret_key"] not in output


def test_a_check_run_says_what_a_run_would_do(untouched):
    status, output = play("--check", "--diff", "-e", json.dumps({"mediastore_caches": [{**CHAT, "s3_disk_cache_size": "1G"}]}))
    assert status == 0 and "changed=1" in output, output
    assert "max_size=1G" in output and "max_size=200M" in output


def test_a_change_is_a_reload_that_nobody_notices():
    master = run(WEB, "systemctl", "show", "-p", "MainPID", "nginx")
    status, output = with_caches(*CACHES.values(), mediastore_cache_resolver_valid="3s")
    assert status == 0 and "changed=1" in output, output
    assert b"valid=3s" in run(WEB, "cat", "/etc/nginx/conf.d/mediastore-social.conf")
    assert run(WEB, "systemctl", "show", "-p", "MainPID", "nginx") == master
    assert media("social", "here.jpg").cache == "HIT", "what is cached stays"


def test_the_key_is_where_only_root_reads():
    assert run(WEB, "stat", "-c", "%a %U", "/etc/nginx/mediastore/vault.js").split() == [b"600", b"root"]
    assert run(WEB, "sh", "-c", f"grep -rl {CONNECTION['secret_key']} /etc/nginx /var/log/nginx").split() == [
        b"/etc/nginx/mediastore/vault.js"
    ]
