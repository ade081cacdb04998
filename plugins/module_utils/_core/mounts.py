# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What the mounts of the kernel say of a directory: whether all that changes below it is seen, and whether it shows a bucket."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

#: Filesystems that nobody can change but through this kernel. Of FUSE, NFS, GlusterFS and the like it sees only its own part.
LOCAL = ("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs")
#: Filesystems that show a bucket. What they list may be old: goofys 0.24.0 leaves out for --type-cache-ttl what was created while
#: it asked the store for a listing.
BUCKETS = ("fuse.geesefs", "fuse.goofys", "fuse.rclone", "fuse.s3fs")
MOUNTS = "/proc/self/mountinfo"


class Mount(NamedTuple):
    """One line of the kernel's list of mounts."""

    point: bytes
    kind: str
    options: bytes
    source: bytes = b""


def mounts(text: bytes) -> list[Mount]:
    """The mounts in the order in which they were made, so that a later one hides an earlier."""
    found = []
    for line in text.splitlines():
        left, _separator, right = line.partition(b" - ")
        kind, source, options = (right.split(b" ") + [b"", b""])[:3]
        found.append(Mount(_plain(left.split(b" ")[4]), kind.decode("ascii", "replace"), options, _plain(source)))
    return found


def _plain(word: bytes) -> bytes:
    """A path as it is; the list has spaces and the like as octal numbers."""
    return re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match.group(1), 8)]), word)


def within(path: bytes, folder: bytes) -> bool:
    """Whether a path is this folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def holding(path: bytes, listed: list[Mount]) -> Mount:
    """The mount on which a path is."""
    above = [mount for mount in listed if within(path, mount.point)]
    # sorted() keeps the order of equals, and of two mounts on one place the later is the one that is seen
    return sorted(above, key=lambda mount: len(mount.point))[-1] if above else Mount(b"", "unknown", b"")


def shown_bucket(root: bytes, listed: list[Mount]) -> str:
    """The mount of a bucket to which a directory belongs, or that is inside of it, in words, or an empty string."""
    inside = [mount.point for mount in listed if within(mount.point, root)]
    for place in [root, *inside]:
        mount = holding(place, listed)
        # goofys and Mountpoint for Amazon S3 have no type of their own, but neither has bindfs, which shows another path
        if mount.kind in BUCKETS or (mount.kind == "fuse" and not mount.source.startswith(b"/")):
            return f"{os.fsdecode(place)} is on {os.fsdecode(mount.source)}, of type {mount.kind}"
    return ""


def obstacle(root: bytes, listed: list[Mount]) -> str:
    """Why changes below this directory could go unseen, or an empty string."""
    kind = holding(root, listed).kind
    if kind not in LOCAL:
        return f"it is on the filesystem {kind}, and only what this host changes on {', '.join(LOCAL)} is seen in full"
    for mount in listed:
        if mount.point != root and within(mount.point, root):
            return f"{os.fsdecode(mount.point)} is mounted inside of it"
    for upper in _uppers(listed):
        if within(root, upper) or within(upper, root):
            return f"{os.fsdecode(upper)} is the upper layer of an overlay, and writes that come through that can go unseen"
    return ""


def _uppers(listed: list[Mount]) -> list[bytes]:
    """The directories into which overlays write."""
    found = []
    for mount in listed:
        match = re.search(rb"(?:^|,)upperdir=([^,]*)", mount.options) if mount.kind == "overlay" else None
        if match:
            found.append(os.path.realpath(_plain(match.group(1))))
    return found


def now() -> list[Mount]:
    """The mounts as things are now; none where the kernel is not Linux."""
    try:
        with open(MOUNTS, "rb") as source:
            return mounts(source.read())
    except FileNotFoundError:
        return []


def look(root: bytes) -> str:
    """The obstacle as things are now."""
    return obstacle(root, now())
