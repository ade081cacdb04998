# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the table of docs/mounts.md from what the scenario mount/default has measured.

python tests/utils/render_mounts.py RESULTS PAGE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

BACKENDS = ("goofys", "rclone", "s3fs")
BEGIN, END = "<!-- measured -->\n", "<!-- /measured -->\n"
#: what was measured -> head of its column
COLUMNS = {
    "rename": "rename",
    "rename_folder": "rename a folder",
    "append": "append",
    "overwrite": "overwrite",
    "within": "change inside",
    "close_uploads": "close() uploads",
    "fsync_uploads": "fsync() uploads",
    "sse_c": "SSE-C",
    "storage_class": "storage class",
    "modes": "keeps modes",
    "writes_per_s": "writes/s",
    "reads_per_s": "reads/s",
    "back_after_kill_s": "back after kill -9",
}


def shown(name: str, value: bool | float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value} s" if name.endswith("_s") and not name.endswith("per_s") else f"{value:.0f}"


def table(results: Path) -> str:
    """A row for each backend."""
    rows = [["backend", *COLUMNS.values()], ["---"] * (len(COLUMNS) + 1)]
    for backend in BACKENDS:
        facts = json.loads((results / f"mount.{backend}.json").read_text(encoding="utf-8"))
        rows.append([backend, *(shown(name, facts[name]) for name in COLUMNS)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main(results: str, page: str) -> None:
    path = Path(page)
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    path.write_text(f"{before}{BEGIN}{table(Path(results))}{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
