#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Move the objects that are in a bucket to another storage class."""

from __future__ import annotations

DOCUMENTATION = r"""
module: storage_class
short_description: Change the storage class of the objects in a bucket, and say before what it costs
version_added: 0.2.0
description:
  - Copies each object onto itself in another storage class. All else stays, namely key, content, headers, metadata, tags, ACL,
    encryption, website redirect and locks. The time of its last modification becomes that of the copy, as with every write.
  - In check mode it only lists the bucket, and returns how much is in which class, what would change, and what it would cost.
  - Each object is looked at again after its copy. It has to be in the new class, with the same size, and with the same ETag
    where that is a checksum.
  - An object that is replaced meanwhile is taken again or left, and never put back to what it was.
  - It can be interrupted at any moment, with C(kill -9) too, and run again. A listing tells which objects are there already, so
    that none is copied twice.
  - Objects that are archived have to be restored first. They are counted and named, and the task fails after all others are
    done.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.prices
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
  - mediastore.s3.attributes.flow
attributes:
  check_mode:
    support: full
    details: Sends nothing but LIST.
  diff_mode:
    support: full
    details: Shows how much would change, the estimated cost, and the first O(samples) names.
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
  bucket:
    description: The bucket. It must exist.
    type: str
    required: true
  prefix:
    description: Only objects whose key begins with this. Give the final slash of a folder yourself.
    type: str
    default: ""
  storage_class:
    description:
      - The class in which the objects are to be, for example V(STANDARD_IA).
      - A provider that has only one class, or not this one, is refused before anything is sent.
    type: str
    required: true
  from_classes:
    description: Only objects that are in one of these classes now. All if it is empty.
    type: list
    elements: str
    default: []
  min_size:
    description:
      - Objects below this size are left, for example V(128K). Amazon's classes for infrequent access bill 128 KiB for
        each smaller object, so that a thumbnail can cost more there than before.
    type: bytes
    default: "0"
  older_than_days:
    description:
      - Only objects that were last modified longer ago than this, in days.
      - A change of class is a modification, too. So does V(30) leave alone what came to V(STANDARD_IA) less than 30 days ago,
        which Amazon would bill for the whole 30 days.
    type: int
  keep_acl:
    description:
      - Whether the ACL of each object is read and kept, where the store has ACLs and the bucket has not switched them off.
      - With V(false) the copies are private. This spares one request for each object, and the rights to read and write ACLs.
    type: bool
    default: true
  sse_customer_key:
    description:
      - Key of 32 bytes in base64, with which all the objects are encrypted (SSE-C), and stay so.
    type: str
  journal:
    description:
      - File on the host in which the module notes the uploads that are under way, so that the next run can take back what a
        killed one has left. Its directory is made if it is missing.
      - Required only if there are objects that are too large for one request (5 GiB on Amazon S3). The parts of an upload
        that nobody takes back are billed and not shown in any listing of objects.
      - It is tied to store, bucket and prefix. It may be the journal of M(mediastore.s3.sync) for the same place.
    type: path
  part_size:
    description:
      - Size of the parts in which an object is copied that is too large for one request.
      - Only used where the store does not tell in which parts the object was uploaded. Where it does, these are taken again,
        and the ETag stays the same.
    type: bytes
    default: 512M
  concurrency:
    description: How many objects are copied at once, 1 to 256.
    type: int
    default: 16
  samples:
    description: How many names of each kind the result shows, 0 to 50.
    type: int
    default: 10
  progress:
    description:
      - Whether the controller shows objects, bytes, rate and remaining time while the module runs.
      - V(auto) does so if the standard error of C(ansible-playbook) is a terminal.
      - Without it, and with C(async), the module runs like any other.
    type: str
    choices: [auto, always, never]
    default: auto
  progress_file:
    description: File on the host to which the module writes its progress as JSON, twice a second.
    type: path
notes:
  - The estimate is no more than that. It knows neither discounts nor taxes nor other regions, and counts archived objects as if
    they were restored already.
  - For objects that come from now on, set the class when they are written (O(mediastore.s3.sync#module:storage_class)), or use a
    lifecycle rule. A rule costs a request for each object, too, and takes a day or more.
  - The key needs the right to list the bucket, and to read and write its objects. With tags, ACLs or locks it needs the rights
    for these, too.
seealso:
  - module: mediastore.s3.sync
"""

