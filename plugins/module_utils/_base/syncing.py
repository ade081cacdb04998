# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How sync works: checks, plan, transfer, and what is said of them."""

from __future__ import annotations

import typing as t

from .._core.following import Following
from .._core.headers import Headers
from .._core.listed import Listed
from .._core.model import DOWNLOAD
from .._core.ownership import Ownership
from .._core.sync import Sync
from .._core.transfer import Tally
from .follow import following, walked
from .module import StoreModule
from .prices import upload_billing
from .telling import Number, Numbers, stored, told
from .transfer import attributes, check_destination, check_options, check_room, report, rules
from .tree import (
    Watch,
    journal_path,
    journals,
    metrics_file,
    open_store,
    open_tree,
    place,
    progress_of,
    shown_shard,
    tried,
)


def converge(module: StoreModule) -> dict[str, t.Any]:
    """Bring one side to the other, and tell the monitoring how that went."""
    doing = tried(module, module.params["direction"])
    path = metrics_file(module, open_tree(module, doing), doing)
    listed = Listed()
    return told(
        module,
        "sync",
        path,
        place(module),
        lambda: bring(module, listed if path else None),
        lambda result: numbers(result, listed),
    )


def numbers(result: dict[str, t.Any], listed: Listed) -> list[Number | Numbers]:
    """What the monitoring reads besides, of a run that came to its end."""
    sent = result["transferred"]
    return [
        ("transferred_files", "Files that the last run transferred and proved.", sent["files"]),
        ("transferred_bytes", "Their bytes.", sent["bytes"]),
        ("failed_files", "Files that it could not transfer.", result["failures"]),
        ("unsettled_files", "Files that were written all the time, and are left for the next run.", result["unsettled"]),
        *stored(listed),
    ]


def bring(module: StoreModule, listed: Listed | None = None) -> dict[str, t.Any]:
    """Plan, stop here in check mode, else carry it out."""
    doing = tried(module, module.params["direction"])
    check_options(module, doing)
    tree = open_tree(module, doing)
    check_destination(module, tree, doing)
    # A pass against the journal may be what an application waits for: it does not start again elsewhere for a faster engine.
    moves = not module.check_mode and module.params["against"] == "store"
    # a prediction sends nothing, and may come before they were asked for
    headers = Headers(module.params["headers"], doing) if module.params["headers"] and not module.check_mode else None
    store = open_store(module, doing, moves, attributes(module, doing, headers))
    path = journal_path(module, tree, doing)
    with journals(module, path, store, doing) as (journal, proofs):
        # A pass against the journal relies on the run before it.
        uploads = module.params["direction"] != DOWNLOAD and module.params["against"] == "store"
        owner = module.params["owned_by"] if uploads else ""
        owned = [Ownership(store, tree, owner, doing, mark) for mark in tree.marks]
        # Counted only where it is read: a real run has other things to do for each of its files.
        billing = upload_billing(module, doing) if uploads and module.check_mode else None
        sync = Sync(rules(module, headers), tree, store, journal, proofs, progress_of(module), billing, listed)
        for claim in owned:
            claim.check(proofs, module.params["adopt"])
            if billing:
                billing.asked(puts=int(claim.missing), gets=claim.gets, lists=claim.lists)
        return carry_out(module, sync, following(module, tree, journal, path), owned, path, doing)


def carry_out(
    module: StoreModule, sync: Sync, follow: Following, owned: list[Ownership], path: str | None, doing: str
) -> dict[str, t.Any]:
    """Plan and transfer, and say what happened."""
    watch, verb = Watch(module.params["progress_file"]), module.params["direction"]
    changes = follow.begin()
    marking = any(claim.missing for claim in owned)
    shown = {"journal": path, **shown_shard(module), **walked(module, follow, changes is None)}
    plan = sync.plan(watch, changes)
    if module.check_mode:
        return report(module, sync, plan, Tally(0), verb, marking, **shown)
    check_room(module, plan, doing)
    for claim in owned:
        claim.mark()
    tally = sync.carry_out(plan, watch)
    if not tally.gave_up:
        follow.end()
    result = report(module, sync, plan, tally, verb, marking, **shown)
    sync.require_done(plan, tally, result)
    if tally.unsettled:
        otherwise = ", or came after their headers were asked for," if module.params["headers"] else ""
        module.warn(f"{tally.unsettled} files were being written all the time{otherwise} and are left for the next run.")
    if tally.damaged:
        module.warn(f"{tally.damaged} objects are not what was uploaded from the files here, which were left. Upload them again.")
    return result
