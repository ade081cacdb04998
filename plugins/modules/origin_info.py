#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask as nginx would whether a store can be reached."""

from __future__ import annotations

DOCUMENTATION = r"""
module: origin_info
short_description: Find out whether nginx would reach a store
version_added: 0.2.0
description:
  - Looks a host up as nginx does, by a question to each of the DNS servers in O(nameservers), without search domains and without
    C(/etc/hosts). Then it connects to the addresses that were found until one answers, and with O(tls) it checks the certificate
    for O(host), with the name in the request (SNI).
  - It changes nothing. What stands in the way is an error that says what to do.
author:
  - mediastore.s3 contributors (@mediastore)
extends_documentation_fragment:
  - mediastore.s3.attributes
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
  host:
    description: The host to look for. An address is not looked up.
    type: str
    required: true
  port:
    description: Its port.
    type: int
    default: 443
  tls:
    description: Whether it speaks TLS.
    type: bool
    default: true
  validate_certs:
    description: Whether its certificate must be valid for O(host).
    type: bool
    default: true
  ca_path:
    description: File with the authorities to trust, on this host. Without it those that the host's Python trusts.
    type: path
  nameservers:
    description: The DNS servers to ask, as nginx writes them, such as V(192.0.2.53), V(192.0.2.53:5353) or V([2001:db8::53]).
    type: list
    elements: str
    default: []
  ipv6:
    description: Whether IPv6 addresses are looked for as well.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for each answer.
    type: int
    default: 5
seealso:
  - module: mediastore.s3.nginx_config
"""

EXAMPLES = r"""
- name: See whether nginx would find the store
  mediastore.s3.origin_info:
    host: s3.example.org
    nameservers: [192.0.2.53]
  register: origin

- name: Say where it is
  ansible.builtin.debug:
    msg: "{{ origin.addresses | join(', ') }}"
"""

RETURN = r"""
addresses:
  description: The addresses of the host, in the order in which the first DNS server gave them.
  returned: success
  type: list
  elements: str
  sample: [192.0.2.10]
reached:
  description: The address that was connected to.
  returned: success
  type: str
  sample: 192.0.2.10
"""

import ipaddress
import socket
import ssl
import typing as t

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.host import HostModule
from ..module_utils._core import dns
from ..module_utils._core.errors import BadInput, StoreUnreachable

SPEC = ArgSpec(
    {
        "host": {"type": "str", "required": True},
        "port": {"type": "int", "default": 443},
        "tls": {"type": "bool", "default": True},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "nameservers": {"type": "list", "elements": "str", "default": []},
        "ipv6": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 5},
    }
)
LIKE_NGINX = "nginx asks it directly, without search domains and without /etc/hosts"


def look(module: HostModule) -> dict[str, t.Any]:
    """Look the host up, and connect to it."""
    addresses = [module.params["host"]] if is_address(module.params["host"]) else looked_up(module.params)
    return {"changed": False, "addresses": addresses, "reached": reached(module.params, addresses)}


def is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def looked_up(said: dict[str, t.Any]) -> list[str]:
    """What each DNS server says, for nginx asks them in turn: one that does not know the host fails every other time."""
    if not said["nameservers"]:
        raise BadInput(f"look up {said['host']}", said="nameservers is empty", remedy="Name a DNS server.")
    found = [answers(said, server) for server in said["nameservers"]]
    return found[0]


def answers(said: dict[str, t.Any], server: str) -> list[str]:
    """The addresses according to one DNS server."""
    host, tried = said["host"], f"look up {said['host']} at the DNS server {server}"
    found, codes = [], []
    for kind in ("A", "AAAA") if said["ipv6"] else ("A",):
        try:
            answer = dns.ask(dns.place(server), host, kind, said["timeout"])
        except OSError as exc:
            remedy = "Correct mediastore_cache_nameservers, or the host's resolv.conf, to a DNS server that answers this host."
            raise StoreUnreachable(tried, said=f"it does not answer ({exc})", remedy=remedy, code="NoDns") from exc
        found += answer.addresses
        codes.append(answer.code)
    if not found:
        what = codes[0] if codes[0] != "NOERROR" else "no address"
        remedy = "Correct the endpoint of the store, or name a DNS server that knows it in mediastore_cache_nameservers."
        raise StoreUnreachable(tried, said=f"it says {what}; {LIKE_NGINX}", remedy=remedy, code="NoAddress")
    return found


def reached(said: dict[str, t.Any], addresses: list[str]) -> str:
    """The first address that answers as it should."""
    tried = f"connect to {said['host']}:{said['port']}"
    context = trusting(said, tried) if said["tls"] else None
    errors = []
    for address in addresses:
        try:
            with socket.create_connection((address, said["port"]), said["timeout"]) as line:
                if context:
                    context.wrap_socket(line, server_hostname=said["host"]).close()
                return address
        except ssl.SSLError as exc:
            remedy = "Set ca_path in mediastore_store to the authority that has signed its certificate, or correct the endpoint."
            raise StoreUnreachable(tried, said=f"{address}: {exc}", remedy=remedy, code="BadCertificate") from exc
        except OSError as exc:
            errors.append(f"{address}: {exc}")
    remedy = "Let the host reach the store: the route, the firewall and the port in the endpoint."
    raise StoreUnreachable(tried, said="; ".join(errors), remedy=remedy, code="NoAnswer")


def trusting(said: dict[str, t.Any], tried: str) -> ssl.SSLContext:
    """What nginx will trust."""
    try:
        context = ssl.create_default_context(cafile=said["ca_path"] or None)
    except OSError as exc:
        remedy = "Copy the authority's certificate there first, or correct ca_path."
        raise BadInput(tried, said=f"the file {said['ca_path']} cannot be used ({exc})", remedy=remedy) from exc
    if not said["validate_certs"]:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def main() -> None:
    """Run the module."""
    HostModule(SPEC).run(look)


if __name__ == "__main__":
    main()
