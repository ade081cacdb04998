# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a store answers, as a value: for a measurement a refusal is a result, and only silence is an error."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..._core.errors import MediastoreError, Unsupported
from ..._core.retry import looks
from ..facet import UNKNOWN_CODES
from ..faults import ClientError, ResponseParserError, code_of, explain, explaining, is_boto, status_of

if t.TYPE_CHECKING:
    from ..connection import Connection

TRIED = "measure what the store can do"

#: the answer was one to another question: a listing, a web page, something that is no XML
FELL_THROUGH, NOT_S3, UNREADABLE = "FellThrough", "NotS3", "Unreadable"
#: the bucket was gone after the request
LOST = "BucketLost"
#: codes by which a store shows that it does not know what it was asked for. The last line is what a bucket itself would answer:
#: the store has taken its sub-resource for the bucket.
UNKNOWN = (
    *UNKNOWN_CODES,
    *(FELL_THROUGH, NOT_S3, UNREADABLE, LOST),
    *("BucketAlreadyExists", "BucketAlreadyOwnedByYou", "BucketNotEmpty"),
)
#: statuses that say something about rights or load, and nothing about what the store can do
SAYS_NOTHING = (401, 403, 408, 429, 503)


@dataclass(frozen=True)
class Answer:
    """The answer to one request, be it yes or no."""

    said: t.Mapping[str, t.Any] = field(default_factory=dict)
    #: empty when it was done
    code: str = ""
    status: int = 200
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        """Whether the store did it, or says so."""
        return not self.code

    @property
    def unknown(self) -> bool:
        """Whether the store shows that it does not know what it was asked for."""
        return self.code in UNKNOWN

    @property
    def denied(self) -> bool:
        """Whether this key may not do it, or not now."""
        return self.status in SAYS_NOTHING

    @property
    def undecided(self) -> bool:
        """Whether it was refused for a reason that tells nothing about what the store can do."""
        return not self.unknown and (self.denied or self.status >= 500)

    @property
    def refused(self) -> bool:
        """Whether it was refused because the store does not do this."""
        return not self.done and not self.undecided

    def demand(self, tried: str, connection: Connection) -> t.Mapping[str, t.Any]:
        """What was said; or the error, where nothing goes on without it."""
        if self.error is None:
            return self.said
        if is_boto(self.error):
            raise explain(self.error, tried, connection) from self.error
        raise self.error


def ask(connection: Connection, call: t.Callable[..., t.Any], **arguments: t.Any) -> Answer:
    """Send one request. Whatever the store answers is returned; that it does not answer is raised."""
    with explaining(TRIED, connection):
        return _asked(call, arguments)


def _asked(call: t.Callable[..., t.Any], arguments: dict[str, t.Any]) -> Answer:
    try:
        said = call(**arguments)
        return Answer(said, status=said["ResponseMetadata"].get("HTTPStatusCode", 200))
    except ClientError as exc:
        return Answer(code=code_of(exc), status=status_of(exc), error=exc)
    except ResponseParserError as exc:
        return Answer(code=UNREADABLE, error=exc)
    except Unsupported as exc:  # the guard's: a listing
        return Answer(code=FELL_THROUGH, error=exc)
    except MediastoreError as exc:
        if exc.code != NOT_S3:
            raise
        return Answer(code=NOT_S3, error=exc)


def eventually(claim: t.Callable[[], bool], patience_s: float) -> bool:
    """Whether the claim becomes true in time: stores may need a moment to show what they were told."""
    return any(claim() for _look in looks(patience_s, most_s=1.0))
