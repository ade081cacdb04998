# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let ansible-test make its virtual environments from a package index alone.

ansible-test bootstraps pip with a script that it downloads from a host of its own, unless its cache already has one. This puts
an equivalent there, beside the wheel of the very pip version that ansible-test asks for.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import ansible_test

STAND_IN = """\
# Installs pip from the wheel beside this file; written by prime_ansible_test.py of mediastore.s3.
import os, sys
wheel = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pip-{version}-py3-none-any.whl")
sys.path.insert(0, wheel)
args = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel") and not a.startswith("pip==")]
from pip._internal.cli.main import main
sys.exit(main(["install", "--no-index", wheel] + args))
"""


def wanted_pip() -> str:
    """The pip version that the installed ansible-test bootstraps with."""
    source = Path(ansible_test.__path__[0], "_internal", "python_requirements.py").read_text(encoding="utf-8")
    match = re.search(r"pip='([0-9.]+)'", source)
    if not match:
        sys.exit("This ansible-test does not say which pip it bootstraps with: correct wanted_pip() in " + __file__)
    return match.group(1)


def main() -> None:
    version = wanted_pip()
    cache = Path("~/.ansible/test/cache").expanduser()
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(cache)]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, f"pip=={version}"], check=True)
    script.write_text(STAND_IN.format(version=version), encoding="utf-8")


if __name__ == "__main__":
    main()
