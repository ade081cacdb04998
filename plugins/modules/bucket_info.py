#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at buckets."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bucket_info
short_description: Gather information about buckets on S3-compatible storage
version_added: 0.1.0
description:
  - Returns whether a bucket exists and the settings asked for, or the names of all buckets that the key may see.
  - Only the settings in O(gather) are read, one request each.
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
    support: none
    details: It changes nothing.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  name:
    description:
      - Name of the bucket.
      - If it is not given, all buckets that the key may see are returned.
    type: str
  gather:
    description:
      - Settings to read from each bucket.
      - One that the O(provider) lacks is refused before the first request.
    type: list
    elements: str
    choices: [location, policy, public_access_block, tags, versioning]
    default: []
seealso:
  - module: mediastore.s3.bucket
  - module: mediastore.s3.bucket_policy
"""

EXAMPLES = r"""
- name: Look whether the bucket is there, and whether it keeps old versions
  mediastore.s3.bucket_info:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: media
    gather: [versioning, policy]
  register: found

- name: Stop if it is not
  ansible.builtin.assert:
    that:
      - found.buckets | length == 1
      - found.buckets[0].versioning
    fail_msg: The bucket media does not exist or keeps no versions.
"""

RETURN = r"""
buckets:
  description: The bucket of that name if it exists, or all buckets. Sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the bucket.
      type: str
      sample: media
    location:
      description: The region that the store names, or nothing if it names none.
      type: str
      returned: when V(location) is in O(gather)
    policy:
      description: The bucket policy in its sorted form, or nothing if there is none.
      type: dict
      returned: when V(policy) is in O(gather)
    public_access_block:
      description: What is blocked for the public.
      type: dict
      returned: when V(public_access_block) is in O(gather)
    tags:
      description: The tags.
      type: dict
      returned: when V(tags) is in O(gather)
    versioning:
      description: Whether old versions are kept.
      type: bool
      returned: when V(versioning) is in O(gather)
"""

import typing as t

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.module import StoreModule
from ..module_utils._base.results import bucket_result
from ..module_utils._core.bucketname import check_name
from ..module_utils._store.bucket import Bucket, names
from ..module_utils._store.facets import ALL

FACETS = {facet.option: facet for facet in ALL}

SPEC = ArgSpec(
    {
        "name": {"type": "str"},
        "gather": {"type": "list", "elements": "str", "choices": sorted([*FACETS, "location"]), "default": []},
    }
)


def gather(bucket: Bucket, settings: t.Sequence[str]) -> dict[str, t.Any]:
    """The bucket with the settings asked for."""
    return bucket_result(bucket.name, {setting: read(bucket, setting) for setting in settings})


def read(bucket: Bucket, setting: str) -> t.Any:
    """One setting as a user would write it."""
    if setting == "location":
        return bucket.location()
    facet = FACETS[setting]
    return facet.canonical(bucket.read(facet))


def look(module: StoreModule) -> dict[str, t.Any]:
    """Find the buckets and read them."""
    name, settings = module.params["name"], sorted(set(module.params["gather"]))
    tried = f"look at bucket {name}" if name else "look at the buckets"
    if name:
        check_name(name, tried)
    for setting in settings:
        if setting != "location":
            facet = FACETS[setting]
            facet.require(module.profile, facet.always, tried)
    found = [name] if name else names(module.client, module.connection)
    buckets = [Bucket(module.client, module.connection, module.profile, one) for one in found]
    return {"changed": False, "buckets": [gather(bucket, settings) for bucket in buckets if not name or bucket.exists()]}


def main() -> None:
    StoreModule(SPEC).run(look)


if __name__ == "__main__":
    main()
