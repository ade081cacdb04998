# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what keys may do on each store, from what tests/interop/test_least_privilege.py left; fails if anything is not as wanted.

access_matrix.py DIRECTORY
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

#: may and should; may not and should not; may and should not, though the store is known for it; and what is wrong
YES, NO, OVERSTEPS, WRONG = "yes", "-", "yes*", "WRONG"


def main(directory: Path) -> int:
    rows = {}
    for path in sorted(directory.glob("*.json")):
        store, preset = path.stem.split("-", 1)
        rows[store, preset] = json.loads(path.read_text(encoding="utf-8"))
    if not rows:
        print("access: nothing was tried", file=sys.stderr)
        return 1
    tries = list(dict.fromkeys(name for row in rows.values() for name in row["found"]))
    width = max(len(f"{store} {preset}") for store, preset in rows) + 1
    print(" " * width + " ".join(tries))
    wrong = checks = 0
    for (store, preset), row in rows.items():
        cells = []
        for name in tries:
            found, wanted = row["found"][name], row["wanted"][name]
            never = name not in ("list", "read", "write", "write_parts", "abort", "delete")
            cell = WRONG if found != wanted else NO if not found else OVERSTEPS if never else YES
            cells.append(cell.ljust(len(name)))
            checks, wrong = checks + 1, wrong + (found != wanted)
        print(f"{store} {preset}".ljust(width) + " ".join(cells))
    print(f"{OVERSTEPS} the store lets every such key do it, and docs/providers.md says so")
    stores, presets = len({store for store, _preset in rows}), len({preset for _store, preset in rows})
    print(f"access: presets={presets} stores={stores} checks={checks} wrong={wrong}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
