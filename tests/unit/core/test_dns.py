# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a DNS server, and what is read out of its answers. The molecule scenario asks a real one."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core import dns
from ansible_collections.mediastore.s3.plugins.module_utils._core.errors import BadInput

HEAD, QUESTION = "00078180000100030000 0000", "027333076578616d706c65036f726700 0001 0001"
#: s3.example.org is an alias of a.example.org, which has two addresses; the names point back into the packet
ANSWERS = "c00c 0005 0001 0000012c 0004 0161c00f  c02c 0001 0001 0000003c 0004 c000020a  c02c 0001 0001 0000003c 0004 c000020b"
ALIAS = bytes.fromhex(f"{HEAD} {QUESTION} {ANSWERS}")
NXDOMAIN = bytes.fromhex(f"000781830001000000000000 {QUESTION}")


def test_the_question():
    assert dns.asked(7, "s3.example.org.", 1) == bytes.fromhex("000701000001000000000000027333076578616d706c65036f72670000010001")
    with pytest.raises(BadInput, match="it is no host name"):
        dns.asked(7, "a..b", 1)


def test_an_alias_is_followed_within_the_answer():
    assert dns.answered(ALIAS, 7, 1) == ("NOERROR", ["192.0.2.10", "192.0.2.11"])
    assert dns.answered(ALIAS, 7, 28) == ("NOERROR", [])
    assert dns.answered(NXDOMAIN, 7, 1) == ("NXDOMAIN", [])


@pytest.mark.parametrize("reply", [ALIAS[:-3], ALIAS[:20], ALIAS[:6], NXDOMAIN[:14]])
def test_an_answer_that_is_cut_off_is_an_error(reply):
    with pytest.raises(OSError, match="cannot be read"):
        dns.answered(reply, 7, 1)


def test_the_answer_to_another_question_is_an_error():
    with pytest.raises(OSError, match="another question"):
        dns.answered(ALIAS, 8, 1)


def serve(udp, tcp, cut):
    """Answer one question; cut off by UDP if wanted, and then whole by TCP."""
    question, client = udp.recvfrom(500)
    reply = question[:2] + ALIAS[2:]
    udp.sendto(b"\0\0 a stranger's packet", client)
    udp.sendto(reply[:2] + b"\x83" + reply[3:12] if cut else reply, client)
    if cut:
        line, _address = tcp.accept()
        with line:
            assert line.recv(500)[2:] == question
            whole = struct.pack(">H", len(reply)) + reply
            line.sendall(whole[:9])
            line.sendall(whole[9:])


@pytest.mark.parametrize("cut", [False, True])
def test_by_udp_and_where_that_is_too_short_by_tcp(cut):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        udp.bind(("127.0.0.1", 0))
        tcp.bind(udp.getsockname())
        tcp.listen()
        server = threading.Thread(target=serve, args=(udp, tcp, cut))
        server.start()
        assert dns.ask(udp.getsockname(), "s3.example.org", "A", 5).addresses == ["192.0.2.10", "192.0.2.11"]
        server.join()


def test_a_server_that_is_silent():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        with pytest.raises(OSError):
            dns.ask(udp.getsockname(), "s3.example.org", "A", 0.1)
