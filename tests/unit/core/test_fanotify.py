# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel's events say, byte by byte, and which directories can be watched."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from ansible_collections.mediastore.s3.plugins.module_utils._core.fanotify import (
    FAN_CREATE,
    FAN_MODIFY,
    FAN_Q_OVERFLOW,
    About,
    decipher,
    events,
)
from ansible_collections.mediastore.s3.plugins.module_utils._core.mounts import Mount, look, mounts, obstacle

FID, DFID_NAME, DFID = 1, 2, 3


def handle(inode):
    """A file handle as ext4 makes it: length, type, inode and generation."""
    return struct.pack("=IiII", 8, 1, inode, 7)


def record(kind, inode, name=None):
    body = b"filesyst" + handle(inode) + (b"" if name is None else name + b"\0")
    body += bytes(-len(body) % 4)
    return struct.pack("=BBH", kind, 0, 4 + len(body)) + body


def event(mask, *records):
    about = b"".join(records)
    return struct.pack("=IBBHQii", 24 + len(about), 3, 0, 24, mask, -1, 1) + about


def test_several_events_of_one_read():
    buffer = (
        event(FAN_CREATE, record(DFID_NAME, 2, b"a"))
        + event(FAN_Q_OVERFLOW)
        + event(FAN_MODIFY, record(DFID_NAME, 2, "ü\n".encode()), record(FID, 9))
    )
    found = list(events(buffer))
    assert [mask for mask, _about in found] == [FAN_CREATE, FAN_Q_OVERFLOW, FAN_MODIFY]
    assert decipher(found[0].about) == About(handle(2), b"a", None)
    assert decipher(found[1].about) == About(None, b"", None)
    assert decipher(found[2].about) == About(handle(2), "ü\n".encode(), handle(9))


def test_a_file_without_a_known_folder_and_a_folder_without_a_name():
    assert decipher(record(FID, 9)) == About(None, b"", handle(9))
    assert decipher(record(DFID, 2)) == About(handle(2), b"", None)


def test_a_record_of_a_kind_that_is_new_is_passed_over():
    assert decipher(record(77, 1) + record(DFID_NAME, 2, b"x" * 255)) == About(handle(2), b"x" * 255, None)


MOUNTS = rb"""
22 1 0:21 / / rw - ext4 /dev/vda rw
23 22 0:22 / /proc rw,relatime shared:1 - proc proc rw
24 22 0:23 / /srv/with\040space rw - xfs /dev/vdb rw
25 22 0:24 / /net rw - nfs4 server:/x rw
26 22 0:25 / /net/local rw - xfs /dev/vdc rw
27 22 0:26 / /gluster rw - fuse.glusterfs server:/x rw
28 22 0:27 / /merged rw - overlay overlay rw,lowerdir=/l1:/l2,upperdir=/layers/upper,workdir=/layers/work
29 22 0:28 / /hidden rw - nfs4 server:/x rw
30 22 0:29 / /hidden rw - xfs /dev/vdd rw
""".strip()


@pytest.mark.parametrize(
    ("root", "why"),
    [
        (b"/home/media", ""),
        (b"/srv/with space/media", ""),
        (b"/srv/with spaces", ""),
        (b"/net/local/media", ""),
        (b"/hidden/media", ""),
        (b"/net/media", "it is on the filesystem nfs4"),
        (b"/gluster", "it is on the filesystem fuse.glusterfs"),
        (b"/merged/x", "it is on the filesystem overlay"),
        (b"/srv", "/srv/with space is mounted inside of it"),
        (b"/", "/proc is mounted inside of it"),
        (b"/layers", "/layers/upper is the upper layer"),
        (b"/layers/upper/srv/media", "/layers/upper is the upper layer"),
        (b"/layers/other", ""),
    ],
)
def test_what_stands_in_the_way(root, why):
    found = obstacle(root, mounts(MOUNTS))
    assert found.startswith(why) and bool(found) == bool(why)


def test_the_list_of_mounts_of_this_host():
    assert Mount(b"/proc", "proc", b"rw", b"proc") in mounts(Path("/proc/self/mountinfo").read_bytes())
    assert "is mounted inside of it" in look(b"/") or "it is on the filesystem" in look(b"/")
    assert "it is on the filesystem proc" in look(os.fsencode("/proc/self/fd"))
