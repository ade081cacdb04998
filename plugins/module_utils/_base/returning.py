# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The window of a way back in one process, from any stage at which the application is down or runs on its bucket.

A store that does not answer must not keep the application down, so whatever fails there is owed and brought back later.
"""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from .._core.errors import MediastoreError
from .._core.model import DOWNLOAD
from .._core.stages import Stages
from .cutting import PLAIN
from .migration import application, aside
from .module import StoreModule
from .recording import opened, told
from .syncing import bring
from .transfer import UPLOAD
from .window import get_ready, hold, let_go, require_window, start, stop

#: how a sync brings back what only the bucket has; a damaged object replaces no whole file, nor an older version a newer one
BACK: dict[str, t.Any] = {
    **PLAIN,
    **{name: option.get("default") for name, option in UPLOAD.options.items()},
    "direction": DOWNLOAD,
    "against": "store",
    "compare": "auto",
    "replace": "rewritten",
}


def go_back(module: StoreModule) -> dict[str, t.Any]:
    """Stop the application, bring back what only the bucket has, restore files and settings, start, and wait for health."""
    params = module.params
    if module.check_mode:
        return {"changed": True}
    doing = f"roll the migration {params['name']} back"
    require_window(params, doing)
    with contextlib.suppress(Exception):  # what is wrong with the libraries is said, and owed, when the bucket is read
        get_ready(module, doing)
    with opened(module) as stages:
        stages.rolling_back(application(params), params["reason"])
        # else an attempt before this one has stopped it, and since then it is down
        first = stages.window_opened
        begun = time.monotonic()
        _stop(module, stages)
        brought, missed = _bring_back(module, stages)
        stages.make_room()
        stages.restored(owed=bool(missed))
        start(module, stages, "its own files")
        down_s = time.monotonic() - begun
        let_go(module, stages)
        stages.make_room()
        stages.rolled_back(down_s if first else None)
        return {**told(stages, params, True), "brought_back": brought, "not_brought_back": missed}


def _stop(module: StoreModule, stages: Stages) -> None:
    """Stop it, also where it seems to be stopped: a stop that was cut short may still be under way, and end what is started."""
    try:
        hold(module, stages)
        stop(module)
    except MediastoreError as exc:
        # where nothing was moved it is left alone
        if aside(stages.migration):
            remedy = f"Nothing was moved back. Stop it, then: {module.params['command']}rollback"
            raise MediastoreError("stop the application", said=exc.said, remedy=remedy, code=exc.code) from exc


def _bring_back(module: StoreModule, stages: Stages) -> tuple[dict[str, int], str]:
    """The files and bytes that came back from the bucket, and why some did not."""
    migration, nothing = stages.migration, {"files": 0, "bytes": 0}
    if not (migration.may_be_switched and os.path.isdir(migration.backup)):
        return nothing, ""
    given = dict(module.params)
    try:
        module.params.update(BACK, path=migration.backup, keep_replaced=migration.path + ".replaced")
        return bring(module)["transferred"], ""
    except Exception as exc:  # whatever it is, the application has to come up
        why = str(exc if isinstance(exc, MediastoreError) else module.explain(exc))
        module.warn(f"The bucket could not be read, and what is only there is brought back later: {why}")
        return nothing, why
    finally:
        module.params.clear()
        module.params.update(given)
