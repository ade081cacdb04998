#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop an application, bring back what only its bucket has, restore its files and settings and start it, in one go."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback
short_description: Bring an application back from its bucket to its own files, in one go
version_added: 0.2.0
description:
  - The way back from M(mediastore.s3.cutover), from any stage of it. It does in one process what the role
    P(mediastore.s3.migrate#role) does in one task after the other for applications that need more, so the application is down as
    shortly as it can.
  - Stops the application, brings back to the old files what was uploaded since and is only in the bucket, gives the directory its
    old name, restores O(config_files) byte for byte, starts the application, and asks until it is healthy.
  - A bucket that cannot be read does not keep the application down. What is only there is owed then, which the result says and
    M(mediastore.s3.migration) keeps; bring it back with M(mediastore.s3.sync), and record V(rolled_back) once more.
  - When this fails or is killed, the same call finishes the work.
  - An application that did not run before is not started.
extends_documentation_fragment:
  - mediastore.s3.connection
  - mediastore.s3.migration
  - mediastore.s3.migration.claiming
  - mediastore.s3.migration.window
  - mediastore.s3.tree
  - mediastore.s3.tree.places
  - mediastore.s3.attributes
  - mediastore.s3.attributes.actiongroup_store
  - mediastore.s3.attributes.flow
attributes:
  check_mode:
    support: partial
    details: Says that it would change something, which it always does. Nothing is looked at.
  diff_mode:
    support: partial
    details: Shows the stage.
  idempotent:
    support: none
    details: It is refused when the migration is at V(rolled_back) already.
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
    description: The journal of the copies; see M(mediastore.s3.sync).
    type: path
    required: true
  reason:
    description: Why, for whoever reads the report.
    type: str
    default: ""
seealso:
  - module: mediastore.s3.cutover
  - module: mediastore.s3.migration
  - module: mediastore.s3.sync
"""

EXAMPLES = r"""
- name: Bring an application of two units back to its own files
  mediastore.s3.rollback:
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
    reason: the users asked for it
"""

RETURN = r"""
brought_back:
  description: Files and bytes that came back from the bucket while the application was down.
  returned: success
  type: dict
  sample: {"files": 12, "bytes": 345678}
not_brought_back:
  description: Why what is only in the bucket did not come back, or an empty string.
  returned: success
  type: str
  sample: ""
owed:
  description: Whether it has to be brought back later.
  returned: success
  type: bool
  sample: false
downtime_s:
  description: Seconds from just before the stop until the application was healthy, for the last C(cutover) and C(rollback).
  returned: success
  type: dict
  sample: {cutover: 1.217, rollback: 1.402}
stage:
  description: The stage that the migration is at now.
  returned: success
  type: str
  sample: rolled_back
summary:
  description:
    - Where the migration stands in a few lines for a person.
    - All else that M(mediastore.s3.migration) returns is there, too.
  returned: success
  type: list
  elements: str
"""

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.migration import APPLICATION, CLAIMING
from ..module_utils._base.module import StoreModule
from ..module_utils._base.returning import go_back
from ..module_utils._base.tree import PLACES, TREE
from ..module_utils._base.window import WINDOW

SPEC = (
    TREE.merge(PLACES)
    .merge(APPLICATION)
    .merge(CLAIMING)
    .merge(WINDOW)
    .merge(ArgSpec({"reason": {"type": "str", "default": ""}}))
    .but(journal={"type": "path", "required": True})
)


def main() -> None:
    StoreModule(SPEC).run(go_back)


if __name__ == "__main__":
    main()
