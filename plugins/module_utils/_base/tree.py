# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What the modules share that hold a directory against a bucket: options, checks, journal, store, and who is waiting."""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import os
import select
import sys
import time
import typing as t

from .._core.errors import BadInput
from .._core.files import Lock, explaining_os, free_bytes
from .._core.journal import Journal, scratch
from .._core.keys import Exclude
from .._core.model import Attributes
from .._core.pilot import MOST
from .._core.ports import Progress
from .._core.progress import Follower, Silent, ToFile
from .._core.scan import Tree
from .._core.shard import shard_of
from .._store.connection import Connection
from .._store.objects import BotoStore
from .._store.places import Place, PlacedStore
from .._store.places import check as check_places
from .._store.profile import Profile
from .argspec import ArgSpec
from .engine import choose
from .module import StoreModule
from .telling import check_metrics_file

Engine = t.TypeVar("Engine", bound=BotoStore)
AnyStore = t.Union[BotoStore, PlacedStore]

#: less than this free beside the journal counts as full: SQLite needs room even to tell that something failed
JOURNAL_ROOM = 16 * 1024 * 1024
#: how often is looked whether somebody still waits
LOOK_EVERY_S = 0.25

TREE = ArgSpec(
    {
        "path": {"type": "path", "required": True},
        "bucket": {"type": "str", "required": True},
        "prefix": {"type": "str", "default": ""},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "special": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
        "shard": {
            "type": "dict",
            "options": {"index": {"type": "int", "required": True}, "count": {"type": "int", "required": True}},
        },
        "journal": {"type": "path"},
        "encryption": {"type": "str", "choices": ["AES256", "aws:kms"]},
        "kms_key_id": {"type": "str", "no_log": False},
        "sse_customer_key": {"type": "str", "no_log": True},
        "part_size": {"type": "bytes", "default": "8M"},
        "concurrency": {"type": "int"},
        "samples": {"type": "int", "default": 10},
        "progress": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
        "progress_file": {"type": "path"},
        "engine": {"type": "str", "choices": ["auto", "obstore", "boto3"], "default": "auto"},
    },
    mutually_exclusive=[("encryption", "sse_customer_key")],
)


#: for a directory whose folders go to different buckets
PLACES = ArgSpec(
    {
        "places": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "folder": {"type": "str", "required": True},
                "bucket": {"type": "str", "required": True},
                "prefix": {"type": "str", "default": ""},
                "cache_control": {"type": "str"},
                "storage_class": {"type": "str"},
            },
        },
    }
)


def tried(module: StoreModule, verb: str) -> str:
    """What errors say was tried."""
    shard = module.params["shard"]
    part = f" (shard {shard['index']} of {shard['count']})" if shard else ""
    return f"{verb} {module.params['path'] or module.params['certificate']} and bucket {module.params['bucket']}{part}"


def open_tree(module: StoreModule, doing: str, there: bool = True) -> Tree:
    """The directory, after refusing what cannot be meant; where it need not be there, only what it says of the keys counts."""
    params = module.params
    check_numbers(module, doing)
    shard = shard_of(params["shard"], doing)
    folders = [place.folder for place in places_of(module, doing)]
    exclude = Exclude(params["exclude"])
    tree = Tree(params["path"] or "/", params["prefix"], exclude, params["special"] == "fail", shard, folders)
    if there:
        tree.require(doing)
    return tree


def check_numbers(module: StoreModule, doing: str) -> None:
    """Refuse what no run over the objects of a bucket could do."""
    params = module.params
    for name, least, most in (("concurrency", 1, 256), ("samples", 0, 50)):
        if params[name] is not None and not least <= params[name] <= most:
            raise BadInput(doing, said=f"{name} is {params[name]}", remedy=f"Use {least} to {most}.")
    if params["prefix"].startswith("/"):
        raise BadInput(doing, said="prefix begins with '/'", remedy="Leave that out: keys do not begin with a slash.")
    if not module.profile.part_min <= params["part_size"]:
        least = module.profile.part_min
        raise BadInput(doing, said=f"part_size is {params['part_size']} bytes", remedy=f"This store wants {least} or more.")


def places_of(module: StoreModule, doing: str) -> list[Place]:
    """The folders that have buckets of their own, after refusing what cannot be meant."""
    asked = module.params.get("places") or []
    places = [Place(place["folder"], place["bucket"], place["prefix"]) for place in asked]
    if places and module.params["prefix"]:
        raise BadInput(doing, said="prefix is set, and places, too", remedy="Give each of the places its prefix.")
    check_places(places, doing)
    return places


