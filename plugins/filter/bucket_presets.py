# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for what the presets of the role bucket mean on a store."""

from __future__ import annotations

DOCUMENTATION = r"""
name: bucket_presets
short_description: What the presets of the role bucket mean on a store
version_added: 0.2.0
description:
  - Spells out V(preset=private) and V(preset=public_read) of each entry of C(mediastore_buckets) in the options of the modules,
    by the means that the store has.
  - Names everything that cannot be meant, or that the store cannot do, before anything is touched. The role
    P(mediastore.s3.bucket#role) stops then.
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input, provider
options:
  _input:
    description: The buckets, as the role takes them.
    type: list
    elements: dict
    required: true
  provider:
    description: What M(mediastore.s3.provider_info) returns as RV(mediastore.s3.provider_info#module:provider).
    type: dict
    required: true
  prove:
    description: Whether what the public may do is going to be proved.
    type: bool
    default: true
seealso:
  - module: mediastore.s3.provider_info
  - module: mediastore.s3.anonymous_access
"""

EXAMPLES = r"""
- name: Learn what the store can do
  mediastore.s3.provider_info:
    provider: ceph
  register: store

- name: Show what a private bucket is on Ceph
  ansible.builtin.debug:
    msg: "{{ [{'name': 'media', 'preset': 'private'}] | mediastore.s3.bucket_presets(store.provider) }}"
"""

RETURN = r"""
_value:
  description:
    - The C(buckets) in the options of the modules. An empty C(policy) means none at all, C(proof) what has to be proved at the
      end, and C(waived) what would have had to be.
    - The C(problems), a sentence or two for each.
  type: dict
"""

import typing as t

from ..module_utils._core import presets


def bucket_presets(buckets: list[dict[str, t.Any]], provider: dict[str, t.Any], prove: bool = True) -> dict[str, t.Any]:
    """The buckets with their presets spelled out, and what stands in the way."""
    return presets.spell_out(buckets, provider, prove)._asdict()


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"bucket_presets": bucket_presets}
