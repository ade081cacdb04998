# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for the preflight of the role bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
name: key_problems
short_description: What stands in the way of the keys in host_vars
version_added: 0.2.0
description:
  - Says what is wrong with the entries of C(mediastore_keys), so that a role can refuse all of it at once before it sends
    anything. It is made for the role P(mediastore.s3.bucket#role).
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input, provider
options:
  _input:
    description: The keys, as in C(mediastore_keys).
    type: list
    elements: dict
    required: true
  provider:
    description: What M(mediastore.s3.provider_info) returns as C(provider).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Learn what the store can do
  mediastore.s3.provider_info:
    provider: ceph
    endpoint_url: https://s3.example.org
  register: store

- name: Look at a key before it is made
  ansible.builtin.assert:
    that: "[key] | mediastore.s3.key_problems(store.provider) | length == 0"
  vars:
    key:
      name: example-backup
      grants: [{bucket: example-media, preset: read_only}]
      secret_file: {path: /root/backup.credentials}
"""

RETURN = r"""
_value:
  description: One sentence or two for each problem; empty if there is none.
  type: list
  elements: str
"""

import typing as t

from ..module_utils._core import keyentries


def key_problems(keys: list[dict[str, t.Any]], provider: dict[str, t.Any]) -> list[str]:
    """What stands in the way."""
    return keyentries.problems(keys, provider)


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"key_problems": key_problems}
