#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare a directory with a bucket, object by object."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify
short_description: Prove that a bucket holds what a directory holds
version_added: 0.1.0
description:
  - Compares every file of a directory with a listing of the bucket, by size and by MD5 against the ETag.
  - Files that O(journal) still covers are not read again, so that a large directory is verified in the time of one listing.
  - Where an ETag tells nothing about the content, the object is read back.
  - Changes nothing, on neither side; only O(missing=forget) writes, to O(journal).
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.tree
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
  - mediastore.s3.attributes.flow
attributes:
  check_mode:
    support: full
    details: It never changes anything. What O(missing=forget) would take out of O(journal) stays in there.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
  action:
    support: full
    details: The part on the controller shows the progress.
  async:
    support: full
  bypass_host_loop:
    support: none
options:
  read_back:
    description:
      - Which objects are read from the store and compared by content, besides those whose ETag tells nothing.
      - V(sample) draws O(sample) of them at random.
    type: str
    choices: [none, sample, all]
    default: none
  sample:
    description: How many objects O(read_back=sample) draws.
    type: int
    default: 20
  live:
    description:
      - The directory is in use. A file that O(journal) does not cover came or changed after the last sync.
        If it is missing or different in the bucket, it is only counted, as C(pending).
      - What the journal covers is compared as always.
    type: bool
    default: false
  extra:
    description: Whether an object that has no file is a difference.
    type: str
    choices: [ignore, fail]
    default: ignore
  missing:
    description:
      - What becomes of a file whose object is not in the bucket. V(fail) takes it for a difference.
      - V(forget) is meant for a directory whose application has moved to the bucket and may have deleted the object there. Such
        files are counted as C(missing), are no difference, and are taken out of O(journal), so that nothing believes any more
        that the bucket has them.
    type: str
    choices: [fail, forget]
    default: fail
    version_added: 0.2.0
  rewritten:
    description:
      - Whether an object that somebody has written anew since its file was uploaded is a difference. V(ignore) is meant for a
        directory whose application has moved to the bucket; such objects are counted as C(rewritten).
      - An object counts as that when O(journal) says that the file is the one that was uploaded, when it is not the object that
        was uploaded then, and when it does not carry the file's modification time as M(mediastore.s3.sync)'s uploads do.
        An upload that was damaged in the store still carries it, and stays a difference.
    type: str
    choices: [ignore, fail]
    default: fail
    version_added: 0.2.0
  on_difference:
    description:
      - V(fail) fails the task if anything is missing, different or unreadable.
      - V(report) only says so in RV(verified).
    type: str
    choices: [fail, report]
    default: fail
seealso:
  - module: mediastore.s3.sync
"""

EXAMPLES = r"""
---
- name: Prove that all media are in the bucket
  mediastore.s3.verify:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /srv/media
    bucket: example-media
    journal: /var/lib/mediastore/media.sqlite

- name: Read everything back, and only report
  mediastore.s3.verify:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /srv/media
    bucket: example-media
    read_back: all
    on_difference: report
  register: media

- name: Look whether what was moved is whole, now that an application writes to the bucket and deletes there
  mediastore.s3.verify:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /srv/media
    bucket: example-media
    journal: /var/lib/mediastore/media.sqlite
    rewritten: ignore
    missing: forget

- name: Verify a directory that all hosts of the play see, each of them a part of it
  mediastore.s3.verify:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /srv/media
    bucket: example-media
    journal: /var/lib/mediastore/media-{{ ansible_play_hosts_all.index(inventory_hostname) }}.sqlite
    shard:
      index: "{{ ansible_play_hosts_all.index(inventory_hostname) }}"
      count: "{{ ansible_play_hosts_all | length }}"
"""

RETURN = r"""
verified:
  description: Whether every file is in the bucket as it is here, and with O(extra=fail) nothing else is.
  returned: success, and failure after the comparison
  type: bool
  sample: true
counts:
  description: How many keys got which verdict.
  returned: success, and failure after the comparison
  type: dict
  sample: {"matched": 5012, "missing": 0, "different": 0, "extra": 3, "unreadable": 0, "rewritten": 0, "pending": 0}
samples:
  description: The first O(samples) names of each verdict but C(matched).
  returned: success, and failure after the comparison
  type: dict
  sample: {"extra": ["old/1.png"]}
files:
  description: Files compared.
  returned: success, and failure after the comparison
  type: int
  sample: 5012
bytes:
  description: Their bytes.
  returned: success, and failure after the comparison
  type: int
  sample: 87999999