EXAMPLES = r"""
---
- name: See what is in which class, and what a change would cost
  mediastore.s3.storage_class:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    bucket: example-media
    storage_class: STANDARD_IA
  check_mode: true
  register: media

- name: The same change, with the connection set once
  module_defaults:
    group/mediastore.s3.store: "{{ mediastore_store }}"
  block:
    - name: Move what is older than a month and not small
      mediastore.s3.storage_class:
        bucket: example-media
        prefix: public/
        storage_class: STANDARD_IA
        from_classes: [STANDARD]
        min_size: 128K
        older_than_days: 30

    - name: Move everything, large files too
      mediastore.s3.storage_class:
        bucket: example-media
        storage_class: INTELLIGENT_TIERING
        journal: /var/lib/mediastore/classes.sqlite
"""

RETURN = r"""
classes:
  description: Objects and bytes in each class below O(prefix), as the listing showed them before anything was changed.
  returned: success, and failure after the listing
  type: dict
  sample: {"STANDARD": {"objects": 5012, "bytes": 87654321}}
plan:
  description: What was found to be done before anything was done.
  returned: success, and failure after the listing
  type: dict
  contains:
    change:
      description: Objects and bytes that are to change their class.
      returned: always
      type: dict
      sample: {"objects": 12, "bytes": 345678}
    from:
      description: How many of these are in which class.
      returned: always
      type: dict
      sample: {"STANDARD": 12}
    unchanged:
      description: Objects and bytes that stay as they are.
      returned: always
      type: dict
      sample: {"objects": 5000, "bytes": 87308643}
    reasons:
      description:
        - Why how many of them stay, C(already) (in the class that is asked for), C(other_class) (in none of O(from_classes)),
          C(small) (below O(min_size)) and C(young) (not O(older_than_days)).
      returned: always
      type: dict
      sample: {"already": 4800, "small": 200}
estimate:
  description:
    - What the change costs and saves, estimated before anything was done from the listing and a list of prices.
    - A sum is null where a price is not known.
  returned: success, and failure after the listing
  type: dict
  contains:
    requests:
      description: Requests to C(list) the bucket, to C(read) about objects (HEAD, ACL and tags) and to C(copy) them.
      returned: always
      type: dict
      sample: {"list": 6, "read": 36, "copy": 12}
    once:
      description:
        - Costs of the change itself, for C(requests), for C(retrieval) (reading from the present class), for C(early_deletion)
          (objects that have not been in their class for as long as it bills at least), and their C(total).
        - In a bucket that keeps versions nothing is deleted, neither early. The old versions are billed on.
      returned: always
      type: dict
      sample: {"requests": 0.000168, "retrieval": 0.0, "early_deletion": 0.0, "total": 0.000168}
    monthly:
      description:
        - Costs of keeping the objects that are to change, for 30 days, C(before) and C(after).
        - C(small_objects) is the part of C(after) that is paid for bytes that are not there, because the class bills each
          object with a least size, or with some bytes more.
      returned: always
      type: dict
      sample: {"before": 0.0072, "after": 0.0041, "small_objects": 0.0001}
    minimum_days:
      description: Days that the new class bills at least for each object.
      returned: always
      type: int
      sample: 30
    currency:
      description: Currency of all sums, if it is known.
      returned: always
      type: str
      sample: USD
    prices:
      description: Where the prices are from.
      returned: always
      type: str
      sample: Amazon S3 price list, us-east-1, June 2026
copied:
  description: Objects and bytes whose class was changed, and seen to be changed.
  returned: success, and failure after the listing
  type: dict
  sample: {"objects": 12, "bytes": 345678}
complete:
  description: Whether nothing is left. V(false) in check mode if there is something to do.
  returned: success, and failure after the listing
  type: bool
  sample: true
archived:
  description:
    - Objects that are archived and not restored, so that they cannot be copied. If there are any, the task fails at its end.
    - Always 0 in check mode. RV(plan.from) shows the classes.
  returned: success, and failure after the listing
  type: int
  sample: 0
too_large:
  description: Objects that are larger than this store can copy. If there are any, the task fails at its end.
  returned: success, and failure after the listing
  type: int
  sample: 0
failures:
  description: Objects that could not be copied. If there are any, the task fails at its end.
  returned: success, and failure after the listing
  type: int
  sample: 0
retaken:
  description: How many times an object was looked at again because it had been replaced.
  returned: success, and failure after the listing
  type: int
  sample: 0
vanished:
  description: Objects that were gone when their turn came, or had been replaced by something that is not to change.
  returned: success, and failure after the listing
  type: int
  sample: 0
unsettled:
  description: Objects that were replaced again and again. The next run takes them.
  returned: success, and failure after the listing
  type: int
  sample: 0
samples:
  description: The first O(samples) names of each kind, C(planned), C(archived), C(too_large), C(unsettled) and C(failed).
  returned: success, and failure after the listing
  type: dict
  sample: {"planned": ["avatars/1.png (STANDARD)"]}
duration_s:
  description: Seconds from the start of the listing.
  returned: success, and failure after the listing
  type: float
  sample: 1.25
objects_per_s:
  description: Objects copied per second.
  returned: success, and failure after the listing
  type: float
  sample: 120.5
journal:
  description: The journal, if there is one.
  returned: success, and failure after the listing
  type: str
  sample: /var/lib/mediastore/classes.sqlite
engine:
  description: What talked to the store.
  returned: success, and failure after the listing
  type: str
  sample: boto3
"""

