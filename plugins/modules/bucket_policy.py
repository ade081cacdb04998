#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set and remove the policy of a bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bucket_policy
short_description: Manage the policy of a bucket on S3-compatible storage
version_added: 0.1.0
description:
  - Makes sure that a bucket has the given policy, or none.
  - Policies are compared by what they mean. The order of statements and of values, one value or a list of one, and the
    spellings of a principal make no difference.
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
  policy:
    description:
      - The policy, as a dictionary or as JSON. Resources must name this bucket.
      - The filters P(mediastore.s3.private_policy#filter) and P(mediastore.s3.public_read_policy#filter) make the usual ones.
      - Required with O(state=present).
    type: json
  state:
    description:
      - Whether the bucket should have the policy (V(present)), or none (V(absent)).
      - V(absent) is always true on a provider that has no bucket policies, and of a bucket that does not exist.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: mediastore.s3.bucket
  - plugin: mediastore.s3.private_policy
    plugin_type: filter
  - plugin: mediastore.s3.public_read_policy
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Everybody may read avatars, and nothing else
  mediastore.s3.bucket_policy:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: media
    policy: "{{ 'media' | mediastore.s3.public_read_policy(prefix='avatars/') }}"

- name: A policy of one's own
  mediastore.s3.bucket_policy:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: media
    policy:
      Version: "2012-10-17"
      Statement:
        - Sid: BackupReads
          Effect: Allow
          Principal: {AWS: "arn:aws:iam:::user/backup"}
          Action: [s3:GetObject, s3:ListBucket]
          Resource: ["arn:aws:s3:::media", "arn:aws:s3:::media/*"]

- name: No policy
  mediastore.s3.bucket_policy:
    endpoint_url: https://s3.example.org
    provider: ceph
    access_key: "{{ vault_access_key }}"
    secret_key: "{{ vault_secret_key }}"
    name: media
    state: absent
"""

RETURN = r"""
bucket:
  description: The bucket and its policy. In check mode, as it would be.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the bucket.
      type: str
      sample: media
    policy:
      description: The policy in its sorted form, or nothing if there is none.
      type: dict
"""

import typing as t

from ..module_utils._base.bucketmodule import BucketModule
from ..module_utils._base.onefacet import converge, one_facet_spec
from ..module_utils._base.settle import Desired, exactly
from ..module_utils._core import policydoc
from ..module_utils._store.facets import POLICY

SPEC = one_facet_spec({"policy": {"type": "json"}}, needed="policy")


def settle_policy(module: BucketModule) -> dict[str, t.Any]:
    """Make sure of the policy, or of none."""

    def desired(tried: str) -> Desired:
        return exactly(policydoc.parse(module.params["policy"], module.params["name"]))

    return converge(module, POLICY, desired)


def main() -> None:
    BucketModule(SPEC).run(settle_policy)


if __name__ == "__main__":
    main()
