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
    choices:
      - acl
      - aliases
      - cors
      - encryption
      - endpoint
      - lifecycle
      - location
      - object_lock
      - ownership
      - policy
      - public_access_block
      - quota
      - tags
      - versioning
      - website
    default: []
seealso:
  - module: mediastore.s3.bucket
  - module: mediastore.s3.bucket_policy
  - module: mediastore.s3.cors
  - module: mediastore.s3.lifecycle
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
    endpoint:
      description:
        - URL of the S3 interface where the bucket is, which an application wants to know.
        - With O(api=native) it is what the store says of the account.
      type: str
      returned: when V(endpoint) is in O(gather)
      sample: https://s3.us-west-004.backblazeb2.com
    location:
      description: The region that the store names, or nothing if it names none.
      type: str
      returned: when V(location) is in O(gather)
    policy:
      description: The bucket policy in its sorted form, or nothing if there is none.
      type: dict
      returned: when V(policy) is in O(gather)
    cors:
      description: The CORS rules in order, or nothing if there are none.
      type: list
      elements: dict
      returned: when V(cors) is in O(gather)
    lifecycle:
      description: The lifecycle rules, in the form that M(mediastore.s3.lifecycle) takes, or nothing if there are none.
      type: list
      elements: dict
      returned: when V(lifecycle) is in O(gather)
    versioning:
      description: Whether old versions are kept.
      type: bool
      returned: when V(versioning) is in O(gather)
    tags:
      description: The tags.
      type: dict
      returned: when V(tags) is in O(gather)
      sample: {service: synapse}
    public_access_block:
      description: What is blocked for the public.
      type: dict
      returned: when V(public_access_block) is in O(gather)
    ownership:
      description: Who owns objects that others put, or nothing if that is not set.
      type: str
      returned: when V(ownership) is in O(gather)
      sample: BucketOwnerEnforced
    encryption:
      description: How new objects are encrypted, or nothing if they are not.
      type: dict
      returned: when V(encryption) is in O(gather)
      sample: {algorithm: AES256}
    object_lock:
      description: Whether objects can be locked.
      type: bool
      returned: when V(object_lock) is in O(gather)
    quota:
      description: How much it may hold. A V(0) is no limit.
      type: dict
      returned: when V(quota) is in O(gather)
      sample: {max_size: 53687091200, max_objects: 0}
    aliases:
      description: Its other names.
      type: list
      elements: str
      returned: when V(aliases) is in O(gather)
    website:
      description: How it is served as a web site, or nothing if it is not.
      type: dict
      returned: when V(website) is in O(gather)
      sample: {index_document: index.html}
    acl:
      description: Its canned ACL, or V(custom) for a list that has no name.
      type: str
      returned: when V(acl) is in O(gather)
      sample: private
"""

import typing as t

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.bucketmodule import BucketModule
from ..module_utils._base.results import bucket_result
from ..module_utils._core.bucketname import check_name
from ..module_utils._store.acl import ACL
from ..module_utils._store.bucket import Bucket, names
from ..module_utils._store.cors import CORS
from ..module_utils._store.facet import Facet
from ..module_utils._store.facets import (
    ENCRYPTION,
    OBJECT_LOCK,
    OWNERSHIP,
    POLICY,
    PUBLIC_ACCESS,
    TAGGING,
    VERSIONING,
    WEBSITE,
)
from ..module_utils._store.garage import ALIASES, QUOTA, require_administration
from ..module_utils._store.lifecycle import lifecycle_facet
from ..module_utils._store.profile import Profile

#: the facets that are the same with every provider
FACETS = {
    facet.option: facet
    for facet in (
        ACL,
        ALIASES,
        CORS,
        ENCRYPTION,
        OBJECT_LOCK,
        OWNERSHIP,
        POLICY,
        PUBLIC_ACCESS,
        QUOTA,
        TAGGING,
        VERSIONING,
        WEBSITE,
    )
}

#: these are no settings
PLACES: dict[str, t.Callable[[Bucket], t.Any]] = {"endpoint": Bucket.endpoint, "location": Bucket.location}

SPEC = ArgSpec(
    {
        "name": {"type": "str"},
        "gather": {
            "type": "list",
            "elements": "str",
            "choices": sorted([*FACETS, *PLACES, "lifecycle"]),
            "default": [],
        },
    }
)


def facet_of(setting: str, profile: Profile) -> Facet:
    """The facet behind a setting."""
    return lifecycle_facet(profile) if setting == "lifecycle" else FACETS[setting]


def gather(bucket: Bucket, settings: t.Sequence[str]) -> dict[str, t.Any]:
    """The bucket with the settings asked for."""
    return bucket_result(bucket.name, {setting: read(bucket, setting) for setting in settings})


def read(bucket: Bucket, setting: str) -> t.Any:
    """One setting as a user would write it."""
    if setting in PLACES:
        return PLACES[setting](bucket)
    facet = facet_of(setting, bucket.profile)
    return facet.canonical(bucket.read(facet))


def look(module: BucketModule) -> dict[str, t.Any]:
    """Find the buckets and read them."""
    name, settings = module.params["name"], sorted(set(module.params["gather"]))
    tried = f"look at bucket {name}" if name else "look at the buckets"
    if name:
        check_name(name, tried)
    for setting in settings:
        if setting not in PLACES:
            facet = facet_of(setting, module.profile)
            facet.require(module.profile, facet.always, tried)
            if facet.administered:
                require_administration(module.connection, tried)
    found = [name] if name else names(module.client, module.connection)
    buckets = [Bucket(module.client, module.connection, module.profile, one) for one in found]
    return {"changed": False, "buckets": [gather(bucket, settings) for bucket in buckets if not name or bucket.exists()]}


def main() -> None:
    BucketModule(SPEC).run(look)


if __name__ == "__main__":
    main()
