#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove files that nobody has used for long and that a bucket is proved to have."""

from __future__ import annotations

DOCUMENTATION = r"""
module: evict
short_description: Keep a directory small whose files are in a bucket as well
version_added: 0.2.0
description:
  - For an application that keeps media on its disk and a second copy in a bucket, as Synapse does with a storage provider. What
    is not on the disk it reads from the bucket, so the directory is no more than a cache, and somebody has to keep it small.
  - Uploads what the bucket lacks, then removes files, least recently used first, until O(max_bytes) and O(max_age) are kept.
  - A file goes only after its content was proved to be in the bucket. It has to be in a listing of this run, with the same size
    and with the MD5 of the file as its ETag, or with the ETag for which O(journal) holds a proof. Where an ETag tells nothing,
    the object is read back. What is missing, cut off, different or cannot be read is named, and stays.
  - Objects are never replaced. Where file and object differ nobody can tell which of them is whole.
  - Right before it is removed a file is looked at once more. One that has changed by then stays. Files that an application has
    fetched back are found by each run, since nothing is remembered of them but what they contain.
  - A directory that shows the bucket is refused, since its files are the objects. It is known by its mount (goofys, rclone,
    s3fs, geesefs), or by a file C(.mediastore-owner), which is the mark of M(mediastore.s3.sync) in a bucket.
  - Folders that are empty afterwards go as well, but never O(path) and the folders directly in it.
  - The time of the last use is the later of the times of the last write and the last access. Filesystems that are mounted with
    C(relatime), the usual case, note an access once a day. Where they are mounted with C(noatime) only the last write is known,
    so that what was written first goes first, whoever uses it. RV(used_by) tells. What this module reads does not count as used,
    if it is run by root or the owner of the files.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.tree
  - mediastore.s3.tree.metrics
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
  - mediastore.s3.attributes.flow
attributes:
  check_mode:
    support: full
    details: Reads and proves what it would remove.
  diff_mode:
    support: full
    details: Shows how much would be uploaded and removed, and the first O(samples) names.
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
  journal:
    description:
      - File on the host in which the module remembers what was proved to be in the bucket. Its directory is made if it is
        missing.
      - It also keeps two runs apart, and O(drill) takes from it what has to be in the bucket.
      - It is tied to store, bucket, prefix and O(shard), and refused for others.
    required: true
  max_bytes:
    description:
      - Remove files until no more than this is left in O(path), for example V(20G).
      - The sizes of all files count that O(exclude) does not leave out. On the disk they take somewhat more.
    type: bytes
  max_age:
    description:
      - Remove what was not used for so long, for example V(30d). V(0s) removes all that O(min_age) and O(keep) allow.
      - Durations are a whole number and V(s), V(h), V(d) or V(w). There is no C(m), which is a month for C(s3_media_upload).
    type: str
  min_age:
    description:
      - What was used within this time stays, whatever the limits are.
      - With less than V(1d), and C(relatime), files can go that were just read.
    type: str
    default: 1d
  upload_after:
    description:
      - A file that was written more recently than this is not uploaded. If its object has another size, that is no difference
        yet.
      - Synapse writes each file under its final name, and a download from another server takes as long as that server does. What
        is half there must not become an object, because objects are never replaced.
    type: str
    default: 1h
  keep:
    description:
      - Patterns of what is never removed, for example V(local_thumbnails/). They are written as for O(exclude).
      - Unlike with O(exclude), such files are uploaded if they are missing, and count for O(max_bytes).
    type: list
    elements: str
    default: []
  storage_class:
    description: Storage class of the objects that are uploaded, for example V(STANDARD_IA).
    type: str
  drill:
    description:
      - So many objects are drawn at random of those whose files are gone, read, and compared with what O(journal) says of them.
      - One that is not in the bucket any more is reported once.
    type: int
    default: 0
  quarantine_days:
    description:
      - For so many days files that go are kept in C(.mediastore-quarantine) in O(path), in a folder for each day (UTC). V(0)
        deletes them at once, with what is still there.
      - Until then they take room on the disk, but do not count for O(max_bytes).
      - To have them back, copy the folder of a day over O(path), as in C(cp -an .mediastore-quarantine/2026-11-27/. .)
      - All modules of this collection pass by that folder.
    type: int
    default: 0
  on_difference:
    description:
      - V(fail) fails the task if anything is missing, different, unreadable or lost, after all else is done.
      - V(report) only says so in RV(stayed) and RV(drilled).
    type: str
    choices: [fail, report]
    default: fail
  lock_wait:
    description: Seconds to wait for another run with the same O(journal) to end.
    type: int
    default: 0
  job:
    description:
      - Do nothing of all this now. Write a program to this path instead, which does it whenever it is run with the Python of
        C(job.interpreter), without Ansible on the host and without a controller.
      - The program ends with status 1 where the task would fail, and says in a line how it went.
      - It holds all options, with the secrets, so only its owner may read it.
    type: path
  job_owner:
    description: The user who owns and runs the program, root if it is left out and the task is run by root.
    type: str
  job_check_mode:
    description:
      - Let the program do what the task does in check mode. It removes and uploads nothing, and ends with status 1 if something
        that could go is not proved to be in the bucket.
    type: bool
    default: false
seealso:
  - module: mediastore.s3.sync
  - module: mediastore.s3.verify
"""

