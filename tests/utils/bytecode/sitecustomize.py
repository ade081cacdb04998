# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what Python compiles of the archives in which Ansible sends its modules; on PYTHONPATH while tests run, and only then.

A module runs from an archive that is new each time, so all of it is compiled each time: a fifth of what the end-to-end tests
would cost. What is kept is found by the source itself, so it is never old. The demo and the benchmark go without.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import marshal
import os
import zipimport
from pathlib import Path
from types import CodeType

KEPT = Path(os.environ["COMPILED"]) if "COMPILED" in os.environ else None
compile_source = zipimport._compile_source


def kept_or_compiled(pathname: str, source: bytes) -> CodeType:
    """The code of a file in an archive."""
    within = pathname.partition(".zip")[2].encode()
    place = KEPT / hashlib.sha256(importlib.util.MAGIC_NUMBER + within + b"\0" + source).hexdigest()
    with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
        return marshal.loads(place.read_bytes())
    code = compile_source(pathname, source)
    with contextlib.suppress(OSError):
        unfinished = place.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(marshal.dumps(code))
        unfinished.replace(place)
    return code


if KEPT:
    zipimport._compile_source = kept_or_compiled
