# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends a piece of code at its Nth change of the filesystem, just before or just after it, as a power cut would."""

from __future__ import annotations

import os

import pytest

CHANGES = ("rename", "replace", "unlink", "mkdir", "rmdir", "symlink", "chmod", "fsync", "fchmod")


class Killed(BaseException):
    """Not an Exception: nothing may catch it."""


def killed_everywhere(act, prepare):
    """Call ``act(prepare())`` once for every change of the filesystem that it makes, and kill it there; yield what is left."""
    number = 0
    while True:
        for before in (True, False):
            place = prepare()
            with pytest.MonkeyPatch.context() as patch:
                counter = _arm(patch, number, before)
                try:
                    act(place)
                except Killed:
                    pass
                else:
                    assert number > 0, "nothing was changed, so nothing was tried"
                    assert counter[0] <= number
                    return
            yield place
        number += 1


def _arm(patch, number, before):
    counter = [0]

    def wrap(real):
        def change(*args, **kwargs):
            here = counter[0] == number
            counter[0] += 1
            if here and before:
                raise Killed
            try:
                return real(*args, **kwargs)
            finally:
                if here:
                    raise Killed

        return change

    for name in CHANGES:
        # a real fsync would only make the test slow: no power is cut here
        patch.setattr(os, name, wrap((lambda fd: None) if name == "fsync" else getattr(os, name)))
    return counter
