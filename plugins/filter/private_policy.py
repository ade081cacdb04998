# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for a policy that names who may use a bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
name: private_policy
short_description: Bucket policy that lets only the named users in
version_added: 0.1.0
description:
  - Makes a bucket policy with which the given principals may list the bucket,
    and read, write and delete the objects below a prefix.
  - Nobody else gets anything from it. The bucket's owner needs no policy.
  - The rights are those of the preset V(read_write) of P(mediastore.s3.app_policy#filter).
    That one also limits listing to the prefix.
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input
options:
  _input:
    description: Name of the bucket.
    type: str
    required: true
  principals:
    description:
      - The users, in the store's spelling.
      - For example V(arn:aws:iam::123456789012:user/synapse) on AWS, V(arn:aws:iam:::user/synapse) on Ceph.
      - MinIO asks the policy of a bucket only about requests without a key, so a user there needs
        P(mediastore.s3.key_policy#filter).
    type: list
    elements: str
    required: true
  prefix:
    description: Beginning of the keys that they may use. Empty means all. Listing shows all keys in any case.
    type: str
    default: ""
  read_only:
    description: Whether they may only list and read.
    type: bool
    default: false
seealso:
  - module: mediastore.s3.bucket_policy
  - plugin: mediastore.s3.app_policy
    plugin_type: filter
  - plugin: mediastore.s3.key_policy
    plugin_type: filter
  - plugin: mediastore.s3.public_read_policy
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show a policy for the user of the application
  ansible.builtin.debug:
    msg: "{{ 'media' | mediastore.s3.private_policy(principals=['arn:aws:iam:::user/synapse']) }}"
"""

RETURN = r"""
_value:
  description: The policy, for O(mediastore.s3.bucket_policy#module:policy).
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._core import policies
from ..module_utils._core.errors import BadInput


def private_policy(bucket: str, principals: list[str], prefix: str = "", read_only: bool = False) -> dict[str, t.Any]:
    """The policy, or one clear error."""
    try:
        return policies.private(bucket, principals, prefix, read_only)
    except BadInput as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"private_policy": private_policy}
