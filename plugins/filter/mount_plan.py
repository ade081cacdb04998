# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for the role mount."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mount_plan
short_description: What the mounts in host_vars come to
version_added: 0.2.0
description:
  - Turns the entries of C(mediastore_mounts) into what the role P(mediastore.s3.mount#role) writes on the host, or says what is
    wrong with them, so that all of it is refused at once before anything is touched.
  - The result holds the keys of the store. It is for tasks with C(no_log).
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input, store
options:
  _input:
    description: The mounts, as in C(mediastore_mounts).
    type: list
    elements: dict
    required: true
  store:
    description: The connection that an entry without C(store) uses, as in C(mediastore_store).
    type: dict
    required: true
  providers:
    description: What M(mediastore.s3.provider_info) returns as C(provider), for the name of each mount.
    type: dict
    required: true
  users:
    description: Numeric user ids by name.
    type: dict
    required: true
  groups:
    description: Numeric group ids by name.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Learn what the store can do
  mediastore.s3.provider_info:
    provider: ceph
    endpoint_url: https://s3.example.org
    region: default
  register: known

- name: See with which arguments a bucket would be mounted
  ansible.builtin.debug:
    msg: "{{ plan.present[0].arguments }}"
  vars:
    plan: "{{ mounts | mediastore.s3.mount_plan(mine, providers={'media': known.provider}, users=ids, groups=ids) }}"
    ids: {root: "0"}
    mine: {provider: ceph, access_key: example, secret_key: example}
    mounts:
      - name: media
        backend: goofys
        bucket: example-media
        path: /srv/media
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    problems:
      description: One sentence or two for each problem. With any of them the rest is empty.
      type: list
      elements: str
    present:
      description: What is written for each mount that there should be.
      type: list
      elements: dict
    absent:
      description: Name, path and owner of each mount that there should not be.
      type: list
      elements: dict
"""

import typing as t

from ..plugin_utils._mounts.plan import Surroundings, plan


def mount_plan(
    entries: list[dict[str, t.Any]],
    store: dict[str, t.Any],
    providers: dict[str, dict[str, t.Any]],
    users: dict[str, str],
    groups: dict[str, str],
) -> dict[str, t.Any]:
    """The plan for all mounts of a host."""
    return plan(entries, store, Surroundings(providers, users, groups))


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mount_plan": mount_plan}