def open_store(module: StoreModule, doing: str, moves: bool, attributes: Attributes | None = None) -> AnyStore:
    """The bucket by the engine that was asked for, or by the one that is best if many objects are moved; nothing is sent yet."""
    if module.params["encryption"]:
        module.profile.check_upload(doing, sse=module.params["encryption"])
    engine, reason = choose(module, doing, moves, attributes or Attributes())
    places = places_of(module, doing)
    store: AnyStore
    if places:
        store = PlacedStore([(place, open_place(engine, module, doing, place, attributes)) for place in places])
    else:
        store = open_engine(engine, module, doing, attributes)
    store.engine_reason = reason
    return store


def open_place(engine: type[Engine], module: StoreModule, doing: str, place: Place, attributes: Attributes | None) -> Engine:
    """The bucket of a folder, with what is said of its objects alone."""
    said = next(entry for entry in module.params["places"] if entry["folder"] == place.folder)
    own = {name: said[name] for name in ("cache_control", "storage_class") if said.get(name)}
    module.profile.check_upload(doing, storage_class=own.get("storage_class"))
    base = attributes or Attributes()
    lookup = base.lookup
    if lookup:
        own["lookup"] = lambda key: lookup(place.folder + key[len(place.prefix) :])
    return open_engine(engine, module, doing, dataclasses.replace(base, **own), place.bucket)


def etag_is_md5(module: StoreModule) -> bool:
    """Whether the ETag of an object that was sent in one request tells its content."""
    params = module.params
    return bool(module.profile.etag_is_md5 and not params["sse_customer_key"] and params["encryption"] != "aws:kms")


def open_engine(
    engine: type[Engine], module: StoreModule, doing: str, attributes: Attributes | None = None, bucket: str = ""
) -> Engine:
    """The bucket by an engine that can do more; nothing is sent yet."""
    params = module.params
    if params["sse_customer_key"]:
        check_customer_key(module.profile, module.connection, doing, params["sse_customer_key"])
    module.pool = params["concurrency"] or MOST
    where, key = bucket or params["bucket"], params["sse_customer_key"]
    return engine(module.client, where, module.connection, module.profile, attributes, key)


def check_customer_key(profile: Profile, connection: Connection, doing: str, text: str) -> None:
    """Refuse a key of SSE-C that is none, that the store would ignore, or that everybody on the way would see."""
    profile.check_upload(doing, sse="SSE-C")
    try:
        length = len(base64.b64decode(text, validate=True))
    except binascii.Error:
        length = 0
    if length != 32:
        raise BadInput(doing, said="sse_customer_key is not 32 bytes in base64", remedy="Make one with: openssl rand -base64 32")
    if (connection.endpoint_url or "https:").startswith("http:"):
        raise BadInput(doing, said="sse_customer_key would go over plain HTTP", remedy="Use an https:// endpoint_url.")


def shown_shard(module: StoreModule) -> dict[str, t.Any]:
    """What the result says about the part that a run was about."""
    shard = module.params["shard"]
    return {"shard": {"index": shard["index"], "count": shard["count"]}} if shard else {}


def progress_of(module: StoreModule) -> Progress:
    """Who is told how far it is."""
    path = module.params["progress_file"]
    return ToFile(path) if path else Silent()


def journal_path(module: StoreModule, tree: Tree | None, doing: str) -> str | None:
    """Where the journal is, if there is to be one; never inside the tree, where it would be part of what it describes."""
    return own_file(module, "journal", tree, doing)


def own_file(module: StoreModule, option: str, tree: Tree | None, doing: str) -> str | None:
    """Where a file of ours is to be, never inside the tree."""
    path = module.params[option]
    if not path:
        return None
    real = os.path.realpath(str(path))
    if tree is not None and real.startswith(os.fsdecode(tree.root).rstrip("/") + "/"):
        said = f"the {option} {path} is inside {module.params['path']}"
        raise BadInput(doing, said=said, remedy=f"Choose a {option} outside of path.")
    if os.path.isdir(real):
        raise BadInput(doing, said=f"the {option} {path} is a directory", remedy="Name a file in it.")
    return real


def metrics_file(module: StoreModule, tree: Tree | None, doing: str) -> str | None:
    """Where the monitoring reads of the run, if it does."""
    return check_metrics_file(own_file(module, "metrics", tree, doing), doing)


