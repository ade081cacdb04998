# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for a policy that lets everybody read."""

from __future__ import annotations

DOCUMENTATION = r"""
name: public_read_policy
short_description: Bucket policy that lets everybody read objects
version_added: 0.1.0
description:
  - Makes a bucket policy with which everybody may get the objects below a prefix.
  - Listing, writing and deleting stay closed, and so do objects outside the prefix.
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input
options:
  _input:
    description: Name of the bucket.
    type: str
    required: true
  prefix:
    description: Beginning of the keys that everybody may read. Empty means all.
    type: str
    default: ""
seealso:
  - module: mediastore.s3.bucket_policy
  - plugin: mediastore.s3.app_policy
    plugin_type: filter
  - plugin: mediastore.s3.merge_policies
    plugin_type: filter
  - plugin: mediastore.s3.private_policy
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show a policy that opens the avatars to everybody
  ansible.builtin.debug:
    msg: "{{ 'media' | mediastore.s3.public_read_policy(prefix='avatars/') }}"
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


def public_read_policy(bucket: str, prefix: str = "") -> dict[str, t.Any]:
    """The policy, or one clear error."""
    try:
        return policies.public_read(bucket, prefix)
    except BadInput as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"public_read_policy": public_read_policy}
