# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what every module that Ansible runs would make anew; on PYTHONPATH while tests run, and only then.

* What Python compiles: a module runs from an archive that is new each time, so all of it would be compiled each time. The code is
  found by its source, so it is never old.
* The archives themselves, see kept_archives.py.
* What Jinja compiles, see kept_templates.py.
* What is read of Ansible's own YAML files, see kept_yaml.py.
* A process for each task that needs none, see kept_tasks.py.
* A Python that has loaded what a module loads, see kept_python.py.

Each Python that starts runs this, thousands of times in a test run. So it imports only what is there anyway or costs nothing.
The demo, the benchmark and chaos go without.
"""

from __future__ import annotations

import _blake2  # hashlib would load OpenSSL
import marshal
import os
import sys
import zipimport
from _collections_abc import Callable  # collections would load more
from types import CodeType

KEPT = os.environ.get("KEPT", "")
#: code of another Python is another code
PYTHON = sys.implementation.cache_tag.encode()
compile_source = zipimport._compile_source


def kept_code(named: tuple[bytes, ...], make: Callable[[], CodeType | dict]) -> CodeType | dict:
    """The code, or plain data, that has all these names: from an earlier process or made now."""
    place = f"{KEPT}/compiled/{_blake2.blake2b(repr((PYTHON, *named)).encode(), digest_size=32).hexdigest()}"
    try:
        with open(place, "rb") as kept:
            return marshal.loads(kept.read())
    except (OSError, EOFError, ValueError, TypeError):
        pass  # it is not there, or not whole
    code = make()
    unfinished = f"{place}.{os.getpid()}"
    try:
        with open(unfinished, "wb") as kept:
            kept.write(marshal.dumps(code))
        os.replace(unfinished, place)
    except OSError:
        pass  # a full disk, or somebody else's directory: it is compiled again the next time
    return code


def kept_or_compiled(pathname: str, source: bytes) -> CodeType:
    """The code of a file in an archive."""
    within = pathname.partition(".zip")[2].encode()
    return kept_code((within, source), lambda: compile_source(pathname, source))


if KEPT:
    zipimport._compile_source = kept_or_compiled
    words = sys.orig_argv[1:]
    # a module comes through standard input, or is the only word
    if (len(words) == 1 and "AnsiballZ_" in words[0]) or not (words or os.isatty(0)):
        import kept_python

        kept_python.go_on(KEPT)
    if "ANSIBLE_COLLECTIONS_PATH" in os.environ and any(word.endswith("ansible-playbook") for word in sys.orig_argv):
        import gc

        import kept_archives
        import kept_tasks
        import kept_templates
        import kept_yaml

        gc.disable()  # it ends before there is much
        kept_archives.keep(KEPT)
        kept_tasks.keep()
        kept_templates.keep(kept_code)
        kept_yaml.keep(kept_code)
