# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How evict works: what its options mean, the run from look to drill, and what is said of it."""

from __future__ import annotations

import os
import sys
import time
import typing as t

from .._core import mounts
from .._core.errors import BadInput, Incomplete
from .._core.evict import Evictor, Means
from .._core.keys import MARK, Exclude
from .._core.lru import keeps_atime
from .._core.model import Attributes
from .._core.progress import human
from .._core.scan import Tree
from .._core.survey import LOST, UNPROVED, Policy, Survey
from .._core.transfer import Tally
from .durations import seconds_of
from .job import leave
from .module import StoreModule
from .telling import Number, Numbers, told
from .tree import (
    Watch,
    etag_is_md5,
    journal_path,
    journals,
    metrics_file,
    open_store,
    open_tree,
    own_file,
    place,
    progress_of,
    shown_shard,
    tried,
)

#: options that say where and how the job is left, not what it does
ABOUT_JOB = ("job", "job_owner", "job_check_mode", "progress")


class Unproved(Incomplete):
    """Something stays that should not have to; carries the result."""

    def __init__(self, doing: str, said: str, result: dict[str, t.Any]) -> None:
        remedy = (
            "Nothing of these was removed. Look which side is whole: mediastore.s3.sync uploads the file again, "
            "and a file that is cut off can be deleted where the object is whole."
        )
        super().__init__(doing, said=said, remedy=remedy, code="Unproved")
        self.result = result


def evict(module: StoreModule) -> dict[str, t.Any]:
    """Do it, or leave the job that will; what happens is told to the monitoring, too."""
    begun, doing = time.monotonic(), tried(module, "evict from")
    tree = open_tree(module, doing)
    _require_disk(tree, doing)
    policy = _policy(module, doing)
    metrics = metrics_file(module, tree, doing)
    path = journal_path(module, tree, doing)
    if module.params["job"]:
        return _leave_job(module, tree, doing)

    def act() -> dict[str, t.Any]:
        result = _run(module, tree, policy, path, doing, begun)
        _require_proved(module, result, doing)
        return result

    return told(module, "evict", metrics, place(module), act, _numbers)


def _require_disk(tree: Tree, doing: str) -> None:
    """Refuse what shows the bucket: there each object would be proved by itself, and go with its file."""
    shown = mounts.shown_bucket(tree.root, mounts.now())
    remedy = "Give the directory on the disk. A mount has a cache of its own, and nothing to evict."
    if not shown and os.path.lexists(os.path.join(tree.root, os.fsencode(MARK))):
        shown = f"it has the file {MARK}, which is an object of the bucket"
        remedy = "Give the directory on the disk. If this is it, somebody has copied that file there: remove it."
    if shown:
        said = f"{os.fsdecode(tree.root)} shows a bucket ({shown}), so what is removed there could be the objects"
        raise BadInput(doing, said=said, remedy=remedy)


def _run(module: StoreModule, tree: Tree, policy: Policy, path: str | None, doing: str, begun: float) -> dict[str, t.Any]:
    """Look, send what is missing, look again, and evict; in check mode only say so."""
    if not os.access(tree.root, os.W_OK | os.X_OK):
        said = f"{module.params['path']} cannot be written"
        raise BadInput(doing, said=said, remedy="Run the task as a user who may write it (become).")
    store = open_store(module, doing, not module.check_mode, _attributes(module, doing))
    with journals(module, path, store, doing) as (journal, proofs):
        watch = Watch(module.params["progress_file"])
        evictor = Evictor(
            policy, _means(module), tree, store, journal, proofs, progress_of(module), watch, module.params["quarantine_days"]
        )
        survey = evictor.look(planning=True)
        tally, drilled = Tally(0), 0
        planned = {"files": survey.plan_files, "bytes": survey.plan_bytes}
        if survey.plan_files and not module.check_mode:
            tally = evictor.send()
            # An object has been seen in a listing before its file goes, however it came there.
            survey = evictor.look(planning=False)
        evictor.evict(survey)
        if not module.check_mode:
            drilled = evictor.drill(module.params["drill"], survey)
        result = {**evictor.result(survey, tally), "quarantine": evictor.expire()._asdict()}
    if module.check_mode:
        result["uploaded"] = planned
    return _report(module, result, survey, drilled, begun)


def _report(module: StoreModule, result: dict[str, t.Any], survey: Survey, drilled: int, begun: float) -> dict[str, t.Any]:
    """What the result says besides."""
    sent, gone, left = result["uploaded"], result["evicted"], result["local"]
    took = time.monotonic() - begun
    result.update(
        changed=bool(sent["files"] or gone["files"] or result["quarantine"]["deleted_files"]),
        drilled={"objects": drilled, "lost": survey.stayed[LOST]},
        duration_s=round(took, 2),
        journal=module.params["journal"],
        **shown_shard(module),
    )
    would = "would be " if module.check_mode else ""
    result["summary"] = (
        f"{gone['files']} files ({human(gone['bytes'])}) {would}evicted, {sent['files']} uploaded, "
        f"{left['files']} ({human(left['bytes'])}) stay, in {took:.0f} s"
    )
    if result["over_bytes"]:
        over = human(result["over_bytes"])
        module.warn(f"{over} more than max_bytes stay: what is left is kept, too young, or not proved to be in the bucket.")
    if module.diff_asked and result["changed"]:
        lines = [f"upload: {sent['files']} files, {human(sent['bytes'])}"]
        lines += [f"+ {name}" for name in result["samples"].get("planned", [])]
        lines += [f"evict: {gone['files']} files, {human(gone['bytes'])}"]
        lines += [f"- {name}" for name in result["samples"].get("evicted", [])]
        result["diff"] = {"prepared": "\n".join(lines) + "\n"}
    return result


