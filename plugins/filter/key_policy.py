# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for the policy of a user or key."""

from __future__ import annotations

DOCUMENTATION = r"""
name: key_policy
short_description: Policy of a user or key for a bucket, by name
version_added: 0.2.0
description:
  - Makes an identity policy, which says what the user or key that it is attached to may do with a bucket.
    It is for IAM users on AWS and Wasabi, users of MinIO, and user policies of Ceph.
  - It names nobody and never opens anything to everybody. The policy of the bucket itself is another document;
    P(mediastore.s3.app_policy#filter) makes that.
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input, preset
options:
  _input:
    description: Name of the bucket.
    type: str
    required: true
  preset:
    description:
      - What the key may do.
      - V(read_only) is to list the bucket and to get objects.
      - V(read_write) is what an application needs, and no more. Beside that it may put and delete objects, and begin, resume and
        abort uploads in parts. It may not change the bucket, its settings or its policy, nor delete versions.
      - V(migration) is V(read_write), and to read and write the tags of objects. It is for the key of a synchronisation,
        on either side. Take it away afterwards.
      - V(storage_class) is to copy objects in place with their tags, which is how their class is changed. It cannot delete.
      - V(matrix_full) is the policy in the documentation of matrix-docker-ansible-deploy, word for word.
        It allows B(everything), to delete the bucket as well. V(read_write) is enough for Synapse.
      - There is nothing public here. Mastodon and Zulip get V(read_write), and what is public about them is said by the
        policy of the bucket.
    type: str
    required: true
    choices: [matrix_full, migration, read_only, read_write, storage_class]
  prefix:
    description:
      - Beginning of the keys, for a bucket that several applications share. Empty means all.
      - End it with a slash, or V(media) also means keys that begin with C(media-private/).
      - Listing is limited to it as well. Then AWS and Ceph say of an object that is missing that access is denied,
        and all stores say so when they are asked whether the bucket is there (HeadBucket).
        An application that cannot bear this needs a bucket of its own.
      - Refused by V(matrix_full), which is kept word for word.
    type: str
    default: ""
  acl:
    description:
      - Whether the key may also set the ACLs of objects. With V(migration) and V(storage_class) it may read them too,
        so that a copy can keep the ACL of the original.
      - Not for V(read_only). MinIO refuses a policy with it.
    type: bool
    default: false
seealso:
  - plugin: mediastore.s3.app_policy
    plugin_type: filter
  - plugin: mediastore.s3.merge_policies
    plugin_type: filter
  - name: matrix-docker-ansible-deploy, storing media on S3
    description: Where the policy V(matrix_full) comes from.
    link: https://github.com/spantaleev/matrix-docker-ansible-deploy/blob/master/docs/configuring-playbook-s3.md
"""

EXAMPLES = r"""
- name: Show the policy of the user of an application
  ansible.builtin.debug:
    msg: "{{ 'media' | mediastore.s3.key_policy('read_write') }}"

- name: Show that of one of two applications that share a bucket, as JSON for a tool of the store
  ansible.builtin.debug:
    msg: "{{ 'media' | mediastore.s3.key_policy('read_write', prefix='synapse/') | ansible.builtin.to_nice_json }}"
"""

RETURN = r"""
_value:
  description: The policy, for a user or key.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._core import policies
from ..module_utils._core.errors import BadInput


def key_policy(bucket: str, preset: str, prefix: str = "", acl: bool = False) -> dict[str, t.Any]:
    """The policy of the key, or one clear error."""
    try:
        return policies.for_key(bucket, preset, prefix, acl)
    except BadInput as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"key_policy": key_policy}