def place(module: StoreModule) -> dict[str, str]:
    """The labels of all that the monitoring reads of a run."""
    params, shard = module.params, module.params["shard"]
    labels = {"path": str(params["path"] or ""), "bucket": str(params["bucket"]), "prefix": str(params["prefix"])}
    return {**labels, "shard": f"{shard['index']}/{shard['count']}" if shard else ""}


def binding(module: StoreModule) -> dict[str, str]:
    """What a journal is tied to. Not the path: a proof knows the file by inode and times, wherever its directory is moved."""
    params = module.params
    place = {"store": module.connection.where, "bucket": params["bucket"], "prefix": params["prefix"]}
    if params.get("places"):
        where = sorted((entry["folder"], entry["bucket"], entry["prefix"]) for entry in params["places"])
        place["bucket"] = ", ".join(f"{folder} in {bucket}/{prefix}" for folder, bucket, prefix in where)
    return {**place, **shard_of(params.get("shard"), "use the journal").binding}


@contextlib.contextmanager
def kept_journal(module: StoreModule, path: str, wait_s: float, doing: str, **more: str) -> t.Iterator[Journal]:
    """The journal for a run that writes it: locked, with room to grow, and this bucket's."""
    folder = os.path.dirname(path)
    with explaining_os(f"{doing}: make {folder}"):
        os.makedirs(folder, mode=0o700, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = "Choose a journal on a filesystem and in a directory that this user may write."
        raise BadInput(doing, said=f"the journal's directory {folder} cannot be written", remedy=remedy)
    if free_bytes(folder) < JOURNAL_ROOM:
        remedy = "Make room there, or choose another place with journal."
        raise BadInput(doing, said=f"the filesystem of the journal's directory {folder} is full", remedy=remedy, code="ENOSPC")
    with Lock(path + ".lock", wait_s, doing), contextlib.closing(Journal(path)) as journal:
        journal.bind(**binding(module), **more)
        yield journal


def take_back(store: AnyStore, journal: Journal) -> None:
    """Remove what a run that was killed left at the store, and remember what this one begins there."""
    store.ledger = journal
    for key, upload_id in journal.unfinished():
        store.abort(key, upload_id)


@contextlib.contextmanager
def old_proofs(module: StoreModule, path: str | None, **more: str) -> t.Iterator[Journal | None]:
    """The proofs of earlier runs for a run that changes nothing, if there are any."""
    if path is None or not os.path.exists(path):
        yield None
        return
    with contextlib.closing(Journal(path, read_only=True)) as journal:
        journal.bind(**binding(module), **more)
        yield journal


@contextlib.contextmanager
def passing_journal(module: StoreModule) -> t.Iterator[Journal]:
    """A journal that is gone when the module ends."""
    with contextlib.closing(scratch(module.tmpdir)) as journal:
        yield journal


@contextlib.contextmanager
def journals(
    module: StoreModule, path: str | None, store: AnyStore, doing: str, **more: str
) -> t.Iterator[tuple[Journal, Journal]]:
    """The journal of this run, and the one with the proofs of earlier runs, which a run that changes nothing does not write."""
    with contextlib.ExitStack() as stack:
        if path and not module.check_mode:
            journal = stack.enter_context(kept_journal(module, path, module.params["lock_wait"], doing, **more))
            take_back(store, journal)
            yield journal, journal
        else:
            journal = stack.enter_context(passing_journal(module))
            yield journal, stack.enter_context(old_proofs(module, path, **more)) or journal


class Watch:
    """Notices that nobody waits for this module's result any more.

    The reading end of its standard output belongs to whoever started it: the connection, or the wrapper of an asynchronous task,
    which stays when the controller goes. Who follows the progress file leaves a trace beside it.
    """

    def __init__(self, progress_file: str | None) -> None:
        self._follower = Follower(progress_file) if progress_file else None
        self._parent = os.getppid()
        self._next = 0.0
        self._poll = select.poll()
        self._poll.register(sys.__stdout__.fileno() if sys.__stdout__ else 1, 0)

    def __call__(self) -> bool:
        """Whether the one who waited is gone; asked before every file, so it is not looked at every time."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + LOOK_EVERY_S
        if os.getppid() != self._parent or any(event & select.POLLERR for _fd, event in self._poll.poll(0)):
            return True
        return self._follower is not None and self._follower.gone()
