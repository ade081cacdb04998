# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The nouns of a sync: files, objects, what was proved about them, what is to be done and how it went."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable, Mapping, NamedTuple

UPLOAD = "upload"
DOWNLOAD = "download"
#: from one bucket into another
TRANSFER = "transfer"
#: nothing to do: the two sides agree
KEEP = "keep"
#: nothing to do: this run has no say about it (an object without a file, when uploading)
IGNORE = "ignore"


class LocalFile(NamedTuple):
    """A regular file below the source, as it was when the walk passed it."""

    key: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class RemoteObject(NamedTuple):
    """One line of a listing."""

    key: str
    size: int
    etag: str

    @property
    def is_folder(self) -> bool:
        """Whether it is what consoles make to show an empty folder."""
        return self.key.endswith("/") and not self.size


class Proof(NamedTuple):
    """What the journal knows: these bytes of this file were seen to be in the bucket under this ETag.

    Where the source is a bucket, an object there is known by its ETag, which then stands for the MD5; there are no times.
    """

    key: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    md5: str
    etag: str
    #: bytes per part if the object was sent in parts, else 0
    part_size: int

    def covers(self, file: LocalFile) -> bool:
        """Whether the file is still the very one that was proved, by everything that stat(2) tells."""
        return (
            self.ctime_ns == file.ctime_ns
            and self.mtime_ns == file.mtime_ns
            and self.size == file.size
            and self.inode == file.inode
        )


class Row(NamedTuple):
    """Everything known about one key: the file, the object and the proof, as far as each exists."""

    key: str
    local: LocalFile | None
    remote: RemoteObject | None
    proof: Proof | None


class Decision(NamedTuple):
    """What to do about a key, and why."""

    action: str
    reason: str
    #: a proof that was gained while deciding
    proof: Proof | None = None


class Todo(NamedTuple):
    """One line of the plan."""

    key: str
    action: str
    reason: str
    size: int
    #: that of the source, where the source is a bucket
    etag: str = ""


DONE = "done"
VANISHED = "vanished"
DAMAGED = "damaged"
NEWER = "newer"
UNSETTLED = "unsettled"
FAILED = "failed"


class Outcome(NamedTuple):
    """How one line of the plan went."""

    key: str
    #: DONE, VANISHED (the file is gone, which is its owner's right), DAMAGED (the object is the upload of this file, and is no
    #: longer the same, so the file stays), NEWER (than its object is the file, which stays), UNSETTLED (still being written) or
    #: FAILED
    state: str
    size: int = 0
    proof: Proof | None = None
    retaken: int = 0
    error: str = ""


class Receipt(NamedTuple):
    """What the store answered to a put."""

    etag: str
    #: False where the ETag says nothing about the content (SSE-C, SSE-KMS, some stores)
    etag_is_md5: bool
    #: the ETag that the bytes have as they were cut and sent; empty if they went in one request
    cut: str = ""
    #: the store was sent a checksum of all the bytes, and it refuses bytes to which that does not belong
    checked: bool = False


@dataclass(frozen=True)
class Attributes:
    """What an object is stored with, besides its bytes."""

    content_type: str = "guess"
    cache_control: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    acl: str | None = None
    storage_class: str | None = None
    content_disposition: str | None = None
    #: how the store encrypts it, with keys of its own (``AES256``) or of a key server (``aws:kms``)
    encryption: str | None = None
    kms_key_id: str | None = None
    #: what only one object is stored with, by its key: any of content_type, cache_control, content_disposition, metadata and acl
    lookup: Callable[[str], Mapping[str, Any]] | None = None

    def of(self, key: str) -> Attributes:
        """What the object of this key is stored with."""
        own = dict(self.lookup(key)) if self.lookup else {}
        if not own:
            return self
        own["metadata"] = {**self.metadata, **own.get("metadata", {})}
        return replace(self, **own)
