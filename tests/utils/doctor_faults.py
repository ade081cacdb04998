# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add up what the tests in tests/doctor have noted; fail unless each fault was named and healed, and nothing else was found."""

from __future__ import annotations

import json
import sys
from pathlib import Path

#: with fewer it is no proof
LEAST = 25


def main() -> None:
    notes = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path(sys.argv[1]).glob("*.json"))]
    faults = [note for note in notes if "fault" in note]
    for note in faults:
        if not (note["named"] and note["healed"]):
            print(f"  {note['fault']} ({note['class']}): named {note['named']}, healed {note['healed']}")
    named, healed = (sum(note[what] for note in faults) for what in ("named", "healed"))
    alarms = sum(note["false_alarms"] for note in notes)
    healthy = len(notes) - len(faults)
    print(f"doctor: faults={len(faults)} named={named} healed={healed} false_alarms={alarms}")
    sys.exit(len(faults) < LEAST or not named == healed == len(faults) or bool(alarms) or not healthy)


if __name__ == "__main__":
    main()
