# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A question to one DNS server, as nginx asks it: no search domains, no /etc/hosts, no other server."""

from __future__ import annotations

import secrets
import socket
import struct
import typing as t

from .errors import BadInput

KINDS = {"A": 1, "AAAA": 28}
FAMILIES = {1: socket.AF_INET, 28: socket.AF_INET6}
#: what a server says beside addresses
CODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
TRIES = 2


class Answer(t.NamedTuple):
    """What a DNS server said."""

    #: NOERROR, NXDOMAIN, SERVFAIL, ...
    code: str
    addresses: list[str]


def ask(server: tuple[str, int], name: str, kind: str, timeout: float = 3) -> Answer:
    """The addresses of a host according to this server; OSError if it does not answer."""
    number = secrets.randbelow(65536)
    question = asked(number, name, KINDS[kind])
    for attempt in range(TRIES):
        try:
            reply = by_udp(server, question, timeout)
            break
        except socket.timeout:
            if attempt == TRIES - 1:
                raise
    # cut off: the whole comes by TCP
    if reply[2] & 2:
        reply = by_tcp(server, question, timeout)
    return answered(reply, number, KINDS[kind])


def place(server: str) -> tuple[str, int]:
    """Address and port of a DNS server as nginx writes it."""
    if server.startswith("["):
        address, _bracket, rest = server[1:].partition("]")
    else:
        address, colon, port = server.partition(":")
        rest = colon + port
    return address, int(rest[1:] or 53) if rest else 53


def asked(number: int, name: str, kind: int) -> bytes:
    """The question in a packet, with the wish that the server ask others."""
    try:
        labels = [label.encode("idna") for label in name.rstrip(".").split(".")]
    except UnicodeError:
        labels = [b""]
    if not all(labels):
        raise BadInput(f"look up {name}", said="it is no host name", remedy="Correct the endpoint.")
    packed = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + packed + struct.pack(">HH", kind, 1)


def by_udp(server: tuple[str, int], question: bytes, timeout: float) -> bytes:
    """The packet that comes back from this server, and from no other."""
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as line:
        line.settimeout(timeout)
        line.connect(server)
        line.send(question)
        while True:
            reply = line.recv(65535)
            if len(reply) >= 12 and reply[:2] == question[:2]:
                return reply


def by_tcp(server: tuple[str, int], question: bytes, timeout: float) -> bytes:
    """The same by TCP, where a packet is preceded by its length."""
    with socket.create_connection(server, timeout) as line:
        line.sendall(struct.pack(">H", len(question)) + question)
        reply = b""
        while len(reply) < 2 or len(reply) < 2 + struct.unpack(">H", reply[:2])[0]:
            piece = line.recv(65535)
            if not piece:
                raise OSError("the DNS server broke off")
            reply += piece
        return reply[2:]


def answered(reply: bytes, number: int, kind: int) -> Answer:
    """What is in a packet."""
    try:
        found, flags, questions, answers = struct.unpack(">HHHH", reply[:8])
        if found != number:
            raise OSError("the DNS server answered another question")
        at = 12
        for _question in range(questions):
            at = after_name(reply, at) + 4
        addresses = []
        for _answer in range(answers):
            at = after_name(reply, at)
            this, _class, _ttl, length = struct.unpack(">HHIH", reply[at : at + 10])
            if this == kind:
                addresses.append(socket.inet_ntop(FAMILIES[kind], reply[at + 10 : at + 10 + length]))
            at += 10 + length
    except (struct.error, IndexError, ValueError) as exc:
        raise OSError("the DNS server's answer cannot be read") from exc
    code = flags & 15
    return Answer(CODES.get(code, str(code)) if code else "NOERROR", addresses)


def after_name(packet: bytes, at: int) -> int:
    """Where a name ends that begins there; it may end with a pointer to another one."""
    while packet[at]:
        if packet[at] >= 0xC0:
            return at + 2
        at += packet[at] + 1
    return at + 1
