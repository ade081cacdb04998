# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How a sync uses the change feed beside its journal, or fills it in."""

from __future__ import annotations

import json
import typing as t

from .._core.feed import Feed
from .._core.following import Following
from .._core.journal import Journal
from .._core.model import UPLOAD
from .._core.scan import Tree
from .module import StoreModule


def following(module: StoreModule, tree: Tree, journal: Journal, path: str | None) -> Following:
    """This run's dealings with the feed; with none at all if it is a prediction, a download, or without a journal."""
    params = module.params
    use = path is not None and not module.check_mode and params["direction"] == UPLOAD
    scope = json.dumps({name: params[name] for name in ("exclude", "special", "compare")}, sort_keys=True)
    return Following(Feed(path) if path and use else None, journal, tree, scope, use and params["against"] == "feed")


def walked(module: StoreModule, follow: Following, all_of_it: bool) -> dict[str, t.Any]:
    """What the result says about it, if it was asked for."""
    if module.params["against"] != "feed":
        return {}
    why = "a prediction looks at everything" if module.check_mode else follow.why
    return {"walked": all_of_it, "walked_reason": why if all_of_it else ""}
