# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What the options of storage_class mean, and which of them cannot be meant."""

from __future__ import annotations

import time
import typing as t

from .._core.errors import BadInput, Unsupported
from .._core.model import Attributes
from .._core.plan import Plan
from .._core.progress import human
from .._core.reclass import Reclass
from .._core.recopy import Wish
from .._core.tariff import DAY_S, Estimate
from .._core.transfer import Tally
from .._store.copies import ARCHIVES, BotoCopies
from .argspec import ArgSpec
from .module import StoreModule
from .prices import PRICES, prices
from .tree import check_numbers, open_engine

RECLASS = ArgSpec(
    {
        "bucket": {"type": "str", "required": True},
        "prefix": {"type": "str", "default": ""},
        "storage_class": {"type": "str", "required": True},
        "from_classes": {"type": "list", "elements": "str", "default": []},
        "min_size": {"type": "bytes", "default": "0"},
        "older_than_days": {"type": "int"},
        "keep_acl": {"type": "bool", "default": True},
        "sse_customer_key": {"type": "str", "no_log": True},
        "journal": {"type": "path"},
        "part_size": {"type": "bytes", "default": "512M"},
        "prices": {"type": "dict", "options": PRICES},
        "concurrency": {"type": "int", "default": 16},
        "samples": {"type": "int", "default": 10},
        "progress": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
        "progress_file": {"type": "path"},
    }
)


def tried(module: StoreModule) -> str:
    """What errors say was tried."""
    params = module.params
    return f"change the storage class in bucket {params['bucket']} to {params['storage_class']}"


def wish(module: StoreModule, doing: str) -> Wish:
    """Which objects are to be where, after refusing what cannot be meant or what this store cannot do."""
    params = module.params
    check_numbers(module, doing)
    _check_classes(module, doing)
    days = params["older_than_days"]
    if days is not None and days < 0:
        raise BadInput(doing, said=f"older_than_days is {days}", remedy="Use 0 or more.")
    before_s = None if days is None else time.time() - days * DAY_S
    return Wish(params["storage_class"], tuple(params["from_classes"]), params["min_size"], before_s)


def _check_classes(module: StoreModule, doing: str) -> None:
    profile, params = module.profile, module.params
    if not params["storage_class"]:
        # Ansible takes an option that is there and says nothing for given.
        raise BadInput(doing, said="storage_class is empty", remedy="Name the class in which the objects are to be.")
    known = profile.storage_classes
    if known is not None and len(known) < 2:
        raise Unsupported(
            doing,
            said=f"{profile.title} has one storage class, in which all objects are",
            remedy="Leave this task out for this store, or sync the media to a store that has the class.",
            code="Unsupported",
        )
    profile.check_upload(doing, storage_class=params["storage_class"])
    for name in params["from_classes"]:
        profile.check_upload(doing, storage_class=name)


def estimate(module: StoreModule, doing: str) -> Estimate:
    """What counts the costs: by the provider's list of prices, if there is one here, and by what the task says."""
    params, profile = module.params, module.profile
    keeps_acl = params["keep_acl"] and profile.has("acl")
    return Estimate(prices(module, doing), params["storage_class"], keeps_acl, profile.object_tagging, time.time())


def open_copies(module: StoreModule, doing: str) -> BotoCopies:
    """The bucket; nothing is sent yet."""
    params = module.params
    store = open_engine(BotoCopies, module, doing, Attributes(storage_class=params["storage_class"]))
    store.part_size = params["part_size"]
    store.parts_at_once = min(store.parts_at_once, params["concurrency"])
    store.keeps_acl = params["keep_acl"]
    return store


def require_journal(module: StoreModule, large: int, doing: str, result: dict[str, t.Any]) -> None:
    """Refuse to begin uploads that nobody would know of if this run were killed."""
    if not large or module.params["journal"]:
        return
    refusal = BadInput(
        doing,
        said=f"{large} objects are too large for one request, and parts that a killed run leaves behind are billed and not seen",
        remedy="Set journal, so that the next run can remove them.",
        code="NoJournal",
    )
    refusal.result = {**result, "changed": False}
    raise refusal


def warn_of_archive(module: StoreModule, plan: Plan) -> None:
    """Say before it is done that nobody will be able to read the objects, the application neither."""
    target = module.params["storage_class"]
    if plan.files and target in ARCHIVES and target in (module.profile.storage_classes or ()):
        module.warn(f"Objects in {target} cannot be read before they are restored, which takes hours.")


def warn_of_versions(module: StoreModule, store: BotoCopies) -> None:
    """Say that a bucket with versions keeps the old ones, in their old class; one question."""
    if store.keeps_versions():
        module.warn(
            "The bucket keeps versions: the former version of each object stays in its old class, and is paid for, until a "
            "lifecycle rule (noncurrent versions) or somebody deletes it."
        )


def report(module: StoreModule, run: Reclass, plan: Plan, tally: Tally, path: str | None) -> dict[str, t.Any]:
    """The result; what is predicted counts as changed in check mode, what was done otherwise."""
    changed = bool(plan.files if module.check_mode else tally.files)
    result: dict[str, t.Any] = {"changed": changed, "journal": path, **run.result(plan, tally)}
    if module.diff_asked and plan.files:
        result["diff"] = {"prepared": _diff(plan, result, module.params["storage_class"])}
    return result


def _diff(plan: Plan, result: dict[str, t.Any], target: str) -> str:
    lines = [f"to {target}: {plan.files} objects, {human(plan.nbytes)}"]
    lines += [f"- {number} from {name}" for name, number in result["plan"]["from"].items()]
    costs = result["estimate"]
    once, monthly, unit = costs["once"]["total"], costs["monthly"], f" {costs['currency'] or ''}".rstrip()
    if once is not None:
        lines.append(f"estimate: {once:.2f}{unit} once")
    if None not in monthly.values():
        lines.append(f"estimate: {monthly['before']:.2f}{unit} a month before, {monthly['after']:.2f} after")
    lines += [f"+ {name}" for name in plan.samples]
    more = plan.files - len(plan.samples)
    return "\n".join(lines + ([f"+ and {more} more"] if more else [])) + "\n"
