# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The walk by several processes, in the order of one.

Nearly all that a pass over a known store costs is reading folders and one lstat(2) for each file. Threads do that one at a time,
because of the interpreter lock; processes do it side by side, where a processor is free, or while a server is waited for.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import signal
import struct
import traceback
from itertools import islice
from typing import Any, Iterator, Sequence

from .children import let_go
from .errors import MediastoreError
from .model import LocalFile
from .problems import Problems, printable
from .scan import Tree

#: no more than so many: this process has to keep up with them
MOST = 4
#: The upper folders are read here, until there are so many below them to be shared out: each is then small enough not to be
#: waited for long. Not more names than so many are read for that.
FOLDERS, NAMES = 512, 50_000
#: files are handed over in bunches
BUNCH = 1000
#: what a pipe holds, where the system allows it: a mebibyte is some 10 000 files that may lie ready
PIPE = 1 << 20
_SIZE = struct.Struct("<I")
#: fcntl(2), Linux
_F_SETPIPE_SZ = 1031


def walk(tree: Tree, problems: Problems, processes: int | None = None) -> Iterator[LocalFile]:
    """Yield what ``tree.files(problems)`` yields, by so many processes besides this one; as many as are worth it if not said."""
    number = min(MOST, _processors()) if processes is None else processes
    if number < 2:
        yield from tree.files(problems)
        return
    names, folders = tree.upper(FOLDERS, NAMES, problems)
    scouts: list[_Scout] = []
    theirs: dict[bytes, _Scout] = {}
    try:
        with contextlib.suppress(OSError):  # no more processes, files or memory: then alone
            for first in range(number if len(folders) > number else 0):
                scouts.append(_Scout(tree, folders[first::number], problems.tried))
            theirs = {folder: scout for first, scout in enumerate(scouts) for folder in folders[first::number]}
        yield from tree.files(
            problems, known=names, elsewhere=lambda folder: theirs[folder].folder() if folder in theirs else None
        )
        for scout in scouts if theirs else ():
            scout.report(problems, tree)
    finally:
        for scout in scouts:
            scout.end()


class _Scout:
    """A process that walks through folders, one after the other, and says what it has found."""

    def __init__(self, tree: Tree, folders: Sequence[bytes], tried: str) -> None:
        self._tree, self._tried = tree, tried
        reader, writer = os.pipe()
        try:
            self._child = os.fork()
        except OSError:
            os.close(reader)
            os.close(writer)
            raise
        if not self._child:
            # whatever happens, it must not go on as if it were the parent
            try:
                let_go([writer])
                _enlarge(writer)
                with open(writer, "wb", buffering=0) as out, contextlib.suppress(BrokenPipeError):
                    _tell(out, _seen(tree, folders, tried))
            finally:
                os._exit(0)
        os.close(writer)
        self._source = os.fdopen(reader, "rb")
        self._rows = self._read()

    def folder(self) -> Iterator[LocalFile]:
        """The files of the next of its folders."""
        for row in self._rows:
            if row is None:
                return
            yield LocalFile._make(row)

    def report(self, problems: Problems, tree: Tree) -> None:
        """Pass on what it could not handle, and what it passed by; after the last of its folders."""
        count, shown, passed = next(self._rows)
        problems.join(count, shown)
        tree.passed.update(passed)

    def end(self) -> None:
        """Let it go, whatever it is at."""
        self._source.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)

    def _read(self) -> Iterator[Any]:
        while True:
            head = self._source.read(_SIZE.size)
            body = self._source.read(_SIZE.unpack(head)[0]) if len(head) == _SIZE.size else b""
            try:
                rows = marshal.loads(body)
            except (EOFError, ValueError, TypeError):
                # An end that nobody announced is no end of the directory: what is not seen would count as deleted.
                raise MediastoreError(
                    self._tried,
                    said=f"a process that looked through {printable(self._tree.root)} has ended before it was done",
                    remedy="See whether the system is out of memory (its log names what it killed), and run again.",
                ) from None
            if isinstance(rows, str):
                raise RuntimeError(rows)
            yield from rows


def _seen(tree: Tree, folders: Sequence[bytes], tried: str) -> Iterator[Any]:
    """A row for each file and nothing after the last one of each folder; at the end what else there was."""
    problems = Problems(tried)
    tree.passed.clear()
    for folder in folders:
        yield from map(tuple, tree.files(problems, folder))
        yield None
    yield problems.count, problems.shown, dict(tree.passed)


def _tell(out: Any, rows: Iterator[Any]) -> None:
    more = True
    while more:
        try:
            bunch: Any = list(islice(rows, BUNCH))
            more = len(bunch) == BUNCH
        except Exception:  # pylint: disable=broad-except
            bunch, more = traceback.format_exc(), False
        body = marshal.dumps(bunch)
        # a pipe may take less than all of it at once
        left = memoryview(_SIZE.pack(len(body)) + body)
        while left:
            left = left[out.write(left) :]


def _enlarge(pipe: int) -> None:
    with contextlib.suppress(ImportError, OSError):
        import fcntl  # pylint: disable=import-outside-toplevel

        fcntl.fcntl(pipe, _F_SETPIPE_SZ, PIPE)


def _processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
