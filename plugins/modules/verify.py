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
  - Can write down what it has found to be the same, and compare the bucket with that later, when the directory may be gone.
  - Changes nothing, on neither side. O(missing=forget) writes to O(journal), and O(certificate) is a file of its own.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.tree
  - mediastore.s3.tree.places
  - mediastore.s3.tree.metrics
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
  - mediastore.s3.attributes.flow
attributes:
  check_mode:
    support: full
    details: Neither the directory nor the bucket is ever changed. O(journal) and O(certificate) stay as they are.
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
  path:
    description: The directory. It must exist, but for O(source=certificate), which does not look at it.
    required: false
  source:
    description:
      - What the bucket is compared with. V(directory) is O(path).
      - V(certificate) is what O(certificate) says of every file, so nothing needs to be left of the directory. Objects that came
        later are extra. What was meanwhile copied, encrypted or uploaded anew is compared by content, where its ETag is another.
    type: str
    choices: [directory, certificate]
    default: directory
    version_added: 0.2.0
  certificate:
    description:
      - File on the host. With O(source=directory) it is written when the directory has been verified, and only then. It has key,
        size, MD5, modification time and ETag of every file that is in the bucket as it is here, and a digest of all that.
      - It is a gzipped text with a line of JSON for each file. C(gzip -dc FILE | sed '$d' | sha256sum) gives the same SHA-256 as
        its last line and RV(certificate).
      - One that is damaged is refused. One that says the same already stays as it is.
      - Files whose objects somebody has written anew or deleted (O(rewritten=ignore), O(missing=forget)) are not in it.
    type: path
    version_added: 0.2.0
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

- name: Write down what is the same on both sides
  mediastore.s3.verify:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    path: /srv/media
    bucket: example-media
    certificate: /var/lib/mediastore/media.certificate.gz

- name: Look a year later whether all of that is still in the bucket, whatever became of the directory
  mediastore.s3.verify:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    bucket: example-media
    source: certificate
    certificate: /var/lib/mediastore/media.certificate.gz

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
certificate:
  description: What the certificate says, that was written or compared with.
  returned: when O(certificate) is set and exists in the end
  type: dict
  contains:
    sha256:
      description: The digest of all its lines, which tells whether two certificates say the same.
      type: str
      sample: 5c1e2a0f3c5d8b7e9a4d6f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4
    files:
      description: How many files it names.
      type: int
      sample: 5012
    bytes:
      description: Their size together.
      type: int
      sample: 87999999
    verified:
      description: When they were verified, in UTC.
      type: str
      sample: "2026-11-26T17:00:00Z"
    bucket:
      description: The bucket in which they were.
      type: str
      sample: example-media
    prefix:
      description: The prefix below which they were.
      type: str
      sample: ""
    endpoint:
      description: The store's address.
      type: str
      sample: https://s3.example.org
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

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.module import StoreModule
from ..module_utils._base.telling import METRICS
from ..module_utils._base.tree import PLACES, TREE
from ..module_utils._base.verification import compare

SPEC = (
    TREE.but(path={"type": "path"})
    .merge(PLACES)
    .merge(METRICS)
    .merge(
        ArgSpec(
            {
                "source": {"type": "str", "choices": ["directory", "certificate"], "default": "directory"},
                "certificate": {"type": "path"},
                "read_back": {"type": "str", "choices": ["none", "sample", "all"], "default": "none"},
                "sample": {"type": "int", "default": 20},
                "live": {"type": "bool", "default": False},
                "extra": {"type": "str", "choices": ["ignore", "fail"], "default": "ignore"},
                "missing": {"type": "str", "choices": ["fail", "forget"], "default": "fail"},
                "rewritten": {"type": "str", "choices": ["ignore", "fail"], "default": "fail"},
                "on_difference": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
            },
            required_if=[
                ("source", "directory", ["path"]),
                ("source", "certificate", ["certificate"]),
                ("live", True, ["journal"]),
            ],
        )
    )
)


def main() -> None:
    """Run the module."""
    StoreModule(SPEC).run(compare)


if __name__ == "__main__":
    main()
