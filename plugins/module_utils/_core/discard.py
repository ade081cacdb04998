# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Remove a verified backup: only files that the journal proves to be in the bucket, one by one."""

from __future__ import annotations

import contextlib
import dataclasses
import os

from .compare import still_proved
from .evict import unlink_unchanged
from .files import explaining_os
from .journal import Journal
from .keys import Exclude
from .march import march
from .problems import SHOWN, Problems, printable
from .scan import Tree


@dataclasses.dataclass
class Removed:
    """What went and what stayed."""

    files: int = 0
    bytes: int = 0
    #: files that no proof covers; the first few are named in samples
    stayed: int = 0
    samples: list[str] = dataclasses.field(default_factory=list)


def remove_proved(backup: str, journal: str, prefix: str, exclude: list[str], dry: bool) -> Removed:
    """Unlink every file of *backup* that is still the one the journal proved, then the folders that this emptied."""
    done = Removed()
    tree = Tree(backup, prefix, Exclude(exclude), special_fails=False)
    unreadable = Problems(f"finalize {backup}")
    proofs = Journal(journal, read_only=True)
    try:
        for row in march(tree.files(unreadable), (), proofs.proofs()):
            if row.local is None:
                continue
            path = tree.path(row.key)
            if row.proof and still_proved(path, row.local, row.proof):
                if not dry:
                    with explaining_os("remove a file of the backup"):
                        if not unlink_unchanged(path, row.local):
                            continue
                done.files += 1
                done.bytes += row.local.size
    finally:
        proofs.close()
    if not dry:
        _prune(os.fsencode(backup))
        _report_rest(os.fsencode(backup), done)
    return done


def _prune(backup: bytes) -> None:
    """Remove empty folders from the bottom up, and the backup itself when nothing is left; never anything above."""
    for directory, _folders, _names in os.walk(backup, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(directory)


def _report_rest(backup: bytes, done: Removed) -> None:
    for directory, folders, names in os.walk(backup):
        links = [name for name in folders if os.path.islink(os.path.join(directory, name))]
        for name in sorted(names + links):
            done.stayed += 1
            if len(done.samples) < SHOWN:
                done.samples.append(printable(os.path.relpath(os.path.join(directory, name), backup)))
