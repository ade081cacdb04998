# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What the sentinel makes of the answers that a stranger gets, and how it says so: public, not known, or nothing to ask for."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import time
from dataclasses import dataclass, field
from typing import Any, Iterable, NamedTuple, Sequence

from .access import ALLOWED, REFUSED, UNCLEAR, Answer
from .files import write_atomic
from .problems import printable

#: what can be found; with what each is said, and the exit status of the program, the first of which counts
PUBLIC, UNANSWERED, BLIND = "public", "unanswered", "blind"
KINDS = (PUBLIC, UNANSWERED, BLIND)
WORDS = {PUBLIC: "PUBLIC", UNANSWERED: "NOT ANSWERED", BLIND: "BLIND"}
STATUS = {PUBLIC: 10, UNANSWERED: 11, BLIND: 12}

#: the object was there when the sample was taken, and is not any more
GONE = "gone"
#: one byte says as much as all, and nobody's media are read
ONE_BYTE = {"Range": "bytes=0-0"}

_TOTAL = re.compile(r"/(\d+)$")

UNHEARD = (
    "That does not say that anybody can read it, nor that nobody can. See whether the store runs and is reached from here "
    "(endpoint_url, ca_path, proxy_url, public_url if given)."
)
AGAIN = "Run mediastore.s3.sentinel again: it takes a new sample."


@dataclass(frozen=True)
class Thing:
    """An object that must not be readable: its key, its size, and where a stranger would ask for it."""

    key: str
    size: int
    url: str
    public_url: str = ""


@dataclass(frozen=True)
class Target:
    """What must be private of one bucket below one prefix, as addresses that need no key."""

    bucket: str
    prefix: str
    #: addresses of listings, at the store and, if there is one, at the public URL
    listings: list[str]
    public_page: str = ""
    things: list[Thing] = field(default_factory=list)
    #: whether objects are to be asked for, and whether it is in order that there are none
    read: bool = True
    may_be_empty: bool = False
    #: what to do if it is open
    remedy: str = ""

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Target:
        """The inverse of as_dict()."""
        return cls(**{**data, "things": [Thing(**thing) for thing in data["things"]]})

    def as_dict(self) -> dict[str, Any]:
        """As it is left in a program."""
        return dataclasses.asdict(self)

    @property
    def shown(self) -> str:
        """What it is called in messages."""
        return f"bucket {self.bucket}" + (f" below {self.prefix}" if self.prefix else "")


class Finding(NamedTuple):
    """One thing that is not as it should be."""

    kind: str
    bucket: str
    prefix: str
    #: what it is about; the same as long as it lasts, so that nobody is told of it twice
    subject: str
    said: str
    remedy: str
    key: str = ""

    @property
    def line(self) -> str:
        """All of it, for a log."""
        return f"{WORDS[self.kind]}: {self.subject} ({self.said}). {self.remedy}"


def judge_object(answer: Answer, size: int, published: bool) -> str:
    """Whether an object could be read that was there when the sample was taken.

    At a public URL a page of somebody else's may come instead, with anything, so only its size is a yes, and not found is a no.
    """
    if answer.status == 416:
        return UNCLEAR if published else ALLOWED
    if 200 <= answer.status < 300:
        total = _TOTAL.search(answer.headers.get("content-range", ""))
        length = total.group(1) if total else answer.headers.get("content-length", "")
        # An object that was replaced since has another size, and an ETag like any other.
        return ALLOWED if length == str(size) or ("etag" in answer.headers and not published) else UNCLEAR
    if answer.status == 404 and answer.code != "NoSuchBucket":
        return REFUSED if published else GONE
    return REFUSED if answer.denied else UNCLEAR


class Asked(NamedTuple):
    """What a stranger was told: a verdict, the answer, and the address or the key that it is about."""

    verdict: str
    answer: Answer
    about: str = ""


