# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The options and the result that migration and migration_info share."""

from __future__ import annotations

import os
import typing as t

from .._core import outlook
from .._core.account import account
from .._core.errors import MediastoreError
from .._core.files import write_atomic
from .._core.migration import IN_WINDOW, STOP_FIRST, SWITCH_FIRST, Migration
from .._core.report import as_html, as_json
from .._core.services import Run
from .._core.stages import Application, Stages, owner_of
from .argspec import ArgSpec
from .host import HostModule

MIGRATION = ArgSpec(
    {
        "name": {"type": "str", "required": True},
        "state_dir": {"type": "path", "default": "/var/lib/mediastore"},
        "path": {"type": "path"},
        "local_only": {"type": "list", "elements": "str", "default": []},
        "config_files": {"type": "list", "elements": "path", "default": []},
        "services": {"type": "list", "elements": "str", "default": []},
        "status_command": {"type": "str", "default": ""},
        "command": {"type": "str", "default": "ansible-playbook mediastore.s3.migrate."},
        "layout": {"type": "str", "default": "native", "choices": ["native", "mount"]},
        "led_by": {"type": "str", "default": ""},
    }
)

#: the same for a module that has an option for the directory anyway
APPLICATION = ArgSpec({name: option for name, option in MIGRATION.options.items() if name != "path"})

#: those that a task may enter
STAGES = ["synced", "stopping", "restarting", "backed_up", "healthy", "rolling_back", "restored", "rolled_back", "finalized"]

#: a run of Ansible, as the part of the module that runs on the controller describes it
CONTROLLER: dict[str, dict[str, t.Any]] = {
    "machine": {"type": "str", "required": True},
    "pid": {"type": "int", "required": True},
    "started": {"type": "str", "required": True},
    "described": {"type": "str", "required": True},
    "replaces": {"type": "dict"},
}

#: what a module takes that works on a migration for a run of Ansible
CLAIMING = ArgSpec({"keep_days": {"type": "float", "default": 7}, "controller": {"type": "dict", "options": CONTROLLER}})

#: counts of a stage
FIGURES: dict[str, dict[str, t.Any]] = {
    "changed": {"type": "bool", "default": False},
    "files": {"type": "int"},
    "bytes": {"type": "int"},
    "duration_s": {"type": "float"},
    "files_per_s": {"type": "float"},
    "throughput": {"type": "list", "elements": "list"},
}
#: what a verification of the backup found
PROOF: dict[str, dict[str, t.Any]] = {
    "files": {"type": "int", "required": True},
    "bytes": {"type": "int", "required": True},
    "sha256": {"type": "str"},
}

HISTORY_SHOWN = 50
REPORT = "report.html"


def application(params: dict[str, t.Any]) -> Application:
    """What the options say about the application."""
    return Application(
        path=params["path"] or "",
        local_only=params["local_only"],
        config_files=params["config_files"],
        services=params["services"],
        status_command=params["status_command"],
        mounted=params["layout"] == "mount",
    )


def runner(module: HostModule) -> Run:
    """Runs commands for the stages; a command that is not there is one that fails, and not the end of the module."""

    def run(arguments: list[str]) -> tuple[int, str, str]:
        try:
            status, out, err = module.run_command(arguments, handle_exceptions=False)
        except OSError as exc:
            return 127, "", f"{arguments[0]}: {exc.strerror}"
        return status, out, err

    return run


def tell(stages: Stages, command: str, warn: t.Callable[[str], None]) -> None:
    """Write report.html and report.json; that they cannot be written does not undo what they tell."""
    report = account(stages.migration, command, stages.clock().at)
    try:
        for name, text in ((REPORT, as_html(report)), ("report.json", as_json(report))):
            write_atomic(os.path.join(stages.directory, name), text.encode("utf-8"))
    except MediastoreError as exc:
        warn(str(exc))


def aside(migration: Migration) -> bool:
    """Whether files have to be moved back, or may only be in the bucket, so that the application must not run meanwhile."""
    if migration.stays:
        return migration.was_healthy
    return bool(migration.backup) and os.path.isdir(migration.backup)


def result(directory: str, migration: Migration, params: dict[str, t.Any]) -> dict[str, t.Any]:
    """What both modules return."""
    report = os.path.join(directory, REPORT)
    return {
        "directory": directory,
        "owner": owner_of(directory, migration.name),
        "journal": os.path.join(directory, "journal"),
        "stage": migration.stage,
        "interrupted": migration.stage in IN_WINDOW,
        "order": SWITCH_FIRST if migration.stays else STOP_FIRST,
        "may_be_switched": migration.may_be_switched,
        "proved": "proof" in migration.figures,
        "backup": migration.backup,
        "backup_exists": bool(migration.backup) and not params["led_by"] and os.path.isdir(migration.backup),
        "aside": aside(migration),
        "replaced": migration.path and migration.path + ".replaced",
        "services": migration.services,
        "was_running": migration.was_running,
        "owed": migration.owed,
        "downtime_s": migration.downtime_s,
        "figures": migration.figures,
        "history": migration.history[-HISTORY_SHOWN:],
        "summary": outlook.summary(migration, params["command"], params["keep_days"], report if os.path.exists(report) else ""),
        "next": outlook.next_command(migration, params["command"]),
        "undo": outlook.undo_command(migration, params["command"]),
    }