def _require_proved(module: StoreModule, result: dict[str, t.Any], doing: str) -> None:
    """Fail, with the counts, if anything stays that should not have to."""
    bad = {state: result["stayed"][state] for state in UNPROVED if result["stayed"][state]}
    if result["drilled"]["lost"]:
        bad[LOST] = result["drilled"]["lost"]
    if not bad or module.params["on_difference"] == "report":
        return
    counts = ", ".join(f"{number} {state}" for state, number in bad.items())
    shown = "; ".join(f"{state}: {', '.join(result['samples'][state][:3])}" for state in bad if result["samples"].get(state))
    raise Unproved(doing, f"some files are not proved to be in the bucket ({counts}). {shown}", result)


def _policy(module: StoreModule, doing: str) -> Policy:
    """Which files may go."""
    params = module.params
    ages = {
        name: seconds_of(params[name], name, doing) for name in ("max_age", "min_age", "upload_after") if params[name] is not None
    }
    for name, least in (("drill", 0), ("max_bytes", 0), ("quarantine_days", 0)):
        if params[name] is not None and params[name] < least:
            raise BadInput(doing, said=f"{name} is {params[name]}", remedy=f"Use {least} or more.")
    return Policy(
        max_bytes=params["max_bytes"],
        max_age_s=ages.get("max_age"),
        min_age_s=ages["min_age"],
        upload_after_s=ages["upload_after"],
        keep=Exclude(params["keep"]),
        atime=keeps_atime(params["path"]),
        now_ns=time.time_ns(),
    )


def _means(module: StoreModule) -> Means:
    """How it is done."""
    params, profile = module.params, module.profile
    return Means(
        list_sorted=profile.list_sorted,
        key_max_bytes=profile.key_max_bytes,
        etag_is_md5=etag_is_md5(module),
        part_size=params["part_size"],
        concurrency=params["concurrency"],
        samples=params["samples"],
        dry=module.check_mode,
    )


def _attributes(module: StoreModule, doing: str) -> Attributes:
    """What objects are stored with that were missing."""
    params = module.params
    module.profile.check_upload(doing, storage_class=params["storage_class"])
    return Attributes(storage_class=params["storage_class"], encryption=params["encryption"], kms_key_id=params["kms_key_id"])


def _leave_job(module: StoreModule, tree: Tree, doing: str) -> dict[str, t.Any]:
    """Write the program that does all this, after making sure that it could."""
    path = own_file(module, "job", tree, doing)
    if not module.check_mode:
        # This finds the Python that has the libraries, refuses what the store cannot do, and sends nothing.
        open_store(module, doing, True, _attributes(module, doing))
    options = {name: value for name, value in module.params.items() if value is not None and name not in ABOUT_JOB}
    if module.params["job_check_mode"]:
        options["_ansible_check_mode"] = True
    changed = leave(module, str(path), module.params["job_owner"], options, f"write the job {path}")
    result: dict[str, t.Any] = {"changed": changed, "job": {"path": path, "interpreter": sys.executable}}
    if module.diff_asked and changed:
        result["diff"] = {"prepared": f"the job {path} is written anew\n"}
    return result


def _numbers(result: dict[str, t.Any]) -> list[Number | Numbers]:
    """What the monitoring reads besides, of a run that came to its end."""
    stayed = [({"reason": state}, float(number)) for state, number in result["stayed"].items()]
    return [
        ("local_files", "Files that are on the disk.", result["local"]["files"]),
        ("local_bytes", "Their bytes.", result["local"]["bytes"]),
        ("over_bytes", "How many of these are above max_bytes.", result["over_bytes"]),
        ("evicted_files", "Files that the last run removed.", result["evicted"]["files"]),
        ("evicted_bytes", "Their bytes.", result["evicted"]["bytes"]),
        ("uploaded_files", "Files that the last run uploaded.", result["uploaded"]["files"]),
        ("quarantined_files", "Files that wait to be deleted.", result["quarantine"]["files"]),
        ("quarantined_bytes", "Their bytes.", result["quarantine"]["bytes"]),
        ("drilled_objects", "Objects that were read at random.", result["drilled"]["objects"]),
        ("lost_objects", "Objects that were read at random and found to be gone or changed.", result["drilled"]["lost"]),
        ("stayed_files", "Files that stay, by the reason.", stayed),
    ]
