# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How synapse_media_info and synapse_media_repair work: what their options mean, and what is said of what was found."""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from .._core.clock import UNITS, duration
from .._core.download import Downloader
from .._core.errors import BadInput, Incomplete, LibraryMissing
from .._core.files import free_bytes
from .._core.ledger import DIFFERENT, MISSING, UNREADABLE
from .._core.mediarows import KINDS, LOCAL, LOCAL_THUMBNAILS, REMOTE, REMOTE_THUMBNAILS, Database, SqliteDatabase, check_schema
from .._core.mend import OnlyWhole, Purge, Work, choose_purge, plan, purge, purge_path, todos
from .._core.model import DOWNLOAD, UPLOAD
from .._core.pilot import Pilot
from .._core.progress import human
from .._core.reconcile import Reconciler, Scope
from .._core.scan import Tree
from .._core.transfer import Budget, Mover, Tally, transfer
from .._core.upload import Uploader
from .._store.objects import BotoStore
from .._store.postgres import PostgresDatabase
from .argspec import ArgSpec
from .module import StoreModule
from .tree import (
    TREE,
    Watch,
    etag_is_md5,
    journal_path,
    journals,
    old_proofs,
    open_store,
    open_tree,
    passing_journal,
    progress_of,
    shown_shard,
    tried,
)

#: what the bodies in flight may take together
MEMORY = 64 * 1024 * 1024
#: what Synapse's own homeserver.yaml calls them, as far as libpq is to know
PLACE = ("host", "port", "dbname", "user", "password", "sslmode", "sslrootcert")

RECONCILE = TREE.merge(
    ArgSpec(
        {
            "database": {
                "type": "dict",
                "required": True,
                "options": {
                    "path": {"type": "path"},
                    "host": {"type": "str"},
                    "port": {"type": "int"},
                    "dbname": {"type": "str", "aliases": ["database"]},
                    "user": {"type": "str"},
                    "password": {"type": "str", "no_log": True},
                    "sslmode": {"type": "str"},
                    "sslrootcert": {"type": "path"},
                },
                "mutually_exclusive": [("path", "dbname")],
                "required_one_of": [("path", "dbname")],
            },
            "store_local": {"type": "bool", "default": True},
            "store_remote": {"type": "bool", "default": True},
            "settle_after": {"type": "str", "default": "1h"},
        }
    )
)


def inform(module: StoreModule) -> dict[str, t.Any]:
    """Look, and say what was found."""
    begun, doing = time.monotonic(), tried(module, "reconcile")
    tree, path = _begin(module, doing)
    store = _open(module, doing, False)
    with contextlib.ExitStack() as stack:
        proofs = stack.enter_context(old_proofs(module, path))
        reconciler = _look(module, tree, store, proofs.proofs() if proofs else iter(()), doing, stack)
        return {"changed": False, **_said(module, reconciler, store, begun)}


def repair(module: StoreModule) -> dict[str, t.Any]:
    """Look, and mend what can be mended; in check mode say what that is."""
    begun, doing = time.monotonic(), tried(module, "repair")
    tree, path = _begin(module, doing)
    _check_repair(module, tree, doing)
    # Another Python, with a faster engine, may not have what PostgreSQL needs.
    store = _open(module, doing, bool(module.params["database"]["path"]) and not module.check_mode)
    with contextlib.ExitStack() as stack:
        journal, proofs = stack.enter_context(journals(module, path, store, doing))
        reconciler = _look(module, tree, store, proofs.proofs(), doing, stack)
        result = _said(module, reconciler, store, begun)
        works, tallies = {}, {}
        for direction, wanted in ((UPLOAD, module.params["upload"]), (DOWNLOAD, module.params["fetch"] != "never")):
            everything = direction == UPLOAD or module.params["fetch"] == "all"
            jobs = todos(reconciler.ledger, direction, _stored(module), everything)
            works[direction] = plan(journal, jobs if wanted else iter(()), module.params["samples"])
            tallies[direction] = Tally(0)
            if works[direction].files and not module.check_mode:
                mover = _mover(module, direction, store, tree, works[direction], doing)
                workers = Pilot(module.params["concurrency"], lambda: store.busy)
                watch, progress = Watch(module.params["progress_file"]), progress_of(module)
                progress.phase(direction, works[direction].files, works[direction].nbytes)
                whole = OnlyWhole(mover, reconciler.sha256_of)
                tallies[direction] = transfer(journal, whole, workers, progress, watch, module.params["samples"])
        forgotten = choose_purge(reconciler.ledger, module.params["refetch_also"])
        purged = 0
        if module.params["refetch"] and forgotten.before_ms and not module.check_mode:
            purged = purge(module.params["synapse_url"], module.params["synapse_token"], forgotten.before_ms)
    return _report(module, result, works, tallies, forgotten, purged, begun, doing)


