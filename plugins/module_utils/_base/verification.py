# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How verify compares: a directory, or what a certificate says of one, with a bucket."""

from __future__ import annotations

import contextlib
import time
import typing as t

from .._core.certificate import Certificate, Certifier, Recheck
from .._core.errors import BadInput, MediastoreError
from .._core.listed import Listed
from .._core.verify import VERDICTS, Findings, Verifier
from .module import StoreModule
from .telling import Number, Numbers, stored, told
from .tree import (
    Watch,
    etag_is_md5,
    journal_path,
    kept_journal,
    metrics_file,
    old_proofs,
    open_store,
    open_tree,
    own_file,
    passing_journal,
    place,
    progress_of,
    shown_shard,
    tried,
)

#: what the result shows of a certificate
SHOWN = ("sha256", "files", "bytes", "verified", "bucket", "prefix", "endpoint")


REMEDIES = {
    "directory": "Run mediastore.s3.sync again, then verify again.",
    "certificate": "Bring them back from a backup. Where an application may delete or rewrite objects, "
    "set missing to forget and rewritten to ignore.",
}


class Differs(MediastoreError):
    """The two sides are not the same; carries the counts."""

    def __init__(self, doing: str, result: dict[str, t.Any], source: str) -> None:
        counts = ", ".join(f"{number} {verdict}" for verdict, number in result["counts"].items() if number)
        shown = "; ".join(f"{kind}: {', '.join(result['samples'][kind][:3])}" for kind in VERDICTS if result["samples"].get(kind))
        said = f"the {source} and the bucket differ ({counts}). {shown}"
        super().__init__(doing, said=said, remedy=REMEDIES[source], code="Differs")
        self.result = result


def compare(module: StoreModule) -> dict[str, t.Any]:
    """Compare both sides, and tell the monitoring what came out."""
    doing, listed = tried(module, "verify"), Listed()
    afresh = module.params["source"] == "directory"
    path = metrics_file(module, open_tree(module, doing) if afresh else None, doing)
    return told(
        module,
        "verify",
        path,
        place(module),
        lambda: prove(module, listed if path else None),
        lambda result: numbers(result, listed),
    )


def numbers(result: dict[str, t.Any], listed: Listed) -> list[Number | Numbers]:
    """What the monitoring reads besides, of a run that came to its end."""
    counts = [({"verdict": verdict}, float(number)) for verdict, number in result["counts"].items()]
    return [
        ("verified", "Whether every file is in the bucket as it is here.", result["verified"]),
        ("files", "Files that were compared.", result["files"]),
        ("bytes", "Their bytes.", result["bytes"]),
        ("keys", "Keys on either side, by the verdict.", counts),
        *stored(listed),
    ]


def prove(module: StoreModule, listed: Listed | None) -> dict[str, t.Any]:
    """March along both sides, and fail if that is asked for."""
    begun = time.monotonic()
    doing = tried(module, "verify")
    params, profile = module.params, module.profile
    _check(module, doing)
    afresh = params["source"] == "directory"
    tree = open_tree(module, doing, there=afresh)
    path = journal_path(module, tree if afresh else None, doing)
    certificate = own_file(module, "certificate", tree if afresh else None, doing)
    old = Certificate(certificate) if certificate and not afresh else None
    store = open_store(module, doing, params["read_back"] != "none" or not etag_is_md5(module))
    with contextlib.ExitStack() as stack:
        listing = store.listing(params["prefix"])
        if listed:
            listing = listed.count(listing)
        if not profile.list_sorted:
            listing = stack.enter_context(passing_journal(module)).sort(listing)
        rules: dict[str, t.Any] = {
            "etag_is_md5": etag_is_md5(module),
            "part_size": params["part_size"],
            "read_back": params["read_back"],
            "sample": params["sample"],
            "workers": params["concurrency"],
            "progress": progress_of(module),
            "may_be_rewritten": params["rewritten"] == "ignore",
            "may_be_deleted": params["missing"] == "forget",
        }
        watch = Watch(params["progress_file"])
        written = None
        if old:
            findings = Recheck(old, tree, store, **rules).run(listing, old.proofs(), params["samples"], watch)
        else:
            proofs = stack.enter_context(old_proofs(module, path))
            verifier = Verifier(tree, store, live=params["live"], **rules)
            written = stack.enter_context(Certifier(certificate)) if certificate and not module.check_mode else None
            known = proofs.proofs() if proofs else ()
            findings = verifier.run(listing, known, params["samples"], watch, written.add if written else None)
        said = {"changed": False, **_certified(module, findings, old, written)}
    if afresh:
        forget(module, path, findings.deleted, doing)
    by = {"engine": store.engine, "engine_reason": store.engine_reason}
    return judge(module, findings, doing, {**said, "duration_s": round(time.monotonic() - begun, 2), **by})


def _check(module: StoreModule, doing: str) -> None:
    """Refuse what cannot be meant together."""
    params = module.params
    if params["sample"] < 1:
        raise BadInput(doing, said=f"sample is {params['sample']}", remedy="Use 1 or more.")
    if params["source"] == "certificate":
        if params["live"]:
            raise BadInput(doing, said="a certificate is not live", remedy="Leave out live, or verify the directory.")
        return
    for option, value in (("rewritten", "ignore"), ("missing", "forget")):
        if params[option] == value and not params["journal"]:
            said = f"{option} is {value} and there is no journal"
            raise BadInput(doing, said=said, remedy="Set journal to that of the sync: it knows what was uploaded.")


def _certified(module: StoreModule, findings: Findings, old: Certificate | None, written: Certifier | None) -> dict[str, t.Any]:
    """What the result says of the certificate; a new one is put in its place if everything it says has turned out to be so."""
    about, changed = (old.about, False) if old else ({}, False)
    if written and findings.verified(module.params["extra"] == "fail") and not findings.surprised:
        place = {"endpoint": module.connection.where, "bucket": module.params["bucket"], "prefix": module.params["prefix"]}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        about, changed = written.seal({**place, **shown_shard(module)}, now)
    return {"certificate": {name: about[name] for name in SHOWN}, "changed": changed} if about else {}


def forget(module: StoreModule, path: str | None, keys: list[str], doing: str) -> None:
    """Take the proofs of objects out of the journal that are not there any more; only when all of the listing has been seen."""
    if not keys or not path or module.check_mode:
        return
    with kept_journal(module, path, 0, doing) as journal:
        for key in keys:
            journal.disprove(key)


def judge(module: StoreModule, findings: Findings, doing: str, how: dict[str, t.Any]) -> dict[str, t.Any]:
    """The result, or the error that carries it."""
    verified = findings.verified(module.params["extra"] == "fail")
    result = {"verified": verified, **shown_shard(module), **how, **findings.as_dict()}
    if not verified and module.params["on_difference"] == "fail":
        raise Differs(doing, result, module.params["source"])
    return result