def of_listings(target: Target, asked: Sequence[Asked]) -> list[Finding]:
    """What the listings say."""
    return _worst(target, asked, f"EVERYBODY CAN LIST {target.shown}", f"whether everybody can list {target.shown}")


def of_objects(target: Target, asked: Sequence[Asked]) -> list[Finding]:
    """What the objects say; those that are gone say nothing, and if all are, that is a finding."""
    if not target.read:
        return []
    if not target.things:
        return (
            []
            if target.may_be_empty
            else [_blind(target, "there is no object to ask for", "Store something there, or say may_be_empty.")]
        )
    found = _worst(target, asked, f"EVERYBODY CAN READ {target.shown}", f"whether everybody can read {target.shown}")
    if not found and all(one.verdict == GONE for one in asked):
        found = [_blind(target, f"the {len(target.things)} objects of the sample are gone", AGAIN)]
    return found


def too_old(targets: Iterable[Target], sampled: float, max_age_s: float, now: float) -> list[Finding]:
    """The targets whose sample says too little by now, because what came later may be stored in another way."""
    if now - sampled <= max_age_s:
        return []
    hours = (now - sampled) / 3600
    age = f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours"
    return [_blind(target, f"the sample is {age} old", AGAIN) for target in targets if target.things]


def _worst(target: Target, asked: Sequence[Asked], opened: str, unknown: str) -> list[Finding]:
    """One finding for all that is open, or else for all that is not known."""
    for kind, verdict, subject in ((PUBLIC, ALLOWED, opened), (UNANSWERED, UNCLEAR, f"{unknown} is not known")):
        such = [one for one in asked if one.verdict == verdict]
        if such:
            first = such[0]
            more = f", and {len(such) - 1} more of {len(asked)}" if len(such) > 1 else ""
            about = f"key {printable(first.about)}: " if first.about else ""
            other = " with other content" if verdict == UNCLEAR and 200 <= first.answer.status < 300 else ""
            said = f"{about}{first.answer.describe()}{other}{more}"
            remedy = target.remedy if kind == PUBLIC else UNHEARD
            return [Finding(kind, target.bucket, target.prefix, subject, said, remedy, first.about)]
    return []


def _blind(target: Target, said: str, remedy: str) -> Finding:
    return Finding(BLIND, target.bucket, target.prefix, f"nothing is known of objects in {target.shown}", said, remedy)


def gravest(findings: Iterable[Finding]) -> str:
    """The kind that counts."""
    return min((finding.kind for finding in findings), key=KINDS.index)


def sentence(findings: Sequence[Finding]) -> str:
    """How many of which kind."""
    counts = [(WORDS[kind], sum(finding.kind == kind for finding in findings)) for kind in KINDS]
    return ", ".join(f"{number} {word}" for word, number in counts if number)


class Alarm:
    """A file that is there as long as somebody has to be told; whoever has told moves it to the same name with ``.told``."""

    def __init__(self, path: str, remind_s: float) -> None:
        self._path = path
        self._told = f"{path}.told"
        self._remind_s = remind_s

    def settle(self, findings: Sequence[Finding], now: float | None = None) -> None:
        """Leave it where there is something new, or something that was told too long ago; take it away where there is nothing."""
        if not findings:
            for path in (self._path, self._told):
                _remove(path)
        elif self._is_known(findings, time.time() if now is None else now):
            _remove(self._path)
        else:
            write_atomic(self._path, "".join(f"{finding.line}\n" for finding in findings).encode("utf-8"))

    def _is_known(self, findings: Sequence[Finding], now: float) -> bool:
        try:
            with open(self._told, encoding="utf-8") as source:
                told, moment = source.read().splitlines(), os.fstat(source.fileno()).st_mtime
        except FileNotFoundError:
            return False
        subjects = [finding.line.partition(" (")[0] for finding in findings]
        return [line.partition(" (")[0] for line in told] == subjects and now - moment <= self._remind_s


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
