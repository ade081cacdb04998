# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What the options of sync mean, and which of them cannot be meant."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.common.text.formatters import human_to_bytes

from .._core.errors import BadInput
from .._core.files import free_bytes
from .._core.headers import Headers
from .._core.keys import Exclude
from .._core.model import DOWNLOAD, Attributes
from .._core.pace import Timetable
from .._core.plan import Plan
from .._core.progress import human
from .._core.scan import Tree
from .._core.sync import Rules, Run
from .._core.transfer import Tally
from .argspec import ArgSpec
from .module import StoreModule
from .tree import etag_is_md5, tried

#: with what objects are stored
UPLOAD = ArgSpec(
    {
        "content_type": {"type": "str", "default": "guess"},
        "cache_control": {"type": "str"},
        "metadata": {"type": "dict", "default": {}},
        "acl": {"type": "str"},
        "private": {"type": "list", "elements": "str", "default": []},
        "storage_class": {"type": "str"},
        "content_disposition": {"type": "str"},
        "headers": {"type": "path"},
    }
)


def rules(module: StoreModule, headers: Headers | None) -> Rules:
    """How this run decides and works."""
    params, profile = module.params, module.profile
    return Rules(
        direction=params["direction"],
        compare=params["compare"],
        against_journal=params["against"] != "store",
        etag_is_md5=etag_is_md5(module),
        list_sorted=profile.list_sorted,
        key_max_bytes=profile.key_max_bytes,
        part_size=params["part_size"],
        concurrency=params["concurrency"],
        keep_replaced=params["keep_replaced"],
        replace=params["replace"],
        samples=params["samples"],
        bandwidth=timetable(params["bandwidth"], tried(module, params["direction"])),
        headers=headers,
    )


def timetable(entries: list[str] | None, doing: str) -> Timetable | None:
    """How much may go over the line, and when, as the option ``bandwidth`` has it."""
    if not entries:
        return None
    found: dict[int, int | None] = {}
    for entry in entries:
        start, _space, rate = entry.strip().rpartition(" ")
        hours, _colon, minutes = start.strip().partition(":")
        right = not start or (hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60)
        minute = int(hours) * 60 + int(minutes) if start and right else 0
        try:
            found[minute], again = None if rate == "off" else human_to_bytes(rate), minute in found
        except ValueError:
            right = again = False
        if not right or again:
            said = f"bandwidth has {entry!r}" + (", and one for this time already" if again else "")
            remedy = "Write a rate as in 10M (bytes in a second), off or 0, or rates with times as in 08:00 2M and 23:00 off."
            raise BadInput(doing, said=said, remedy=remedy)
    return Timetable(sorted(found.items()))


def attributes(module: StoreModule, doing: str, headers: Headers | None) -> Attributes:
    """What the objects are stored with, after asking the profile."""
    params = module.params
    metadata = {str(name): str(value) for name, value in params["metadata"].items()}
    for name, value in metadata.items():
        if not (name + value).isascii() or not (name + value).isprintable():
            raise BadInput(doing, said=f"the metadata {name!r} is not plain ASCII", remedy="Headers are ASCII: encode it.")
    module.profile.check_upload(doing, storage_class=params["storage_class"], acl=params["acl"])
    return Attributes(
        content_type=params["content_type"],
        cache_control=params["cache_control"],
        metadata=metadata,
        acl=params["acl"],
        storage_class=params["storage_class"],
        content_disposition=params["content_disposition"],
        encryption=params["encryption"],
        kms_key_id=params["kms_key_id"],
        lookup=_lookup(params, headers),
    )


def _lookup(params: dict[str, t.Any], headers: Headers | None) -> t.Callable[[str], t.Mapping[str, t.Any]] | None:
    """What the object of a key alone is stored with."""
    private, start = Exclude(params["private"]), len(params["prefix"])
    if not params["acl"] or not params["private"]:
        return (lambda key: headers(key[start:])) if headers else None

    def said(key: str) -> dict[str, t.Any]:
        own = dict(headers(key[start:])) if headers else {}
        return {**own, "acl": None} if key[start:] in private else own

    return said


def check_options(module: StoreModule, doing: str) -> None:
    """Refuse options that contradict each other."""
    params = module.params
    if params["direction"] == DOWNLOAD and params["against"] != "store":
        said = f"a download compares with the store, and against is {params['against']}"
        raise BadInput(doing, said=said, remedy="Use against=store.")
    if params["against"] == "feed" and params["compare"] == "checksum":
        said = "compare is checksum, which reads every file, and against is feed, which looks at those that changed"
        raise BadInput(doing, said=said, remedy="Use against=journal, or another compare.")
    if params["direction"] != DOWNLOAD and params["keep_replaced"]:
        raise BadInput(doing, said="keep_replaced is for downloads", remedy="Leave it out, or use direction=download.")


def check_destination(module: StoreModule, tree: Tree, doing: str) -> None:
    """Refuse a destination that a download could not write."""
    params = module.params
    if params["direction"] != DOWNLOAD:
        return
    root = os.fsdecode(tree.root)
    if not os.access(root, os.W_OK | os.X_OK):
        raise BadInput(doing, said=f"{root} cannot be written", remedy="Run the task as a user who may write it (become).")
    kept = params["keep_replaced"]
    if kept and os.path.realpath(kept).startswith(root.rstrip("/") + "/"):
        raise BadInput(doing, said=f"keep_replaced {kept} is inside path", remedy="Choose a directory beside it.")


def check_room(module: StoreModule, plan: Plan, doing: str) -> None:
    """Refuse to begin a download that cannot end."""
    if module.params["direction"] == DOWNLOAD and plan.files:
        free = free_bytes(module.params["path"])
        if free < plan.nbytes:
            said = f"{human(plan.nbytes)} have to be downloaded and {human(free)} are free there"
            raise BadInput(doing, said=said, remedy="Make room there first.", code="ENOSPC")


def report(
    module: StoreModule, run: Run, plan: Plan, tally: Tally, verb: str, marking: bool = False, **more: t.Any
) -> dict[str, t.Any]:
    """The result; what is predicted counts as changed in check mode, what was done otherwise; a mark counts like a file."""
    changed = marking or bool(plan.files if module.check_mode else tally.files)
    result: dict[str, t.Any] = {"changed": changed, **more, **run.result(plan, tally)}
    if module.diff_asked and plan.files:
        lines = [f"{verb}: {plan.files} files, {human(plan.nbytes)}"] + [f"+ {name}" for name in plan.samples]
        left = plan.files - len(plan.samples)
        result["diff"] = {"prepared": "\n".join(lines + ([f"+ and {left} more"] if left else [])) + "\n"}
    return result
