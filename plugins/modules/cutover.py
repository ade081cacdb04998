#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop an application, copy its last files, switch it to the bucket and start it, in one go."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cutover
short_description: Stop an application, copy its last files, switch it to its bucket and start it again, in one go
version_added: 0.2.0
description:
  - Does in one process what the role P(mediastore.s3.migrate#role) does in one task after the other for applications that need
    more. Between the stop and the start nothing is loaded or looked up any more, so the application is down as shortly as it can.
  - Stops the application, copies what has changed since the last copy, renames O(path) to O(path) + C(.before-s3) and leaves an
    empty directory, puts the files of O(switch) in place, starts the application, and asks until it is healthy.
  - The migration must be at the stage V(stopping) of M(mediastore.s3.migration), and is at V(healthy) afterwards. When this
    fails or is killed, nothing is undone by itself. The stages V(rolling_back), V(restored) and V(rolled_back) are the way back,
    which the role takes.
  - An application that did not run before is not started.
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.migration
  - mediastore.s3.migration.claiming
  - mediastore.s3.migration.switching
  - mediastore.s3.migration.window
  - mediastore.s3.tree
  - mediastore.s3.tree.places
  - mediastore.s3.tree.upload
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
  - mediastore.s3.attributes.flow
attributes:
  check_mode:
    support: partial
    details: Says that it would change something, which it always does. Nothing is looked at.
  diff_mode:
    support: partial
    details: Shows the stage. The files of O(switch) may hold secrets.
  idempotent:
    support: none
    details: It is refused when the migration is at V(healthy) already.
  platform:
    support: full
    platforms: posix
  action:
    support: full
  async:
    support: none
  bypass_host_loop:
    support: none
author:
  - mediastore.s3 contributors (@mediastore)
options:
  journal:
    description: The journal of the copies before this one; see M(mediastore.s3.sync).
    type: path
    required: true
  compare:
    description: How files are compared; see M(mediastore.s3.sync).
    type: str
    choices: [auto, size, checksum]
    default: auto
  against:
    description:
      - With what the last copy compares the files, V(journal) with all that the journal proves, V(feed) with what
        M(mediastore.s3.change_feed) has seen changing since.
    type: str
    choices: [journal, feed]
    default: journal
seealso:
  - module: mediastore.s3.rollback
  - module: mediastore.s3.migration
  - module: mediastore.s3.sync
"""

EXAMPLES = r"""
- name: Switch an application of two units, of which migration has noted that it is to be stopped
  mediastore.s3.cutover:
    endpoint_url: https://s3.example.org
    access_key: "{{ media_access_key }}"
    secret_key: "{{ media_secret_key }}"
    name: media
    path: /srv/media
    bucket: example-media
    journal: /var/lib/mediastore/media/journal
    services: [media-web.service, media-worker.service]
    health_url: http://127.0.0.1:8080/health
    config_files: [/etc/media.ini]
    switch:
      - path: /etc/media.ini
        src: media-on-s3.ini
"""

RETURN = r"""
copied:
  description: Files and bytes that were copied while the application was down.
  returned: success
  type: dict
  sample: {"files": 12, "bytes": 345678}
walked:
  description: Whether the last copy looked at the whole directory, and not only at what had changed.
  returned: when O(against=feed)
  type: bool
  sample: false
walked_reason:
  description: Why it did, or an empty string.
  returned: when O(against=feed)
  type: str
  sample: the feed has ended, by a restart of the host or because it was killed
downtime_s:
  description: Seconds from just before the stop until the application was healthy, for the last C(cutover) and C(rollback).
  returned: success
  type: dict
  sample: {cutover: 1.217}
stage:
  description: The stage that the migration is at now.
  returned: success
  type: str
  sample: healthy
summary:
  description:
    - Where the migration stands in a few lines for a person.
    - All else that M(mediastore.s3.migration) returns is there, too.
  returned: success
  type: list
  elements: str
"""

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.cutting import cut
from ..module_utils._base.migration import APPLICATION, CLAIMING
from ..module_utils._base.module import StoreModule
from ..module_utils._base.switching import SWITCHING
from ..module_utils._base.transfer import UPLOAD
from ..module_utils._base.tree import PLACES, TREE
from ..module_utils._base.window import WINDOW

SPEC = (
    TREE.merge(PLACES)
    .merge(UPLOAD)
    .merge(APPLICATION)
    .merge(CLAIMING)
    .merge(SWITCHING)
    .merge(WINDOW)
    .merge(
        ArgSpec(
            {
                "compare": {"type": "str", "choices": ["auto", "size", "checksum"], "default": "auto"},
                "against": {"type": "str", "choices": ["journal", "feed"], "default": "journal"},
            }
        )
    )
    .but(journal={"type": "path", "required": True})
)


def main() -> None:
    StoreModule(SPEC).run(cut)


if __name__ == "__main__":
    main()
