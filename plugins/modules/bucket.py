#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, change and delete a bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bucket
short_description: Manage a bucket on S3-compatible storage
version_added: 0.1.0
description:
  - Makes sure that a bucket exists with the given settings, or that it does not exist.
  - Only the settings whose options are given are read and written. Everything else of the bucket stays as it is.
  - What the O(provider) cannot do is refused before the first request. Of an unknown store (V(provider=generic)) a setting
    is read before it is written, and not written if the answer shows that the store does not know it.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
  - mediastore.s3.attributes.settles
options:
  name:
    description:
      - Name of the bucket.
      - A new bucket needs a name of 3 to 63 small letters, digits, hyphens and dots. Dots are refused over HTTPS unless
        O(addressing_style=path), since no certificate covers a host name that begins with such a name.
    type: str
    required: true
  state:
    description:
      - Whether the bucket should exist.
      - A bucket that holds anything is deleted only with O(force=true).
    type: str
    choices: [present, absent]
    default: present
  force:
    description:
      - With O(state=absent), delete everything in the bucket first. Objects, old versions, delete markers, and uploads that
        were never finished. Nothing brings them back.
      - Check mode says how many they are.
    type: bool
    default: false
  force_confirm:
    description: The name of the bucket once more. Required with O(force=true), so that no variable deletes another bucket.
    type: str
  versioning:
    description:
      - Whether the bucket keeps old versions of its objects.
      - V(false) suspends versioning if it is on. The versions that are there stay.
    type: bool
  tags:
    description: Tags of the bucket, names and values.
    type: dict
  purge_tags:
    description: Whether tags that are not in O(tags) are removed. Only used with O(tags).
    type: bool
    default: true
  ownership:
    description:
      - Who owns objects that others put.
      - V(BucketOwnerEnforced) also switches off all ACLs.
    type: str
    choices: [BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter]
  encryption:
    description: How new objects are encrypted by the store when their upload does not say.
    type: dict
    suboptions:
      algorithm:
        description: V(AES256) with keys of the store's, V(aws:kms) with keys of a key server, or V(none).
        type: str
        choices: [none, AES256, "aws:kms", "aws:kms:dsse"]
        required: true
      kms_key_id:
        description: The key, with V(aws:kms). Without it the store's usual key is taken.
        type: str
      bucket_key:
        description: Whether the key server is asked less often, with a key for the bucket.
        type: bool
        default: false
  object_lock:
    description:
      - Whether objects can be locked against deletion. It can only be switched on when the bucket is made, and never off.
      - It switches on O(versioning) too.
    type: bool
  quota:
    description:
      - How much the bucket may hold. Parts that are not given stay as they are.
      - Needs O(admin_url) and O(admin_token).
    type: dict
    suboptions:
      max_size:
        description: Most bytes, as a number or with a unit such as V(50G). V(0) means no limit.
        type: bytes
      max_objects:
        description: Most objects. V(0) means no limit.
        type: int
  aliases:
    description:
      - Other names of the bucket for all keys, all of them. On Garage the name is also the host name of its O(website).
      - Needs O(admin_url) and O(admin_token).
    type: list
    elements: str
  website:
    description:
      - Whether the store serves the objects to everybody as a web site.
      - On Garage this is the only way to let everybody read. Names cannot be listed there.
    type: dict
    suboptions:
      enabled:
        description: Whether it is a web site.
        type: bool
        default: true
      index_document:
        description: The object that is served for a folder.
        type: str
        default: index.html
      error_document:
        description: The object that is served when there is none.
        type: str
  acl:
    description:
      - Canned ACL of the bucket.
      - V(public-read) lets everybody list the objects of the bucket, and on nearly all stores not read them.
        See P(mediastore.s3.public_read_policy#filter) for the opposite, which is what avatars need.
    type: str
    choices: [private, public-read, authenticated-read]
  public_access_block:
    description:
      - What is blocked for the public, whatever policies and ACLs say.
      - Parts that are not given stay as they are.
    type: dict
    suboptions:
      block_public_acls:
        description: Refuse new ACLs that are public.
        type: bool
      ignore_public_acls:
        description: Ignore public ACLs that are there.
        type: bool
      block_public_policy:
        description: Refuse new bucket policies that are public.
        type: bool
      restrict_public_buckets:
        description: Let only the owner's account use a bucket with a public policy.
        type: bool
seealso:
  - module: mediastore.s3.bucket_info
  - module: mediastore.s3.bucket_policy
"""

EXAMPLES = r"""
- name: Make sure that the bucket for media exists
  mediastore.s3.bucket:
    endpoint_url: https://s3.example.org
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: media

- name: A bucket that keeps old versions, on a Ceph cluster, closed to the public
  mediastore.s3.bucket:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: media
    versioning: true
    tags:
      service: synapse
      owner: chat team
    public_access_block:
      block_public_acls: true
      ignore_public_acls: true
      block_public_policy: true
      restrict_public_buckets: true

- name: The connection once for all modules
  module_defaults:
    group/mediastore.s3.store: "{{ mediastore_store }}"
  block:
    - name: Delete the bucket that nobody uses any more
      mediastore.s3.bucket:
        name: old-media
        state: absent

    - name: Delete another with everything in it
      mediastore.s3.bucket:
        name: scratch
        state: absent
        force: true
        force_confirm: scratch
"""

RETURN = r"""
bucket:
  description: The bucket, with the settings whose options were given. In check mode, as it would be.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the bucket.
      type: str
      sample: media
    state:
      description: V(present) or V(absent).
      type: str
      sample: present
    versioning:
      description: Whether old versions are kept.
      type: bool
      returned: when O(versioning) is given
    tags:
      description: The tags.
      type: dict
      returned: when O(tags) is given
      sample: {service: synapse}
    public_access_block:
      description: What is blocked for the public.
      type: dict
      returned: when O(public_access_block) is given
    ownership:
      description: Who owns objects that others put, or nothing if that is not set.
      type: str
      returned: when O(ownership) is given
      sample: BucketOwnerEnforced
    encryption:
      description: How new objects are encrypted, or nothing if they are not.
      type: dict
      returned: when O(encryption) is given
      sample: {algorithm: AES256}
    object_lock:
      description: Whether objects can be locked.
      type: bool
      returned: when O(object_lock) is given
    quota:
      description: How much it may hold. A V(0) is no limit.
      type: dict
      returned: when O(quota) is given
      sample: {max_size: 53687091200, max_objects: 0}
    aliases:
      description: Its other names.
      type: list
      elements: str
      returned: when O(aliases) is given
    website:
      description: How it is served as a web site, or nothing if it is not.
      type: dict
      returned: when O(website) is given
      sample: {index_document: index.html}
    acl:
      description: Its canned ACL, or V(custom) for a list that has no name.
      type: str
      returned: when O(acl) is given
      sample: private
deleted:
  description: What was in the bucket, and is deleted with it. In check mode, what would be.
  returned: when a bucket is deleted with O(force=true)
  type: dict
  contains:
    objects:
      description: Objects.
      type: int
    versions:
      description: Old versions and delete markers.
      type: int
    uploads:
      description: Uploads that were never finished.
      type: int
  sample: {objects: 2, versions: 0, uploads: 0}
error:
  description: The error in parts.
  returned: failure
  type: dict
  contains:
    tried:
      description: What was tried.
      type: str
    said:
      description: What came back.
      type: str
    remedy:
      description: What to do.
      type: str
    code:
      description: The store's error code, or a short name.
      type: str
      sample: BucketNotEmpty
"""

import typing as t

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.bucketmodule import BucketModule
from ..module_utils._base.results import changed_bucket
from ..module_utils._base.settle import Change, settle_all, wait_until
from ..module_utils._base.wishes import check, wishes
from ..module_utils._store.acl import CANNED
from ..module_utils._store.bucket import Bucket
from ..module_utils._store.emptying import Emptying
from ..module_utils._store.facets import PUBLIC_ACCESS_BLOCK

SPEC = ArgSpec(
    {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "force": {"type": "bool", "default": False},
        "force_confirm": {"type": "str"},
        "versioning": {"type": "bool"},
        "tags": {"type": "dict"},
        "purge_tags": {"type": "bool", "default": True},
        "public_access_block": {"type": "dict", "options": {part: {"type": "bool"} for part in PUBLIC_ACCESS_BLOCK}},
        "ownership": {"type": "str", "choices": ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]},
        "encryption": {
            "type": "dict",
            "options": {
                "algorithm": {"type": "str", "choices": ["none", "AES256", "aws:kms", "aws:kms:dsse"], "required": True},
                "kms_key_id": {"type": "str", "no_log": False},
                "bucket_key": {"type": "bool", "default": False, "no_log": False},
            },
        },
        "object_lock": {"type": "bool"},
        "quota": {"type": "dict", "options": {"max_size": {"type": "bytes"}, "max_objects": {"type": "int"}}},
        "aliases": {"type": "list", "elements": "str"},
        "website": {
            "type": "dict",
            "options": {
                "enabled": {"type": "bool", "default": True},
                "index_document": {"type": "str", "default": "index.html"},
                "error_document": {"type": "str"},
            },
        },
        "acl": {"type": "str", "choices": list(CANNED)},
    }
)


def converge(module: BucketModule) -> dict[str, t.Any]:
    """Bring the bucket to the state asked for."""
    named = wishes(module.params)
    check(module, named)
    bucket = Bucket(module.client, module.connection, module.profile, module.params["name"])
    existence = Change("state", "present" if bucket.exists() else "absent", module.params["state"])
    if existence.after == "absent":
        return take_away(module, bucket, existence)
    if existence.changed and not module.check_mode:
        bucket.create(object_lock=bool(module.params["object_lock"]))
        wait_until(bucket.exists, f"create bucket {bucket.name}")
    changes = settle_all(bucket, named, existence, dry=module.check_mode)
    return changed_bucket(bucket.name, changes, module.diff_asked)


def take_away(module: BucketModule, bucket: Bucket, existence: Change) -> dict[str, t.Any]:
    """Delete the bucket, with everything in it if that is confirmed, and wait until the store no longer shows it."""
    result = changed_bucket(bucket.name, [existence], module.diff_asked)
    if existence.changed and module.params["force"]:
        result["deleted"] = Emptying(module.client, bucket, dry=module.check_mode).run()
    if existence.changed and not module.check_mode:
        bucket.delete()
        wait_until(lambda: not bucket.exists(), f"delete bucket {bucket.name}")
    return result


def main() -> None:
    BucketModule(SPEC).run(converge)


if __name__ == "__main__":
    main()
