# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What the options of bucket_copy mean, and which of them cannot be meant."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from .._core.bucketcopy import CopyRules
from .._core.compare import ALWAYS, NEVER
from .._core.copyplan import Trust
from .._core.errors import BadInput
from .._core.journal import Journal, scratch
from .._core.model import TRANSFER, Attributes
from .._core.rebase import Rebase
from .._store.bucketcopies import BotoSource, BotoTarget
from .._store.connection import Connection
from .._store.objects import PARTS_AT_ONCE
from .._store.profile import Profile
from .._store.registry import profile_for
from .argspec import ArgSpec
from .connectionspec import CONNECTION
from .module import StoreModule
from .tree import check_customer_key, check_numbers, etag_is_md5, open_engine

#: the connection once more; what is not said there has no default, so that one sees whether anything is said
SOURCE_CONNECTION = {
    name: {key: value for key, value in option.items() if key != "default"} for name, option in CONNECTION.options.items()
}

COPYING = ArgSpec(
    {
        "bucket": {"type": "str", "required": True},
        "prefix": {"type": "str", "default": ""},
        "source": {
            "type": "dict",
            "required": True,
            "options": {
                "bucket": {"type": "str", "required": True},
                "prefix": {"type": "str", "default": ""},
                "sse_customer_key": {"type": "str", "no_log": True},
                **SOURCE_CONNECTION,
            },
            **CONNECTION.constraints,
        },
        "exclude": {"type": "list", "elements": "str", "default": []},
        "compare": {"type": "str", "choices": ["auto", "size"], "default": "auto"},
        "replace": {"type": "bool", "default": True},
        "server_side": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
        "journal": {"type": "path"},
        "lock_wait": {"type": "int", "default": 0},
        "acl": {"type": "str"},
        "storage_class": {"type": "str"},
        "encryption": {"type": "str", "choices": ["AES256", "aws:kms"]},
        "kms_key_id": {"type": "str", "no_log": False},
        "sse_customer_key": {"type": "str", "no_log": True},
        "part_size": {"type": "bytes", "default": "16M"},
        "concurrency": {"type": "int"},
        "samples": {"type": "int", "default": 10},
        "progress": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
        "progress_file": {"type": "path"},
    },
    mutually_exclusive=[("encryption", "sse_customer_key")],
)


@dataclass(frozen=True)
class Origin:
    """Where the objects come from."""

    bucket: str
    prefix: str
    connection: Connection
    profile: Profile
    sse_customer_key: str | None
    #: whether the task names no store of its own for them
    shares_connection: bool

    @property
    def place(self) -> str:
        """What a journal is tied to."""
        return f"{self.connection.where} {self.bucket}/{self.prefix}"


def tried(module: StoreModule) -> str:
    """What errors say was tried."""
    source, params = module.params["source"], module.params
    return f"copy bucket {source['bucket']}/{source['prefix']} to bucket {params['bucket']}/{params['prefix']}"


def origin_of(module: StoreModule, doing: str) -> Origin:
    """Where the objects come from, after refusing what cannot be meant."""
    check_numbers(module, doing)
    said = module.params["source"]
    shared = not any(said[name] not in (None, "") for name in SOURCE_CONNECTION)
    connection = module.connection if shared else module.connection_of(said)
    profile = profile_for(connection)
    if said["prefix"].startswith("/"):
        raise BadInput(doing, said="source.prefix begins with '/'", remedy="Leave that out: keys do not begin with a slash.")
    if said["sse_customer_key"]:
        check_customer_key(profile, connection, doing, said["sse_customer_key"])
    return Origin(said["bucket"], said["prefix"], connection, profile, said["sse_customer_key"], shared)


def rebase_of(module: StoreModule, origin: Origin, doing: str) -> Rebase:
    """What becomes of the keys."""
    same_bucket = _same_place(module, origin) and origin.bucket == module.params["bucket"]
    rebase = Rebase(origin.prefix, module.params["prefix"], same_bucket)
    if rebase.goes_nowhere:
        said = "source and destination are the same bucket with the same prefix"
        raise BadInput(doing, said=said, remedy="Name another bucket or another prefix.")
    return rebase


