# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The caches with everything at another place: folders, ports, styles of addresses, headers; and one removed beside others."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import testinfra
import yaml

from ansible_collections.mediastore.s3.plugins.modules import nginx_config

SCENARIO = Path(__file__).parent.parent
WEB, STORE = testinfra.get_hosts(["ssh://alt-web", "ssh://alt-store"], ssh_config=os.environ["SSH_CONFIG"])
CACHES = yaml.safe_load((SCENARIO / "inventory.yml").read_text())["all"]["children"]["apps"]["hosts"]["alt-web"][
    "mediastore_caches"
]

PUT = """
import sys, boto3, botocore.config
s3 = boto3.client("s3", endpoint_url="https://s3.test:9000", aws_access_key_id="cache-test", region_name="us-east-1",
    aws_secret_access_key="a-secret-of-the-caches", verify="/etc/ssl/store.pem",
    config=botocore.config.Config(s3=dict(addressing_style="path")))
bucket, *keys = sys.argv[1:]
for key in keys:
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode() * 100, ContentType="image/png", Metadata={"mtime": "1"})
"""
#: how each is asked
PLACES = {
    "open": ("http://127.0.0.1:8080/", "Host: media.example.org"),
    "hidden": ("http://127.0.0.1:8082/", "Host: hidden.example.org"),
    "talk": ("http://127.0.0.1:8000/media/", "X-User: me"),
}
#: the connections from nginx to the store
CONNECTIONS = "ss -Htn state established dst :9000 | awk '{print $3}'"


def put(bucket, *keys):
    STORE.check_output("python3 -c %s %s " + " ".join(["%s"] * len(keys)), PUT, bucket, *keys)


def get(name, key, *options):
    """Status, headers and body."""
    place, header = PLACES[name]
    said = WEB.check_output("curl -s -i --path-as-is -H %s " + " ".join(options) + " %s", header, place + key)
    head, _blank, body = said.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    return int(first.split()[1]), {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}, body


@pytest.mark.parametrize(("name", "before"), [("open", "public/"), ("hidden", ""), ("talk", "")])
def test_each_mode_from_another_store(name, before):
    key = "a b/é,+%.png"
    put(f"{name}-media", before + key, before + "empty.png")
    for cache in ("MISS", "HIT"):
        status, headers, body = get(name, "a%20b/%C3%A9%2C%2B%25.png")
        assert (status, headers["x-cache-status"], headers["content-type"]) == (200, cache, "image/png")
        assert body == (before + key) * 100
        assert not [one for one in headers if one.startswith(("x-amz", "x-minio"))]
    assert get(name, "missing.png")[0] == 404
    ranged = get(name, "a%20b/%C3%A9%2C%2B%25.png", "-r", "0-9")
    assert (ranged[0], ranged[1]["content-length"], ranged[1]["x-cache-status"]) == (206, "10", "HIT")


def test_a_prefix_hides_what_is_beside_it():
    put("open-media", "private/x.png", "public/private/y.png")
    for path in ("private/x.png", "../private/x.png", "%2e%2e/private/x.png", "public/x.png", "", "?list-type=2&prefix=private"):
        assert get("open", path)[0] in (400, 404), path
    assert get("open", "private/y.png")[0] == 200


def test_the_headers_are_those_that_were_asked_for():
    put("open-media", "public/headers.png")
    headers = get("open", "headers.png")[1]
    assert headers["access-control-allow-origin"] == "https://social.example.org"
    assert headers["cache-control"] == "public, max-age=60"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_what_changes_the_answer_changes_it_with_slices_too():
    put("talk-media", "saved.png")
    assert get("talk", "saved.png?download=b.png")[1]["content-disposition"] == 'attachment; filename="b.png"'
    assert "content-disposition" not in get("talk", "saved.png")[1]


def test_the_files_are_where_they_were_asked_for():
    assert WEB.file("/srv/caches/open").is_directory and WEB.file("/srv/caches/open").mode == 0o700
    assert WEB.check_output("find /srv/caches/open -type f | wc -l") != "0"
    assert WEB.file("/etc/nginx/talk.d/media.conf").contains("location ^~ /_media/talk-media.s3.test")
    assert WEB.check_output("nginx -T 2>/dev/null | grep -c keys_zone=mediastore_hidden:2m") == "1"


