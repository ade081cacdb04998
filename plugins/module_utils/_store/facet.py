# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a facet is: one setting of a bucket as data, how it is read, written, and compared."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from .profile import Profile

#: answers that mean "this store does not know the sub-resource", as opposed to "nothing is set"
UNKNOWN_CODES = ("NotImplemented", "XNotImplemented", "MethodNotAllowed", "UnsupportedOperation", "501", "405")


class NotThisFacet(Exception):
    """The answer is not what the sub-resource looks like."""


@dataclass(frozen=True)
class Facet:
    """One setting of a bucket. Its values are plain: what a user writes in YAML; None means that nothing is set."""

    #: the name in profiles, in the guard and in messages
    name: str
    title: str
    #: the name of the option and of the key in results
    option: str
    #: the client's methods; without ``put`` it is set when the bucket is made, without ``delete`` nothing is written as a value
    get: str
    put: str | None
    delete: str | None
    #: error codes that mean "nothing is set"
    missing: tuple[str, ...]
    #: answer of ``get`` -> value; raises NotThisFacet
    parse: t.Callable[[t.Mapping[str, t.Any]], t.Any]
    #: value -> arguments of ``put``
    body: t.Callable[[t.Any], dict[str, t.Any]]
    #: value -> its one spelling; two values that mean the same have the same
    canonical: t.Callable[[t.Any], t.Any]
    #: the one value on a provider that has it ``always``
    always: t.Any = None
    #: asked of the store's administration interface, since it is no part of S3
    administered: bool = False

    def require(self, profile: Profile, wanted: t.Any, tried: str) -> None:
        """Raise before anything is sent if the provider cannot have the wanted value."""
        if getattr(profile.facets, self.name) == "always" and self.canonical(wanted) == self.always:
            return
        profile.require(self.name, self.title, tried)


def member(answer: t.Mapping[str, t.Any], name: str) -> t.Any:
    """A part of the answer without which it is another answer."""
    if name not in answer:
        raise NotThisFacet(name)
    return answer[name]
