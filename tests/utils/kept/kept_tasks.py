# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets ansible-playbook do by itself what needs no process of its own, for sitecustomize.py.

Ansible forks for each task, also for one that is skipped or sets a variable, and each of these processes loads plugins anew.
Of a cutover's seventy tasks fifty are such. They are done as there, on a copy of the task, and answered through the same queue.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from kept_later import Later

WORKER = "ansible.executor.process.worker"
#: actions that ask neither a host nor anybody else
ALONE = {"assert", "debug", "fail", "include_role", "include_tasks", "set_fact", "validate_argument_spec"}


def alone(task: Any, variables: dict[str, Any]) -> bool:
    """Whether a task needs no process: loops, repetitions and delegation are left to Ansible, and what cannot be told now."""
    if task.loop is not None or task.loop_with or task.until or task.delegate_to or task.async_val:
        return False
    if task.action.rpartition("ansible.builtin.")[2] in ALONE:
        return True
    try:
        return not task._resolve_conditional(task.when, variables)
    except Exception:
        return False


def run(worker: Any, module: ModuleType) -> None:
    """What the process would do, but for what ends it."""
    task = worker._task.copy(exclude_parent=True, exclude_tasks=True)
    task._parent = worker._task._parent
    host = object.__new__(type(worker._host))
    host.__dict__.update(worker._host.__dict__)
    with module._task.TaskContext(task):
        result = module.TaskExecutor(
            worker._host,
            task,
            dict(worker._task_vars),
            worker._play_context,
            worker._loader,
            worker._shared_loader_obj,
            worker._final_q,
            worker._variable_manager,
        ).run()
    host.vars, host.groups = {}, []
    worker._final_q.send_task_result(
        module._RawTaskResult(host=host, task=task, return_data=result, task_fields=task.dump_attrs())
    )


def keep() -> None:
    """From here on."""

    def change(module: ModuleType) -> None:
        start = module.WorkerProcess.start

        def begin(self: Any) -> None:
            if alone(self._task, self._task_vars):
                run(self, module)
            else:
                start(self)

        module.WorkerProcess.start = begin

    Later(WORKER, change)
