# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at the archive of a release: what is in it, how large it is, and what an execution environment would install for it."""

from __future__ import annotations

import argparse
import json
import re
import sys
import tarfile
from pathlib import Path

import yaml

#: all that lies at the top of the archive, and nothing else does
TOP = {
    *("CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "COPYING", "README.md", "REUSE.toml", "SECURITY.md"),
    *("FILES.json", "MANIFEST.json", "bindep.txt", "requirements.txt"),
    *("changelogs", "docs", "examples", "meta", "playbooks", "plugins", "roles"),
}
#: Galaxy takes no more
LARGEST = 20 * 1024 * 1024


def archive_problems(archive: Path) -> list[str]:
    """What does not belong into the archive, or is missing."""
    with tarfile.open(archive) as opened:
        members = opened.getmembers()
        manifest = json.load(opened.extractfile("MANIFEST.json") or sys.stdin)
        binary = [one.name for one in members if one.isfile() and b"\0" in (opened.extractfile(one) or sys.stdin.buffer).read()]
    top = {one.name.split("/")[0] for one in members}
    found = [f"{name} is not for users of the collection; name it in build_ignore" for name in sorted(top - TOP)]
    found += [f"{name} is missing" for name in sorted(TOP - top)]
    found += [f"{name} is a binary file" for name in binary]
    found += [f"{one.name} is a link" for one in members if one.issym() or one.islnk()]
    if archive.stat().st_size > LARGEST:
        found.append(f"it has {archive.stat().st_size} bytes, and Galaxy takes {LARGEST}")
    if manifest["collection_info"]["dependencies"]:
        found.append("it depends on other collections")
    return found


def introspected_problems(said: Path, installed: Path) -> list[str]:
    """Where what ansible-builder has found is not what the collection declares, or would not do."""
    found = yaml.safe_load(said.read_text(encoding="utf-8"))
    declared = {kind: lines(installed / name) for kind, name in (("python", "requirements.txt"), ("system", "bindep.txt"))}
    given = {kind: [line.partition("#")[0].strip() for line in found.get(kind, [])] for kind in declared}
    problems = [
        f"ansible-builder finds {kind} {given[kind]}, and the collection declares {declared[kind]}"
        for kind in declared
        if sorted(given[kind]) != sorted(declared[kind])
    ]
    for line in given["python"]:
        if not re.fullmatch(r"[A-Za-z0-9._-]+>=[0-9.]+", line) or line.startswith("ansible"):
            problems.append(f"{line}: a collection says from which version on, and never Ansible itself")
    return problems


def lines(path: Path) -> list[str]:
    """What a file says beside its comments."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path, nargs="?")
    parser.add_argument("--introspected", type=Path, metavar="FILE", help="what ansible-builder introspect has printed")
    parser.add_argument("installed", type=Path, help="where it was installed")
    asked = parser.parse_args()
    problems = archive_problems(asked.archive) if asked.archive else []
    problems += introspected_problems(asked.introspected, asked.installed) if asked.introspected else []
    sys.exit("\n".join(problems) if problems else 0)


if __name__ == "__main__":
    main()
