# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Descriptions of the attributes that our modules state."""

from __future__ import annotations


class ModuleDocFragment:
    """The parts: the common attributes, the action group, what holds for whatever is settled, and what an action plugin adds."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what would change without changing it.
  diff_mode:
    description: Returns details of what has changed (or would change in check mode) in diff mode.
  idempotent:
    description: When run twice in a row, the second run changes nothing.
  platform:
    description: Target operating systems.
"""

    ACTIONGROUP_STORE = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/mediastore.s3.store) in C(module_defaults) to set the connection for this module.
    support: full
    membership:
      - mediastore.s3.store
"""

    SETTLES = r"""
options: {}
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
"""

    FLOW = r"""
options: {}
attributes:
  action:
    description: Has a part that runs on the controller.
  async:
    description: Can be run with C(async).
  bypass_host_loop:
    description: Runs once for all hosts instead of once for each.
"""
