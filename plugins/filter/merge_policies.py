# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that makes one policy of several."""

from __future__ import annotations

DOCUMENTATION = r"""
name: merge_policies
short_description: One policy of several
version_added: 0.2.0
description:
  - Makes one policy with the statements of all, in their order.
    A bucket has only one policy, so whoever wants two has to merge them.
  - Statements that mean the same are kept once, whatever their C(Sid) is.
  - Different statements with the same C(Sid) are kept, and the later ones get a number behind it (C(Use), C(Use2)). Stores want a
    C(Sid) only once, it grants nothing, and all policies of P(mediastore.s3.app_policy#filter) and
    P(mediastore.s3.key_policy#filter) have the same ones.
  - The C(Id) is kept if the policies have no other.
  - Refused are policies with different versions, the policy of a bucket together with that of a user or key,
    and a result of more than 20 KiB, which is the limit for the policy of a bucket on AWS and MinIO. The limits for policies of
    users are lower, and those are left to the store.
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input
options:
  _input:
    description: The policies, as dictionaries or as JSON.
    type: list
    elements: raw
    required: true
seealso:
  - module: mediastore.s3.bucket_policy
  - plugin: mediastore.s3.app_policy
    plugin_type: filter
  - plugin: mediastore.s3.key_policy
    plugin_type: filter
  - name: Amazon S3 quotas
    description: The size of the policy of a bucket.
    link: https://docs.aws.amazon.com/general/latest/gr/s3.html#limits_s3
  - name: IAM quotas
    description: The sizes of the policies of users, groups and roles.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

EXAMPLES = r"""
- name: Show a policy with which the application writes, and everybody reads avatars
  ansible.builtin.debug:
    msg: >-
      {{ [
           'media' | mediastore.s3.app_policy('read_write', principals=['arn:aws:iam:::user/synapse']),
           'media' | mediastore.s3.public_read_policy(prefix='avatars/'),
         ] | mediastore.s3.merge_policies }}

- name: Show the policy of one user for both buckets of an application
  ansible.builtin.debug:
    msg: >-
      {{ ['example-zulip-uploads', 'example-zulip-avatars']
         | map('mediastore.s3.key_policy', 'read_write') | mediastore.s3.merge_policies }}
"""

RETURN = r"""
_value:
  description: The policy that grants what all of them grant.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._core import policymerge
from ..module_utils._core.errors import BadInput


def merge_policies(policies: t.Iterable[t.Any]) -> dict[str, t.Any]:
    """The one policy, or one clear error."""
    try:
        return policymerge.merge(policies)
    except BadInput as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"merge_policies": merge_policies}
