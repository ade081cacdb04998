#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say how a migration stands, and what the host has against it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_info
short_description: Say how a media migration stands
version_added: 0.1.0
author: [mediastore.s3 contributors (@mediastore)]
description:
  - Returns the state of a migration that M(mediastore.s3.migration) keeps, and a summary for a person.
  - With O(path), also returns everything on the host that a migration would trip over, all at once.
  - Changes nothing and takes no lock.
extends_documentation_fragment:
  - mediastore.s3.attributes
  - mediastore.s3.migration
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  keep_days:
    description: For how many days after the cutover the backup is kept, for the summary.
    type: float
    default: 7
seealso:
  - module: mediastore.s3.migration
"""

EXAMPLES = r"""
- name: Ask how the migration stands
  mediastore.s3.migration_info:
    name: media
  register: media

- name: Show it
  ansible.builtin.debug:
    var: media.summary

- name: Find out what would stop a migration of this directory
  mediastore.s3.migration_info:
    name: media
    path: /srv/media
  register: media
  failed_when: media.findings | length > 0
"""

RETURN = r"""
findings:
  description: One sentence for each reason why the migration of O(path) cannot go well; empty without O(path).
  returned: success
  type: list
  elements: str
  sample: [systemd does not know the service ngnix.service. Correct its name.]
directory:
  description: Where everything about this migration is kept on the host.
  returned: success
  type: str
  sample: /var/lib/mediastore/media
owner:
  description: Name and id of this migration, for O(mediastore.s3.sync#module:owned_by). Without the id until a stage was begun.
  returned: success
  type: str
  sample: media 3f2a9c10b4d7
journal:
  description: The journal for M(mediastore.s3.sync) and M(mediastore.s3.verify).
  returned: success
  type: str
  sample: /var/lib/mediastore/media/journal
stage:
  description: The stage that the migration is at; V(new) when there is none of this name.
  returned: success
  type: str
  sample: healthy
interrupted:
  description: Whether the migration stands between the stop of the application and its health.
  returned: success
  type: bool
order:
  description: Whether the last cutover set the directory aside (V(stop-first)) or left it where it is (V(switch-first)).
  returned: success
  type: str
  sample: stop-first
  version_added: 0.2.0
may_be_switched:
  description: Whether the application may have run on the bucket.
  returned: success
  type: bool
proved:
  description: Whether the backup was verified in full after the cutover.
  returned: success
  type: bool
backup:
  description: Where the old files are kept after the cutover; O(path) itself with RV(order=switch-first).
  returned: success
  type: str
  sample: /srv/media.before-s3
backup_exists:
  description: Whether they are there.
  returned: success
  type: bool
aside:
  description:
    - The same, whichever of the hosts that share the directory has set it aside.
    - With RV(order=switch-first), whether the application has served from the bucket since.
  returned: success
  type: bool
replaced:
  description: Where a rollback keeps a file that it replaces.
  returned: success
  type: str
  sample: /srv/media.replaced
services:
  description: The services as they were before they were stopped; C(enabled) is null for a unit without such a setting.
  returned: success
  type: list
  elements: dict
  sample: [{name: nginx.service, active: true, enabled: true}]
copying:
  description: The copy in the background, if there ever was one.
  returned: success
  type: dict
  contains:
    running:
      description: Whether it is under way.
      returned: always
      type: bool
      sample: true
    pid:
      description: Its process, or C(0).
      returned: always
      type: int
      sample: 4711
    said:
      description: How far it is, or how it ended; empty if there never was one.
      returned: always
      type: str
      sample: "upload: 45 %, 3 min 20 s left, 90000/200000 files, 4.1 GiB, 480/s, 22.5 MiB/s"
was_running:
  description: Whether the application ran before it was stopped.
  returned: success
  type: bool
owed:
  description: Whether a rollback could not read the bucket, so files that exist only there must still be brought back.
  returned: success
  type: bool
downtime_s:
  description: Seconds from just before the stop until the application was healthy, for the last C(cutover) and C(rollback).
  returned: success
  type: dict
  sample: {cutover: 4.217}
figures:
  description: The counts that belong to the stages, by stage.
  returned: success
  type: dict
  sample: {synced: {files: 1000, bytes: 123456789}}
history:
  description: The last 50 stages that were entered, each with its time in UTC.
  returned: success
  type: list
  elements: dict
  sample: [{stage: synced, at: "2026-11-20T12:30:23.123Z"}]
summary:
  description: All this in a few lines for a person.
  returned: success
  type: list
  elements: str
next:
  description: The command that comes next; empty when there is none.
  returned: success
  type: str
  sample: ansible-playbook mediastore.s3.migrate.finalize
undo:
  description: The command that goes back; empty when there is nothing to go back from.
  returned: success
  type: str
  sample: ansible-playbook mediastore.s3.migrate.rollback
"""

import typing as t

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.host import HostModule
from ..module_utils._base.migration import MIGRATION, application, result, runner
from ..module_utils._core import background
from ..module_utils._core.preflight import findings
from ..module_utils._core.stages import load, state_directory

SPEC = MIGRATION.merge(ArgSpec({"keep_days": {"type": "float", "default": 7}}))


def look(module: HostModule) -> dict[str, t.Any]:
    """The state as it is written, and the findings about the host."""
    params = module.params
    directory = state_directory(params["state_dir"], params["name"])
    migration = load(directory, params["name"])
    app = application(params)
    ours = migration.path == app.path and migration.set_aside
    found = findings(app, params["state_dir"], ours, runner(module)) if app.path else []
    copying = background.look(directory)
    shown = result(directory, migration, params)
    if copying.said:
        shown["summary"].insert(1, f"  {'copying' if copying.running else 'copied '} {copying.said} (in the background)")
    return dict(shown, changed=False, findings=found, copying=copying._asdict())


def main() -> None:
    HostModule(SPEC).run(look)


if __name__ == "__main__":
    main()
