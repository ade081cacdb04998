# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an entry of mediastore_mounts to the command line of each backend, and what is refused with which words."""

from __future__ import annotations

import pytest

from ansible_collections.mediastore.s3.plugins.filter.mount_plan import mount_plan

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
SECRET = "a-secret-that-must-not-show"
STORE = {"provider": "ceph", "access_key": "KEY", "secret_key": SECRET, "ca_path": "/etc/ssl/store.pem"}
KNOWN = {"endpoint": "https://s3.example.org", "region": "default", "addressing_style": "path"}
ENTRY = {"name": "media", "backend": "goofys", "bucket": "example-media", "path": "/srv/media", "owner": "www-data"}
IDS = {"root": "0", "www-data": "33"}


def planned(*entries, known=None, store=None):
    providers = {entry["name"]: KNOWN if known is None else known for entry in entries}
    return mount_plan(list(entries), STORE if store is None else store, providers, IDS, IDS)


def one(**given):
    plan = planned({**ENTRY, **given})
    assert plan["problems"] == []
    return plan["present"][0]


def test_goofys():
    mount = one(prefix="/a/b/", storage_class="STANDARD_IA", options=["--cheap"])
    assert mount["arguments"] == (
        "-f -o allow_other --endpoint https://s3.example.org --region default --uid 33 --gid 33 --dir-mode 0750 "
        "--file-mode 0640 --storage-class STANDARD_IA --cheap example-media:a/b /srv/media"
    )
    assert (mount["source"], mount["prefix"], mount["notifies"], mount["pending"]) == ("example-media:a/b", "a/b/", False, "")
    assert mount["files"]["credentials"] == f"[default]\naws_access_key_id = KEY\naws_secret_access_key = {SECRET}\n"
    assert mount["files"]["environment"] == (
        "AWS_SHARED_CREDENTIALS_FILE=/etc/mediastore/mounts/media/credentials\nSSL_CERT_FILE=/etc/ssl/store.pem\n"
    )


def test_geesefs_by_its_documented_flags():
    """Nothing runs it here. These are in the help text of 0.43.0 (core/cfg/flags.go)."""
    mount = one(backend="geesefs", cache={"path": "/var/cache/media"})
    assert mount["arguments"] == (
        "-f -o allow_other --shared-config /etc/mediastore/mounts/media/credentials --endpoint https://s3.example.org "
        "--region default --uid 33 --gid 33 --dir-mode 0750 --file-mode 0640 --list-type 2 --fsync-on-close --no-detect "
        "--setuid 0 --setgid 0 --cache /var/cache/media example-media /srv/media"
    )


def test_rclone():
    mount = one(backend="rclone", sse_c_key=KEY, cache={"max_size": "10G"}, options=["--vfs-write-back", "5s"])
    assert mount["arguments"].startswith(
        "mount media:example-media /srv/media --config /etc/mediastore/mounts/media/rclone.conf "
    )
    assert " --cache-dir /var/lib/mediastore/mounts/media " in mount["arguments"]
    assert mount["arguments"].endswith("--vfs-cache-max-size 10G --ca-cert /etc/ssl/store.pem --vfs-write-back 5s"), (
        "what comes last wins"
    )
    assert mount["pending"] == "/var/lib/mediastore/mounts/media/vfsMeta" and mount["notifies"]
    config = mount["files"]["rclone.conf"].splitlines()
    assert {"provider = Ceph", "region = default", f"sse_customer_key_base64 = {KEY}"} < set(config)


def test_s3fs():
    mount = one(backend="s3fs", prefix="a", sse_c_key=KEY)
    assert mount["arguments"].startswith("example-media:/a /srv/media -f -o passwd_file=/etc/mediastore/mounts/media/passwd ")
    assert "-o uid=33 -o gid=33 -o mp_umask=0027 " in mount["arguments"]
    assert mount["files"]["sse_c_keys"] == f"{KEY}\n" and mount["files"]["passwd"] == f"KEY:{SECRET}\n"


@pytest.mark.parametrize("backend", ["goofys", "geesefs", "rclone", "s3fs"])
def test_no_secret_is_on_a_command_line_and_region_and_endpoint_are_always_said(backend):
    mount = one(backend=backend, **({"sse_c_key": KEY} if backend in ("rclone", "s3fs") else {}))
    assert SECRET not in mount["arguments"] and KEY not in mount["arguments"]
    said = mount["arguments"] + mount["files"].get("rclone.conf", "")
    assert "https://s3.example.org" in said and "default" in said


