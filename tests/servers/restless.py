# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that changes a directory in every way that programs do, and never stops: run it with the directory and a seed."""

from __future__ import annotations

import contextlib
import mmap
import os
import random
import sys
import time
from pathlib import Path

PAUSE_S = 0.002
HELD = 4


class Writer:
    """One writer; what it does depends on the seed only, but for what is there."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.outside = root.parent / "outside"
        self.outside.mkdir(exist_ok=True)
        self.random = random.Random(seed)
        self.held: list[object] = []
        self.number = 0

    def fresh(self, folder: Path | None = None) -> Path:
        """A name that is not taken."""
        self.number += 1
        folder = folder or self.root / self.random.choice("abcdef") / self.random.choice("xyz")
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self.number}.bin"

    def some(self) -> Path:
        """A file that is there, or was a moment ago."""
        folder = self.root / self.random.choice("abcdef") / self.random.choice("xyz")
        names = sorted(os.listdir(folder)) if folder.is_dir() else []
        return folder / self.random.choice(names) if names else self.create()

    def body(self) -> bytes:
        return self.random.randbytes(self.random.choice((0, 10, 3000, 40_000)))

    def create(self) -> Path:
        path = self.fresh()
        path.write_bytes(self.body())
        return path

    def replace(self) -> None:
        temporary = self.fresh(self.root / "tmp")
        temporary.write_bytes(self.body())
        os.replace(temporary, self.some())

    def in_place(self) -> None:
        with open(self.some(), "r+b") as out:
            out.seek(self.random.randrange(100))
            out.write(b"changed")

    def hold(self) -> None:
        """Open a file, and keep it open for a while or for ever."""
        self.held.append(open(self.some(), "ab", buffering=0))  # noqa: SIM115
        if len(self.held) > HELD:
            self.held.pop(0).close()  # type: ignore[attr-defined]

    def append(self) -> None:
        if self.held:
            self.random.choice(self.held).write(b"appended")  # type: ignore[attr-defined]

    def truncate(self) -> None:
        os.truncate(self.some(), self.random.randrange(50))

    def delete(self) -> None:
        self.some().unlink()

    def rename(self) -> None:
        os.rename(self.some(), self.fresh())

    def rename_folder(self) -> None:
        folder = self.root / self.random.choice("abcdef")
        if folder.is_dir():
            os.rename(folder, self.root / f"moved-{self.number}")
            self.number += 1

    def rename_back(self) -> None:
        moved = [path for path in self.root.iterdir() if path.name.startswith("moved-")]
        free = [self.root / name for name in "abcdef" if not (self.root / name).exists()]
        if moved and free:
            os.rename(self.random.choice(moved), self.random.choice(free))

    def move_in(self) -> None:
        """A folder with files comes from elsewhere."""
        folder = self.outside / f"in-{self.number}"
        for _file in range(3):
            self.fresh(folder / "deep").write_bytes(self.body())
        os.rename(folder, self.root / folder.name)

    def move_out_and_in(self) -> None:
        away = self.fresh(self.outside)
        os.rename(self.some(), away)
        away.write_bytes(self.body())
        os.rename(away, self.fresh())

    def link(self) -> None:
        os.link(self.some(), self.fresh())

    def by_another_name(self) -> None:
        """The name in the directory is not the one that is written."""
        other = self.fresh(self.outside)
        os.link(self.some(), other)
        other.write_bytes(self.body() + b"other")
        if self.random.random() < 0.5:
            other.unlink()

    def mapped(self) -> None:
        with open(self.some(), "r+b") as source:
            size = os.fstat(source.fileno()).st_size
            if size:
                view = mmap.mmap(source.fileno(), 0)
        if size:
            view[size - 1 :] = b"m"
            view.close()

    def step(self) -> None:
        """Do one thing; that a file is gone, or a folder has moved, is part of life."""
        acts = [self.create] * 6 + [self.append] * 4 + [self.in_place] * 3 + [self.replace] * 2 + [self.hold] * 2
        acts += [self.truncate, self.delete, self.rename, self.rename_folder, self.rename_back, self.move_in]  # type: ignore[list-item]
        acts += [self.move_out_and_in, self.link, self.by_another_name, self.mapped]  # type: ignore[list-item]
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, FileExistsError):
            self.random.choice(acts)()


def main() -> None:
    """Write for ever."""
    writer = Writer(Path(sys.argv[1]), int(sys.argv[2]))
    while True:
        writer.step()
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
