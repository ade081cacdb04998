# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Which DNS servers nginx has to be told: it asks them itself, and reads neither resolv.conf, /etc/hosts nor search domains."""

from __future__ import annotations

import ipaddress
import typing as t

#: where systemd-resolved listens for programs of its host; it follows the host's networks by itself
STUBS = ("127.0.0.53", "127.0.0.54")


class Nameserver(t.NamedTuple):
    """A DNS server as nginx writes it."""

    #: an IPv6 address is in brackets; a port other than 53 is part of it
    argument: str
    #: whether it is systemd-resolved on the host itself
    stub: bool


def nameservers(resolv_conf: str) -> list[Nameserver]:
    """Those of a resolv.conf, in its order, without what nginx cannot ask."""
    found = []
    for line in resolv_conf.splitlines():
        words = line.split("#")[0].split(";")[0].split()
        if len(words) >= 2 and words[0] == "nameserver":
            server = parsed(words[1])
            if server is not None:
                found.append(server)
    return found


def parsed(text: str) -> Nameserver | None:
    """An address, with or without a port, in nginx's words; nothing if it is none that nginx can ask."""
    host, port = split(text)
    try:
        # nginx has no way to say of which interface a link-local address is: fe80::1%eth0
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if "%" in host or not (port == "" or (port.isdigit() and 0 < int(port) < 65536)):
        return None
    argument = f"[{address}]" if address.version == 6 else str(address)
    return Nameserver(argument + (f":{port}" if port not in ("", "53") else ""), str(address) in STUBS)


def split(text: str) -> tuple[str, str]:
    """Host and port of an address in any of the usual spellings."""
    if text.startswith("["):
        host, _bracket, rest = text[1:].partition("]")
        return host, rest.lstrip(":")
    host, colon, port = text.partition(":")
    return (text, "") if ":" in port else (host, port if colon else "")


def arguments(servers: t.Sequence[Nameserver], valid: str, ipv6: bool) -> str:
    """What follows the word `resolver`."""
    words = [*(server.argument for server in servers), f"valid={valid}"]
    return " ".join([*words, *([] if ipv6 else ["ipv6=off"])])
