#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set and remove the lifecycle rules of a bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lifecycle
short_description: Manage the lifecycle rules of a bucket on S3-compatible storage
version_added: 0.2.0
description:
  - Makes sure that a bucket has the given rules, which delete objects, old versions and unfinished uploads by age, or move
    them to another storage class.
  - Rules are compared by what they mean. Their order and the several spellings of a filter make no difference.
  - What the O(provider) does not have in rules is refused before anything is sent. Stores are known to accept a filter and
    to drop it, so that more objects would expire than were meant. So the rules are read back, and if the store kept
    anything else, the former rules are put back and the task fails.
  - On Backblaze B2 the rules of its web interface are O(rules[].expiration_days) for "days till hide" and
    O(rules[].noncurrent_days) for "days till delete".
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
  - mediastore.s3.attributes.settles
options:
  name:
    description: Name of the bucket, which must exist.
    type: str
    required: true
  rules:
    description:
      - The rules. Each needs at least one part that does something.
      - Required with O(state=present).
    type: list
    elements: dict
    suboptions:
      id:
        description:
          - Name of the rule, at most 255 characters. Each may be given once.
          - Without it, a rule that does the same keeps its name, and a new one gets a name that follows from what it does.
        type: str
      enabled:
        description: Whether the rule is carried out.
        type: bool
        default: true
      prefix:
        description: Beginning of the keys that the rule is for. Empty means all.
        type: str
        default: ""
      tags:
        description: Tags, names and values, that an object must have.
        type: dict
      object_size_greater_than:
        description: Objects must be larger than so many bytes.
        type: int
      object_size_less_than:
        description: Objects must be smaller than so many bytes.
        type: int
      expiration_days:
        description:
          - Days after which an object is deleted. In a bucket that keeps versions, it becomes an old version.
          - The store counts in whole days, from midnight UTC.
        type: int
      expiration_date:
        description: Day from which on objects are deleted, such as V(2027-01-31), from midnight UTC.
        type: str
      expired_object_delete_marker:
        description: Whether a delete marker is removed that hides no version any more. On Backblaze B2 this is always done.
        type: bool
        default: false
      noncurrent_days:
        description: Days after which an old version is deleted, counted from the moment when it was replaced or deleted.
        type: int
      newer_noncurrent_versions:
        description: Old versions that are kept in any case. Needs O(rules[].noncurrent_days).
        type: int
      abort_incomplete_multipart_upload_days:
        description: Days after which the parts of an upload that was never finished are deleted.
        type: int
      transitions:
        description: When objects move to another storage class.
        type: list
        elements: dict
        suboptions:
          days:
            description: Days after which they move.
            type: int
          date:
            description: Day from which on they move, such as V(2027-01-31).
            type: str
          storage_class:
            description: The storage class to move to.
            type: str
            required: true
      noncurrent_transitions:
        description: When old versions move to another storage class.
        type: list
        elements: dict
        suboptions:
          noncurrent_days:
            description: Days after which they move, counted from the moment when they were replaced or deleted.
            type: int
            required: true
          newer_noncurrent_versions:
            description: Old versions that stay in their class in any case.
            type: int
          storage_class:
            description: The storage class to move to.
            type: str
            required: true
  purge_rules:
    description: Whether rules that are not in O(rules) are removed. Otherwise only the given ones are added or replaced.
    type: bool
    default: true
  state:
    description:
      - Whether the bucket should have the rules (V(present)), or none at all (V(absent)).
      - V(absent) is always true on a provider that has no lifecycle rules, and of a bucket that does not exist.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: mediastore.s3.bucket
  - module: mediastore.s3.bucket_info
  - module: mediastore.s3.storage_class
"""

EXAMPLES = r"""
- name: Keep deleted media for one day, as the guide for Matrix says, and clean up after broken uploads
  mediastore.s3.lifecycle:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: media
    rules:
      - id: keep-only-the-last-version
        noncurrent_days: 1
        expired_object_delete_marker: true
        abort_incomplete_multipart_upload_days: 1

- name: Exports are gone after a week, and the other rules stay
  mediastore.s3.lifecycle:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: media
    purge_rules: false
    rules:
      - id: exports
        prefix: exports/
        expiration_days: 7

- name: No rules
  mediastore.s3.lifecycle:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: media
    state: absent
"""

RETURN = r"""
bucket:
  description: The bucket and its rules. In check mode, as they would be.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the bucket.
      type: str
      sample: media
    lifecycle:
      description: The rules as O(rules) takes them, without the parts that say nothing, or nothing if there are none.
      type: list
      elements: dict
"""

import typing as t

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.bucketmodule import BucketModule
from ..module_utils._base.onefacet import converge, one_facet_spec
from ..module_utils._base.settle import Desired
from ..module_utils._core import lifecycle
from ..module_utils._store.lifecycle import lifecycle_facet, require

NUMBER = {"type": "int"}

RULE: dict[str, dict[str, t.Any]] = {
    "id": {"type": "str"},
    "enabled": {"type": "bool", "default": True},
    "prefix": {"type": "str", "default": ""},
    "tags": {"type": "dict"},
    "object_size_greater_than": NUMBER,
    "object_size_less_than": NUMBER,
    "expiration_days": NUMBER,
    "expiration_date": {"type": "str"},
    "expired_object_delete_marker": {"type": "bool", "default": False},
    "noncurrent_days": NUMBER,
    "newer_noncurrent_versions": NUMBER,
    "abort_incomplete_multipart_upload_days": NUMBER,
    "transitions": {
        "type": "list",
        "elements": "dict",
        "options": {"days": NUMBER, "date": {"type": "str"}, "storage_class": {"type": "str", "required": True}},
    },
    "noncurrent_transitions": {
        "type": "list",
        "elements": "dict",
        "options": {
            "noncurrent_days": {"type": "int", "required": True},
            "newer_noncurrent_versions": NUMBER,
            "storage_class": {"type": "str", "required": True},
        },
    },
}

SPEC = one_facet_spec({"rules": {"type": "list", "elements": "dict", "options": RULE}}, needed="rules").merge(
    ArgSpec({"purge_rules": {"type": "bool", "default": True}})
)


def settle_lifecycle(module: BucketModule) -> dict[str, t.Any]:
    """Make sure of the rules, or of none."""
    rules, purge = module.params["rules"], module.params["purge_rules"]

    def desired(tried: str) -> Desired:
        lifecycle.check(rules, tried)
        require(module.profile, rules, tried)
        return lambda before: lifecycle.merged(before or [], rules, purge)

    return converge(module, lifecycle_facet(module.profile), desired)


def main() -> None:
    BucketModule(SPEC).run(settle_lifecycle)


if __name__ == "__main__":
    main()
