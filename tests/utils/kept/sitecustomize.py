# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what every run of a playbook would make anew; on PYTHONPATH while tests run, and only then.

* The archives in which Ansible sends its modules: each playbook looks through all that a module imports, once for each module.
  That is a quarter of the processor time of a cutover.
* What Python compiles of them: a module runs from an archive that is new each time, so all of it would be compiled each time.

Archives are found by the size and time of every file that could be in one, compiled code by the source itself, so neither is
ever old. The demo, the benchmark and chaos go without.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.abc
import importlib.util
import marshal
import os
import sys
import zipimport
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

KEPT = Path(os.environ["KEPT"]) if "KEPT" in os.environ else None
#: what makes the archives, in the process of ansible-playbook
MAKER = "ansible.executor.module_common"
compile_source = zipimport._compile_source


def kept_or_compiled(pathname: str, source: bytes) -> CodeType:
    """The code of a file in an archive."""
    within = pathname.partition(".zip")[2].encode()
    place = KEPT / "compiled" / hashlib.sha256(importlib.util.MAGIC_NUMBER + within + b"\0" + source).hexdigest()
    with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
        return marshal.loads(place.read_bytes())
    code = compile_source(pathname, source)
    with contextlib.suppress(OSError):
        unfinished = place.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(marshal.dumps(code))
        unfinished.replace(place)
    return code


class Constants:
    """Ansible's, but with another directory for the archives than that of this one run."""

    def __init__(self, constants: ModuleType, place: Path) -> None:
        self._constants = constants
        self.DEFAULT_LOCAL_TMP = str(place)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._constants, name)


class Maker(importlib.abc.MetaPathFinder):
    """Finds what makes the archives, and tells it where they are kept."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Only that one."""
        if name != MAKER:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def loaded(module: ModuleType) -> None:
            load(module)
            module.C = Constants(module.C, KEPT / "archives" / state_of(module.__file__))

        spec.loader.exec_module = loaded
        return spec


def state_of(maker: str) -> str:
    """A digest of what the archives are made of: this Ansible, and the collection as it is now."""
    digest = hashlib.sha256(maker.encode())
    for root in os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":"):
        plugins = Path(root, "ansible_collections", "mediastore", "s3", "plugins")
        for path in sorted([*plugins.glob("modules/*.py"), *plugins.glob("module_utils/**/*.py")]):
            found = path.stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:20]


if KEPT:
    zipimport._compile_source = kept_or_compiled
    if "ANSIBLE_COLLECTIONS_PATH" in os.environ and any(word.endswith("ansible-playbook") for word in sys.orig_argv):
        sys.meta_path.insert(0, Maker())
