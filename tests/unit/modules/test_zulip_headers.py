# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role zulip has Zulip's shell run tells of each upload what Zulip's exports ask for, in the spelling of this Zulip."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.mediastore.s3.tests.servers import zulip

PROGRAM = Path(__file__).parents[3] / "roles" / "zulip" / "files" / "headers.py"
AVATAR = f"avatars/2/{'0123456789' * 4}"
UPLOADS = {
    "files/2/ab/token/notes of today.txt": "",
    "files/2/ab/token/bücher.pdf": "",
    f"{AVATAR}.png": "",
    f"{AVATAR}-medium.png": "",
    "avatars/2/emoji/images/party.gif": "",
    "avatars/2/realm/icon.png": "",
    "avatars/2/realm/night_logo.png": "",
}


@pytest.fixture
def ask(tmp_path):
    """Run it in a stand-in for Zulip, and give what it says by path."""
    for name in UPLOADS:
        (tmp_path / "uploads" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "uploads" / name).write_bytes(b"x")
    (tmp_path / "settings.py").write_text(f"LOCAL_UPLOADS_DIR = {str(tmp_path / 'uploads')!r}\n")

    def asked(**environment):
        command = [sys.executable, zulip.__file__, "shell", str(tmp_path)]
        variables = {**os.environ, **environment}
        done = subprocess.run(command, input=PROGRAM.read_text(), capture_output=True, text=True, check=True, env=variables)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return {line.pop("path"): line for line in lines}

    return asked


def test_each_upload_has_both_ids_and_what_browsers_need(ask):
    told = ask()
    assert set(UPLOADS) <= set(told)
    assert all(set(line["metadata"]) >= {"realm_id", "user_profile_id"} for line in told.values())
    # nobody has uploaded an icon, as far as Zulip knows: it is told of somebody of the realm, or an export would fail
    assert told["avatars/2/realm/icon.png"]["metadata"]["user_profile_id"] == zulip.first_of("2")
    assert told["files/2/ab/token/bücher.pdf"]["content_disposition"] == "inline; filename*=utf-8''b%C3%BCcher.pdf"
    assert told[f"{AVATAR}.png"]["metadata"]["avatar_version"] == "2"
    assert "immutable" in told[f"{AVATAR}-medium.png"]["cache_control"]


def test_only_what_has_come_since_is_asked_for_of_the_many(ask):
    told = ask(MEDIASTORE_SINCE="9999999999")
    assert not [path for path in told if path.startswith("files/")]
    assert f"{AVATAR}.png" in told


def test_a_zulip_that_writes_hyphens_gets_hyphens(ask, tmp_path):
    (tmp_path / "s3.py").write_text('metadata["realm-id"] = str(target_realm.id)\n')
    told = ask(ZULIP_S3=str(tmp_path / "s3.py"))
    assert set(told[f"{AVATAR}.png"]["metadata"]) == {"realm-id", "user-profile-id", "avatar-version"}
