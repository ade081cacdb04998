# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a task says about a key: what is wished for, and where its secret is kept."""

from __future__ import annotations

import datetime
import grp
import os
import pwd
import re
import typing as t
from dataclasses import dataclass

from .._core.errors import BadInput
from .._core.grants import Grants, understood
from .._core.keyentries import check_key_name
from .._core.keyfile import KeyFile
from .._core.keyrecord import Record, Secret
from .._store.keyring.port import Key
from .._store.profile import Profile
from .module import StoreModule

#: what becomes of the keys of a name beside the one in use
OTHERS = ("keep", "enable", "disable", "delete")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Wish:
    """What is asked for."""

    name: str
    #: None: as they are
    grants: Grants | None
    expires: str | None
    rotate: bool
    others: str

    @property
    def tried(self) -> str:
        """What is done, for messages."""
        return f"settle the access key {self.name}"


class Place(t.Protocol):
    """Who keeps the secret."""

    #: whether a key whose secret is not there is something to be put right
    keeps: bool
    #: where, for the result
    where: str | None

    def read(self) -> Record:
        """What is kept."""

    def write(self, record: Record) -> None:
        """Keep this from now on; when it returns it is safe."""

    def remove(self) -> None:
        """Keep nothing."""

    def told(self) -> dict[str, t.Any]:
        """What the result has to carry to whoever keeps it, beside what everybody may know."""


class Caller:
    """Whoever called the module: it said what it knows, and gets the secret in the result."""

    where: str | None = None

    def __init__(self, kept: t.Mapping[str, t.Any], keeps: bool) -> None:
        unfinished = kept.get("unfinished")
        known = {name: Secret(kept[name], "") if kept.get(name) else None for name in ("current", "previous")}
        self._record = Record(**known, unfinished=None if unfinished is None else tuple(unfinished))
        self.keeps = keeps

    def read(self) -> Record:
        """What the caller said that it has."""
        return self._record

    def write(self, record: Record) -> None:
        """Remember it until the result is made."""
        self._record = record

    def remove(self) -> None:
        """Forget it."""
        self._record = Record()

    def told(self) -> dict[str, t.Any]:
        """The secret, if it is new or was read again."""
        current = self._record.current
        return {"access_key": current.access_key, "secret_key": current.secret_key} if current and current.secret_key else {}


class HostFile:
    """A file of the host, which is written before the result is told."""

    keeps = True

    def __init__(self, file: KeyFile) -> None:
        self._file = file
        self.where: str | None = file.path
        self.read, self.write, self.remove = file.read, file.write, file.remove

    @property
    def in_order(self) -> bool:
        """Whether mode and owner of the file are as asked for."""
        return self._file.in_order

    def told(self) -> dict[str, t.Any]:
        """Nothing: the secret is in the file."""
        return {}


def wish_of(module: StoreModule) -> Wish:
    """What the task asks for; refuses what cannot be meant or what the store cannot do, before anything is sent."""
    params, name = module.params, module.params["name"]
    tried = f"settle the access key {name}"
    check_key_name(name, tried)
    present = params["state"] == "present"
    return Wish(
        name=name,
        grants=_grants(params["grants"], module.profile, tried) if present and params["grants"] is not None else None,
        expires=_expires(params["expires"], module.profile, tried) if present else None,
        rotate=present and params["rotate"],
        others=params["others"],
    )


def key_place(module: StoreModule) -> Place:
    """Where the secret is kept; refuses a place that could not be written, before anything is made whose secret would be lost."""
    said = module.params["secret_file"]
    if not said:
        return Caller(module.params["kept"] or {}, keeps=bool(module.params["secret_vault"]))
    file = KeyFile(said["path"], said["format"], said["profile"], _mode(said), _owner(said))
    if module.params["state"] == "present":
        file.check()
    return HostFile(file)


def _grants(said: t.Sequence[t.Mapping[str, t.Any]], profile: Profile, tried: str) -> Grants:
    return understood(said, tried, profile.keys.levels, profile.keys.prefixes, profile.keys.lacks)


def _expires(said: str | None, profile: Profile, tried: str) -> str | None:
    if not said:
        return None
    if not profile.keys.expires:
        raise profile.refuse("key_expires", tried, f"a key of {profile.title} does not end by itself")
    try:
        when = datetime.datetime.strptime(f"{said}T00:00:00Z" if _DATE.fullmatch(said) else said, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError as exc:
        remedy = "Write it as 2027-01-31 or 2027-01-31T12:00:00Z, in UTC."
        raise BadInput(tried, said=f"expires is {said!r}", remedy=remedy) from exc
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _mode(said: t.Mapping[str, t.Any]) -> int:
    tried = f"keep a key in {said['path']}"
    try:
        mode = int(str(said["mode"]), 8)
    except ValueError as exc:
        raise BadInput(tried, said=f"mode is {said['mode']!r}", remedy='Write it in octal digits, such as "0600".') from exc
    if mode & 0o007 or mode & 0o022 or mode & ~0o770:
        raise BadInput(
            tried,
            said=f"mode is {said['mode']}, with which others could read the secret or the group could change it",
            remedy='Use "0600" or "0640".',
        )
    return mode


def _owner(said: t.Mapping[str, t.Any]) -> tuple[int, int] | None:
    tried = f"keep a key in {said['path']}"
    owner, group = said.get("owner"), said.get("group")
    if not owner and not group:
        return None
    try:
        user = pwd.getpwnam(owner) if owner else None
        gid = grp.getgrnam(group).gr_gid if group else None
    except KeyError as exc:
        raise BadInput(tried, said=str(exc.args[0]), remedy="Create it first, or correct owner and group.") from exc
    return (user.pw_uid if user else os.geteuid(), gid if gid is not None else t.cast(t.Any, user).pw_gid)


def shown(keys: t.Iterable[Key]) -> list[dict[str, t.Any]]:
    """The keys as results have them: never a secret."""
    return [
        {"access_key": key.id, "active": key.active, "created": key.created, "expires": key.expires, "last_used": key.last_used}
        for key in keys
    ]


def plain(grants: Grants | None) -> list[dict[str, t.Any]] | None:
    """The grants as results have them."""
    return None if grants is None else [grant.as_dict() for grant in grants]
