#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy the objects of one bucket into another, and prove each of them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bucket_copy
short_description: Copy a bucket, or what is below a prefix, into another bucket, and prove every object
version_added: 0.2.0
description:
  - Compares two buckets, writes down what has to be copied, and copies it. A prefix can be added, stripped or replaced.
  - Where both buckets are at the same store, the store copies by itself and no content goes over the wire. Otherwise each
    object goes through the host, which holds no more than a part of it.
  - Content, content headers, user metadata and tags are kept. ACLs are not; give O(acl) if the copies need one.
  - Nothing is deleted on either side. What only the destination has is counted and left alone.
  - Every object is proved, by its ETags where they tell the content, otherwise by reading. Only that version of an object
    is copied that was listed, or a newer one that was looked at.
  - It can be interrupted at any moment, with C(kill -9) too, and run again.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.copying
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
  - mediastore.s3.attributes.flow
attributes:
  check_mode:
    support: full
    details: Sends nothing but LIST.
  diff_mode:
    support: full
    details: Shows how much would be copied, and the first O(samples) names.
  idempotent:
    support: full
    details:
      - Objects whose ETags cannot be compared, as with V(encryption=aws:kms), are copied again by a run without O(journal).
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
notes:
  - An empty object whose key ends in a slash stands for a folder, and is not copied.
  - Within one bucket a prefix can be added or stripped, too. What is below the destination's prefix already is then no source.
  - What is put into the destination under the same key after the comparison is overwritten. Let the application write there
    only when the last run is done.
seealso:
  - module: mediastore.s3.sync
  - module: mediastore.s3.storage_class
"""

EXAMPLES = r"""
---
- name: Copy a bucket to another store, through this host
  mediastore.s3.bucket_copy:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    bucket: example-media
    source: "{{ mediastore_store | combine({'bucket': 'example-media-old'}) }}"
    journal: /var/lib/mediastore/move.sqlite

- name: Within one store, with the connection set once
  module_defaults:
    group/mediastore.s3.store: "{{ mediastore_store }}"
  block:
    - name: Copy Zulip's exports to a bucket of their own, without the prefix
      mediastore.s3.bucket_copy:
        bucket: example-zulip-exports
        source:
          bucket: example-zulip-avatars
          prefix: exports/

    - name: Keep a copy of what is public below a prefix
      mediastore.s3.bucket_copy:
        bucket: example-media-copy
        prefix: copy/
        source:
          bucket: example-media
          prefix: public/
        exclude: ["cache/"]
        replace: false
