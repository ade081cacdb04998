# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""One file into the store: read once, summed up while in memory, and proved by what the store answers."""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import BinaryIO, Iterator

from .cached import LARGEST, CachedFiles, stat_of
from .compare import proof_of
from .digest import CHUNK, MIB, Digest, open_quietly
from .errors import MediastoreError
from .model import DONE, FAILED, UNSETTLED, VANISHED, LocalFile, Outcome, Proof, Receipt, Todo
from .ports import ObjectStore, Progress
from .retry import pauses, retrying
from .scan import Tree
from .transfer import Budget

#: how often a file that is being written is taken again, over some three seconds
RETAKES = 6
#: how often an object is sent again whose ETag is not that of the bytes sent
RESENDS = 3


class Changed(Exception):
    """The file was written while it was read: what was read is no version of it."""


class NotProved(MediastoreError):
    """The store took the bytes and answered something that does not belong to them."""


class Uploader:
    """Sends files; one for all workers."""

    def __init__(self, store: ObjectStore, tree: Tree, part_size: int, budget: Budget, progress: Progress) -> None:
        self._store = store
        self._tree = tree
        self._part_size = part_size
        self._budget = budget
        self._progress = progress
        self._cached = CachedFiles()
        self._small = min(part_size, LARGEST)

    def settle(self) -> None:
        """Nothing to do: the store has answered for each object."""

    def __call__(self, todo: Todo) -> Outcome:
        """Send one file, again if it changes meanwhile."""
        waits = pauses(RETAKES)
        retaken = 0
        while True:
            try:
                proof = retrying(lambda: self._send(todo), NotProved, pauses(RESENDS))
                return Outcome(todo.key, DONE, proof.size, proof, retaken)
            except Changed:
                wait = next(waits, None)
                if wait is None:
                    return Outcome(todo.key, UNSETTLED, retaken=retaken)
                retaken += 1
                time.sleep(wait)
            except FileNotFoundError:
                return Outcome(todo.key, VANISHED, retaken=retaken)
            except OSError as exc:
                return Outcome(todo.key, FAILED, retaken=retaken, error=_os_error(exc))
            except MediastoreError as exc:
                return Outcome(todo.key, FAILED, retaken=retaken, error=str(exc))

    def _send(self, todo: Todo) -> Proof:
        path = self._tree.path(todo.key)
        if todo.size <= self._small:
            with self._budget.holding(todo.size):
                taken = self._cached.take(path, todo.key, todo.size)
                if taken is not None:
                    receipt = self._put(taken.file, taken.body, taken.digest)
                    return self._proof(taken.file, receipt, taken.digest, taken.read_at_ns)
        return self._send_as_read(path, todo.key)

    def _send_as_read(self, path: bytes, key: str) -> Proof:
        fd = open_quietly(path)
        with open(fd, "rb", buffering=0) as source:
            read_at = time.time_ns()
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "it is no regular file any more")
            file = LocalFile(key, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
            part_size = part_size_of(file.size, self._part_size, self._store.part_min, self._store.max_parts)
            # The store sums up the parts, and in its threads; see digest.py.
            digest = Digest(whole=not part_size)
            send = self._put_parts if part_size else self._put_whole
            receipt = send(file, self._pieces(source, path, file, part_size or file.size, digest), digest, part_size)
        return self._proof(file, receipt, digest, read_at, part_size)

    def _proof(self, file: LocalFile, receipt: Receipt, digest: Digest, read_at_ns: int, part_size: int = 0) -> Proof:
        require_sent(self._store, file.key, receipt, digest)
        used = digest.part_size_for(receipt.etag)
        return proof_of(file, digest.md5, receipt.etag, part_size if used is None else used, read_at_ns)

    def _put(self, file: LocalFile, body: bytes | bytearray, digest: Digest) -> Receipt:
        receipt = self._store.put(file.key, body, bytes.fromhex(digest.md5), file.mtime_ns)
        self._progress.moved(file.size)
        return receipt

    def _put_whole(self, file: LocalFile, pieces: Iterator[bytes], digest: Digest, part_size: int) -> Receipt:
        with self._budget.holding(file.size):
            return self._put(file, next(pieces), digest)

    def _put_parts(self, file: LocalFile, pieces: Iterator[bytes], digest: Digest, part_size: int) -> Receipt:
        # those that are under way, and the one that is being read
        with self._budget.holding(min(file.size, (self._store.parts_at_once + 1) * part_size)):
            receipt = self._store.put_parts(file.key, self._counted(pieces), file.mtime_ns)
        digest.cut(part_size, receipt.cut)
        return receipt

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            nbytes = len(piece)
            yield piece
            # Asked for the next one, the store has sent this one, or one before it.
            del piece
            self._progress.moved(nbytes)

    def _pieces(self, source: BinaryIO, path: bytes, file: LocalFile, piece: int, digest: Digest) -> Iterator[bytes]:
        """The file in pieces; the last one is only given out if the file is still the one that was opened."""
        left = file.size
        while True:
            size = min(piece, left)
            body = _read(source, size)
            digest.update(body)
            left -= len(body)
            if len(body) < size or (not left and stat_of(path) != file[1:]):
                raise Changed()
            yield body
            del body
            if not left:
                return


def part_size_of(size: int, wanted: int, part_min: int, max_parts: int) -> int:
    """The size of the parts in which a file is sent, so that they are no more than the store takes; 0 for one request."""
    if size <= wanted:
        return 0
    usual, least = max(wanted, part_min), -(-size // max_parts)
    return usual if least <= usual else -(-least // MIB) * MIB


def require_sent(store: ObjectStore, key: str, receipt: Receipt, digest: Digest) -> None:
    """Accept an upload only with evidence that the store holds the bytes that were read."""
    if digest.part_size_for(receipt.etag) is not None:
        return
    if receipt.etag_is_md5:
        said = f"the store answered the ETag {receipt.etag} for bytes whose MD5 is {digest.md5}"
    elif receipt.checked:
        return
    else:
        back = read_back(store, key, Digest.like(digest.md5))
        if back.size == digest.size and back.gives(digest.md5):
            return
        said = f"reading it back gave {back.size} bytes with MD5 {back.md5}, sent were {digest.size} with {digest.md5}"
    raise NotProved(f"upload {key}", said=said, remedy="Look for a proxy that changes requests, and at the store's disks.")


def read_back(store: ObjectStore, key: str, digest: Digest) -> Digest:
    """What the store gives out for a key, summed up."""
    for chunk in store.read(key).chunks:
        digest.update(chunk)
    return digest


def _read(source: BinaryIO, size: int) -> bytes:
    """Exactly so many bytes, or fewer if the file ends before."""
    chunks: list[bytes] = []
    while size:
        chunk = source.read(size if not chunks else min(size, CHUNK))
        if not chunk:
            break
        chunks.append(chunk)
        size -= len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _os_error(exc: OSError) -> str:
    if exc.errno == errno.ELOOP:
        return "it has become a symbolic link"
    return f"it cannot be read ({exc.strerror or exc})"
