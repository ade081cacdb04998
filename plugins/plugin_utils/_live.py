# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Runs a module as a job on the host and shows how far it is, if somebody looks; otherwise runs it like any other module."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._core.progress import SEEN_SUFFIX, describe

display = Display()

CLEAR_LINE = "\r\x1b[2K"
#: the host ends a job that runs longer; a month is no limit, and a number is needed
JOB_TIME_S = 30 * 24 * 3600
POLL_S = 1.0
#: between two lines where the last one cannot be overwritten
LINE_EVERY_S = 5.0
LOST_POLLS = 30
#: looks that find neither a result nor the process that is to write it
SILENT_POLLS = 5

# The main process loads this before it forks, so this is the user's own standard error. In a worker it would be none.
STDERR_IS_TERMINAL = bool(sys.stderr and sys.stderr.isatty()) and os.environ.get("TERM", "dumb") != "dumb"


class LiveAction(ActionBase):
    """The action plugin of a module that writes its progress to O(progress_file)."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module, visibly or not; the result is the same."""
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        # This is a worker; its parent is the one process that lives as long as the play.
        self._play = os.getppid()
        if self._shown():
            return self._live(dict(self._task.args), task_vars)
        wrap = bool(self._task.async_val) and not self._connection.has_native_async
        with _ending_with(self._play):
            result: dict[str, Any] = self._execute_module(task_vars=task_vars, wrap_async=wrap)
        return result

    def _shown(self) -> bool:
        wish = self._task.args.get("progress", "auto")
        if wish == "never" or self._task.async_val or self._task.check_mode or self._connection.has_native_async:
            return False
        # A job costs some seconds to start and to end, and a pass against the journal is one that somebody's users wait for.
        return bool(wish == "always" or (STDERR_IS_TERMINAL and self._task.args.get("against") != "journal"))

    def _live(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        own_file = not args.get("progress_file")
        if own_file:
            args["progress_file"] = self._command("umask 077 && mktemp")
        seen = args["progress_file"] + SEEN_SUFFIX
        self._command(f"touch {shlex.quote(seen)}")
        done = False
        try:
            job = self._start(args, task_vars)
            if "ansible_job_id" not in job or job.get("failed"):
                done = True
                return job
            self._follow(job, args["progress_file"], task_vars)
            done = True
            return self._result_of(job, task_vars)
        finally:
            # A job that nobody follows any more is told so by the age of this file, and ends after the objects at work.
            files = [seen, args["progress_file"]] if own_file else [seen]
            command = f"rm -f {' '.join(map(shlex.quote, files))}" if done else f"touch -t 197001020000 {shlex.quote(seen)}"
            with contextlib.suppress(AnsibleError):
                self._low_level_execute_command(command)

    def _command(self, command: str) -> str:
        made = self._low_level_execute_command(command)
        if made["rc"] != 0:
            raise AnsibleError(
                f"Could not prepare the progress file on the host: {made['stderr'].strip() or made['stdout'].strip()}"
            )
        return str(made["stdout"]).strip()

    def _start(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        self._task.async_val, was = JOB_TIME_S, self._task.async_val
        try:
            job: dict[str, Any] = self._execute_module(module_args=args, task_vars=task_vars, wrap_async=True)
        finally:
            self._task.async_val = was
        return job

    def _follow(self, job: dict[str, Any], progress_file: str, task_vars: dict[str, Any]) -> None:
        """Look once a second until the job is done."""
        command = _look(job["results_file"], progress_file)
        screen = Screen(task_vars.get("inventory_hostname", ""), len(task_vars.get("ansible_play_batch", [])) == 1)
        lost = silent = 0
        try:
            while True:
                time.sleep(POLL_S)
                if os.getppid() != self._play:
                    raise AnsibleError("ansible-playbook is gone")
                try:
                    status, state, alive = (self._low_level_execute_command(command)["stdout"].splitlines() + [""] * 3)[:3]
                    lost = 0
                except AnsibleConnectionFailure:
                    # The job goes on without the connection; only its silence is waited for.
                    lost += 1
                    if lost > LOST_POLLS:
                        raise
                    self._connection.reset()
                    continue
                screen.show(state)
                if _finished(status):
                    return
                silent = 0 if alive or not state else silent + 1
                if silent >= SILENT_POLLS:
                    raise AnsibleError("The module ended on the host without a result; was the host restarted? Run it again.")
        finally:
            screen.end()

    def _result_of(self, job: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        where = {"jid": job["ansible_job_id"], "_async_dir": os.path.dirname(job["results_file"])}
        result: dict[str, Any] = {}
        for mode in ("status", "cleanup"):
            answer = self._execute_module(
                module_name="ansible.legacy.async_status", module_args={**where, "mode": mode}, task_vars=task_vars
            )
            result = result or answer
        for name in ("ansible_job_id", "started", "finished", "results_file"):
            result.pop(name, None)
        return result


class Screen:
    """Where the progress is shown: one line that is redrawn, or now and then a new one."""

    def __init__(self, host: str, alone: bool) -> None:
        self._host = host
        self._redraws = alone and STDERR_IS_TERMINAL
        self._shown = ""
        self._next = 0.0

    def show(self, state: str) -> None:
        """Show the state that the module wrote, if it says anything new."""
        try:
            text = f"[{self._host}] {describe(json.loads(state))}"
        except (ValueError, KeyError):  # nothing written yet
            return
        if text == self._shown or (not self._redraws and time.monotonic() < self._next):
            return
        self._shown, self._next = text, time.monotonic() + LINE_EVERY_S
        # Standard error, for standard output may be JSON that a program reads.
        if self._redraws:
            width = display.columns if isinstance(getattr(display, "columns", None), int) else 79
            display.display(CLEAR_LINE + text[:width], stderr=True, newline=False, screen_only=True)
        else:
            display.display(text, stderr=True)

    def end(self) -> None:
        """Leave the line, so that what follows begins on a fresh one."""
        if self._redraws and self._shown:
            display.display("", stderr=True, screen_only=True)


def _look(result: str, progress: str) -> str:
    """One small command that says three things, a line each, and leaves a trace that somebody looks."""
    result, progress, seen = (shlex.quote(path) for path in (result, progress, progress + SEEN_SUFFIX))
    pid = f"$(sed -n 's/.*\"pid\": \\([0-9]*\\).*/\\1/p' {progress})"
    return f'touch {seen}; cat {result}; echo; cat {progress}; echo; kill -0 "{pid}" 2>/dev/null && echo alive'


def _finished(status: str) -> bool:
    try:
        return bool(json.loads(status).get("finished", 1))
    except ValueError:  # half written
        return False


@contextlib.contextmanager
def _ending_with(play: int) -> Iterator[None]:
    """End this worker when ansible-playbook was killed: nobody takes the result, and the module notices the closed pipe."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(1.0):
            if os.getppid() != play:
                os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()