def _begin(module: StoreModule, doing: str) -> tuple[Tree, str | None]:
    tree = open_tree(module, doing)
    if not any(os.path.isdir(os.path.join(tree.root, kind.encode())) for kind in KINDS) and os.listdir(tree.root):
        said = f"{module.params['path']} has none of the directories of a media store ({LOCAL}, {REMOTE} and so on)"
        raise BadInput(doing, said=said, remedy="Set path to media_store_path of homeserver.yaml.")
    _settle_after_ms(module, doing)
    return tree, journal_path(module, tree, doing)


def _open(module: StoreModule, doing: str, moves: bool) -> BotoStore:
    """The bucket, after making sure that there is a database behind all this."""
    with contextlib.closing(_database(module, doing)) as database:
        check_schema(database, doing)
    # a media store has no places
    return t.cast(BotoStore, open_store(module, doing, moves))


def _database(module: StoreModule, doing: str) -> Database:
    place = module.params["database"]
    if place["path"]:
        return SqliteDatabase(place["path"], doing)
    try:
        return PostgresDatabase({name: place[name] for name in PLACE if place[name] is not None}, doing)
    except LibraryMissing as exc:
        module.respawn_with("boto3", exc.library)
        raise


def _look(
    module: StoreModule, tree: Tree, store: BotoStore, proofs: t.Iterator[t.Any], doing: str, stack: contextlib.ExitStack
) -> Reconciler:
    """Hold the three against each other; the database is open only while it is read."""
    params = module.params
    scope = Scope(
        stored=_stored(module),
        settle_after_ms=_settle_after_ms(module, doing),
        etag_is_md5=etag_is_md5(module),
        part_size=params["part_size"],
        concurrency=params["concurrency"],
        samples=params["samples"],
    )
    reconciler = Reconciler(scope, tree, store, progress_of(module), Watch(params["progress_file"]))
    stack.callback(reconciler.ledger.close)
    with contextlib.closing(_database(module, doing)) as database:
        reconciler.read(database)
    listing = store.listing(params["prefix"])
    if not module.profile.list_sorted:
        listing = stack.enter_context(passing_journal(module)).sort(listing)
    reconciler.look(listing, proofs)
    with contextlib.closing(_database(module, doing)) as database:
        reconciler.settle(database)
    return reconciler


def _stored(module: StoreModule) -> tuple[str, ...]:
    """The kinds that belong into the bucket."""
    local = (LOCAL, LOCAL_THUMBNAILS) if module.params["store_local"] else ()
    return local + ((REMOTE, REMOTE_THUMBNAILS) if module.params["store_remote"] else ())


def _settle_after_ms(module: StoreModule, doing: str) -> int:
    text = module.params["settle_after"]
    try:
        return round((time.time() - duration(text)) * 1000)
    except ValueError:
        remedy = f"Write a whole number and one of {', '.join(UNITS)}, as in 1h."
        raise BadInput(doing, said=f"settle_after is {text!r}", remedy=remedy) from None


def _said(module: StoreModule, reconciler: Reconciler, store: BotoStore, begun: float) -> dict[str, t.Any]:
    result = reconciler.result()
    forgotten = choose_purge(reconciler.ledger, None)
    took, totals = time.monotonic() - begun, result["totals"]
    rows = sum(counted["rows"] for counted in result["counts"].values())
    result["refetch"] = _refetch(forgotten)
    result["summary"] = (
        f"{rows} rows: {totals['both']} in both places, {totals['disk_only']} on the disk only, {totals['bucket_only']} in the "
        f"bucket only, {totals['missing']} missing, {totals['different']} different; without a row {totals['orphan_disk']} files "
        f"and {totals['orphan_bucket']} objects; in {took:.0f} s"
    )
    by = {"engine": store.engine, "engine_reason": store.engine_reason}
    return {**result, "duration_s": round(took, 2), **by, **shown_shard(module)}


