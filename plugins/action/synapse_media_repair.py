# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of synapse_media_repair: shows the progress."""

from __future__ import annotations

from ..plugin_utils._live import LiveAction


class ActionModule(LiveAction):
    """Runs mediastore.s3.synapse_media_repair and shows how far it is."""