def server_side(module: StoreModule, origin: Origin, doing: str) -> tuple[bool, str]:
    """Whether the store copies by itself, and why or why not."""
    wish, own = module.params["server_side"], module.connection
    if wish == "never":
        return False, "server_side says so"
    obstacle = ""
    if not _same_place(module, origin):
        obstacle = "the buckets are at different stores"
    elif origin.sse_customer_key or module.params["sse_customer_key"]:
        obstacle = "objects with a customer's key are not copied by every store"
    elif wish == "auto" and _key_of(origin.connection) != _key_of(own):
        obstacle = "the source has another key, and it is not known whether this one may read there"
    if obstacle and wish == "always":
        raise BadInput(doing, said=f"server_side is always, and {obstacle}", remedy="Leave server_side at auto.")
    return not obstacle, obstacle or "both buckets are at the same store"


def _same_place(module: StoreModule, origin: Origin) -> bool:
    own, other = module.connection, origin.connection
    return origin.shares_connection or _address(own) == _address(other)


def _address(connection: Connection) -> tuple[str, ...]:
    return connection.where.rstrip("/").lower(), connection.provider, connection.region or ""


def _key_of(connection: Connection) -> tuple[str | None, ...]:
    return connection.access_key, connection.secret_key, connection.session_token, connection.profile


def copy_rules(module: StoreModule, origin: Origin, by_store: bool) -> CopyRules:
    """How this run decides and works."""
    params, profile = module.params, module.profile
    hidden = bool(params["sse_customer_key"] or params["encryption"] == "aws:kms")
    return CopyRules(
        direction=TRANSFER,
        compare=params["compare"],
        against_journal=False,
        etag_is_md5=etag_is_md5(module),
        list_sorted=profile.list_sorted,
        key_max_bytes=profile.key_max_bytes,
        part_size=params["part_size"],
        concurrency=params["concurrency"],
        keep_replaced=None,
        samples=params["samples"],
        replace=ALWAYS if params["replace"] else NEVER,
        server_side=by_store,
        source_sorted=origin.profile.list_sorted,
        source_trust=_trust(origin.profile, bool(origin.sse_customer_key)),
        target_trust=_trust(profile, hidden),
    )


def _trust(profile: Profile, hidden: bool) -> Trust:
    return Trust(profile.etag_is_md5 and not hidden, profile.multipart_etag == "s3" and not hidden)


def open_target(module: StoreModule, origin: Origin, rebase: Rebase, doing: str) -> BotoTarget:
    """The destination; nothing is sent yet."""
    params = module.params
    module.profile.check_upload(doing, storage_class=params["storage_class"], acl=params["acl"], sse=params["encryption"])
    attributes = Attributes(
        acl=params["acl"],
        storage_class=params["storage_class"],
        encryption=params["encryption"],
        kms_key_id=params["kms_key_id"],
    )
    target = open_engine(BotoTarget, module, doing, attributes)
    target.origin, target.rebase = origin.bucket, rebase
    target.parts_at_once = min(PARTS_AT_ONCE, params["concurrency"] or PARTS_AT_ONCE)
    return target


def open_source(module: StoreModule, origin: Origin) -> BotoSource:
    """The source; nothing is sent yet."""
    client = module.client if origin.shares_connection else module.client_of(origin.connection)
    source = BotoSource(client, origin.bucket, origin.connection, origin.profile, sse_customer_key=origin.sse_customer_key)
    source.keeps_tags = origin.profile.object_tagging and module.profile.object_tagging
    return source


def sorter(module: StoreModule) -> Journal:
    """Where a listing is put in order, apart from the journal, which may do the same at the same time."""
    folder = os.path.join(module.tmpdir, "source")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return scratch(folder)


def shown_method(by_store: bool, why: str) -> dict[str, t.Any]:
    """What the result says about the way that the objects took."""
    return {"server_side": by_store, "server_side_reason": why}