"""

RETURN = r"""
plan:
  description: What was found to be done before anything was done.
  returned: success, and failure after the comparison
  type: dict
  contains:
    transfer:
      description: Objects and bytes to copy.
      returned: always
      type: dict
      sample: {"files": 12, "bytes": 345678}
    unchanged:
      description: Objects and bytes that are the same on both sides.
      returned: always
      type: dict
      sample: {"files": 5000, "bytes": 87654321}
    reasons:
      description:
        - How often each reason was given.
        - To copy, C(missing), C(gone_from_store) (missing although the journal proved it), C(size), C(content) and
          C(unprovable) (the ETags tell nothing, and no journal does).
        - To leave it, C(same_content), C(proved), C(same_size), C(only_in_destination), C(kept), C(excluded), C(folder_marker)
          (an empty object whose key ends in a slash) and C(in_destination) (below the destination's prefix in the same bucket).
      returned: always
      type: dict
      sample: {"missing": 12, "same_content": 5000}
transferred:
  description: Objects and bytes that were copied and proved.
  returned: success, and failure after the comparison
  type: dict
  sample: {"files": 12, "bytes": 345678}
complete:
  description: Whether nothing is left. V(false) in check mode if there is something to do.
  returned: success, and failure after the comparison
  type: bool
  sample: true
retaken:
  description: How many times an object was looked at again because it had been replaced.
  returned: success, and failure after the comparison
  type: int
  sample: 0
vanished:
  description: Objects that were gone from the source when their turn came.
  returned: success, and failure after the comparison
  type: int
  sample: 0
unsettled:
  description: Objects that were replaced again and again. The next run takes them.
  returned: success, and failure after the comparison
  type: int
  sample: 0
failures:
  description: Objects that could not be copied. If there are any, the task fails.
  returned: success, and failure after the comparison
  type: int
  sample: 0
samples:
  description: The first O(samples) keys of the destination of each kind, C(planned), C(unsettled) and C(failed).
  returned: success, and failure after the comparison
  type: dict
  sample: {"planned": ["2/avatar.png (missing)"]}
duration_s:
  description: Seconds from the start of the comparison.
  returned: success, and failure after the comparison
  type: float
  sample: 1.25
files_per_s:
  description: Objects copied per second.
  returned: success, and failure after the comparison
  type: float
  sample: 300.5
bytes_per_s:
  description: Bytes copied per second.
  returned: success, and failure after the comparison
  type: int
  sample: 12345678
journal:
  description: The journal, if there is one.
  returned: success, and failure after the comparison
  type: str
  sample: /var/lib/mediastore/move.sqlite
server_side:
  description: Whether the store copied by itself.
  returned: success, and failure after the comparison
  type: bool
  sample: true
server_side_reason:
  description: Why it did, or did not.
  returned: success, and failure after the comparison
  type: str
  sample: both buckets are at the same store
engine:
  description: What talked to the stores.
  returned: success, and failure after the comparison
  type: str
  sample: boto3
engine_reason:
  description: Why it was this one.
  returned: success, and failure after the comparison
  type: str
  sample: it copies inside the store
"""

import contextlib
import typing as t

from ..module_utils._base.bucketcopy import (
    COPYING,
    copy_rules,
    open_source,
    open_target,
    origin_of,
    rebase_of,
    server_side,
    shown_method,
    sorter,
    tried,
)
from ..module_utils._base.module import StoreModule
from ..module_utils._base.transfer import report
from ..module_utils._base.tree import Watch, journal_path, journals, progress_of
from ..module_utils._core.bucketcopy import BucketCopy
from ..module_utils._core.keys import Exclude
from ..module_utils._core.transfer import Tally


def converge(module: StoreModule) -> dict[str, t.Any]:
    """Plan, stop here in check mode, else carry it out."""
    doing = tried(module)
    origin = origin_of(module, doing)
    rebase = rebase_of(module, origin, doing)
    by_store, why = server_side(module, origin, doing)
    target, source = open_target(module, origin, rebase, doing), open_source(module, origin)
    path = journal_path(module, None, doing)
    with contextlib.closing(sorter(module)) as sorting, journals(module, path, target, doing, source=origin.place) as (
        journal,
        proofs,
    ):
        run = BucketCopy(
            copy_rules(module, origin, by_store),
            doing,
            rebase,
            Exclude(module.params["exclude"]),
            source,
            target,
            journal,
            proofs,
            sorting,
            progress_of(module),
        )
        return carry_out(module, run, {"journal": path, **shown_method(by_store, why)})


def carry_out(module: StoreModule, run: BucketCopy, shown: dict[str, t.Any]) -> dict[str, t.Any]:
    """Plan and copy, and say what happened."""
    watch = Watch(module.params["progress_file"])
    plan = run.plan(watch)
    if module.check_mode:
        return report(module, run, plan, Tally(0), "copy", **shown)
    tally = run.carry_out(plan, watch)
    result = report(module, run, plan, tally, "copy", **shown)
    run.require_done(plan, tally, result)
    if tally.unsettled:
        module.warn(f"{tally.unsettled} objects were replaced again and again and are left for the next run.")
    return result


def main() -> None:
    """Run the module."""
    StoreModule(COPYING).run(converge)


if __name__ == "__main__":
    main()