def _refetch(forgotten: Purge) -> dict[str, t.Any]:
    """What an administrator has to know about media that Synapse could fetch again."""
    call = f"POST {purge_path(forgotten.before_ms)}" if forgotten.before_ms else ""
    return {"missing": forgotten.missing, "whole": forgotten.whole, "before_ts": forgotten.before_ms, "call": call}


def _check_repair(module: StoreModule, tree: Tree, doing: str) -> None:
    params = module.params
    if params["fetch"] != "never" and not os.access(tree.root, os.W_OK | os.X_OK):
        said = f"{params['path']} cannot be written"
        raise BadInput(doing, said=said, remedy="Run the task as a user who may write it (become), or set fetch to never.")
    if params["refetch_also"] < 0:
        raise BadInput(doing, said=f"refetch_also is {params['refetch_also']}", remedy="Use 0 or more.")
    kept = params["keep_replaced"]
    if kept and os.path.realpath(kept).startswith(os.fsdecode(tree.root).rstrip("/") + "/"):
        raise BadInput(doing, said=f"keep_replaced {kept} is inside path", remedy="Choose a directory beside it.")


def _mover(module: StoreModule, direction: str, store: BotoStore, tree: Tree, work: Work, doing: str) -> Mover:
    params, progress = module.params, progress_of(module)
    if direction == UPLOAD:
        return Uploader(store, tree, params["part_size"], Budget(MEMORY), progress)
    free = free_bytes(params["path"])
    if free < work.nbytes:
        said = f"{human(work.nbytes)} have to be fetched and {human(free)} are free there"
        raise BadInput(doing, said=said, remedy="Make room there first, or set fetch to different.", code="ENOSPC")
    return Downloader(store, tree, params["keep_replaced"], etag_is_md5(module), params["part_size"], progress)


def _report(
    module: StoreModule,
    result: dict[str, t.Any],
    works: dict[str, Work],
    tallies: dict[str, Tally],
    forgotten: Purge,
    purged: int,
    begun: float,
    doing: str,
) -> dict[str, t.Any]:
    """What was mended, or would be."""
    done = {
        direction: {"files": works[direction].files, "bytes": works[direction].nbytes}
        if module.check_mode
        else {"files": tally.files, "bytes": tally.nbytes}
        for direction, tally in tallies.items()
    }
    would = forgotten.missing if module.params["refetch"] and module.check_mode else 0
    failed, damaged = (sum(getattr(tally, what) for tally in tallies.values()) for what in ("failed", "damaged"))
    for direction, name in ((UPLOAD, "uploaded"), (DOWNLOAD, "fetched")):
        result["samples"].update({name: works[direction].samples} if works[direction].samples else {})
        for what, names in tallies[direction].samples.items():
            result["samples"].setdefault(what, []).extend(names)
    result.update(
        changed=bool(done[UPLOAD]["files"] or done[DOWNLOAD]["files"] or purged or would),
        uploaded=done[UPLOAD],
        fetched=done[DOWNLOAD],
        damaged=damaged,
        purge={**_refetch(forgotten), "purged": purged},
        duration_s=round(time.monotonic() - begun, 2),
    )
    lost = sum(result["totals"][state] for state in (MISSING, UNREADABLE)) - forgotten.missing * bool(module.params["refetch"])
    differ = result["totals"][DIFFERENT]
    result["summary"] = (
        f"{done[UPLOAD]['files']} uploaded, {done[DOWNLOAD]['files']} fetched, {purged or would} to be fetched by Synapse again"
        f"{' (predicted)' if module.check_mode else ''}; {lost} missing or unreadable and {damaged} damaged stay as they are; "
        f"{differ} were different"
    )
    if module.diff_asked and result["changed"]:
        lines = [f"{direction}: {work.files} files, {human(work.nbytes)}" for direction, work in works.items()]
        lines += [f"+ {name}" for work in works.values() for name in work.samples]
        result["diff"] = {"prepared": "\n".join(lines) + "\n"}
    if failed:
        shown = "; ".join(result["samples"].get("failed", [])[:3])
        error = Incomplete(doing, said=f"{failed} could not be moved: {shown}", remedy="Remove the cause and run again.")
        error.result = result
        raise error
    return result
