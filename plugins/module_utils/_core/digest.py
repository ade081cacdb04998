# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""MD5 sums, and the ETags that stores make of them.

What is noted as the MD5 of some content is that of all of it or, of a file that was sent in parts, that of the MD5s of its parts:
``ETAG/PART_SIZE``. Both tell the content, and a large file is summed up once: the sum is most of the work of sending it.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any, Iterable, Iterator

from .model import LocalFile

MIB = 1024 * 1024
CHUNK = MIB

#: what common tools cut files into; tried when an ETag has a dash and nobody knows how the object was sent
USUAL_PARTS = tuple(n * MIB for n in (8, 5, 16, 10, 15, 32, 50, 64, 100, 128, 256, 512))


_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_TRACE = getattr(os, "O_NOATIME", 0)


def new_md5() -> Any:
    """An MD5 that also works where policy forbids MD5 for security: here it is a checksum."""
    try:
        return hashlib.md5(usedforsecurity=False)  # type: ignore[call-arg,unused-ignore]
    except TypeError:  # Python 3.8
        return hashlib.md5()


def multipart_etag(part_digests: Iterable[bytes]) -> str:
    """The ETag that S3 gives an object sent in parts."""
    md5, count = new_md5(), 0
    for digest in part_digests:
        md5.update(digest)
        count += 1
    return f"{md5.hexdigest()}-{count}"


class Digest:
    """The MD5 of a stream, as a whole, unless told not to, and by parts of each of the given sizes."""

    def __init__(self, part_sizes: Iterable[int] = (), whole: bool = True) -> None:
        self.size = 0
        self._whole = new_md5() if whole else None
        self._parts = {size: _Parts(size) for size in part_sizes if size}
        self._cut: dict[str, int] = {}

    @classmethod
    def like(cls, md5: str) -> Digest:
        """One that sums up no more than is needed to compare with this MD5."""
        part_size = part_size_in(md5)
        return cls([part_size], whole=not part_size)

    def update(self, data: bytes | bytearray) -> None:
        """Take the next bytes of the stream."""
        self.size += len(data)
        if self._whole:
            self._whole.update(data)
        for parts in self._parts.values():
            parts.update(data)

    @property
    def md5(self) -> str:
        """The MD5 of everything so far; where it is not summed up as a whole, that by parts."""
        if self._whole:
            return str(self._whole.hexdigest())
        return next(md5_of(etag, part_size) for etag, part_size in self._by_parts())

    def gives(self, md5: str) -> bool:
        """Whether this is the MD5 of everything so far, as a whole or by parts."""
        etag, _slash, part_size = md5.partition("/")
        return self.part_size_for(etag) == int(part_size or 0)

    def cut(self, part_size: int, etag: str) -> None:
        """Take it from whoever summed up the same bytes, cut into such parts, that this is their ETag."""
        self._cut[etag] = part_size

    def part_size_for(self, etag: str) -> int | None:
        """How the stream must have been cut to give this ETag: 0 for not at all, None if none of the sizes fits."""
        if self._whole and etag == self._whole.hexdigest():
            return 0
        return next((part_size for known, part_size in self._by_parts() if known == etag), None)

    def _by_parts(self) -> Iterator[tuple[str, int]]:
        """The ETag for each way to cut it that is known."""
        yield from self._cut.items()
        for part_size, parts in self._parts.items():
            yield parts.etag(), part_size


class _Parts:
    def __init__(self, size: int) -> None:
        self._size = size
        self._done: list[bytes] = []
        self._md5 = new_md5()
        self._room = size

    def update(self, data: bytes | bytearray) -> None:
        view = memoryview(data)
        while view:
            piece, view = view[: self._room], view[self._room :]
            self._md5.update(piece)
            self._room -= len(piece)
            if not self._room:
                self._done.append(self._md5.digest())
                self._md5, self._room = new_md5(), self._size

    def etag(self) -> str:
        rest = [self._md5.digest()] if self._room < self._size or not self._done else []
        return multipart_etag(self._done + rest)


def plausible_parts(etag: str, size: int, hint: int = 0) -> list[int]:
    """The part sizes that can have given an ETag with a dash, likeliest first; nothing for a plain ETag."""
    _md5, dash, count = etag.partition("-")
    if not dash or not count.isdigit() or not int(count):
        return []
    number = int(count)
    even = -(-size // number)
    rounded = -(-even // MIB) * MIB
    tried = dict.fromkeys((hint, *USUAL_PARTS, rounded, even))
    return [part for part in tried if part > 0 and max(1, -(-size // part)) == number][:4]


def md5_of(etag: str, part_size: int) -> str:
    """How the MD5 of a content is noted whose ETag is this if it is cut so; 0 for not at all."""
    return f"{etag}/{part_size}" if part_size else etag


def part_size_in(md5: str) -> int:
    """How a stream has to be cut to give this MD5; 0 for not at all."""
    return int(md5.partition("/")[2] or 0)


def open_quietly(path: bytes) -> int:
    """Open a file to read it; if this user may, without a trace in its time of last access, which tells what its users read.

    No link is followed, and a pipe that took the file's place must not hold a worker for ever.
    """
    try:
        return os.open(path, _READ | _NO_TRACE)
    except PermissionError:  # only its owner and root may
        return os.open(path, _READ)


def digest_of_file(path: bytes, seen: LocalFile, digest: Digest) -> Digest | None:
    """Read a file and sum it up, or None if it is no longer what the walk saw."""
    with open(open_quietly(path), "rb", buffering=0) as source:
        for chunk in iter(lambda: source.read(CHUNK), b""):
            digest.update(chunk)
        after = os.fstat(source.fileno())
    same = (after.st_size, after.st_mtime_ns, after.st_ctime_ns, after.st_ino) == seen[1:]
    return digest if same and digest.size == seen.size else None
