# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for the role nginx_cache."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cache_plan
short_description: What the caches in host_vars come to
version_added: 0.2.0
description:
  - Turns the entries of C(mediastore_caches) into what the templates of the role P(mediastore.s3.nginx_cache#role) need, or says
    what is wrong with them, so that all of it is refused at once before anything is touched.
  - It also finds the DNS servers that nginx has to be told. That is the first one of O(resolv_conf), unless O(nameservers) says
    others. An IPv6 address comes in brackets, and one of an interface (C(fe80::1%eth0)), which nginx cannot ask, is passed over.
  - With the mode C(signed) the result holds the keys of the store. It is for tasks with C(no_log).
author:
  - mediastore.s3 contributors (@mediastore)
positional: _input, store
options:
  _input:
    description: The caches, as in C(mediastore_caches).
    type: list
    elements: dict
    required: true
  store:
    description: The connection that an entry without C(store) uses, as in C(mediastore_store).
    type: dict
    required: true
  providers:
    description: What M(mediastore.s3.provider_info) returns as C(provider), for the name of each cache.
    type: dict
    required: true
  resolv_conf:
    description: The host's C(/etc/resolv.conf).
    type: str
    default: ""
  nameservers:
    description: DNS servers to use instead.
    type: list
    elements: str
    default: []
  resolver_valid:
    description: How long nginx believes what a DNS server has said.
    type: str
    default: 300s
  ipv6:
    description: Whether the host reaches others by IPv6.
    type: bool
    default: false
  ca_path:
    description: File with the authorities that the host trusts.
    type: path
    default: /etc/ssl/certs/ca-certificates.crt
"""

EXAMPLES = r"""
- name: Learn where the store is
  mediastore.s3.provider_info:
    provider: ceph
    endpoint_url: https://s3.example.org
    region: default
  register: known

- name: See which DNS server nginx would be told
  ansible.builtin.debug:
    msg: "{{ plan.present[0].resolver }}"
  vars:
    plan: "{{ caches | mediastore.s3.cache_plan(mine, {'media': known.provider}, resolv_conf='nameserver 2001:db8::53') }}"
    mine: {provider: ceph}
    caches:
      - name: media
        mode: public
        bucket: example-media
        server_name: files.example.org
        listen: 127.0.0.1:8080
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    problems:
      description: One sentence or two for each problem. With any of them C(present) and C(absent) are empty.
      type: list
      elements: str
    present:
      description: What the templates need, for each cache that there should be.
      type: list
      elements: dict
    absent:
      description: Name, files and folder of each cache that there should not be.
      type: list
      elements: dict
    nameservers:
      description: The DNS servers that nginx is told, as it writes them.
      type: list
      elements: str
    stub:
      description: Whether one of them is systemd-resolved on the host itself.
      type: bool
"""

import typing as t

from ..plugin_utils._cache.plan import Host, plan


def cache_plan(
    entries: list[dict[str, t.Any]],
    store: dict[str, t.Any],
    providers: dict[str, dict[str, t.Any]],
    resolv_conf: str = "",
    nameservers: t.Sequence[str] = (),
    resolver_valid: str = "300s",
    ipv6: bool = False,
    ca_path: str = "/etc/ssl/certs/ca-certificates.crt",
) -> dict[str, t.Any]:
    """The plan for all caches of a host."""
    return plan(entries, store, providers, Host(resolv_conf, nameservers, resolver_valid, ipv6, ca_path))


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"cache_plan": cache_plan}