def test_amazon_is_named_by_its_region():
    known = {"endpoint": None, "region": "eu-central-1", "addressing_style": "auto"}
    said = planned(ENTRY, known=known)["present"][0]["arguments"]
    assert "--endpoint https://s3.eu-central-1.amazonaws.com --region eu-central-1" in said and "--subdomain" in said
    dotted = planned({**ENTRY, "bucket": "media.example.org"}, known=known)["present"][0]["arguments"]
    assert "--subdomain" not in dotted


def test_words_are_quoted_for_systemd():
    assert one(options=["--x=a b", "50%", "$HOME"])["arguments"].endswith('"--x=a b" 50%% $$HOME example-media /srv/media')


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sse_c_key": KEY}, "Mount media: sse_c_key: goofys takes the key only on its command line"),
        ({"sse_c_key": KEY, "options": ["--sse"]}, "together with --sse it ignores it without a word"),
        ({"options": ["--sse-c=" + KEY]}, "Use backend: rclone or s3fs with sse_c_key."),
        ({"backend": "geesefs", "sse_c_key": KEY}, "geesefs takes the key only on its command line"),
        ({"cache": {"path": "/var/cache/x"}}, "goofys has no cache of its own"),
        ({"store": {"validate_certs": False}}, "goofys accepts only valid certificates"),
        ({"backend": "s3fs", "file_mode": "0600"}, "objects that others made are 0750 and 0640"),
        ({"backend": "s3fs", "sse_c_key": KEY, "storage_class": "REDUCED_REDUNDANCY"}, "s3fs refuses sse_c_key together with"),
        ({"backend": "s3fs", "store": {"session_token": "t"}}, "s3fs takes no session token"),
        ({"backend": "rclone", "options": ["--daemon"]}, "option --daemon: systemd runs it."),
        ({"backend": "rclone", "options": ["--s3-secret-access-key", "x"]}, "can be read by every user of the host"),
        ({"backend": "mountpoint"}, "backend must be one of geesefs, goofys, rclone, s3fs."),
        ({"bucket": ""}, "bucket is missing."),
        ({"path": "srv/media"}, "path srv/media must be absolute"),
        ({"path": "/"}, "not the root"),
        ({"path": "/srv/../etc"}, "without .."),
        ({"owner": "nobody-here"}, "user nobody-here does not exist on the host."),
        ({"group": "none"}, "group none does not exist on the host."),
        ({"dir_mode": "rwx"}, "dir_mode rwx must be an octal mode"),
        ({"services": ["nginx"]}, "nginx must be a unit's whole name"),
        ({"sse_c_key": "short"}, "sse_c_key must be 32 bytes in base64"),
        ({"binary": {"url": "https://example.org/goofys"}}, "binary.url needs binary.checksum"),
        ({"store": {"access_key": ""}}, "a mount needs access_key and secret_key"),
        ({"name": "My Media"}, "may only have a-z, 0-9 and -."),
    ],
)
def test_what_is_refused(given, words):
    plan = planned({**ENTRY, **given})
    assert words in " ".join(plan["problems"])
    assert plan["present"] == [] and SECRET not in " ".join(plan["problems"])


def test_a_region_that_nobody_knows_is_asked_for():
    assert "Say region" in planned(ENTRY, known={**KNOWN, "region": None})["problems"][0]


@pytest.mark.parametrize(
    ("name", "path", "words"),
    [
        ("media", "/srv/other", "Mount media: there are two of that name."),
        ("other", "/srv/media", "Mounts media and other have the same path."),
        ("other", "/srv/media/inside", "are inside each other (/srv/media, /srv/media/inside)"),
    ],
)
def test_mounts_that_clash(name, path, words):
    assert words in " ".join(planned(ENTRY, {**ENTRY, "name": name, "path": path})["problems"])


def test_one_problem_stops_everything_and_all_are_said():
    plan = planned(
        {**ENTRY, "bucket": ""},
        {**ENTRY, "name": "b", "path": "/b", "backend": "x"},
        {"name": "c", "path": "/c", "state": "absent"},
    )
    assert len(plan["problems"]) == 2 and plan["present"] == plan["absent"] == []


def test_what_is_removed_needs_no_more_than_a_name_and_a_path():
    plan = planned({"name": "old", "path": "/srv/old", "state": "absent"}, known={}, store={})
    assert plan["absent"] == [{"name": "old", "path": "/srv/old", "owner": "0", "group": "0", "dir_mode": "0750"}]
