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
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  name:
    description:
      - Name of the bucket.
      - A new bucket needs a name of 3 to 63 small letters, digits, hyphens and dots. Dots are refused with
        O(addressing_style=virtual) over HTTPS, since no certificate covers such a host name.
    type: str
    required: true
  state:
    description:
      - Whether the bucket should exist.
      - A bucket that holds anything is not deleted, and this module deletes no objects.
    type: str
    choices: [present, absent]
    default: present
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
from ..module_utils._base.module import StoreModule
from ..module_utils._base.results import changed_bucket
from ..module_utils._base.settle import Change, Desired, exactly, settle_all, wait_until
from ..module_utils._core.bucketname import check_name, check_new_name, check_virtual
from ..module_utils._core.errors import BadInput
from ..module_utils._store.bucket import Bucket
from ..module_utils._store.facets import PUBLIC_ACCESS, PUBLIC_ACCESS_BLOCK, TAGGING, VERSIONING, Facet

SPEC = ArgSpec(
    {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "versioning": {"type": "bool"},
        "tags": {"type": "dict"},
        "purge_tags": {"type": "bool", "default": True},
        "public_access_block": {"type": "dict", "options": {part: {"type": "bool"} for part in PUBLIC_ACCESS_BLOCK}},
    }
)


def wishes(params: t.Mapping[str, t.Any]) -> list[tuple[Facet, Desired]]:
    """The facets that the user named, each with what it should become."""
    named: list[tuple[Facet, Desired]] = []
    block, versioning, tags = params["public_access_block"], params["versioning"], params["tags"]
    if block is not None:
        given = {part: value for part, value in block.items() if value is not None}
        named.append((PUBLIC_ACCESS, lambda before: {**before, **given}))
    if versioning is not None:
        named.append((VERSIONING, exactly(versioning)))
    if tags is not None:
        texts = {str(key): "" if value is None else str(value) for key, value in tags.items()}
        named.append((TAGGING, exactly(texts) if params["purge_tags"] else lambda before: {**before, **texts}))
    return named


def check(module: StoreModule, named: t.Sequence[tuple[Facet, Desired]]) -> None:
    """Refuse what cannot be, before anything is sent."""
    name = module.params["name"]
    tried = f"set up bucket {name}"
    connection = module.connection
    check_name(name, tried)
    if module.params["state"] == "absent":
        return
    check_new_name(name, tried)
    check_virtual(name, tried, not (connection.endpoint_url or "").startswith("http:"), connection.addressing_style)
    for facet, desired in named:
        facet.require(module.profile, desired(facet.canonical(None)), tried)
    for key in module.params["tags"] or {}:
        if str(key).startswith("aws:"):
            raise BadInput(
                tried,
                said=f"the tag {key} begins with aws:, which belongs to the provider",
                remedy="Choose another name for the tag.",
            )


def converge(module: StoreModule) -> dict[str, t.Any]:
    """Bring the bucket to the state asked for."""
    named = wishes(module.params)
    check(module, named)
    bucket = Bucket(module.client, module.connection, module.profile, module.params["name"])
    existence = Change("state", "present" if bucket.exists() else "absent", module.params["state"])
    if existence.changed and not module.check_mode:
        make(bucket) if existence.after == "present" else remove(bucket)
    changes = [existence]
    if existence.after == "present":
        changes = settle_all(bucket, named, existence, dry=module.check_mode)
    return changed_bucket(bucket.name, changes, module.diff_asked)


def make(bucket: Bucket) -> None:
    """Create the bucket and wait until the store shows it."""
    bucket.create()
    wait_until(bucket.exists, f"create bucket {bucket.name}")


def remove(bucket: Bucket) -> None:
    """Delete the bucket and wait until the store no longer shows it."""
    bucket.delete()
    wait_until(lambda: not bucket.exists(), f"delete bucket {bucket.name}")


def main() -> None:
    StoreModule(SPEC).run(converge)


if __name__ == "__main__":
    main()
