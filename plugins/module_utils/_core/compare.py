# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Decides what to do about a key, and says why. Nothing here sends anything; at most a local file is read."""

from __future__ import annotations

import time
from typing import Callable

from .digest import Digest, digest_of_file, md5_of, plausible_parts
from .model import DOWNLOAD, IGNORE, KEEP, UPLOAD, Decision, LocalFile, Proof, RemoteObject, Row

AUTO, SIZE, CHECKSUM = "auto", "size", "checksum"
#: which files a download may replace
ALWAYS, REWRITTEN, NEVER = "always", "rewritten", "never"

#: A file changed this recently may change again without its times showing it: kernels and servers tick coarsely.
TICK_NS = 2_000_000_000


def proof_of(file: LocalFile, md5: str, etag: str, part_size: int, read_at_ns: int | None = None) -> Proof:
    """The proof to keep for a file whose bytes are in the store.

    If the file was changed within the last tick before it was read, the change time is left out. Such a proof covers nothing,
    so the next run reads the file once more instead of trusting a time stamp that may hide a second change.
    """
    age = (time.time_ns() if read_at_ns is None else read_at_ns) - max(file.mtime_ns, file.ctime_ns)
    return Proof(file.key, file.size, file.mtime_ns, file.ctime_ns if age > TICK_NS else 0, file.inode, md5, etag, part_size)


def still_proved(path: bytes, file: LocalFile, proof: Proof) -> bool:
    """Whether a proof speaks of this very file; where its times cannot tell (see proof_of), the content is read."""
    if proof.covers(file):
        return True
    digest = digest_of_file(path, file, Digest.like(proof.md5)) if file.size == proof.size else None
    return digest is not None and digest.gives(proof.md5)


class Comparer:
    """The truth table of a sync.

    ========= ========= ====================================== ===================================
    file      object    besides                                decision when uploading, and reason
    ========= ========= ====================================== ===================================
    yes       no        no proof                               upload    missing
    yes       no        a proof                                upload    gone_from_store
    yes       other size                                       upload    size
    yes       same size compare=size                           keep      same_size
    yes       same size proof covers the file, its ETag listed keep      proved
    yes       same size else: content gives the ETag           keep      same_content
    yes       same size else: content gives another ETag       upload    content
    yes       same size else: the ETag says nothing            upload    unprovable
    no        yes                                              ignore    only_in_store
    ========= ========= ====================================== ===================================

    compare=checksum never believes a proof. When downloading, read "file" and "object" the other way round (the reasons are
    ``missing``, ``size``, ``content``, ``unprovable``, ``only_local``). Then replace=never leaves whatever exists (``kept``), and
    replace=rewritten what has changed since its proof while its object has not; the Downloader looks at the others.
    """

    def __init__(
        self, direction: str, compare: str, path: Callable[[str], bytes], etag_is_md5: bool, part_size: int, replace: str = ALWAYS
    ) -> None:
        self.direction = direction
        self.compare = compare
        self._path = path
        self._etag_is_md5 = etag_is_md5
        self._part_size = part_size
        self.replace = replace

    def listed(self, row: Row) -> Decision:
        """Decide with the listing at hand."""
        file, thing = row.local, row.remote
        if file is None:
            return Decision(DOWNLOAD, "missing") if self.direction == DOWNLOAD else Decision(IGNORE, "only_in_store")
        if thing is None:
            if self.direction == DOWNLOAD:
                return Decision(IGNORE, "only_local")
            return Decision(UPLOAD, "gone_from_store" if row.proof else "missing")
        if self.direction == DOWNLOAD and self._stays(file, thing, row.proof):
            return Decision(IGNORE, "kept")
        if file.size != thing.size:
            return Decision(self.direction, "size")
        if self.compare == SIZE:
            return Decision(KEEP, "same_size")
        if self.compare == AUTO and row.proof and row.proof.covers(file) and row.proof.etag == thing.etag:
            return Decision(KEEP, "proved")
        return self._by_content(file, thing, row.proof)

    def proved(self, row: Row) -> Decision:
        """Decide by the journal alone: what it proves is in the store, and what it does not prove is sent.

        With compare=size the size must be what was proved, with compare=checksum the content, with auto both or an
        unchanged stat(2).
        """
        file, proof = row.local, row.proof
        if file is None:
            return Decision(IGNORE, "only_in_store")
        if proof is None:
            return Decision(UPLOAD, "missing")
        if proof.size != file.size:
            return Decision(UPLOAD, "size")
        if self.compare == SIZE:
            return Decision(KEEP, "same_size")
        if self.compare == AUTO and proof.covers(file):
            return Decision(KEEP, "proved")
        read_at = time.time_ns()
        digest = digest_of_file(self._path(file.key), file, Digest.like(proof.md5))
        if digest is None:
            return Decision(UPLOAD, "changing")
        if not digest.gives(proof.md5):
            return Decision(UPLOAD, "content")
        return Decision(KEEP, "same_content", proof_of(file, proof.md5, proof.etag, proof.part_size, read_at))

    def _stays(self, file: LocalFile, thing: RemoteObject, proof: Proof | None) -> bool:
        """Whether the file is not to be replaced by this object, whatever is in them."""
        if self.replace != REWRITTEN:
            return self.replace == NEVER
        file_changed = proof is not None and (proof.size, proof.mtime_ns) != (file.size, file.mtime_ns)
        return file_changed and proof is not None and proof.etag == thing.etag

    def _by_content(self, file: LocalFile, thing: RemoteObject, proof: Proof | None) -> Decision:
        trusted = self._trusted_md5(thing, proof)
        parts = plausible_parts(thing.etag, thing.size, proof.part_size if proof else self._part_size)
        if trusted is None and not parts and not self._etag_is_md5:
            return Decision(self.direction, "unprovable")
        read_at = time.time_ns()
        digest = digest_of_file(self._path(file.key), file, Digest.like(trusted) if trusted else Digest(parts, whole=not parts))
        if digest is None:
            return Decision(self.direction, "changing")
        if proof and trusted:
            if not digest.gives(trusted):
                return Decision(self.direction, "content")
            return Decision(KEEP, "same_content", proof_of(file, trusted, thing.etag, proof.part_size, read_at))
        part_size = digest.part_size_for(thing.etag)
        if part_size is None:
            return Decision(self.direction, "content" if tells_content(thing.etag, self._etag_is_md5) else "unprovable")
        return Decision(KEEP, "same_content", proof_of(file, md5_of(thing.etag, part_size), thing.etag, part_size, read_at))

    def _trusted_md5(self, thing: RemoteObject, proof: Proof | None) -> str | None:
        """The MD5 of an object that has not changed since it was proved: its ETag then need not be one."""
        return proof.md5 if proof is not None and proof.etag == thing.etag else None


def carries_time(object_ns: int, file_ns: int) -> bool:
    """Whether an object says that it was made from a file of that time; some stores remember no more than the seconds.

    Who writes it anew says another time, or none, and then it is the time at which the store got it.
    """
    return object_ns in (file_ns, file_ns - file_ns % 10**9)


def tells_content(etag: str, etag_is_md5: bool) -> bool:
    """Whether a plain ETag is an MD5; one with a dash depends on how the object was cut."""
    return etag_is_md5 and len(etag) == 32 and "-" not in etag
