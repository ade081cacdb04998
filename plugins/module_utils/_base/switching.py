# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Puts the files in place that switch an application to its bucket."""

from __future__ import annotations

import base64
import os
import stat
import typing as t

from .._core.errors import BadInput
from .._core.files import explaining_os, write_atomic
from .argspec import ArgSpec
from .host import HostModule

#: of a file that was not there; whoever needs another one says so
NEW_MODE = "0640"

#: a file; the part of the module that runs on the controller reads O(src) and encodes the content
SWITCH: dict[str, dict[str, t.Any]] = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "no_log": True},
    "src": {"type": "path"},
    "mode": {"type": "raw"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
}


#: what a module takes that switches an application
SWITCHING = ArgSpec(
    {
        "switch": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": SWITCH,
            "mutually_exclusive": [("content", "src")],
            "required_one_of": [("content", "src")],
        },
    }
)


def require_kept(files: list[dict[str, t.Any]], config_files: list[str]) -> None:
    """Refuse to write a file that the way back would not restore."""
    for file in files:
        if file["path"] not in config_files:
            raise BadInput(
                f"switch {file['path']}",
                said="it is not among config_files, so nothing would restore it",
                remedy="Name it there.",
            )


def put_in_place(module: HostModule, files: list[dict[str, t.Any]]) -> bool:
    """Write each file, whole or not at all; whether anything was another before."""
    changed = False
    for file in files:
        changed = _put(module, file) or changed
    return changed


def _put(module: HostModule, file: dict[str, t.Any]) -> bool:
    path, content = file["path"], base64.b64decode(file["content"])
    # a link is replaced, not followed: only the link was kept
    was = os.stat(path) if os.path.isfile(path) and not os.path.islink(path) else None
    with explaining_os(f"switch {path}"):
        changed = was is None or _read(path) != content
    if changed and not module.check_mode:
        context = module.selinux_context(path) if was else None
        mode, owner = (stat.S_IMODE(was.st_mode), (was.st_uid, was.st_gid)) if was else (0o600, None)
        write_atomic(path, content, mode, owner)
        if context:
            module.set_context_if_different(path, context, False)
    if was is None and module.check_mode:
        return True
    changed = module.set_owner_if_different(path, file["owner"] or None, changed)
    changed = module.set_group_if_different(path, file["group"] or None, changed)
    return bool(module.set_mode_if_different(path, file["mode"] or (None if was else NEW_MODE), changed))


def _read(path: str) -> bytes:
    with open(path, "rb") as source:
        return source.read()
