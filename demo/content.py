# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people upload, made up: pictures that a server can make thumbnails of, text, a few big files, a few empty ones."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

BIG = 12 * 1024 * 1024


@dataclass(frozen=True)
class Upload:
    """One file as a client would send it."""

    name: str
    content_type: str
    body: bytes

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")


def seeds(count: int, seed: int = 1) -> Iterator[Upload]:
    """`count` files of mixed kinds, the same ones for the same seed; six in a thousand are 12 MiB, one in a hundred is empty."""
    rng = random.Random(seed)
    big = max(1, count * 6 // 1000)
    every = max(1, count // big)
    for number in range(count):
        if number % every == every // 2 and number // every < big:
            yield Upload(f"recording-{number}.bin", "application/octet-stream", rng.randbytes(BIG))
        elif number % 100 == 99:
            yield Upload(f"empty-{number}.txt", "text/plain", b"")
        else:
            yield everyday(rng, number)


def everyday(rng: random.Random, number: int) -> Upload:
    """A picture or a text of a common size."""
    if rng.random() < 0.45:
        width = rng.choice((160, 240, 320, 400, 640, 800))
        return Upload(f"picture-{number}.png", "image/png", png(rng, width, width * 3 // 4))
    size = min(int(rng.lognormvariate(9.0, 1.4)), 2_000_000)
    return Upload(f"note-{number}.txt", "text/plain", rng.randbytes(size // 2).hex().encode())


def png(rng: random.Random, width: int, height: int) -> bytes:
    """A PNG of slanted stripes with a little noise; written by hand, because the runner needs nothing but Python."""
    stripe = rng.randbytes(3 * rng.randint(7, 40))
    line = stripe * (3 * (width + height) // len(stripe) + 2)
    noise = rng.randbytes(width // 4)
    rows = b"".join(b"\0" + noise + line[3 * y : 3 * (y + width) - len(noise)] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
