# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Media stores out of fixed seeds, laid out as Synapse, Mastodon and Zulip do, and what exactly is in them."""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

KIB, MIB = 1024, 1024 * 1024
MTIME = 1_700_000_000
#: so many bytes of noise; every file is a window of it, with its own name in front, so that no two are the same
NOISE = random.Random(5).randbytes(16 * MIB)


@dataclass(frozen=True)
class Sizes:
    """A log-normal distribution, cut off at both ends."""

    label: str
    median: int
    sigma: float
    least: int
    most: int

    def draw(self, seed: random.Random) -> int:
        """One size."""
        return max(self.least, min(self.most, round(math.exp(seed.gauss(math.log(self.median), self.sigma)))))


#: photographs, thumbnails and the odd film: 98 KB on average
MEDIA = Sizes("media", median=23 * KIB, sigma=1.7, least=2 * KIB, most=10 * MIB)
#: where only the number of files counts
SMALL = Sizes("small", median=600, sigma=0.8, least=100, most=8 * KIB)


class Entry(NamedTuple):
    """One file that must arrive."""

    size: int
    md5: str


class Tree:
    """A directory and everything in it."""

    def __init__(self, root: Path, entries: dict[str, Entry] | None = None) -> None:
        self.root = root
        self.entries: dict[str, Entry] = entries or {}
        self._folders: set[str] = set()

    @property
    def nbytes(self) -> int:
        return sum(entry.size for entry in self.entries.values())

    def write(self, name: str, size: int, mtime: float = MTIME) -> None:
        """One more file."""
        path = os.path.join(self.root, name)
        folder = os.path.dirname(path)
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        digest = hashlib.md5(usedforsecurity=False)
        with open(path, "wb", buffering=0) as out:
            for piece in content(name, size):
                digest.update(piece)
                out.write(piece)
        os.utime(path, (mtime, mtime))
        self.entries[name] = Entry(size, digest.hexdigest())

    def remove(self, name: str) -> None:
        """One file less, if it is there; its folder stays."""
        (self.root / name).unlink(missing_ok=True)
        self.entries.pop(name, None)


def content(name: str, size: int) -> Iterator[bytes | memoryview]:
    """The bytes of a file: its name, then noise from a place that the name decides."""
    mark = name.encode()[:size]
    left, start = size - len(mark), zlib.crc32(mark) % len(NOISE)
    first = mark + NOISE[start : start + min(left, MIB)]
    yield first
    left, start = size - len(first), start + MIB
    noise = memoryview(NOISE)
    while left:
        piece = noise[start % len(NOISE) :][:left]
        yield piece
        left, start = left - len(piece), 0


def kept(directory: Path, label: str, write: Callable[[Tree], None]) -> Tree:
    """A tree in the directory, written only when it is not there yet; what is in it is noted beside it when it is whole."""
    root, noted = directory / label, directory / f"{label}.json"
    if noted.exists():
        held = json.loads(noted.read_text())
        return Tree(root, {name: Entry(*entry) for name, entry in held.items()})
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    tree = Tree(root)
    write(tree)
    noted.write_text(json.dumps(tree.entries))
    return tree


def store(directory: Path, layout: str, sizes: Sizes, files: int, seed: int) -> Tree:
    """A media store of so many files, the same for the same seed."""

    def write(tree: Tree) -> None:
        chance = random.Random(seed)
        for name in islice(LAYOUTS[layout](random.Random(seed + 1)), files):
            tree.write(name, sizes.draw(chance))

    return kept(directory, f"{layout}-{sizes.label}-{files}-{seed}", write)


def large(directory: Path, files: int, size: int) -> Tree:
    """A few files that are sent in parts."""

    def write(tree: Tree) -> None:
        for number in range(files):
            tree.write(f"exports/{number:02d}.tar", size)

    return kept(directory, f"large-{files}-{size}", write)


def synapse(seed: random.Random) -> Iterator[str]:
    """Local and federated media, each picture with thumbnails."""
    while True:
        ident = "".join(seed.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", k=24))
        place = f"{ident[:2]}/{ident[2:4]}/{ident[4:]}"
        if seed.random() < 0.6:
            yield f"local_content/{place}"
            thumbnails = f"local_thumbnails/{place}"
        else:
            server = f"matrix{seed.randrange(40)}.example.org"
            yield f"remote_content/{server}/{place}"
            thumbnails = f"remote_thumbnail/{server}/{place}"
        if seed.random() < 0.45:
            for width, height, method in ((32, 32, "crop"), (96, 96, "crop"), (320, 240, "scale"), (640, 480, "scale")):
                yield f"{thumbnails}/{width}-{height}-image-png-{method}"


def mastodon(seed: random.Random) -> Iterator[str]:
    """Attachments, avatars and previews in folders of three digits."""
    kinds = ("media_attachments/files", "cache/media_attachments/files", "cache/accounts/avatars", "cache/preview_cards/images")
    while True:
        kind, number = seed.choice(kinds), f"{seed.randrange(10**17, 10**18)}"
        place = "/".join(number[at : at + 3] for at in range(0, 18, 3))
        name = f"{seed.randbytes(8).hex()}.{seed.choice(('png', 'jpeg', 'webp', 'mp4'))}"
        yield f"{kind}/{place}/original/{name}"
        if kind.endswith("files"):
            yield f"{kind}/{place}/small/{name}"


def zulip(seed: random.Random) -> Iterator[str]:
    """Uploads under their own names, some of which need quoting, and avatars."""
    words = ("report", "screenshot 2024-03-01 at 10.11.12", "übersicht", "画像", "a+b", "budget (final)", "notes", "IMG_2041")
    while True:
        if seed.random() < 0.1:
            name = seed.randbytes(20).hex()
            yield from (f"avatars/2/{name}.{ending}" for ending in ("png", "original", "-medium.png"))
        else:
            name = f"{seed.choice(words)}.{seed.choice(('pdf', 'png', 'txt', 'docx'))}"
            yield f"files/2/{seed.randbytes(1).hex()}/{seed.randbytes(12).hex()}/{name}"


def mixed(seed: random.Random) -> Iterator[str]:
    """The three layouts in one store, each in a folder of its own, files of one folder together."""
    layouts = {"synapse": synapse, "mastodon": mastodon, "zulip": zulip}
    streams = [(layout, names(random.Random(seed.random()))) for layout, names in layouts.items()]
    while True:
        for layout, names in streams:
            yield from (f"{layout}/{name}" for name in islice(names, 50))


LAYOUTS = {"synapse": synapse, "mastodon": mastodon, "zulip": zulip, "mixed": mixed}
