#!/usr/bin/python
# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record the stages of a migration, and do on the host what belongs to them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migration
short_description: Record the stages of a media migration on the host
version_added: 0.1.0
author: [mediastore.s3 contributors (@mediastore)]
description:
  - Keeps the state of one migration in C(migration.json) below O(state_dir), and does what must happen on the host together with
    a stage, such as keeping the configuration, renaming the directory and putting it back.
  - The role P(mediastore.s3.migrate#role) calls it in the right order. Call it yourself only if you write another order.
  - Every stage can be entered twice, and the module can be killed at any moment; the same call then finishes the work.
  - It never talks to the object store.
extends_documentation_fragment:
  - mediastore.s3.attributes
  - mediastore.s3.attributes.flow
  - mediastore.s3.migration
  - mediastore.s3.migration.claiming
  - mediastore.s3.migration.switching
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
  action:
    support: full
  async:
    support: none
  bypass_host_loop:
    support: none
options:
  stage:
    description:
      - The stage to enter. Without it the migration is only claimed for this run of Ansible and returned.
      - V(synced) records that a live copy is complete.
      - V(stopping) keeps O(config_files) and the state of O(services); the application is to be stopped right after it.
      - V(restarting) does the same for an application that reads both its own files and the bucket, and so is only restarted.
        O(path) stays where it is, and V(healthy) comes next.
      - V(backed_up) renames O(path) to O(path) + C(.before-s3), leaves an empty directory with the same owner and mode, and puts
        the files of O(switch) in place, which saves a task of their own while the application is down.
      - V(healthy) records that the application serves from the bucket, and the downtime; with O(proof) also that the backup was
        verified.
      - V(rolling_back) records that the way back has begun; the application is to be stopped right after it.
      - V(restored) merges what exists only in O(path) into the backup, gives the backup its old name, and restores
        O(config_files). After V(restarting) it only restores O(config_files).
      - V(rolled_back) records that the application serves from its own files again, and the downtime.
      - V(finalized) removes from the backup every file that the journal proves to be in the bucket. Where O(path) stayed where
        it is nothing is removed; it is refused until V(healthy) was entered with O(proof).
    type: str
    choices: [synced, stopping, restarting, backed_up, healthy, rolling_back, restored, rolled_back, finalized]
  intent:
    description:
      - Refuse at once if this stage cannot be reached any more, before time is spent on what comes before it.
      - V(finalized) also refuses before O(keep_days) are over.
    type: str
    choices: [healthy, rolled_back, finalized]
  bucket:
    description: The bucket that the files go to. Recorded at the first O(stage=synced), and another one is refused later.
    type: str
  prefix:
    description: What is put in front of every key.
    type: str
    default: ""
  endpoint:
    description: The endpoint of the store, for the record; another one is refused later.
    type: str
    default: ""
  exclude:
    description: Globs of names that were left out of the copy. O(stage=finalized) leaves them alone.
    type: list
    elements: str
    default: []
  figures:
    description: What the copy before this stage counted, for the record.
    type: dict
    default: {}
    suboptions:
      changed:
        description: Whether it copied anything.
        type: bool
        default: false
      files:
        description: The number of files.
        type: int
      bytes:
        description: Their size.
        type: int
      duration_s:
        description: How long it took.
        type: float
      files_per_s:
        description: Its rate.
        type: float
      throughput:
        description: Its course, as M(mediastore.s3.sync) returns it. Of all live copies that of the largest is kept.
        type: list
        elements: list
        version_added: 0.2.0
  proof:
    description: What the full verification of the backup counted, for O(stage=healthy).
    type: dict
    suboptions:
      files:
        description: The number of files.
        type: int
        required: true
      bytes:
        description: Their size.
        type: int
        required: true
      sha256:
        description: The digest of the certificate that the verification wrote.
        type: str
        version_added: 0.2.0
  reason:
    description: Why the way back was taken, for O(stage=rolling_back).
    type: str
    default: ""
  downtime_s:
    description:
      - For O(stage=healthy) and O(stage=rolled_back), the seconds from the stop to health, as measured by whoever stopped and
        started the application. Without it they are counted from the stage before the stop.
    type: float
  expected_s:
    description:
      - For O(stage=stopping) and O(stage=restarting), for the record, for how many seconds the application should be down.
    type: float
  owed:
    description: For O(stage=restored), that the bucket could not be read, so what exists only there must still be brought back.
    type: bool
    default: false
  lock_wait:
    description: For how many seconds to wait for another task that is at work on this migration.
    type: float
    default: 0
  release:
    description: Write C(report.html) and C(report.json) to RV(directory) and give the claim back, so that another run may begin.
    type: bool
    default: false
seealso:
  - module: mediastore.s3.migration_info
  - module: mediastore.s3.sync
  - module: mediastore.s3.verify
"""

EXAMPLES = r"""
- name: Record that the live copy is complete
  mediastore.s3.migration:
    name: media
    stage: synced
    path: /srv/media
    bucket: media
    figures: {files: 1000, bytes: 123456789}

- name: Keep the configuration, just before the application is stopped
  mediastore.s3.migration:
    name: media
    stage: stopping
    path: /srv/media

- name: Set the directory aside, now that the last files are in the bucket
  mediastore.s3.migration:
    name: media
    stage: backed_up
    path: /srv/media
"""

RETURN = r"""
directory:
  description: Where everything about this migration is kept on the host.
  returned: success
  type: str
  sample: /var/lib/mediastore/media
owner:
  description: Name and id of this migration, for O(mediastore.s3.sync#module:owned_by). Without the id until this module was run.
  returned: success
  type: str
  sample: media 3f2a9c10b4d7
journal:
  description: The journal for M(mediastore.s3.sync) and M(mediastore.s3.verify).
  returned: success
  type: str
  sample: /var/lib/mediastore/media/journal
stage:
  description: The stage that the migration is at now.
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
  description: Whether the application may have run on the bucket, so that the bucket may hold uploads that exist nowhere else.
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
window_opened:
  description: Whether this call opened the window of downtime. Not so when an earlier run was cut short in it.
  returned: success
  type: bool
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
  sample: [{stage: synced, at: "2026-11-20T12:30:23.123Z", files: 1000, bytes: 123456789}]
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
holder:
  description: The run of Ansible that holds the claim.
  returned: when another run is at work
  type: dict
"""

from ..module_utils._base.argspec import ArgSpec
from ..module_utils._base.host import HostModule
from ..module_utils._base.migration import CLAIMING, FIGURES, MIGRATION, PROOF, STAGES
from ..module_utils._base.recording import record
from ..module_utils._base.switching import SWITCHING

SPEC = (
    MIGRATION.merge(CLAIMING)
    .merge(SWITCHING)
    .merge(
        ArgSpec(
            {
                "stage": {"type": "str", "choices": STAGES},
                "intent": {"type": "str", "choices": ["healthy", "rolled_back", "finalized"]},
                "bucket": {"type": "str"},
                "prefix": {"type": "str", "default": ""},
                "endpoint": {"type": "str", "default": ""},
                "exclude": {"type": "list", "elements": "str", "default": []},
                "figures": {"type": "dict", "default": {}, "options": FIGURES},
                "proof": {"type": "dict", "options": PROOF},
                "reason": {"type": "str", "default": ""},
                "downtime_s": {"type": "float"},
                "expected_s": {"type": "float"},
                "owed": {"type": "bool", "default": False},
                "lock_wait": {"type": "float", "default": 0},
                "release": {"type": "bool", "default": False},
            },
            required_if=[("stage", "synced", ("path", "bucket"))],
        )
    )
)


def main() -> None:
    HostModule(SPEC).run(record)


if __name__ == "__main__":
    main()
