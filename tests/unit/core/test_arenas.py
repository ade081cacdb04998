# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads do not each keep memory of their own."""

from __future__ import annotations

import ctypes
import subprocess
import sys

#: sixteen threads, each with memory of its own, and how many places that memory is in, as glibc tells it
PROGRAM = """
import ctypes, os, sys, threading
from ansible_collections.mediastore.s3.plugins.module_utils._core.arenas import share_memory

if sys.argv[1] == "shared":
    share_memory()
here = threading.Barrier(17)

def work():
    kept = [bytes(5000) for _number in range(100)]
    here.wait()
    here.wait()

for _number in range(16):
    threading.Thread(target=work, daemon=True).start()
here.wait()
c = ctypes.CDLL(None)
c.fdopen.restype = ctypes.c_void_p
c.malloc_info(0, ctypes.c_void_p(c.fdopen(1, b"w")))
c.fflush(None)
os._exit(0)
"""


def places(how):
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return done.stdout.count("<heap nr=")


def test_all_threads_share_a_few_places():
    if not hasattr(ctypes.CDLL(None), "malloc_info"):
        return
    assert 0 < places("shared") <= 2 < places("alone")
