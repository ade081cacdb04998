# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What is written down about a key whose secret the store shows once: the key in use, the one before it, and a run that began.

Before a key is made it is noted which keys there are. So a run that was killed between making a key and writing it down leaves
a key that the next run knows to be nobody's: it is on no list.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass, field

from .errors import BadInput

FORMATS = ("aws", "env", "json")
#: how the line begins that only we read; to the programs that read the file it is a comment
NOTE = "# mediastore.s3 "
#: what stands in a key and its secret anywhere: nothing that a file of settings would read in another way
_WORD = re.compile(r"[A-Za-z0-9+/=_.:~-]+")


@dataclass(frozen=True)
class Secret:
    """A key as its user needs it."""

    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class Record:
    """All that is kept about the keys of one name."""

    current: Secret | None = None
    #: still there while a rotation is under way, to go back to, and to prove in the end that it is dead
    previous: Secret | None = None
    #: the keys that were there when a run began to make another; None when no run is unfinished
    unfinished: tuple[str, ...] | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The keys whose secrets are here."""
        return tuple(secret.access_key for secret in (self.current, self.previous) if secret)

    def lost(self, there: t.Iterable[str]) -> tuple[str, ...]:
        """The keys that an unfinished run made and did not write down: nobody knows their secrets, and nobody ever will."""
        if self.unfinished is None:
            return ()
        return tuple(one for one in there if one not in self.unfinished and one not in self.ids)

    def as_dict(self) -> dict[str, t.Any]:
        """The record as JSON and YAML have it; what is not there is left out."""
        made: dict[str, t.Any] = dict(vars(self.current)) if self.current else {}
        if self.previous:
            made["previous"] = dict(vars(self.previous))
        if self.unfinished is not None:
            made["unfinished"] = list(self.unfinished)
        return made

    @classmethod
    def from_dict(cls, said: t.Any, where: str) -> Record:
        """The record that was written there, or one clear error: what is no record of ours is never overwritten."""
        if not isinstance(said, dict) or set(said) - {"access_key", "secret_key", "previous", "unfinished"}:
            raise _strange(where)
        unfinished = said.get("unfinished")
        if not isinstance(unfinished, (list, type(None))):
            raise _strange(where)
        return cls(
            current=_secret(said, where),
            previous=_secret(said.get("previous") or {}, where),
            unfinished=None if unfinished is None else tuple(str(one) for one in unfinished),
        )


def render(record: Record, form: str, profile: str = "default") -> str:
    """The text of a file: ``aws`` is for boto and the AWS CLI, ``env`` for systemd and shells, ``json`` for anybody."""
    if form == "json":
        return json.dumps(record.as_dict(), indent=2) + "\n"
    note = record.as_dict()
    note.pop("access_key", None)
    note.pop("secret_key", None)
    lines = [NOTE + json.dumps(note)]
    if record.current:
        for secret in (record.current.access_key, record.current.secret_key):
            if not _WORD.fullmatch(secret):
                raise BadInput(
                    "write the key down", said=f"it holds signs that a file of format {form} cannot", remedy="Use json."
                )
        names = ("aws_access_key_id", "aws_secret_access_key")
        pairs = tuple(zip(names, (record.current.access_key, record.current.secret_key)))
        if form == "aws":
            lines += [f"[{profile}]", *(f"{name} = {value}" for name, value in pairs)]
        else:
            lines += [f"{name.upper()}={value}" for name, value in pairs]
    return "\n".join(lines) + "\n"


def parse(text: str, form: str, where: str) -> Record:
    """The record in a file that ``render`` wrote; anything else is an error, since writing would destroy it."""
    if not text.strip():
        return Record()
    try:
        said = json.loads(text) if form == "json" else _with_note(text)
    except ValueError as exc:
        raise _strange(where) from exc
    return Record.from_dict(said, where)


def _with_note(text: str) -> dict[str, t.Any]:
    first, *rest = text.splitlines()
    if not first.startswith(NOTE):
        raise ValueError("not ours")
    said: dict[str, t.Any] = json.loads(first[len(NOTE) :])
    for line in rest:
        name, equals, value = line.partition("=")
        if equals:
            # aws_access_key_id and AWS_SECRET_ACCESS_KEY
            said["access_key" if name.strip().lower().endswith("_id") else "secret_key"] = value.strip()
    return said


def _secret(said: t.Any, where: str) -> Secret | None:
    if not isinstance(said, dict) or bool(said.get("access_key")) != bool(said.get("secret_key")):
        raise _strange(where)
    return Secret(str(said["access_key"]), str(said["secret_key"])) if said.get("access_key") else None


def _strange(where: str) -> BadInput:
    return BadInput(
        "read the key that is written down",
        said=f"{where} holds something else than a key that this collection wrote there in this format",
        remedy="Name another place, or move away what is there.",
    )
