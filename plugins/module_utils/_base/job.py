# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Leaves a module on the host as one program, with its options in it, which needs neither Ansible nor a controller.

Ansible sends a module as an archive of all that it imports. The program is the same archive, with a beginning that does what
Ansible's wrapper does. Its options, and so the secrets among them, are in it, so nobody but its owner may read it.
"""

from __future__ import annotations

import io
import json
import os
import pwd
import sys
import typing as t
import zipfile

from .._core.errors import BadInput, MediastoreError
from .._core.files import explaining_os, write_atomic
from .host import HostModule

#: the time of everything in the archive, so that the same content gives the same bytes
NO_TIME = (1980, 1, 1, 0, 0, 0)
#: what is taken of the archive
PACKAGES = ("ansible/", "ansible_collections/")
#: options of the module, and what runs it
OPTIONS, MAIN = "options.json", "__main__.py"

_MAIN = '''\
"""Runs the module MODULE of mediastore.s3 with the options in options.json, and says in a line or two how it went."""

import contextlib
import io
import json
import os
import runpy
import sys
import zipfile

from ansible.module_utils import basic

archive, module = sys.path[0], "MODULE"
with zipfile.ZipFile(archive) as source:
    basic._ANSIBLE_ARGS = source.read("options.json")
if hasattr(basic, "_ANSIBLE_PROFILE"):
    basic._ANSIBLE_PROFILE = "legacy"
said, status = io.StringIO(), 0
names = {"_module_fqn": module, "_modlib_path": archive}
with contextlib.redirect_stdout(said):
    try:
        runpy.run_module(module, init_globals=names, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        status = ended.code
if said.getvalue():  # else it was started again by another Python, and has said it
    result = json.loads(said.getvalue())
    failed, status = result.get("failed"), result.get("exit_status", status)
    # the journal's priorities, error and warning, where systemd reads what is said
    grave, odd = ("<3>", "<3>" if failed else "<4>") if os.environ.get("JOURNAL_STREAM") else ("", "")
    for warning in result.get("warnings", []):
        # ansible-core 2.19 and later may say where it comes from
        line = warning if isinstance(warning, str) else warning["event"]["msg"]
        print(f"{odd}{line}")
    print((grave if failed else "") + (result.get("msg") or result.get("summary", "done")))
sys.exit(status)
'''


def leave(module: HostModule, path: str, owner: str | None, options: t.Mapping[str, t.Any], doing: str) -> bool:
    """Write the program, unless it is there already; says whether there was anything to do."""
    ids = _ids(owner, doing)
    program = _program(options, doing)
    if _same(path, program, ids):
        return False
    if not module.check_mode:
        write_atomic(path, program, 0o600, ids)
    return True


def _program(options: t.Mapping[str, t.Any], doing: str) -> bytes:
    main = sys.modules["__main__"]
    payload, name = getattr(main, "_modlib_path", None), getattr(main, "_module_fqn", None)
    if not payload or not name:
        remedy = "Run it as a task of Ansible."
        raise MediastoreError(doing, said="this module was not started by Ansible, so there is no archive of it", remedy=remedy)
    # What Ansible would say of the run in the system's log are all the options.
    arguments = {"ANSIBLE_MODULE_ARGS": {**options, "_ansible_no_log": True}}
    out = io.BytesIO()
    with explaining_os(doing), zipfile.ZipFile(payload) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        # Its wrapper adds a file that says where the archive is unpacked this time.
        members = {member: source.read(member) for member in source.namelist() if member.startswith(PACKAGES)}
        members[MAIN] = _MAIN.replace("MODULE", name).encode("utf-8")
        members[OPTIONS] = json.dumps(arguments, sort_keys=True).encode("utf-8")
        for member, content in sorted(members.items()):
            target.writestr(zipfile.ZipInfo(member, NO_TIME), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _ids(owner: str | None, doing: str) -> tuple[int, int]:
    if not owner:
        return os.geteuid(), os.getegid()
    try:
        found = pwd.getpwnam(owner)
    except KeyError:
        raise BadInput(doing, said=f"there is no user {owner}", remedy="Correct job_owner, or make that user first.") from None
    return found.pw_uid, found.pw_gid


def _same(path: str, program: bytes, ids: tuple[int, int]) -> bool:
    try:
        with open(path, "rb") as source:
            found, there = os.fstat(source.fileno()), source.read()
    except FileNotFoundError:
        return False
    except OSError as exc:
        raise BadInput(f"read {path}", said=str(exc.strerror), remedy="Correct job, or its permissions.") from exc
    return there == program and (found.st_uid, found.st_gid, found.st_mode & 0o777) == (*ids, 0o600)
