# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How an application is stopped, started and found healthy by a module that does all of it in one go.

Between the stop and the start nothing is loaded, and nothing is asked that can be asked before.
"""

from __future__ import annotations

import time
import typing as t

from ansible.module_utils.urls import open_url

from .._core.errors import BadInput, MediastoreError
from .._core.model import Attributes
from .._core.services import show
from .._core.stages import Stages
from .argspec import ArgSpec
from .engine import choose
from .migration import runner
from .module import StoreModule

WINDOW = ArgSpec(
    {
        "lock_wait": {"type": "int", "default": 0},
        "stop_command": {"type": "str", "default": ""},
        "start_command": {"type": "str", "default": ""},
        "stop_timeout": {"type": "int", "default": 0},
        "held_timers": {"type": "list", "elements": "str", "default": []},
        "health_url": {"type": "str", "default": ""},
        "health_status": {"type": "list", "elements": "int", "default": [200]},
        "health_validate_certs": {"type": "bool", "default": True},
        "health_timeout": {"type": "int", "default": 60},
    }
)

#: seconds between two questions for its health, the first and the longest
SOON_S, LATER_S = 0.05, 1.0
ANSWER_TIMEOUT_S = 5
#: timeout(1) has waited in vain
TIMED_OUT = 124


def require_window(params: dict[str, t.Any], doing: str) -> None:
    """Refuse what could not stop or start anything."""
    if not params["services"] and not (params["stop_command"] and params["start_command"]):
        raise BadInput(doing, said="there are no services", remedy="Give stop_command and start_command.")
    if params["stop_timeout"] < 0:
        raise BadInput(doing, said=f"stop_timeout is {params['stop_timeout']}", remedy="Give seconds, or 0 for no limit.")
    strangers = [name for name in params["held_timers"] if not name.endswith(".timer")]
    if strangers:
        raise BadInput(doing, said=f"held_timers has {', '.join(strangers)}", remedy="Give units that end in .timer.")


def get_ready(module: StoreModule, doing: str) -> None:
    """Load the libraries, or start again where they are, while the application still runs.

    Before the lock is held: whoever starts again waits for the one that does the work.
    """
    choose(module, doing, True, Attributes())
    module.client  # noqa: B018


def hold(module: StoreModule, stages: Stages) -> None:
    """Keep the jobs of the timers away; which of these ran is noted before, for whoever comes after a kill."""
    run = runner(module)
    timers = [timer for timer in module.params["held_timers"] if show(timer, run).get("LoadState") == "loaded"]
    stages.keep_held([timer for timer in timers if run(["systemctl", "is-active", timer])[0] == 0])
    for timer in timers:
        _command(module, f"hold {timer}", ["systemctl", "stop", timer, f"{timer.rpartition('.')[0]}.service"])


def let_go(module: StoreModule, stages: Stages) -> None:
    """Let the jobs come again that came before."""
    if stages.migration.held:
        _command(module, "let the jobs come again", ["systemctl", "start", *stages.migration.held])


def stop(module: StoreModule) -> None:
    """Stop the application, and if it may take only so long, end what is left of it then."""
    params, doing = module.params, "stop the application"
    services, seconds = list(reversed(params["services"])), params["stop_timeout"]
    if not services:
        _command(module, doing, str(params["stop_command"]))
        return
    stopping = ["systemctl", "stop", *services]
    if seconds:
        status = runner(module)(["timeout", str(seconds), *stopping])[0]
        if not status:
            return
        if status == TIMED_OUT:
            # of those that are down already there is nothing to kill, which is no failure
            runner(module)(["systemctl", "kill", "--signal=SIGKILL", *services])
    # waits for the end of what was killed, and says why one could not be stopped
    _command(module, doing, stopping)


def start(module: StoreModule, stages: Stages, where: str) -> None:
    """Start what ran before, and wait until it is healthy *where* it is then."""
    if not stages.migration.was_running:
        return
    params = module.params
    starting = ["systemctl", "start", *_active(stages)] if params["services"] else str(params["start_command"])
    _command(module, "start the application", starting)
    _await_health(module, stages, where)


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


def _await_health(module: StoreModule, stages: Stages, where: str) -> None:
    """Ask until the application is healthy, more and more seldom."""
    timeout = module.params["health_timeout"]
    until, pause = time.monotonic() + timeout, SOON_S
    while True:
        sick = _sick(module, stages)
        if not sick:
            return
        if time.monotonic() >= until:
            raise MediastoreError(
                f"find the application healthy on {where}",
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
