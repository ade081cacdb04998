#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what is known about a provider."""

from __future__ import annotations

DOCUMENTATION = r"""
module: provider_info
short_description: Show what is known about an S3 provider
version_added: 0.2.0
description:
  - Returns the profile of the O(provider), which is what the modules of this collection go by, with the changes in
    O(capabilities).
  - It sends no request and needs no key and no boto3.
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
seealso:
  - module: mediastore.s3.probe
  - module: mediastore.s3.bucket
"""

EXAMPLES = r"""
- name: Look up what Garage can do
  mediastore.s3.provider_info:
    provider: garage
  register: garage

- name: Say how everybody may be let in to read there
  ansible.builtin.debug:
    msg: "{{ garage.provider.title }}: {{ garage.provider.capabilities.public_read }}"

- name: Stop early if the store of this host has no lifecycle rules
  mediastore.s3.provider_info:
    endpoint_url: https://s3.example.org
    provider: ceph
  register: store
  failed_when: store.provider.capabilities.facets.lifecycle == 'none'
"""

RETURN = r"""
provider:
  description: The provider.
  returned: success
  type: dict
  contains:
    name:
      description: Its name in the option O(provider).
      type: str
      sample: garage
    title:
      description: Its name for people.
      type: str
      sample: Garage
    endpoint:
      description:
        - URL of its S3 interface. What still has to be said is in braces.
        - Nothing for AWS, where boto knows it, and for a server of one's own as long as O(endpoint_url) is not given.
      type: str
      sample: https://s3.{region}.backblazeb2.com
    region:
      description: Region to sign for, or nothing if it has to be said.
      type: str
      sample: garage
    addressing_style:
      description: Where the bucket's name goes, V(path), V(virtual), or V(auto) if that depends on the name.
      type: str
      sample: path
    sources:
      description: Where the facts come from.
      type: list
      elements: dict
      contains:
        grade:
          description:
            - V(measured) on a running server, V(documented) by the provider or its source code, or V(remembered), which is the
              least.
          type: str
        what:
          description: What was measured or read.
          type: str
    capabilities:
      description:
        - The facts themselves, in the form that the option O(capabilities) takes.
        - For example C(facets) says of each setting of a bucket whether it is sent (V(store), V(enforce)), only after a look
          (V(ask)), or never (V(none), V(always)). C(public_read) says how everybody is let in to read, and C(instead) what to do
          about what is missing.
      type: dict
"""

import typing as t

from ..module_utils._base.connectionspec import CONNECTION
from ..module_utils._base.host import HostModule
from ..module_utils._core.errors import BadInput
from ..module_utils._store.capabilities import capabilities_of
from ..module_utils._store.connection import Connection
from ..module_utils._store.profile import Profile
from ..module_utils._store.registry import profile_for


def look(module: HostModule) -> dict[str, t.Any]:
    """The profile as data."""
    said = Connection.from_params(module.params)
    if said.proxy_password:
        module.no_log_values.add(said.proxy_password)
    profile = profile_for(said)
    known = {
        "name": profile.name,
        "title": profile.title,
        "endpoint": endpoint_of(said, profile),
        "region": said.region or profile.region,
        "addressing_style": said.addressing_style or profile.addressing,
        "sources": [{"grade": source.grade, "what": source.what} for source in profile.source],
        "capabilities": capabilities_of(profile),
    }
    return {"changed": False, "provider": known}


def endpoint_of(said: Connection, profile: Profile) -> str | None:
    """The endpoint as far as it is known; somebody who only looks need not say the rest."""
    try:
        return profile.complete(said).endpoint_url
    except BadInput:
        return profile.endpoint


def main() -> None:
    HostModule(CONNECTION).run(look)


if __name__ == "__main__":
    main()
