# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The window of a cutover in one process: nothing is sent or looked up between the stop and the start but the last files.

The state directory stays locked throughout, so whoever takes over from a run that was cut off finds this at work, or ended.
"""

from __future__ import annotations

import time
import typing as t

from .._core.errors import BadInput
from .._core.stages import Stages
from .migration import application
from .module import StoreModule
from .recording import opened, told
from .switching import put_in_place, require_kept
from .syncing import bring
from .window import get_ready, hold, let_go, require_window, start, stop

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


def cut(module: StoreModule) -> dict[str, t.Any]:
    """Stop the application, copy the last files, set the directory aside, switch, start, and wait for health."""
    params = module.params
    if module.check_mode:
        return {"changed": True}
    module.params.update(PLAIN)
    doing = f"cut the migration {params['name']} over"
    get_ready(module, doing)
    with opened(module) as stages:
        _require_ready(stages, params, doing)
        hold(module, stages)
        begun = time.monotonic()
        stop(module)
        copied = bring(module)
        stages.backed_up(application(params), {**copied["transferred"], "duration_s": copied["duration_s"]})
        put_in_place(module, params["switch"])
        start(module, stages, "the bucket")
        down_s = time.monotonic() - begun
        let_go(module, stages)
        stages.healthy(None, down_s)
        walk: dict[str, t.Any] = {name: copied[name] for name in ("walked", "walked_reason") if name in copied}
        return {**told(stages, params, True), "copied": copied["transferred"], **walk}


def _require_ready(stages: Stages, params: dict[str, t.Any], doing: str) -> None:
    if stages.migration.stage != "stopping":
        raise BadInput(
            doing,
            said=f"it is at {stages.migration.stage}, and the window begins after stopping",
            remedy="Enter that stage first (mediastore.s3.migration), which keeps what the way back needs.",
            code="IllegalStage",
        )
    require_window(params, doing)
    require_kept(params["switch"], params["config_files"])
