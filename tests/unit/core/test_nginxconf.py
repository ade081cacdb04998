# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration at another place, and the way back. The molecule scenario has a real nginx to test and reload it."""

from __future__ import annotations

import os

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import nginxconf
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput
from ansible_collections.mediastore.s3.plugins.module_utils._core.nginxconf import Change, File


@pytest.fixture
def root(tmp_path):
    """A configuration as Debian has it."""
    etc = tmp_path / "etc" / "nginx"
    for folder in ("conf.d", "sites-available", "sites-enabled", "modules-enabled"):
        (etc / folder).mkdir(parents=True)
    (etc / "nginx.conf").write_text(f"include {etc}/conf.d/*.conf;\ninclude {etc}/sites-enabled/*;\nroot {etc}-other;\n")
    (etc / "sites-available" / "site").write_text("a site")
    (etc / "sites-enabled" / "site").symlink_to(etc / "sites-available" / "site")
    (etc / "sites-enabled" / "relative").symlink_to("../sites-available/site")
    (etc / "modules-enabled" / "module.conf").symlink_to("/usr/share/nginx/module.conf")
    (etc / "modules").symlink_to("../../usr/lib64/nginx/modules")
    (etc / "binary").write_bytes(b"\xff\x00\xfe")
    os.mkfifo(etc / "pipe")
    return str(etc)


def test_a_copy_speaks_of_itself(root, tmp_path):
    there = str(tmp_path / "there")
    nginxconf.copy(root, there)
    with open(f"{there}/nginx.conf") as file:
        assert file.read() == f"include {there}/conf.d/*.conf;\ninclude {there}/sites-enabled/*;\nroot {root}-other;\n"
    assert os.readlink(f"{there}/sites-enabled/site") == f"{there}/sites-available/site"
    assert os.path.realpath(f"{there}/sites-enabled/relative") == f"{there}/sites-available/site"
    assert os.readlink(f"{there}/modules-enabled/module.conf") == "/usr/share/nginx/module.conf"
    assert os.readlink(f"{there}/modules") == str(tmp_path / "usr/lib64/nginx/modules")
    assert not os.path.lexists(f"{there}/pipe")
    with open(f"{there}/binary", "rb") as file:
        assert file.read() == b"\xff\x00\xfe"


def test_only_what_differs_is_changed_and_all_of_it_is_put_back(root):
    same, new, gone = f"{root}/sites-available/site", f"{root}/mediastore/new.conf", f"{root}/binary"
    mode = os.stat(same).st_mode & 0o7777
    found = nginxconf.changes([File(same, b"a site", mode), File(new, b"new", 0o600)], [gone, f"{root}/none"])
    assert found == [Change(new, None, File(new, b"new", 0o600)), Change(gone, nginxconf.read(gone), None)]
    nginxconf.put(found)
    assert nginxconf.read(new) == File(new, b"new", 0o600) and nginxconf.read(gone) is None
    assert nginxconf.changes([File(new, b"new", 0o600)], [gone]) == []
    nginxconf.put_back(found)
    assert nginxconf.read(new) is None and nginxconf.read(gone).content == b"\xff\x00\xfe"


def test_a_mode_that_is_wrong_is_a_change(root):
    path = f"{root}/nginx.conf"
    os.chmod(path, 0o600)
    content = nginxconf.read(path).content
    assert [change.path for change in nginxconf.changes([File(path, content, 0o644)], [])] == [path]


def test_what_is_no_file_is_said(root):
    with pytest.raises(BadInput, match="Is a directory"):
        nginxconf.read(root)
