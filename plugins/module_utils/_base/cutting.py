# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The window of a cutover in one process: nothing is loaded, sent or looked up between the stop and the start but the last files.

The state directory stays locked throughout, so whoever takes over from a run that was cut off finds this at work, or ended.
"""

from __future__ import annotations

import time
import typing as t

from ansible.module_utils.urls import open_url

from .._core.errors import BadInput, MediastoreError
from .._core.model import Attributes
from .._core.services import show
from .._core.stages import Stages
from .engine import choose
from .migration import application, runner
from .module import StoreModule
from .recording import opened, told
from .switching import put_in_place, require_kept
from .syncing import bring

#: what a sync can do besides, and is not wanted here
PLAIN: dict[str, t.Any] = {
    "direction": "upload",
    "replace": "always",
    "keep_replaced": None,
    "bandwidth": None,
    "owned_by": "",
    "adopt": False,
    "prices": None,
    "progress_file": None,
}
#: seconds between two questions for its health, the first and the longest
SOON_S, LATER_S = 0.05, 1.0
ANSWER_TIMEOUT_S = 5
#: timeout(1) has waited in vain
TIMED_OUT = 124


def cut(module: StoreModule) -> dict[str, t.Any]:
    """Stop the application, copy the last files, set the directory aside, switch, start, and wait for health."""
    params = module.params
    if module.check_mode:
        return {"changed": True}
    module.params.update(PLAIN)
    _get_ready(module)
    with opened(module) as stages:
        _require_ready(stages, params)
        held = _hold(module)
        begun = time.monotonic()
        _stop(module)
        copied = bring(module)
        stages.backed_up(application(params), {**copied["transferred"], "duration_s": copied["duration_s"]})
        put_in_place(module, params["switch"])
        if stages.migration.was_running:
            _command(module, "start the application", _to_start(stages, params))
            _await_health(module, stages)
        down_s = time.monotonic() - begun
        if held:
            _command(module, "let the jobs come again", ["systemctl", "start", *held])
        stages.healthy(None, down_s)
        walk: dict[str, t.Any] = {name: copied[name] for name in ("walked", "walked_reason") if name in copied}
        return {**told(stages, params, True), "copied": copied["transferred"], **walk}


def _get_ready(module: StoreModule) -> None:
    """Load the libraries, or start again where they are, while the application still runs.

    Before the lock is held: whoever starts again waits for the one that does the work.
    """
    choose(module, f"cut the migration {module.params['name']} over", True, Attributes())
    module.client  # noqa: B018


def _require_ready(stages: Stages, params: dict[str, t.Any]) -> None:
    doing = f"cut the migration {params['name']} over"
    if stages.migration.stage != "stopping":
        raise BadInput(
            doing,
            said=f"it is at {stages.migration.stage}, and the window begins after stopping",
            remedy="Enter that stage first (mediastore.s3.migration), which keeps what the way back needs.",
            code="IllegalStage",
        )
    if not params["services"] and not (params["stop_command"] and params["start_command"]):
        raise BadInput(doing, said="there are no services", remedy="Give stop_command and start_command.")
    if params["stop_timeout"] < 0:
        raise BadInput(doing, said=f"stop_timeout is {params['stop_timeout']}", remedy="Give seconds, or 0 for no limit.")
    strangers = [name for name in params["held_timers"] if not name.endswith(".timer")]
    if strangers:
        raise BadInput(doing, said=f"held_timers has {', '.join(strangers)}", remedy="Give units that end in .timer.")
    require_kept(params["switch"], params["config_files"])


def _hold(module: StoreModule) -> list[str]:
    """Keep the jobs of the timers away, and return which of the timers ran."""
    run = runner(module)
    timers = [timer for timer in module.params["held_timers"] if show(timer, run).get("LoadState") == "loaded"]
    ran = [timer for timer in timers if run(["systemctl", "is-active", timer])[0] == 0]
    for timer in timers:
        _command(module, f"hold {timer}", ["systemctl", "stop", timer, f"{timer.rpartition('.')[0]}.service"])
    return ran


def _stop(module: StoreModule) -> None:
    """Stop the application, and if it may take only so long, end what is left of it then."""
    params, doing = module.params, "stop the application"
    services, seconds = list(reversed(params["services"])), params["stop_timeout"]
    if not services:
        _command(module, doing, str(params["stop_command"]))
        return
    stop = ["systemctl", "stop", *services]
    if seconds:
        status = runner(module)(["timeout", str(seconds), *stop])[0]
        if not status:
            return
        if status == TIMED_OUT:
            # of those that are down already there is nothing to kill, which is no failure
            runner(module)(["systemctl", "kill", "--signal=SIGKILL", *services])
    # waits for the end of what was killed, and says why one could not be stopped
    _command(module, doing, stop)


def _to_start(stages: Stages, params: dict[str, t.Any]) -> str | list[str]:
    if params["services"]:
        return ["systemctl", "start", *_active(stages)]
    return str(params["start_command"])


def _active(stages: Stages) -> list[str]:
    """What ran before; what was off stays off."""
    return [service["name"] for service in stages.migration.services if service["active"]]


def _command(module: StoreModule, doing: str, command: str | list[str]) -> None:
    """Run it as M(ansible.builtin.command) does, without a shell."""
    shown = command if isinstance(command, str) else " ".join(command)
    try:
        status, _out, err = module.run_command(command, handle_exceptions=False)
    except (OSError, ValueError) as exc:
        raise MediastoreError(doing, said=f"{shown}: {exc}", remedy="Correct the command.", code="Command") from exc
    if status:
        said = f"{shown} ended with {status}: {err.strip()[-500:]}"
        raise MediastoreError(doing, said=said, remedy="Look at what it says, and at the application's log.", code="Command")


def _await_health(module: StoreModule, stages: Stages) -> None:
    """Ask until the application is healthy, more and more seldom."""
    timeout = module.params["health_timeout"]
    until, pause = time.monotonic() + timeout, SOON_S
    while True:
        sick = _sick(module, stages)
        if not sick:
            return
        if time.monotonic() >= until:
            raise MediastoreError(
                "find the application healthy on the bucket",
                said=f"after {timeout} seconds, {sick}",
                remedy="Look at the application's log.",
                code="Health",
            )
        time.sleep(pause)
        pause = min(LATER_S, pause * 1.5)


def _sick(module: StoreModule, stages: Stages) -> str:
    """Why it is not healthy yet, or nothing."""
    params = module.params
    if params["health_url"]:
        return _sick_at(params)
    if params["services"]:
        # each by itself: with several, systemctl is content if one of them is active
        commands = [["systemctl", "is-active", name] for name in _active(stages)]
    else:
        commands = [["/bin/sh", "-c", params["status_command"]]] if params["status_command"] else []
    for arguments in commands:
        status, out, err = runner(module)(arguments)
        if status:
            return f"{' '.join(arguments)} ended with {status}: {(out + err).strip()[-500:]}"
    return ""


def _sick_at(params: dict[str, t.Any]) -> str:
    url = params["health_url"]
    try:
        answer = open_url(url, timeout=ANSWER_TIMEOUT_S, validate_certs=params["health_validate_certs"], follow_redirects="safe")
        status = answer.status
    except Exception as exc:  # anything between here and an answer, from any of the libraries below
        status = getattr(exc, "code", None)
        if status is None:
            return f"{url} did not answer: {exc}"
    return "" if status in params["health_status"] else f"{url} answered {status}"
