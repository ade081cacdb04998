# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What is wrong on this host with mounts, disks, DNS servers and migrations; nothing is changed, and nobody waits for long."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pwd
import secrets
import select
import signal
import typing as t

from . import claim, dns, mounts, stages
from .clock import Moment
from .diagnosis import Finding, of_media
from .files import read_json
from .migration import IN_WINDOW, Migration

#: the errors of a mount whose program is gone
GONE = (errno.ENOTCONN, errno.ECONNABORTED)
#: with less a disk is as good as full
LEAST_BYTES, LEAST_INODES = 64 << 20, 100
PATIENCE_S = 10.0


def in_child(action: t.Callable[[], t.Any], seconds: float = PATIENCE_S) -> t.Any:
    """What the action returns in a process of its own, an errno for an OSError, or nothing if that takes too long.

    A process that waits for a FUSE filesystem cannot even be killed before the filesystem is, so nobody waits for it.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        # whatever happens, it must not go on as if it were the parent
        try:
            os.write(writer, json.dumps(_outcome(action)).encode("ascii"))
        finally:
            os._exit(0)
    os.close(writer)
    ready = select.select([reader], [], [], seconds)[0]
    text = os.read(reader, 65536) if ready else b""
    os.close(reader)
    if not text:
        os.kill(child, signal.SIGKILL)
        return None
    os.waitpid(child, 0)
    return json.loads(text)


def _outcome(action: t.Callable[[], t.Any]) -> dict[str, t.Any]:
    try:
        return {"done": action()}
    except OSError as exc:
        return {"errno": exc.errno or errno.EIO}


def mount(name: str, path: str, owner: str = "", patience: float = PATIENCE_S) -> Finding | None:
    """What is wrong with a mount of the collection."""
    where, unit = f"mount {name}", f"mediastore-mount-{name}.service"
    kinds = [one.kind for one in mounts.now() if one.point == os.fsencode(path)]

    def found(what: str, seen: str) -> Finding:
        return of_media(what, where, seen, path=path, unit=unit, owner=owner or "its owner")

    if not kinds:
        entries = os.listdir(path) if os.path.isdir(path) and os.access(path, os.R_OK) else []
        if entries:
            return found("not_empty", f"{path} is not mounted, and holds {len(entries)} entries, such as {sorted(entries)[0]}")
        return found("not_mounted", f"{path} is not mounted")
    if not kinds[-1].startswith("fuse"):
        return found("mount_other", f"{path} is a mount of type {kinds[-1]}")
    # a name that no cache can answer for it
    answer = in_child(
        lambda: os.path.lexists(path) and _looked(os.path.join(path, f".mediastore-{secrets.token_hex(8)}")), patience
    )
    if answer is None:
        return found("mount_hangs", f"{path} gave no answer within {patience:.0f} s")
    code = answer.get("errno", 0)
    if code in GONE or (code == 0 and not answer["done"]):
        return found("mount_dead", f"{path} answers: {os.strerror(code or errno.ENOTCONN)}")
    return _writable(where, path, owner, patience)


def _looked(path: str) -> bool:
    """Whether the filesystem answers; that there is no such file is an answer."""
    with contextlib.suppress(FileNotFoundError):
        os.lstat(path)
    return True


def directory(path: str, owner: str = "") -> list[Finding]:
    """What is wrong with a directory into which the application, or a migration, writes."""
    where = f"directory {path}"
    there = path
    while not os.path.exists(there):
        there = os.path.dirname(there)
    numbers = in_child(lambda: list(os.statvfs(there)))
    if not numbers or "done" not in numbers:
        return []
    block, free, files, inodes = (numbers["done"][at] for at in (1, 4, 5, 7))
    found = []
    if block * free < LEAST_BYTES:
        found.append(of_media("disk_full", where, f"{block * free >> 20} MiB are left on its filesystem", path=path))
    if files and inodes < LEAST_INODES:
        found.append(of_media("inodes_full", where, f"{inodes} of {files} inodes are left on its filesystem", path=path))
    closed = _writable(where, path, owner, PATIENCE_S) if there == path else None
    return [*found, *([closed] if closed else [])]


def _writable(where: str, path: str, owner: str, patience: float) -> Finding | None:
    """That the filesystem, or the mode of the directory, does not let its owner write."""
    user = _user(owner) if os.geteuid() == 0 else None

    def may_write() -> bool:
        if user:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        return os.access(path, os.W_OK | os.X_OK)

    answer = in_child(may_write, patience)
    if answer is None or answer.get("done"):
        return None
    who = owner if user else "the user of this task"
    return of_media("not_writable", where, f"{who} cannot write to {path}", path=path, owner=owner or "its owner")


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name) if name else None
    except KeyError:
        return None


def resolver(server: str, host: str, timeout: float = 3) -> Finding | None:
    """That a DNS server does not tell nginx where the store is."""
    where = f"DNS server {server}"
    try:
        answer = dns.ask(dns.place(server), host, "A", timeout)
    except OSError as exc:
        return of_media("resolver", where, f"it does not answer ({exc})", host=host)
    if answer.addresses:
        return None
    code = answer.code if answer.code != "NOERROR" else "that it has no address"
    return of_media("resolver", where, f"asked for {host} it says {code}", host=host)


def state_of(name: str, state_dir: str) -> Migration:
    """A migration as it stands; a new one if there is none."""
    return stages.load(stages.state_directory(state_dir, name), name)


def migration(name: str, state_dir: str) -> Finding | None:
    """That a cutover or rollback was begun, and nobody is at work on it."""
    state = state_of(name, state_dir)
    if state.stage not in IN_WINDOW:
        return None
    held = read_json(stages.claim_of(stages.state_directory(state_dir, name)))
    if held and Moment.now().since(Moment.from_dict(held["renewed"])) < claim.LEASE_S:
        return None
    return of_media("interrupted", f"migration {name}", f"it is at the stage {state.stage} since {state.when(state.stage)}")