import contextlib
import typing as t

from ..module_utils._base.module import StoreModule
from ..module_utils._base.reclass import (
    RECLASS,
    estimate,
    open_copies,
    report,
    require_journal,
    tried,
    warn_of_archive,
    warn_of_versions,
    wish,
)
from ..module_utils._base.tree import Watch, journal_path, kept_journal, passing_journal, progress_of, take_back
from ..module_utils._core.reclass import Reclass
from ..module_utils._core.transfer import Tally
from ..module_utils._store.copies import BotoCopies


def converge(module: StoreModule) -> dict[str, t.Any]:
    """List, stop here in check mode, else copy what is to change."""
    doing = tried(module)
    wanted, costs = wish(module, doing), estimate(module, doing)
    path = journal_path(module, None, doing)
    store = open_copies(module, doing)
    with contextlib.ExitStack() as stack:
        if path and not module.check_mode:
            journal = stack.enter_context(kept_journal(module, path, 0, doing))
            take_back(store, journal)
        else:
            journal = stack.enter_context(passing_journal(module))
        run = Reclass(wanted, store, journal, costs, progress_of(module), module.params["samples"])
        return carry_out(module, run, store, doing, path)


def carry_out(module: StoreModule, run: Reclass, store: BotoCopies, doing: str, path: str | None) -> dict[str, t.Any]:
    """Plan and copy, and say what happened."""
    watch = Watch(module.params["progress_file"])
    plan = run.plan(module.params["prefix"], doing, watch)
    predicted = report(module, run, plan, Tally(0), path)
    require_journal(module, run.large, doing, predicted)
    warn_of_archive(module, plan)
    if module.check_mode or not plan.files:
        return predicted
    warn_of_versions(module, store)
    tally = run.carry_out(plan, module.params["concurrency"], watch)
    result = report(module, run, plan, tally, path)
    run.require_done(plan, tally, result, doing)
    if result["unsettled"]:
        module.warn(f"{result['unsettled']} objects were replaced again and again and are left for the next run.")
    return result


def main() -> None:
    """Run the module."""
    StoreModule(RECLASS).run(converge)


if __name__ == "__main__":
    main()
