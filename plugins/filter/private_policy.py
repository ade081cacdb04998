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
      - For example V(arn:aws:iam::123456789012:user/synapse) on AWS, V(arn:aws:iam:::user/synapse) on Ceph and MinIO.
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

from ..module_utils._core import policydoc
from ..module_utils._core.bucketname import check_name
from ..module_utils._core.errors import BadInput


def private_policy(bucket: str, principals: list[str], prefix: str = "", read_only: bool = False) -> dict[str, t.Any]:
    """The policy, or one clear error."""
    tried = "make a private_policy"
    try:
        check_name(bucket, tried)
        check_principals(principals, tried)
    except BadInput as exc:
        raise AnsibleFilterError(str(exc)) from exc
    return policydoc.private(bucket, principals, prefix, read_only)


def check_principals(principals: t.Any, tried: str) -> None:
    """Refuse an empty list, and a star, which would be the opposite of private."""
    if not isinstance(principals, list) or not principals or not all(isinstance(who, str) and who for who in principals):
        raise BadInput(
            tried,
            said="principals is not a list of names",
            remedy="Name at least one user; a bucket without a policy is private.",
        )
    if "*" in principals:
        raise BadInput(
            tried, said="principals holds *, which is everybody", remedy="Name users, or use mediastore.s3.public_read_policy."
        )


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"private_policy": private_policy}