EXAMPLES = r"""
---
- name: Keep 20 GiB of media on the disk, and nothing that was not used for three months
  mediastore.s3.evict:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /var/lib/matrix-synapse/media
    bucket: example-media
    journal: /var/lib/mediastore-evict/synapse.sqlite
    exclude: ["url_cache/", "url_cache_thumbnails/"]
    keep: ["local_thumbnails/", "remote_thumbnail/"]
    max_bytes: 20G
    max_age: 90d

- name: Leave a program that does the same on the host alone
  mediastore.s3.evict:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /var/lib/matrix-synapse/media
    bucket: example-media
    journal: /var/lib/mediastore-evict/synapse.sqlite
    exclude: ["url_cache/", "url_cache_thumbnails/"]
    max_bytes: 20G
    job: /opt/mediastore/evict.pyz
  register: evictor

- name: Run it once, as a timer will
  ansible.builtin.command: "{{ evictor.job.interpreter }} {{ evictor.job.path }}"
  changed_when: true
"""

RETURN = r"""
uploaded:
  description: Files and bytes that were missing in the bucket and were uploaded, or would be in check mode.
  returned: success, and failure after the comparison
  type: dict
  sample: {"files": 12, "bytes": 345678}
evicted:
  description: Files and bytes that were removed, or would be in check mode.
  returned: success, and failure after the comparison
  type: dict
  sample: {"files": 5000, "bytes": 87654321}
local:
  description: Files and bytes that are left.
  returned: success, and failure after the comparison
  type: dict
  sample: {"files": 45000, "bytes": 787654321}
over_bytes:
  description: By how much that is more than O(max_bytes).
  returned: success, and failure after the comparison
  type: int
  sample: 0
stayed:
  description:
    - How many files stay for which reason.
    - C(recent) (the limits are kept without it), C(young) (O(min_age)), C(kept) (O(keep)), C(settling) (O(upload_after)) and
      C(changed) (while this run was at work) are in order.
    - C(missing) (could not be uploaded), C(different), C(unreadable) and C(failed) (could not be removed) are not.
  returned: success, and failure after the comparison
  type: dict
  sample: {"recent": 44000, "young": 900, "kept": 100, "settling": 0, "changed": 0, "missing": 0, "different": 0}
drilled:
  description: How many objects O(drill) has read, and how many of these were lost.
  returned: success, and failure after the comparison
  type: dict
  sample: {"objects": 20, "lost": 0}
quarantine:
  description: Files and bytes that wait (O(quarantine_days)), and those that were deleted, or would be in check mode.
  returned: success, and failure after the comparison
  type: dict
  sample: {"files": 5000, "bytes": 87654321, "deleted_files": 4000, "deleted_bytes": 7654321}
samples:
  description: The first O(samples) names of each kind, C(planned) (to be uploaded), C(evicted), C(lost) and those of RV(stayed).
  returned: success, and failure after the comparison
  type: dict
  sample: {"different": ["local_content/aa/bb/cc (100 bytes in the store, 200 here)"]}
used_by:
  description: Whether the last use is taken from C(atime), too, or from C(mtime) alone.
  returned: success, and failure after the comparison
  type: str
  sample: atime
summary:
  description: All that in one line.
  returned: success, and failure after the comparison
  type: str
  sample: 5000 files (83.6 MiB) evicted, 12 uploaded, 45000 (751.2 MiB) stay, in 4 s
duration_s:
  description: Seconds it took.
  returned: success, and failure after the comparison
  type: float
  sample: 3.5
shard:
  description: The part of the keys that this run was about. All other numbers, and O(max_bytes), are of this part.
  returned: when O(shard) is set
  type: dict
  sample: {"index": 0, "count": 4}
journal:
  description: The journal.
  returned: success, and failure after the comparison
  type: str
  sample: /var/lib/mediastore-evict/synapse.sqlite
job:
  description: The program that was left.
  returned: when O(job) is set
  type: dict
  contains:
    path:
      description: Where it is.
      returned: always
      type: str
      sample: /opt/mediastore/evict.pyz
    interpreter:
      description: The Python that has what it needs.
      returned: always
      type: str
      sample: /opt/mediastore/venv/bin/python
engine:
  description: What moved the objects.
  returned: success, and failure after the comparison
  type: str
  sample: obstore
engine_reason:
  description: Why it was this one.
  returned: success, and failure after the comparison
  type: str
  sample: it is installed, and moves small objects much faster
"""

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.eviction import evict
from ..module_utils._base.module import StoreModule
from ..module_utils._base.telling import METRICS
from ..module_utils._base.tree import TREE

SPEC = (
    TREE.but(journal={"type": "path", "required": True})
    .merge(METRICS)
    .merge(
        ArgSpec(
            {
                "max_bytes": {"type": "bytes"},
                "max_age": {"type": "str"},
                "min_age": {"type": "str", "default": "1d"},
                "upload_after": {"type": "str", "default": "1h"},
                "keep": {"type": "list", "elements": "str", "default": []},
                "storage_class": {"type": "str"},
                "drill": {"type": "int", "default": 0},
                "quarantine_days": {"type": "int", "default": 0},
                "on_difference": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
                "lock_wait": {"type": "int", "default": 0},
                "job": {"type": "path"},
                "job_owner": {"type": "str"},
                "job_check_mode": {"type": "bool", "default": False},
            },
            required_one_of=[("max_bytes", "max_age")],
            required_by={"job_owner": ("job",)},
        )
    )
)


def main() -> None:
    """Run the module."""
    StoreModule(SPEC).run(evict)


if __name__ == "__main__":
    main()
