# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which programs of others the tests run, and where they are: tests/utils/servers.sh asks this file and puts them there.

    python tests/servers/binaries.py NAME     prints version and directory

An environment variable such as MEDIASTORE_GARAGE names another program instead.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

#: Built from source, as these are in no distribution; MinIO's is its last commit, which only has such a version.
VERSIONS = {
    "garage": "2.3.0",
    "garage1": "1.3.0",
    "goofys": "0.24.0",
    "minio": "0.0.0-20260212201848-7aac2a2c5b7c",
    "versitygw": "1.7.0",
}
#: what a program is called whose name here is another one
PROGRAMS = {"garage1": "garage"}


def directory(name: str) -> Path:
    """Where the program of that version is kept; the same for all checkouts of a user."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(cache, "mediastore.s3", "servers", f"{name}-{VERSIONS[name]}")


def find(name: str) -> str:
    """The path of a program that is built from source, or of one of the distribution's."""
    variable = f"MEDIASTORE_{name.upper().replace('-', '_')}"
    if os.environ.get(variable):
        found = shutil.which(os.environ[variable])
        if not found:
            raise FileNotFoundError(f"{variable} says {os.environ[variable]}, which is not a program")
        return found
    if name in VERSIONS:
        path = directory(name) / "bin" / PROGRAMS.get(name, name)
        if not path.exists():
            raise FileNotFoundError(f"{name} {VERSIONS[name]} is not there; tests/utils/servers.sh {name} builds it")
        return str(path)
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if not found:
        raise FileNotFoundError(f"{name} is not installed; tests/utils/servers.sh ceph installs it, or says how")
    return found


if __name__ == "__main__":
    print(VERSIONS[sys.argv[1]], directory(sys.argv[1]))