def test_where_the_address_is_fixed_connections_are_kept():
    """And where nginx looks it up again and again they are not, in the versions that Debian and Ubuntu have."""
    put("open-media", *(f"public/k{n}.png" for n in range(20)))
    put("hidden-media", *(f"k{n}.png" for n in range(20)))
    assert get("open", "k0.png")[0] == 200
    kept = set(WEB.check_output(CONNECTIONS).split())
    for n in range(1, 20):
        assert get("open", f"k{n}.png")[1]["x-cache-status"] == "MISS"
    # one for each worker at most
    assert kept and len(set(WEB.check_output(CONNECTIONS).split())) <= int(WEB.check_output("nproc"))
    before = set(WEB.check_output(CONNECTIONS).split())
    for n in range(20):
        assert get("hidden", f"k{n}.png")[1]["x-cache-status"] == "MISS"
    assert set(WEB.check_output(CONNECTIONS).split()) == before


def test_the_distributions_own_site_is_as_it_was():
    assert "Welcome to nginx" in WEB.check_output("curl -s http://127.0.0.1/")


def play(caches, *options):
    command = ["ansible-playbook", "-i", str(SCENARIO / "inventory.yml"), "--limit", "alt-web", "mediastore.s3.cache", *options]
    command += ["-e", json.dumps({"mediastore_caches": caches})]
    environment = {**os.environ, "ANSIBLE_PIPELINING": "true", "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_sizes_that_would_fit_are_said():
    status, output = play(CACHES)
    assert status == 0 and "changed=0" in output, output
    words = " ".join(output.split())
    assert "s3_memory_cache_size 1M: these are some" in words and "s3_disk_cache_size 200M: " in words


def test_one_is_removed_beside_the_others():
    open_, hidden, talk, _never = CACHES
    assert WEB.file("/etc/nginx/mediastore/hidden.js").exists
    status, output = play([open_, {**open_, "name": "hidden", "listen": ["127.0.0.1:8083"], "cache_path": ""}, talk])
    assert status == 0 and not WEB.file("/etc/nginx/mediastore/hidden.js").exists, "it is another mode's, and holds a key"
    status, output = play([{**open_, "state": "absent"}, {**hidden, "state": "absent"}, talk])
    assert status == 0, output
    assert not WEB.file("/srv/caches/open").exists
    assert (
        WEB.check_output("ls /etc/nginx/conf.d /etc/nginx/mediastore /var/lib/nginx/mediastore | grep -E 'open|hidden' | wc -l")
        == "0"
    )
    assert WEB.run("curl -s http://127.0.0.1:8080/k0.png").rc == 7, "nobody listens there any more"
    assert get("talk", "saved.png")[1]["x-cache-status"] == "HIT"
    assert WEB.service("nginx").is_running and WEB.service("nginx").is_enabled


def test_the_example_of_the_module_that_changes_the_configuration(tmp_path):
    """As it is printed, and undone again."""
    play_ = [{"hosts": "alt-web", "gather_facts": False, "tasks": yaml.safe_load(nginx_config.EXAMPLES)}]
    (tmp_path / "quiet.yml").write_text(yaml.safe_dump(play_))
    play_[0]["tasks"] = [{"mediastore.s3.nginx_config": {"absent": ["/etc/nginx/conf.d/quiet.conf"]}}]
    (tmp_path / "loud.yml").write_text(yaml.safe_dump(play_))
    for name, server in (("quiet", "Server: nginx"), ("loud", "Server: nginx/1")):
        command = ["ansible-playbook", "-i", str(SCENARIO / "inventory.yml"), str(tmp_path / f"{name}.yml")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0 and "changed=1" in done.stdout, done.stdout + done.stderr
        lines = WEB.check_output("curl -s -I http://127.0.0.1/").splitlines()
        assert [line for line in lines if line == server or line.startswith(server + ".")], lines
