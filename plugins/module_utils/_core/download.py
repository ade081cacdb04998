# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""One object into the tree: complete and proved under another name first, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from typing import BinaryIO

from .compare import carries_time, proof_of, tells_content
from .digest import Digest, new_md5, plausible_parts
from .errors import MediastoreError
from .files import fsync_directory
from .keys import PARTIAL_SUFFIX
from .model import DAMAGED, DONE, FAILED, NEWER, LocalFile, Outcome, Todo
from .ports import ObjectStore, Progress, Reading
from .retry import pauses, retrying
from .scan import Tree
from .upload import NotProved, read_back

#: how often an object is read again that did not arrive whole
REREADS = 3


class Downloader:
    """Brings objects into the tree; one for all workers."""

    def __init__(
        self,
        store: ObjectStore,
        tree: Tree,
        keep_replaced: str | None,
        etag_is_md5: bool,
        part_size: int,
        progress: Progress,
        only_rewritten: bool = False,
    ) -> None:
        self._store = store
        self._tree = tree
        self._kept = os.fsencode(os.path.realpath(keep_replaced)) if keep_replaced else b""
        self._etag_is_md5 = etag_is_md5
        self._part_size = part_size
        self._progress = progress
        self._only_rewritten = only_rewritten
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._touched: set[bytes] = set()

    def settle(self) -> None:
        """Make the renames durable; once per folder and not once per file, since it is the disk that has to wait."""
        with self._lock:
            folders, self._touched = self._touched, set()
        for folder in folders:
            fsync_directory(os.fsdecode(folder))

    def __call__(self, todo: Todo) -> Outcome:
        """Bring one object, again if it does not arrive whole."""
        try:
            return retrying(lambda: self._bring(todo.key), NotProved, pauses(REREADS))
        except OSError as exc:
            if exc.errno in (errno.ENOSPC, errno.EDQUOT):
                return Outcome(todo.key, FAILED, error=f"the destination is full ({exc.strerror})")
            return Outcome(todo.key, FAILED, error=f"it cannot be written ({exc.strerror or exc})")
        except MediastoreError as exc:
            return Outcome(todo.key, FAILED, error=str(exc))

    def _bring(self, key: str) -> Outcome:
        """What was brought, with its proof, or why the file that is there was left."""
        path = self._tree.path(key)
        folder, name = os.path.split(path)
        self._make_folder(folder)
        _require_free_way(path, folder)
        reading = self._store.read(key)
        if self._only_rewritten and os.path.lexists(path):
            if carries_time(reading.mtime_ns, os.lstat(path).st_mtime_ns):
                return Outcome(key, DAMAGED)
            if _written_since(path, reading.mtime_ns):
                return Outcome(key, NEWER)
        parts = plausible_parts(reading.etag, reading.size, self._part_size)
        digest = Digest(parts)
        # One name per key, so that a run that was killed leaves nothing that the next one does not overwrite.
        partial = b"%s/.%s%s" % (folder, _short(name), PARTIAL_SUFFIX.encode())
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            with open(fd, "wb", buffering=0) as out:
                self._write(reading, digest, out)
                part_size = require_arrived(self._store, key, reading, digest, self._etag_is_md5)
                _take_after(fd, path, folder)
                os.utime(fd, ns=(reading.mtime_ns, reading.mtime_ns))
                os.fsync(fd)
            # Once more: the body may have taken a while to come, and whoever writes the file does not wait for that.
            if self._only_rewritten and _written_since(path, reading.mtime_ns):
                os.unlink(partial)
                return Outcome(key, NEWER)
            self._keep(key, path)
            os.replace(partial, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(partial)
            raise
        with self._lock:
            self._touched.add(folder)
        found = os.lstat(path)
        file = LocalFile(key, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        return Outcome(key, DONE, file.size, proof_of(file, digest.md5, reading.etag, part_size))

    def _write(self, reading: Reading, digest: Digest, out: BinaryIO) -> None:
        for chunk in reading.chunks:
            digest.update(chunk)
            view = memoryview(chunk)
            while view:
                view = view[out.write(view) :]
            self._progress.moved(len(chunk))

    def _make_folder(self, folder: bytes) -> None:
        """The folder and what is missing above it, each belonging to whom its parent belongs to."""
        # One at a time: what another worker has just made is still root's, and would hand that on.
        with self._making:
            missing = []
            while not os.path.isdir(folder):
                missing.append(folder)
                folder = os.path.dirname(folder)
            for path in reversed(missing):
                with contextlib.suppress(FileExistsError):  # the application was faster
                    above = os.stat(os.path.dirname(path))
                    os.mkdir(path)
                    if os.geteuid() == 0:
                        os.chown(path, above.st_uid, above.st_gid)
                    os.chmod(path, above.st_mode & 0o7777)
                    with self._lock:
                        self._touched.add(os.path.dirname(path))

    def _keep(self, key: str, path: bytes) -> None:
        """Give the file that is about to be replaced a second name, so that no moment and no version is without it."""
        if not self._kept or not os.path.lexists(path):
            return
        target = b"%s/%s" % (self._kept, self._tree.relative(key).encode("utf-8"))
        self._make_folder(os.path.dirname(target))
        number, free = 0, target
        while True:
            try:
                try:
                    os.link(path, free, follow_symlinks=False)
                except OSError as exc:
                    if exc.errno in (errno.EEXIST, errno.ENOENT):
                        raise
                    # No hard links here: then it is moved, and for a moment the file has only its new name.
                    if os.path.lexists(free):
                        raise FileExistsError(errno.EEXIST, "taken", free) from exc
                    os.rename(path, free)
                break
            except FileExistsError:
                if os.path.samestat(os.lstat(path), os.lstat(free)):  # a run that was killed had come this far
                    break
                number += 1
                free = b"%s.%d" % (target, number)
        with self._lock:
            self._touched.add(os.path.dirname(target))


def require_arrived(store: ObjectStore, key: str, reading: Reading, digest: Digest, etag_is_md5: bool) -> int:
    """Accept what arrived only with evidence; the part size that explains the ETag, 0 if there is none."""
    part_size = digest.part_size_for(reading.etag)
    if digest.size == reading.size:
        if part_size is not None:
            return part_size
        if not tells_content(reading.etag, etag_is_md5) and _comes_twice(store, key, digest):
            return 0
    said = f"{digest.size} bytes with MD5 {digest.md5} arrived of {reading.size} bytes with ETag {reading.etag}"
    raise NotProved(f"download {key}", said=said, remedy="Run again; if it stays so, look at proxies and the store's disks.")


def _comes_twice(store: ObjectStore, key: str, digest: Digest) -> bool:
    """Where the ETag says nothing, a second reading must give the same bytes."""
    again = read_back(store, key, Digest())
    return (again.size, again.md5) == (digest.size, digest.md5)


def _short(name: bytes) -> bytes:
    md5 = new_md5()
    md5.update(name)
    return str(md5.hexdigest()).encode("ascii")[:16]


def _require_free_way(path: bytes, folder: bytes) -> None:
    """Refuse to leave the tree through a link, and to replace anything that is no file."""
    if os.path.realpath(folder) != folder:
        raise OSError(errno.ELOOP, "a folder of its path is a symbolic link")
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        raise OSError(errno.EEXIST, "something that is no file has its name")


def _written_since(path: bytes, time_ns: int) -> bool:
    """Whether somebody has written the file since then: an application that is on its files again, for one.

    One time alone tells less: tools set that of the content, and a change of the owner is one of the other.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    return min(found.st_mtime_ns, found.st_ctime_ns) > time_ns


def _take_after(fd: int, path: bytes, folder: bytes) -> None:
    """Owner and mode of the file that is replaced; a new file belongs to whom its folder belongs to."""
    try:
        model, replaced = os.lstat(path), True
    except FileNotFoundError:
        model, replaced = os.stat(folder), False
    if os.geteuid() == 0:
        os.fchown(fd, model.st_uid, model.st_gid)
    if replaced:
        os.fchmod(fd, model.st_mode & 0o777)
