# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The controller's part of what works on a migration: which run of Ansible this is, and whether the one before is dead."""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
from typing import Any

from ansible.plugins.action import ActionBase

from ..module_utils._core.claim import Controller, is_dead, this_controller


class ClaimingAction(ActionBase):  # type: ignore[misc]
    """Runs a module with a claim for this run; a claim of a run that has died on this machine is replaced."""

    #: the module's full name
    _module = ""

    _requires_connection = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Try once, and once more if whoever is in the way is dead."""
        super().run(tmp, task_vars)
        controller = this_controller(_playbook()).as_dict()
        if not controller["started"]:
            return {"failed": True, "msg": "The playbook was killed, so this task does nothing any more."}
        result = self._claimed(controller, task_vars)
        holder = result.get("holder")
        if result.get("failed") and holder and is_dead(Controller.from_dict(holder)):
            result = self._claimed(dict(controller, replaces=holder), task_vars)
        return result

    def _claimed(self, controller: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        arguments = dict(self._task.args, controller=controller)
        if arguments.get("switch"):
            arguments["switch"] = [self._with_content(file) for file in arguments["switch"]]
        found: dict[str, Any] = self._execute_module(self._module, module_args=arguments, task_vars=task_vars)
        return found

    def _with_content(self, file: dict[str, Any]) -> dict[str, Any]:
        """The file as the module takes it; encoded, for its content is hidden wherever it occurs, and may be a common word."""
        given = {name: value for name, value in file.items() if name not in ("src", "content")}
        if file.get("src") is not None:
            source = self._find_needle("files", file["src"])
            given.setdefault("mode", f"{os.stat(source).st_mode & 0o7777:04o}")
            with open(self._loader.get_real_file(source), "rb") as readable:
                content = readable.read()
        elif file.get("content") is not None:
            text = file["content"]
            # Ansible makes data of a text that looks like it.
            content = (text if isinstance(text, str) else json.dumps(text)).encode("utf-8")
        else:
            return given
        return {**given, "content": base64.b64encode(content).decode("ascii")}


def _playbook() -> int:
    """The one process that lives as long as the playbook; this is a worker, which may outlive it by a task."""
    main = multiprocessing.parent_process()
    return main.pid or 0 if main else os.getpid()
