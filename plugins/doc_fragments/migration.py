# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that migration and migration_info share."""

from __future__ import annotations


class ModuleDocFragment:
    """Which migration, where its state is, and what the application is."""

    DOCUMENTATION = r"""
options:
  name:
    description: The name of the migration; its state is in a directory of this name below O(state_dir).
    type: str
    required: true
  state_dir:
    description: Where the state of migrations is kept on the host.
    type: path
    default: /var/lib/mediastore
  path:
    description: The directory that is migrated.
    type: path
  local_only:
    description: Folders directly below O(path) that are never copied and stay with the application.
    type: list
    elements: str
    default: []
  config_files:
    description:
      - The files that switch the application to the bucket.
      - They are kept before, and restored byte for byte on the way back.
    type: list
    elements: path
    default: []
  services:
    description: The systemd units of the application. Whether they are active and enabled is recorded before they are stopped.
    type: list
    elements: str
    default: []
  status_command:
    description: For an application without O(services), a command for C(/bin/sh) that ends with 0 while the application runs.
    type: str
    default: ""
  command:
    description: What stands before the name of a stage in the commands that are suggested.
    type: str
    default: ansible-playbook mediastore.s3.migrate.
  layout:
    description: With V(mount) O(path) becomes a mount of the bucket after it was set aside, and is unmounted on the way back.
    type: str
    choices: [native, mount]
    default: native
    version_added: 0.2.0
  led_by:
    description:
      - The host that moves O(path), where several hosts share it and this is one of the others. On these the stages concern the
        application alone, its services and O(config_files); nobody but that host renames, fills or removes directories.
    type: str
    default: ""
    version_added: 0.2.0
"""

    SWITCHING = r"""
options:
  switch:
    description:
      - The files that switch the application to its bucket. They are put in place right after the directory was set aside.
      - Each has to be among O(config_files).
    type: list
    elements: dict
    default: []
    version_added: 0.2.0
    suboptions:
      path:
        description: The file on the host.
        type: path
        required: true
      content:
        description: Its content.
        type: str
      src:
        description: A file on the controller that has the content.
        type: path
      mode:
        description:
          - Its mode. Without it that of O(switch[].src).
          - Without that an existing file keeps its own, and a new one gets V(0640).
        type: raw
      owner:
        description: Its owner. Without it an existing file keeps its own.
        type: str
      group:
        description: Its group. Without it an existing file keeps its own.
        type: str
"""

    CLAIMING = r"""
options:
  keep_days:
    description: For how many days after the cutover the old files are kept at least.
    type: float
    default: 7
  controller:
    description: The run of Ansible that the migration is claimed for. The action plugin fills it in.
    type: dict
    suboptions:
      machine:
        description: The controller, with its boot and process namespace.
        type: str
        required: true
      pid:
        description: The process on the controller.
        type: int
        required: true
      started:
        description: When that process began.
        type: str
        required: true
      described:
        description: The same for people.
        type: str
        required: true
      replaces:
        description: An earlier run that is known to be dead.
        type: dict
"""

    WINDOW = r"""
options:
  lock_wait:
    description: Seconds to wait for another task that is at work on this migration or its journal.
    type: int
    default: 0
  stop_command:
    description: Stops an application without O(services). Run without a shell.
    type: str
    default: ""
  start_command:
    description: Starts an application without O(services). Run without a shell.
    type: str
    default: ""
  stop_timeout:
    description:
      - For how many seconds O(services) may take to stop. Then what is left of them is killed. V(0) is for as long as systemd
        lets them.
    type: int
    default: 0
  held_timers:
    description:
      - Timers whose jobs must not run meanwhile, such as C(cleanup.timer). Each is stopped before the application is, together
        with the service of its name, and started again afterwards if it ran. One that does not exist is passed by.
    type: list
    elements: str
    default: []
  health_url:
    description:
      - Answers as in O(health_status) when the application serves. Without it O(services) have to be active, or O(status_command)
        has to succeed.
    type: str
    default: ""
  health_status:
    description: The HTTP statuses of a healthy application.
    type: list
    elements: int
    default: [200]
  health_validate_certs:
    description: Whether the certificate of O(health_url) is checked.
    type: bool
    default: true
  health_timeout:
    description: For how many seconds to wait for its health.
    type: int
    default: 60
"""
