#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watch what changes in a directory, so that a later copy looks at nothing else."""

from __future__ import annotations

DOCUMENTATION = r"""
module: change_feed
short_description: Watch what changes in a directory, so that the last copy looks at nothing else
version_added: 0.2.0
author: [mediastore.s3 contributors (@mediastore)]
description:
  - Starts a small process on the host, which Linux tells what is written, made or moved in the directory (fanotify).
    M(mediastore.s3.sync) with O(mediastore.s3.sync#module:against=feed) then looks at nothing else, so that the last copy takes
    the same time for a thousand files and for millions.
  - Start it before a run of M(mediastore.s3.sync) with the same O(journal) that looks at everything, and stop it when it is not
    needed any more. It also ends with the host, when its socket (O(journal) with C(.feed) at the end) is removed, and when nobody
    has asked it anything for three days.
  - What it knows is in its memory, at most 200000 changes. When that or the kernel's queue overflows, or when it is killed, the
    next run of M(mediastore.s3.sync) notices, looks at everything, and says why.
  - It needs root outside of a container, Linux 5.9 or newer, and a filesystem that no other host can change, which is ext4, XFS,
    Btrfs, F2FS or tmpfs. Nothing may be mounted inside of O(path). Otherwise the task fails and says what is missing.
  - What a program writes through a memory mapping (mmap) is seen when it lets go of the file.
extends_documentation_fragment:
  - mediastore.s3.attributes
  - mediastore.s3.attributes.flow
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    support: full
    platforms: linux
  action:
    support: none
  async:
    support: none
  bypass_host_loop:
    support: none
options:
  journal:
    description: The journal of the copies that are to be followed, as in M(mediastore.s3.sync). One feed belongs to one journal.
    type: path
    required: true
  path:
    description: The directory. Required with O(state=started).
    type: path
  state:
    description:
      - With V(started) the feed runs when the task ends. One that watches O(path) already is left alone, one that watches
        another directory is ended.
      - With V(stopped) it does not run.
      - Without it the module only says how things stand.
    type: str
    choices: [started, stopped]
seealso:
  - module: mediastore.s3.sync
"""

EXAMPLES = r"""
- name: Watch what changes from here on
  mediastore.s3.change_feed:
    path: /srv/media
    journal: /var/lib/mediastore/media.sqlite
    state: started

- name: Copy the media, with the connection set once
  module_defaults:
    group/mediastore.s3.store: "{{ mediastore_store }}"
    mediastore.s3.sync:
      path: /srv/media
      bucket: example-media
      journal: /var/lib/mediastore/media.sqlite
  block:
    - name: Copy all of it while the application runs
      mediastore.s3.sync:

    - name: Copy what has changed meanwhile, when the application is stopped
      mediastore.s3.sync:
        against: feed

- name: Stop watching
  mediastore.s3.change_feed:
    journal: /var/lib/mediastore/media.sqlite
    state: stopped
"""

RETURN = r"""
running:
  description: Whether a feed runs for this journal. In check mode, whether one would.
  returned: success
  type: bool
  sample: true
directory:
  description: The directory that it watches.
  returned: when it runs
  type: str
  sample: /srv/media
pid:
  description: Its process.
  returned: when it runs
  type: int
  sample: 4711
since:
  description: When it was started, in UTC.
  returned: when it runs
  type: str
  sample: "2026-11-20T12:30:23.123Z"
pending:
  description: How many changed files and new folders below the directory it keeps for the next copy.
  returned: when it runs
  type: int
  sample: 12
covered:
  description: Whether the next copy with O(mediastore.s3.sync#module:against=feed) can do without looking at everything.
  returned: when it runs
  type: bool
  sample: true
lost:
  description: Why changes may have been missed, so that the next copy looks at everything. Empty if none were.
  returned: when it runs
  type: str
  sample: so much changed at once that the kernel's queue overflowed
"""

import os
import typing as t

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.host import HostModule
from ..module_utils._core import feed
from ..module_utils._core.clock import utc
from ..module_utils._core.files import Lock, explaining_os
from ..module_utils._core.following import watches

SPEC = ArgSpec(
    {
        "journal": {"type": "path", "required": True},
        "path": {"type": "path"},
        "state": {"type": "str", "choices": ["started", "stopped"]},
    },
    required_if=[("state", "started", ["path"])],
)
LOCK_WAIT_S = 30


def converge(module: HostModule) -> dict[str, t.Any]:
    """Start it, stop it, or say how it stands."""
    # as sync does, so that both find the same socket
    journal, state, path = os.path.realpath(module.params["journal"]), module.params["state"], module.params["path"]
    stands = feed.running(journal)
    if state == "started":
        if stands is not None and watches(stands, path):
            return result(False, stands)
        feed.check(path)
        return result(True, {} if module.check_mode else start(path, journal))
    if state == "stopped" and not module.check_mode:
        feed.stop(journal)
    return result(state == "stopped" and stands is not None, None if state == "stopped" else stands)


def start(path: str, journal: str) -> dict[str, t.Any]:
    """Begin, in place of whatever runs for this journal."""
    folder = os.path.dirname(journal)
    with explaining_os(f"make {folder}"):
        os.makedirs(folder, mode=0o700, exist_ok=True)
    with Lock(journal + feed.SUFFIX + ".lock", LOCK_WAIT_S, "start the change feed"):
        feed.stop(journal)
        return feed.start(path, journal)


def result(changed: bool, stands: dict[str, t.Any] | None) -> dict[str, t.Any]:
    """How a feed stands, for people."""
    return {"changed": changed, "running": stands is not None, **(shown(stands) if stands else {})}


def shown(stands: dict[str, t.Any]) -> dict[str, t.Any]:
    """The same in detail."""
    return {
        "directory": stands["root"],
        "pid": stands["pid"],
        "since": utc(stands["since"]),
        "pending": stands["changed"],
        "covered": bool(stands["token"]) and not stands["lost"],
        "lost": stands["lost"],
    }


def main() -> None:
    """Run the module."""
    HostModule(SPEC).run(converge)


if __name__ == "__main__":
    main()
