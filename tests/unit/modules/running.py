# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module as Ansible would, arguments in and JSON out, without a process for each."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from collections.abc import Callable
from typing import Any
from unittest import mock

from ansible.module_utils import basic
from ansible.module_utils.common import warnings

PACKAGE = "ansible_collections.mediastore.s3.plugins.modules"


def run_module(name: str, args: dict[str, Any], check: bool = False, diff: bool = False) -> dict[str, Any]:
    """The result of one of the collection's modules."""
    return run_main(importlib.import_module(f"{PACKAGE}.{name}").main, args, check, diff)


def run_main(main: Callable[[], None], args: dict[str, Any], check: bool = False, diff: bool = False) -> dict[str, Any]:
    """The result that the module printed; that it prints one result and nothing else is part of every test."""
    sent = {**args, "_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_remote_tmp": "/tmp"}
    patches = [mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": sent}).encode())]
    # ansible-core 2.19 and later must be told how the arguments were written; earlier ones do not know the name.
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        patches.append(mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy"))
    # Warnings belong to the process: those of an earlier run would show again, and those of a controller are printed.
    getattr(warnings, "_global_warnings", {}).clear()
    if hasattr(warnings, "_internal"):
        patches.append(mock.patch.object(warnings._internal, "is_controller", False))
    out, ended = io.StringIO(), None
    with contextlib.ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        stack.enter_context(contextlib.redirect_stdout(out))
        try:
            main()
        except SystemExit as exc:
            ended = exc.code
    text = out.getvalue()
    result: dict[str, Any] = json.loads(text)
    assert bool(ended) == bool(result.get("failed")), f"ended with {ended}: {text}"
    assert "Traceback" not in text
    for secret in ("secret_key", "session_token"):
        assert not args.get(secret) or args[secret] not in text, f"{secret} is in the result"
    result.pop("invocation", None)
    return result
