# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""A configuration of nginx takes the place of the present one when nginx has accepted it, and goes again if it does not run."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
import typing as t

from .errors import BadInput, MediastoreError
from .files import explaining_os, fsync_directory, write_atomic

#: what is larger is no configuration
LARGEST = 4 * 1024 * 1024
#: how long a master process may take to start workers with a new configuration
RELOAD_S = 20.0
DUMPED = re.compile(r"^# configuration file (.+):$", re.MULTILINE)
ERROR_LOG = re.compile(r"^\s*error_log\s+([^\s;]+)", re.MULTILINE)
#: runs a command; its exit status and what it printed to its standard output and standard error
Run = t.Callable[[t.List[str]], t.Tuple[int, str, str]]
REMEDY = "Nothing was changed. Correct what it complains about, and run this again."


class File(t.NamedTuple):
    """A file as it should be."""

    path: str
    content: bytes
    mode: int


class Change(t.NamedTuple):
    """A file that is not as it should be: before and after, each nothing where there is no file."""

    path: str
    before: File | None
    after: File | None


def read(path: str) -> File | None:
    """The file that is there."""
    try:
        with explaining_os(f"read {path}"), open(path, "rb") as source:
            return File(path, source.read(), os.fstat(source.fileno()).st_mode & 0o7777)
    except BadInput as exc:
        if exc.code in ("ENOENT", "ENOTDIR"):
            return None
        raise


def changes(files: t.Iterable[File], absent: t.Iterable[str]) -> list[Change]:
    """What there is to do."""
    wanted: list[tuple[str, File | None]] = [(file.path, file) for file in files]
    wanted += [(path, None) for path in absent]
    found = [Change(path, read(path), after) for path, after in wanted]
    return [change for change in found if change.before != change.after]


def accepted(run: Run, program: str, root: str, files: t.Iterable[File], absent: t.Iterable[str]) -> tuple[set[str], str]:
    """What nginx reads of the configuration as it would be, and where it logs errors; an error if nginx refuses it."""
    with tempfile.TemporaryDirectory(prefix="nginx-candidate.") as place:
        candidate = os.path.join(place, "nginx")
        copy(root, candidate)
        for path in absent:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(within(path, root, candidate))
        for file in files:
            where = within(file.path, root, candidate)
            os.makedirs(os.path.dirname(where), exist_ok=True)
            write_atomic(where, moved(file.content, root, candidate), file.mode)
        status, out, err = run([program, "-T", "-c", os.path.join(candidate, "nginx.conf")])
        words = err.replace(candidate, root).strip()
        if status:
            said = " ".join(line for line in words.splitlines() if "test failed" not in line)
            raise BadInput("configure nginx", said=f"nginx refuses the configuration: {said}", remedy=REMEDY, code="Refused")
        log = ERROR_LOG.search(out)
        return {found.replace(candidate, root) for found in DUMPED.findall(out)}, log.group(1) if log else ""


def copy(root: str, candidate: str) -> None:
    """The whole configuration at another place, where it speaks of that place."""
    for folder, folders, names in os.walk(root):
        here = within(folder, root, candidate)
        os.mkdir(here, 0o700)
        for name in [*names, *folders]:
            source = os.path.join(folder, name)
            if os.path.islink(source):
                # by its whole path, which a link to something outside needs at another place
                target = os.path.normpath(os.path.join(folder, os.readlink(source)))
                os.symlink(within(target, root, candidate), os.path.join(here, name))
            elif name in names:
                copy_file(source, os.path.join(here, name), root, candidate)


def copy_file(source: str, target: str, root: str, candidate: str) -> None:
    """A file; what is no text, or no file at all, is of no matter to a test."""
    if not os.path.isfile(source) or os.path.getsize(source) > LARGEST:
        return
    with open(source, "rb") as before, open(target, "wb") as after:
        after.write(moved(before.read(), root, candidate))


def moved(content: bytes, root: str, candidate: str) -> bytes:
    """The same content, where it names files of the configuration by their whole path."""
    return re.sub(re.escape(os.fsencode(root)) + rb"(?=[/;\s\"'])", os.fsencode(candidate), content)


def within(path: str, root: str, candidate: str) -> str:
    """Where a path is in the candidate; one that is elsewhere stays."""
    return candidate + path[len(root) :] if path == root or path.startswith(root + "/") else path


def put(found: t.Iterable[Change]) -> None:
    """Replace each file whole."""
    for change in found:
        set_file(change.path, change.after)


def put_back(found: t.Sequence[Change]) -> None:
    """Undo that."""
    for change in reversed(found):
        set_file(change.path, change.before)


def set_file(path: str, file: File | None) -> None:
    folder = os.path.dirname(path)
    if file is not None:
        with explaining_os(f"make {folder}"):
            os.makedirs(folder, mode=0o755, exist_ok=True)
        write_atomic(path, file.content, file.mode)
    elif os.path.lexists(path):
        with explaining_os(f"remove {path}"):
            os.unlink(path)
            fsync_directory(folder)


def master_of(run: Run, unit: str) -> int:
    """The master process of the unit, or 0 if it does not run."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        raise BadInput("find nginx's process", said="there is no systemctl", remedy="The role needs a host with systemd.")
    _status, out, _err = run([systemctl, "show", "--property=MainPID", "--value", unit])
    return int(out.strip() or 0)


def workers(master: int) -> set[int]:
    """The processes that serve for it."""
    found = set()
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{int(name)}/stat", "rb") as source:
                parent = int(source.read().rpartition(b")")[2].split()[1])
            with open(f"/proc/{int(name)}/cmdline", "rb") as source:
                title = source.read().partition(b"\0")[0].strip()
                if parent == master and title == b"nginx: worker process":
                    found.add(int(name))
    return found


def reload(run: Run, unit: str, master: int, error_log: str) -> None:
    """Let nginx read its configuration, and see that it does: it logs what is in the way, and goes on with the old one."""
    before, at = workers(master), size_of(error_log)
    run(["systemctl", "reload", unit])
    deadline = time.monotonic() + RELOAD_S
    while time.monotonic() < deadline:
        if workers(master) - before:
            return
        if "[emerg]" in written_since(error_log, at):
            break
        time.sleep(0.1)
    words = " ".join(line for line in written_since(error_log, at).splitlines() if "[emerg]" in line)
    raise MediastoreError(
        "reload nginx",
        said=f"it goes on with the configuration that it had: {words or 'it has started no new worker'}",
        remedy="The files are as they were before. Correct what it complains about, and run this again.",
        code="NotReloaded",
    )


def size_of(path: str) -> int:
    return os.path.getsize(path) if path and os.path.isfile(path) else 0


def written_since(path: str, at: int) -> str:
    """What was added to a log."""
    if size_of(path) <= at:
        return ""
    with open(path, "rb") as source:
        source.seek(at)
        return source.read(65536).decode("utf-8", "replace")
