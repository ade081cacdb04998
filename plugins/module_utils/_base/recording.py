# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How the module migration records a stage: locked, claimed, and legal."""

from __future__ import annotations

import contextlib
import typing as t

from .._core.claim import Controller, refuse_if_held
from .._core.clock import Moment
from .._core.errors import BadInput
from .._core.preflight import nested
from .._core.stages import Stages, claim_of, state_directory
from .host import HostModule
from .migration import application, result, runner, tell
from .switching import put_in_place, require_kept


def record(module: HostModule) -> dict[str, t.Any]:
    """Enter the stage that was asked for, with the state directory locked and claimed."""
    params = module.params
    with opened(module) as stages:
        _check(stages, params)
        switch = params["switch"] if params["stage"] == "backed_up" else []
        require_kept(switch, params["config_files"])
        if params["stage"]:
            _enter(stages, params)
        switched = put_in_place(module, switch)
        if params["release"] and not module.check_mode:
            tell(stages, params["command"], module.warn)
            stages.release()
        return told(stages, params, switched)


@contextlib.contextmanager
def opened(module: HostModule) -> t.Iterator[Stages]:
    """The migration, with its state directory locked and claimed for this run of Ansible."""
    params = module.params
    directory = state_directory(params["state_dir"], params["name"])
    where = params["path"] and nested(params["path"], params["state_dir"])
    if where:
        raise BadInput(
            f"keep the state of the migration {params['name']}", said=where, remedy="Choose another migrate_state_dir."
        )
    run = params["controller"] and _claims(params["controller"])
    if run and not module.check_mode:
        # and do not wait for the lock, which a task of that run may hold for long
        refuse_if_held(claim_of(directory), run[0], Moment.now(), run[1])
    with Stages.locked(directory, params["lock_wait"], module.check_mode):
        stages = Stages(directory, params["name"], runner(module), check=module.check_mode)
        if run:
            stages.hold(*run)
        stages.identify()
        yield stages


def _claims(controller: dict[str, t.Any]) -> tuple[Controller, Controller | None]:
    """This run of Ansible, and an earlier one that is known to be dead."""
    replaced = controller["replaces"]
    return Controller.from_dict(controller), Controller.from_dict(replaced) if replaced else None


def told(stages: Stages, params: dict[str, t.Any], switched: bool) -> dict[str, t.Any]:
    """What is returned of a migration."""
    return dict(
        result(stages.directory, stages.migration, params),
        changed=stages.changed or switched,
        window_opened=stages.window_opened,
        diff={"before": {"stage": stages.before["stage"]}, "after": {"stage": stages.migration.stage}},
    )


def _store(params: dict[str, t.Any]) -> dict[str, str]:
    return {key: params[key] or "" for key in ("endpoint", "bucket", "prefix")}


def _check(stages: Stages, params: dict[str, t.Any]) -> None:
    if stages.migration.path and params["path"] and params["bucket"]:
        stages.migration.bind(params["path"], _store(params), params["led_by"])
    if params["intent"] == "finalized":
        stages.may_finalize(params["keep_days"])
    elif params["intent"]:
        stages.may_reach(params["intent"])


def _enter(stages: Stages, params: dict[str, t.Any]) -> None:
    app = application(params)
    figures = _said(params["figures"])
    acts: dict[str, t.Callable[[], None]] = {
        "synced": lambda: stages.synced(params["path"], _store(params), figures, params["led_by"]),
        "stopping": lambda: stages.stopping(app, params["expected_s"]),
        "restarting": lambda: stages.restarting(app, params["expected_s"]),
        "backed_up": lambda: stages.backed_up(app, figures),
        "healthy": lambda: stages.healthy(_said(params["proof"]), params["downtime_s"]),
        "rolling_back": lambda: stages.rolling_back(app, params["reason"]),
        "restored": lambda: stages.restored(params["owed"]),
        "rolled_back": lambda: stages.rolled_back(params["downtime_s"]),
        "finalized": lambda: stages.finalized(params["exclude"], params["keep_days"]),
    }
    acts[params["stage"]]()


def _said(option: dict[str, t.Any] | None) -> dict[str, t.Any]:
    return {key: value for key, value in (option or {}).items() if value is not None}
