#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change files of nginx's configuration if nginx accepts the whole."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_config
short_description: Change nginx's configuration, if nginx accepts it
version_added: 0.2.0
description:
  - Writes and removes files below C(/etc/nginx), all or none of them. First the whole configuration is copied to another place,
    with the changes, and nginx tests it there. Only one that it accepts takes the place of the present one.
  - Then nginx is reloaded, if it runs, and has to start workers with the new configuration. If it does not, the files are put
    back as they were, and the task fails with what nginx has logged. Meanwhile the old workers serve on.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.attributes
attributes:
  check_mode:
    support: full
    details: The candidate is tested in check mode too, if nginx is installed.
  diff_mode:
    support: full
    details: Without the content of O(secret_files).
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  files:
    description: The files that there should be.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where. Below C(/etc/nginx).
        type: path
        required: true
      content:
        description: What is in it.
        type: str
        required: true
  secret_files:
    description: The same, of files that only root may read. What is in them is not shown.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where. Below C(/etc/nginx).
        type: path
        required: true
      content:
        description: What is in it.
        type: str
        required: true
  absent:
    description: Files that there should not be. Below C(/etc/nginx).
    type: list
    elements: path
    default: []
  unit:
    description: Nginx's unit.
    type: str
    default: nginx.service
"""

EXAMPLES = r"""
- name: Tell nothing about the version
  mediastore.s3.nginx_config:
    files:
      - path: /etc/nginx/conf.d/quiet.conf
        content: |
          server_tokens off;
"""

RETURN = r"""
files:
  description: The files that were changed or removed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/etc/nginx/conf.d/quiet.conf]
unused:
  description: Those of O(files) ending in C(.conf) that nginx does not read, since nothing includes them.
  returned: if nginx is installed
  type: list
  elements: str
reloaded:
  description: Whether nginx was reloaded. It was not if nothing has changed, or if it does not run.
  returned: success
  type: bool
"""

import os
import posixpath
import shutil
import typing as t

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.host import HostModule
from ..module_utils._core import nginxconf
from ..module_utils._core.errors import BadInput, MediastoreError
from ..module_utils._core.nginxconf import Change, File

ROOT = "/etc/nginx"
PLAIN = 0o644
SECRET = 0o600
SPEC = ArgSpec(
    {
        "files": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "path": {"type": "path", "required": True},
                "content": {"type": "str", "required": True},
            },
        },
        "secret_files": {
            "type": "list",
            "elements": "dict",
            "default": [],
            # the paths are none
            "no_log": False,
            "options": {
                "path": {"type": "path", "required": True},
                "content": {"type": "str", "required": True, "no_log": True},
            },
        },
        "absent": {"type": "list", "elements": "path", "default": []},
        "unit": {"type": "str", "default": "nginx.service"},
    }
)


def converge(module: HostModule) -> dict[str, t.Any]:
    """Test what is wanted, then put it in place."""
    files = [wanted(said, PLAIN) for said in module.params["files"]]
    files += [wanted(said, SECRET) for said in module.params["secret_files"]]
    absent = module.params["absent"]
    for path in [*(file.path for file in files), *absent]:
        check(path)
    found = nginxconf.changes(files, absent)
    result: dict[str, t.Any] = {"changed": bool(found), "files": [change.path for change in found], "reloaded": False}
    if module.diff_asked:
        result["diff"] = [shown(change) for change in found]
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if program is None:
        if module.check_mode or not files:
            return result
        raise BadInput("configure nginx", said="it is not installed", remedy="Install it first.")
    read, log = nginxconf.accepted(runner(module), program, ROOT, files, absent)
    result["unused"] = [file.path for file in files if file.path.endswith(".conf") and file.path not in read]
    if found and not module.check_mode:
        result["reloaded"] = replace(runner(module), found, module.params["unit"], log)
    return result


def runner(module: HostModule) -> nginxconf.Run:
    """What runs a command; of what it prints, not even what is no text is an error."""

    def run(command: list[str]) -> tuple[int, str, str]:
        status, out, err = module.run_command(command, errors="replace")
        return status, out, err

    return run


def wanted(said: dict[str, t.Any], mode: int) -> File:
    """A file as it should be."""
    return File(said["path"], said["content"].encode("utf-8"), mode)


def check(path: str) -> None:
    """Refuse what is no part of the configuration."""
    if not path.startswith(f"{ROOT}/") or path != posixpath.normpath(path):
        raise BadInput(f"change {path}", said=f"it is not below {ROOT}", remedy="Use a path there, without .. in it.")


def replace(run: nginxconf.Run, found: list[Change], unit: str, log: str) -> bool:
    """Put it in place and let nginx read it; or all is as it was."""
    try:
        nginxconf.put(found)
        master = nginxconf.master_of(run, unit)
        if master:
            nginxconf.reload(run, unit, master, log)
        return bool(master)
    except MediastoreError:
        nginxconf.put_back(found)
        raise


def shown(change: Change) -> dict[str, str]:
    """A change for people."""

    def text(file: File | None) -> str:
        if file is None:
            return ""
        return "(what only root may read)\n" if file.mode == SECRET else file.content.decode("utf-8", "replace")

    return {
        "before_header": change.path,
        "after_header": change.path,
        "before": text(change.before),
        "after": text(change.after),
    }


def main() -> None:
    """Run the module."""
    HostModule(SPEC).run(converge)


if __name__ == "__main__":
    main()
