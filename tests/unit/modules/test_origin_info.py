# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The origin_info module against a server with TLS. The molecule scenario has a real DNS server."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import dns
from ansible_collections.mediastore.s3.tests.unit.modules.running import run_module


def look(**options):
    return run_module("origin_info", {"timeout": 2, **options})


def where(store):
    return {"host": "127.0.0.1", "port": int(store.endpoint_url.rpartition(":")[2])}


def test_a_store_whose_certificate_is_right(rclone):
    found = look(**where(rclone), ca_path=str(rclone.ca_path))
    assert found == {"changed": False, "addresses": ["127.0.0.1"], "reached": "127.0.0.1"}


def test_a_certificate_that_nobody_knows(rclone):
    failed = look(**where(rclone))
    assert failed["error"]["code"] == "BadCertificate" and "Set ca_path in mediastore_store" in failed["msg"]
    assert look(**where(rclone), validate_certs=False)["reached"] == "127.0.0.1"


def test_nobody_there(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        failed = look(host="127.0.0.1", port=free.getsockname()[1])
    assert failed["error"]["code"] == "NoAnswer" and "firewall" in failed["msg"]
    assert "cannot be used" in look(host="127.0.0.1", ca_path=str(tmp_path / "none.pem"))["msg"]


def test_a_name_needs_a_dns_server_and_etc_hosts_is_none():
    assert "nameservers is empty" in look(host="localhost")["msg"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        failed = run_module("origin_info", {"host": "localhost", "nameservers": [server], "timeout": 1})
    assert failed["error"]["code"] == "NoDns" and server in failed["msg"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("[2001:db8::53]", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_dns_servers_as_nginx_writes_them(text, place):
    assert dns.place(text) == place
