#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at access keys."""

from __future__ import annotations

DOCUMENTATION = r"""
module: access_key_info
short_description: Gather information about access keys of S3-compatible storage
version_added: 0.2.0
description:
  - Returns the keys of a name, and what they may do. It never returns a secret, also where the store would show it.
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
    description: Name of the key, or of the user that the key belongs to.
    type: str
    required: true
seealso:
  - module: mediastore.s3.access_key
"""

EXAMPLES = r"""
- name: Look at the keys of a backup job
  mediastore.s3.access_key_info:
    provider: ceph
    endpoint_url: https://s3.example.org
    access_key: "{{ vault_admin_access_key }}"
    secret_key: "{{ vault_admin_secret_key }}"
    name: example-backup
  register: backup

- name: Complain about a rotation that nobody finished
  ansible.builtin.assert:
    that: "backup.access_keys | length <= 1"
    fail_msg: "{{ backup.access_keys | map(attribute='access_key') | join(', ') }}"
"""

RETURN = r"""
exists:
  description: Whether the store knows the name.
  returned: success
  type: bool
grants:
  description: What its keys may do, or nothing if that is something that grants cannot say.
  returned: success
  type: list
  elements: dict
  sample: [{bucket: example-synapse-media, prefix: "", rights: [list, read, write]}]
access_keys:
  description: All keys of the name, the oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    access_key:
      description: Its access key.
      type: str
    active:
      description: Whether the store lets it in.
      type: bool
    created:
      description: When it was made, in UTC, or nothing where the store does not say.
      type: str
    expires:
      description: When it ends by itself, in UTC, or nothing.
      type: str
    last_used:
      description: When it was last used, in UTC, or nothing where the store does not say.
      type: str
"""

import typing as t

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.keyplace import plain, shown
from ..module_utils._base.keyringmodule import KeyringModule
from ..module_utils._core.keyentries import check_key_name

SPEC = ArgSpec({"name": {"type": "str", "required": True}})


def look(module: KeyringModule) -> dict[str, t.Any]:
    """The keys of the name."""
    name = module.params["name"]
    tried = f"look at the access key {name}"
    check_key_name(name, tried)
    holder = module.keyring(tried).find(name)
    return {
        "changed": False,
        "exists": holder is not None,
        "grants": plain(holder.grants) if holder else [],
        "access_keys": shown(holder.keys) if holder else [],
    }


def main() -> None:
    KeyringModule(SPEC).run(look)


if __name__ == "__main__":
    main()
