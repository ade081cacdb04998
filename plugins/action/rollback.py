# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of rollback: says which run of Ansible this is, and whether the one before is dead."""

from __future__ import annotations

from ..plugin_utils._claiming import ClaimingAction


class ActionModule(ClaimingAction):
    """Runs mediastore.s3.rollback with a claim for this run."""

    _module = "mediastore.s3.rollback"
