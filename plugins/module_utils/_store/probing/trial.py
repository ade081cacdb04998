# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""How one facet of a bucket is tried: what is written, how its effect shows, and how it is taken back."""

from __future__ import annotations

import operator
import typing as t
from dataclasses import dataclass

from ..facet import Facet, NotThisFacet
from .answers import Answer

if t.TYPE_CHECKING:
    from .scratch import Scratch

#: how Garage says that nothing is set
NO_CONTENT = 204


@dataclass(frozen=True)
class Trial:
    """One facet, read, written and compared as the modules do it: what they could not use is not there."""

    facet: Facet
    #: bucket -> what is written
    wanted: t.Callable[[str], t.Any]
    #: written in place of a DELETE
    back: t.Any = None
    #: whether it is left as it is, for the trials after it
    stays: bool = False
    effect: t.Callable[[Scratch], bool] | None = None
    #: an effect that is there before the write, as on a store that lets everybody in, proves nothing
    contrast: bool = True
    #: whether what a GET shows is what was written, both in canonical form
    same: t.Callable[[t.Any, t.Any], bool] = operator.eq

    def known(self, answer: Answer) -> bool:
        """Whether the answer to a GET is about this facet."""
        if not answer.done:
            return answer.code in self.facet.missing
        return answer.status == NO_CONTENT or self._value(answer) is not None

    def kept(self, answer: Answer, bucket: str) -> bool:
        """Whether the answer to a GET shows what was written."""
        value = self._value(answer) if answer.done and answer.status != NO_CONTENT else None
        return value is not None and self.same(self.facet.canonical(value), self.facet.canonical(self.wanted(bucket)))

    def body(self, bucket: str) -> dict[str, t.Any]:
        """The arguments that write it."""
        return self.facet.body(self.wanted(bucket))

    def _value(self, answer: Answer) -> t.Any:
        """What the answer says; nothing if it says nothing of this facet, which no store says with a success."""
        try:
            return self.facet.parse(answer.said)
        except (NotThisFacet, LookupError, TypeError, ValueError):
            return None
