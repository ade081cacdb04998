# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How one setting of a bucket is tried: a record with the requests, and what to look for in the answers."""

from __future__ import annotations

import operator
import typing as t
from dataclasses import dataclass

from .answers import Answer

if t.TYPE_CHECKING:
    from .scratch import Scratch

Said = t.Mapping[str, t.Any]

#: how Garage says that nothing is set
NO_CONTENT = 204


@dataclass(frozen=True)
class Trial:
    """One facet."""

    facet: str
    #: boto3's methods
    get: str
    put: str
    delete: str | None
    #: bucket -> what is written
    body: t.Callable[[str], dict[str, t.Any]]
    #: what is written in the form in which a GET answers it
    wanted: t.Callable[[str], t.Any]
    #: answer to a GET -> what is compared; raises where the answer is about something else
    gist: t.Callable[[Said], t.Any]
    #: codes of the answer where nothing is set
    missing: tuple[str, ...] = ()
    #: written in place of a DELETE
    back: t.Mapping[str, t.Any] | None = None
    effect: t.Callable[[Scratch], bool] | None = None
    #: an effect that is there before the write, as on a store that lets everybody in, proves nothing
    contrast: bool = True
    #: whether what a GET shows is what was written
    same: t.Callable[[t.Any, t.Any], bool] = operator.eq

    def known(self, answer: Answer) -> bool:
        """Whether the answer to a GET is about this setting."""
        if not answer.done:
            return answer.code in self.missing
        if answer.status == NO_CONTENT:
            return True
        try:
            self.gist(answer.said)
        except (LookupError, TypeError, ValueError):
            return False
        return True

    def kept(self, answer: Answer, bucket: str) -> bool:
        """Whether the answer to a GET shows what was written."""
        if not answer.done or answer.status == NO_CONTENT or not self.known(answer):
            return False
        return bool(self.same(self.gist(answer.said), self.wanted(bucket)))
