# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for Mastodon's tool for administrators, as far as it removes what other servers have too.

    tootctl.py DIRECTORY media remove --days 7 [--dry-run]
    tootctl.py DIRECTORY preview_cards remove --days 180 [--dry-run]

It has no database: what is below cache/ and older counts. Its last line is that of lib/mastodon/cli/media.rb and preview_cards.rb
("Removed 3 media attachments (approx. 117 KB) (DRY RUN)"), with sizes as Rails' number_to_human_size writes them.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

FOLDERS = {"media": ("media attachments", "cache/media_attachments"), "preview_cards": ("preview cards", "cache/preview_cards")}
DAY_S = 86400


def human_size(size: float) -> str:
    """Three digits that count, and 1024 for a step."""
    for unit in ("Bytes", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} TB"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("what", choices=FOLDERS)
    parser.add_argument("action", choices=["remove"])
    parser.add_argument("--days", type=int, required=True)
    parser.add_argument("--dry-run", action="store_true")
    said = parser.parse_args()
    name, folder = FOLDERS[said.what]
    before = time.time() - said.days * DAY_S
    old = [one for one in (said.directory / folder).rglob("*") if one.is_file() and one.stat().st_mtime < before]
    size = sum(one.stat().st_size for one in old)
    for one in [] if said.dry_run else old:
        one.unlink()
    print(f"{len(old)}/{len(old)} |{'=' * 20}| ETA: 00:00:00")
    print(f"Removed {len(old)} {name} (approx. {human_size(size)}){' (DRY RUN)' if said.dry_run else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
