# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A module is a process of a second, and nearly all that it loads stays to its end.

To look through all of that for garbage, again and again while it grows and once more at the end, took a quarter of the time of a
module that asks a store one question.
"""

from __future__ import annotations

import atexit
import gc

#: new objects before the next look for garbage; Python's own is 700
PATIENCE = 50_000


def be_brief() -> None:
    """Look for garbage less often, and not at the end. To be called before anything large is loaded."""
    gc.set_threshold(PATIENCE, *gc.get_threshold()[1:])
    # what is frozen is not looked at
    atexit.register(gc.freeze)