read_back:
  description: Objects that were read from the store.
  returned: success, and failure after the comparison
  type: int
  sample: 0
vanished:
  description: Files that were removed during the comparison.
  returned: success, and failure after the comparison
  type: int
  sample: 0
shard:
  description: The part of the keys that this run was about. RV(verified) and all numbers are of this part.
  returned: when O(shard) is set
  type: dict
  sample: {"index": 0, "count": 4}
duration_s:
  description: Seconds it took.
  returned: success, and failure after the comparison
  type: float
  sample: 2.5
engine:
  description: What read objects back, if any were. The listing is always boto3's.
  returned: success, and failure after the comparison
  type: str
  sample: obstore
engine_reason:
  description: Why it was this one.
  returned: success, and failure after the comparison
  type: str
  sample: it is installed, and moves small objects much faster
"""

import contextlib
import time
import typing as t

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.module import StoreModule
from ..module_utils._base.tree import (
    TREE,
    Watch,
    etag_is_md5,
    journal_path,
    kept_journal,
    old_proofs,
    open_store,
    open_tree,
    passing_journal,
    progress_of,
    shown_shard,
    tried,
)
from ..module_utils._core.errors import BadInput, MediastoreError
from ..module_utils._core.verify import VERDICTS, Findings, Verifier

SPEC = TREE.merge(
    ArgSpec(
        {
            "read_back": {"type": "str", "choices": ["none", "sample", "all"], "default": "none"},
            "sample": {"type": "int", "default": 20},
            "live": {"type": "bool", "default": False},
            "extra": {"type": "str", "choices": ["ignore", "fail"], "default": "ignore"},
            "missing": {"type": "str", "choices": ["fail", "forget"], "default": "fail"},
            "rewritten": {"type": "str", "choices": ["ignore", "fail"], "default": "fail"},
            "on_difference": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
        },
        required_if=[("live", True, ["journal"]), ("rewritten", "ignore", ["journal"]), ("missing", "forget", ["journal"])],
    )
)


class Differs(MediastoreError):
    """The two sides are not the same; carries the counts."""

    def __init__(self, doing: str, result: dict[str, t.Any]) -> None:
        counts = ", ".join(f"{number} {verdict}" for verdict, number in result["counts"].items() if number)
        shown = "; ".join(f"{kind}: {', '.join(result['samples'][kind][:3])}" for kind in VERDICTS if result["samples"].get(kind))
        said = f"the directory and the bucket differ ({counts}). {shown}"
        super().__init__(doing, said=said, remedy="Run mediastore.s3.sync again, then verify again.", code="Differs")
        self.result = result


def compare(module: StoreModule) -> dict[str, t.Any]:
    """March along both sides, and fail if that is asked for."""
    begun = time.monotonic()
    doing = tried(module, "verify")
    params, profile = module.params, module.profile
    if params["sample"] < 1:
        raise BadInput(doing, said=f"sample is {params['sample']}", remedy="Use 1 or more.")
    tree = open_tree(module, doing)
    store = open_store(module, doing, params["read_back"] != "none" or not etag_is_md5(module))
    path = journal_path(module, tree, doing)
    with contextlib.ExitStack() as stack:
        proofs = stack.enter_context(old_proofs(module, path))
        listing = store.listing(params["prefix"])
        if not profile.list_sorted:
            listing = stack.enter_context(passing_journal(module)).sort(listing)
        verifier = Verifier(
            tree,
            store,
            etag_is_md5(module),
            params["part_size"],
            params["read_back"],
            params["sample"],
            params["concurrency"],
            progress_of(module),
            live=params["live"],
            may_be_rewritten=params["rewritten"] == "ignore",
            may_be_deleted=params["missing"] == "forget",
        )
        watch = Watch(params["progress_file"])
        findings = verifier.run(listing, proofs.proofs() if proofs else (), params["samples"], watch)
    forget(module, path, findings.deleted, doing)
    by = {"engine": store.engine, "engine_reason": store.engine_reason}
    return judge(module, findings, doing, {"duration_s": round(time.monotonic() - begun, 2), **by})


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
    result = {"changed": False, "verified": verified, **shown_shard(module), **how, **findings.as_dict()}
    if not verified and module.params["on_difference"] == "fail":
        raise Differs(doing, result)
    return result


def main() -> None:
    """Run the module."""
    StoreModule(SPEC).run(compare)


if __name__ == "__main__":
    main()
