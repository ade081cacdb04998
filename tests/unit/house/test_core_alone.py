# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``_core`` is plain Python: it imports and works where there is nothing but the standard library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CORE = Path(__file__).parents[3] / "plugins" / "module_utils" / "_core"
MODULES = sorted(path.stem for path in CORE.glob("*.py") if path.stem != "__init__")

# -I: no environment, no user site, no current directory; -S: no site-packages. Then `_core` is all that can be found.
ALONE = [sys.executable, "-I", "-S", "-B"]


def alone(program: str, *arguments: str) -> str:
    """What a program prints that has the standard library and _core, and nothing else."""
    program = f"import sys; sys.path.insert(0, {str(CORE.parent)!r})\n{program}"
    done = subprocess.run([*ALONE, "-c", program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_else_is_there():
    with pytest.raises(AssertionError, match="ModuleNotFoundError"):
        alone("import ansible")


@pytest.mark.parametrize("module", MODULES)
def test_imports_alone(module):
    assert alone(f"import _core.{module} as module; print(module.__name__)") == f"_core.{module}\n"


def test_works_alone(tmp_path):
    program = (
        "from _core.files import Lock, read_json, write_json\n"
        "path = sys.argv[1]\n"
        "with Lock(path + '/lock'):\n"
        "    write_json(path + '/state.json', {'stage': 'synced'})\n"
        "print(read_json(path + '/state.json')['stage'])\n"
    )
    assert alone(program, str(tmp_path)) == "synced\n"
