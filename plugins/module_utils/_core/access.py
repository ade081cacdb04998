# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What strangers may do with a bucket, judged by what the store answers them; an answer that proves nothing is no proof."""

from __future__ import annotations

import re
import typing as t

ALLOWED, REFUSED, UNCLEAR, NOT_TRIED = "allowed", "refused", "unclear", "not_tried"

PRIVATE, PUBLIC_READ = "private", "public_read"
EXPECTATIONS = (PRIVATE, PUBLIC_READ)

#: what must be said first of what is not as it should be
GRAVITY = (ALLOWED, REFUSED, UNCLEAR)

#: what is tried
READ, LIST, WRITE, OUTSIDE = "read", "list", "write", "read_outside_prefix"

DENIED = (401, 403)
#: Some stores call a request without a key a bad one. Any other 400 may have another reason, with a public bucket as well.
DENIED_AS_BAD_REQUEST = ("UnsupportedAlgorithm", "MissingSecurityHeader")

_CODE = re.compile(rb"<Code>\s*([\w.-]+)\s*</Code>")
_WITHOUT_KEY = re.compile(rb"<Message>\s*Authorization\s*</Message>")
_LISTING = re.compile(rb"<(?:[\w.-]+:)?ListBucketResult[\s>]")


class Answer(t.NamedTuple):
    """What a stranger got; a status of 0 means no answer, and ``body`` then says why."""

    status: int
    body: bytes = b""
    #: by their names in small letters
    headers: t.Mapping[str, str] = {}

    @property
    def allowed(self) -> bool:
        """Whether the request was let through."""
        return 200 <= self.status < 300

    @property
    def version(self) -> str | None:
        """The version of the object, where the bucket keeps versions."""
        return self.headers.get("x-amz-version-id")

    @property
    def denied(self) -> bool:
        """Whether the store says that one needs a key for this."""
        return self.status in DENIED or (self.status == 400 and self._denied_as_bad_request())

    @property
    def code(self) -> str:
        """The store's error code, empty if it gave none."""
        found = _CODE.search(self.body) if self.status >= 400 else None
        return found.group(1).decode("ascii", "replace") if found else ""

    @property
    def is_listing(self) -> bool:
        """Whether it lists a bucket."""
        return self.status == 200 and bool(_LISTING.search(self.body[:2048]))

    def _denied_as_bad_request(self) -> bool:
        # Cloudflare R2 answers "InvalidArgument: Authorization" when that header is missing.
        return self.code in DENIED_AS_BAD_REQUEST or (self.code == "InvalidArgument" and bool(_WITHOUT_KEY.search(self.body)))

    def describe(self) -> str:
        """The answer in a few words, for a message."""
        if self.status == 0:
            return f"no answer ({self.body.decode('utf-8', 'replace')})"
        if 300 <= self.status < 400:
            return f"{self.status}, a redirect"
        return f"{self.status} {self.code}".rstrip()


class Try(t.NamedTuple):
    """One thing that a stranger tried."""

    name: str
    verdict: str
    answer: Answer


def judge_get(answer: Answer, content: bytes) -> str:
    """Whether an object that is there could be read: only its own bytes are a yes."""
    if answer.status == 200:
        return ALLOWED if answer.body == content else UNCLEAR
    return REFUSED if answer.denied else UNCLEAR


def judge_below(answer: Answer, content: bytes) -> str:
    """The same under a public URL, where not found is a no: of a bucket that is closed nothing is served there."""
    return REFUSED if answer.status == 404 else judge_get(answer, content)


def judge_list(answer: Answer) -> str:
    """Whether the bucket could be listed."""
    if answer.is_listing:
        return ALLOWED
    return REFUSED if answer.denied else UNCLEAR


def judge_page(answer: Answer) -> str:
    """Whether what is served at a public URL is a listing; any page that is none will do."""
    if answer.is_listing:
        return ALLOWED
    return REFUSED if 200 <= answer.status < 500 else UNCLEAR


def judge_write(answer: Answer) -> str:
    """Whether an object could be put; a store has nothing more to say then, and a page is somebody else's."""
    if 200 <= answer.status < 300:
        return UNCLEAR if answer.body.strip() else ALLOWED
    return REFUSED if answer.denied else UNCLEAR


def expected(expect: str, prefix: str) -> dict[str, str]:
    """What each try has to end with."""
    if expect == PRIVATE:
        return {READ: REFUSED, LIST: REFUSED, WRITE: REFUSED}
    wanted = {READ: ALLOWED, LIST: REFUSED, WRITE: REFUSED}
    return {**wanted, OUTSIDE: REFUSED} if prefix else wanted


def deviations(tries: t.Sequence[Try], wanted: t.Mapping[str, str]) -> list[Try]:
    """The tries that ended otherwise; what is open comes first."""
    found = [one for one in tries if one.verdict != wanted[one.name]]
    return sorted(found, key=lambda one: GRAVITY.index(one.verdict))


def verdicts(tries: t.Sequence[Try], wanted: t.Mapping[str, str]) -> dict[str, str]:
    """One word for each thing that was to be tried: of several tries the one that deviates speaks."""
    said = {name: NOT_TRIED for name in wanted}
    said.update({one.name: one.verdict for one in tries})
    said.update({one.name: one.verdict for one in reversed(deviations(tries, wanted))})
    return said


def statuses(tries: t.Sequence[Try]) -> dict[str, list[int]]:
    """The HTTP statuses behind the words."""
    said: dict[str, list[int]] = {}
    for one in tries:
        said.setdefault(one.name, []).append(one.answer.status)
    return said
