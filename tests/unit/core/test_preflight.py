# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a host has against a migration, all at once."""

from __future__ import annotations

import os

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import mounts, preflight
from ansible_collections.mediastore.s3.plugins.module_utils._core.stages import Application


def systemctl(arguments):
    known = arguments[-1] == "nginx.service"
    return 0, f"LoadState={'loaded' if known else 'not-found'}\n", ""


@pytest.fixture
def host(tmp_path):
    (tmp_path / "media").mkdir()
    (tmp_path / "etc").mkdir()
    return tmp_path


def found(host, state=None, run=systemctl, **changes):
    app = Application(str(host / "media"), [], [str(host / "etc" / "app.conf")], ["nginx.service"])
    for name, value in changes.items():
        setattr(app, name, value)
    return preflight.findings(app, str(state or host / "state"), False, run)


def test_nothing_to_find(host):
    assert found(host) == []


def test_all_at_once(host):
    (host / "media.before-s3").mkdir()
    findings = found(
        host,
        state=host / "media" / "state",
        services=["ngnix.service"],
        config_files=["relative.conf", str(host / "none" / "x.conf")],
        local_only=["a/b"],
    )
    text = "\n".join(findings)
    assert len(findings) == 6
    for words in (
        "before-s3 exists already",
        "is inside",
        "does not know the service ngnix.service",
        "relative.conf is not an absolute path",
        "none/x.conf does not exist",
        "'a/b' cannot stay local",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("missing", "does not exist"),
        ("file", "is not a directory"),
        ("link", "is a symbolic link to"),
        ("media/", "not a plain absolute path"),
    ],
)
def test_paths_that_cannot_be_set_aside(host, path, words):
    (host / "file").write_text("")
    (host / "link").symlink_to("media")
    assert words in found(host, path=f"{host}/{path}")[0]


def test_media_inside_the_state_directory(host):
    assert "is inside the state directory" in found(host, state=host)[0]


def test_a_mount_point_cannot_be_renamed(host, monkeypatch):
    monkeypatch.setattr(os.path, "ismount", lambda path: str(path) == str(host / "media"))
    assert "is a mount point, which cannot be renamed" in found(host)[0]
    # after a cutover it may be the mount of the bucket
    app = Application(str(host / "media"), [], [], [])
    assert preflight.findings(app, str(host / "state"), True, systemctl) == []


@pytest.mark.parametrize("kind", ["fuse", "fuse.s3fs", "fuse.rclone"])
def test_a_directory_that_shows_a_bucket_cannot_be_listed_in_full(host, monkeypatch, kind):
    mounted = [mounts.Mount(b"/", "ext4", b"rw"), mounts.Mount(os.fsencode(host), kind, b"rw", b"my-media:old")]
    monkeypatch.setattr(mounts, "now", lambda: mounted)
    # that it cannot be renamed is not said as well, since what helps against that would not help here
    monkeypatch.setattr(os.path, "ismount", lambda path: True)
    (finding,) = found(host)
    assert f"/media shows a bucket already ({host}/media is on my-media:old, of type {kind})" in finding
    assert "mediastore.s3.bucket_copy" in finding
    # after a cutover it is the one of the migration
    app = Application(str(host / "media"), [], [], [])
    assert preflight.findings(app, str(host / "state"), True, systemctl) == []


@pytest.mark.parametrize("other", ["nfs4", "fuse.glusterfs", "fuse.mergerfs", "overlay", "fuse"])
def test_other_filesystems_are_listed_as_they_are(host, monkeypatch, other):
    below = os.fsencode(host / "media" / "below")
    # what is hidden by a later mount in the same place does not count
    mounted = [mounts.Mount(place, kind, b"rw", b"/home") for place in (b"/", below) for kind in ("fuse.s3fs", other)]
    monkeypatch.setattr(mounts, "now", lambda: mounted)
    assert found(host) == []


def test_a_bucket_that_is_mounted_inside_of_it(host, monkeypatch):
    below = os.fsencode(host / "media" / "below")
    mounted = [mounts.Mount(b"/", "ext4", b"rw"), mounts.Mount(below, "fuse", b"rw", b"the-bucket")]
    monkeypatch.setattr(mounts, "now", lambda: mounted)
    assert "media/below is on the-bucket, of type fuse" in found(host)[0]


def test_a_full_state_directory(host, monkeypatch):
    monkeypatch.setattr(preflight, "free_bytes", lambda path: 3 << 20)
    assert "has 3 MiB free, and the journal needs 64 MiB" in found(host)[0]


def test_a_host_without_systemd_is_one_finding_among_others(host):
    findings = found(host, run=lambda arguments: (1, "", "System has not been booted with systemd"), path=str(host / "nowhere"))
    assert len(findings) == 2
    assert "nowhere does not exist" in findings[0]
    assert "not been booted with systemd" in findings[1] and "commands instead of services" in findings[1]
