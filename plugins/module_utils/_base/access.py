# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The tries of a stranger at one bucket, repeated until they end as they should."""

from __future__ import annotations

import contextlib
import secrets
import typing as t
from dataclasses import dataclass
from urllib.parse import quote

from .._core import access
from .._core.access import Try
from .._core.retry import looks
from .._store.scratch import Scratch, key_outside, scratch_key, stem_of
from .._store.stranger import Stranger, below, bucket_address, object_address
from .module import StoreModule


@dataclass(frozen=True)
class Claim:
    """What is said of a bucket, and has to be proved."""

    bucket: str
    expect: str
    prefix: str
    public_url: str | None

    @property
    def wanted(self) -> dict[str, str]:
        """What each try has to end with if it is true."""
        return access.expected(self.expect, self.prefix)


class Knocking:
    """A stranger at the doors of a bucket."""

    def __init__(self, module: StoreModule, claim: Claim, scratch: Scratch) -> None:
        self._claim = claim
        self._scratch = scratch
        self._stranger = Stranger(module.connection)
        # Asked for each time: with the first answer botocore may have learned that a bucket is in another region.
        self._bucket_url = lambda: bucket_address(module.client, claim.bucket)
        self._object_url = lambda key: object_address(module.client, claim.bucket, key)
        self._inside, self._outside = scratch_key(claim.prefix), key_outside(claim.prefix)
        self._intruder = scratch_key(claim.prefix)
        self._versions = module.profile.facets.versioning in ("store", "enforce", "always")
        self._content = f"A test by mediastore.s3, to be removed: {secrets.token_hex(16)}\n".encode()

    def leave_objects(self) -> None:
        """Put what the stranger will try to read."""
        keys = [self._inside, *([self._outside] if access.OUTSIDE in self._claim.wanted else [])]
        for key in keys:
            self._scratch.sweep(stem_of(key), self._versions)
            self._scratch.put(key, self._content)

    def once(self) -> list[Try]:
        """Try everything one time."""
        outside = self._everywhere(access.OUTSIDE, self._outside) if access.OUTSIDE in self._claim.wanted else []
        return [*self._read(), *self._list(), self._put(), *outside]

    def look(self) -> list[Try]:
        """Try what leaves no trace."""
        tries = self._list()
        if self._claim.expect == access.PRIVATE:
            answer = self._stranger.get(self._object_url(self._intruder))
            # Who may not read gets the same answer for what is there and for what is missing.
            if answer.status == 404:
                tries.append(Try(access.READ, access.UNCLEAR, answer))
        return tries

    def _list(self) -> list[Try]:
        """Try to list, in the old way and in the new one, also below the prefix only, and at the public URL."""
        queries = ["?max-keys=1", "?list-type=2&max-keys=1"]
        if self._claim.prefix:
            queries.append(f"?list-type=2&max-keys=1&prefix={quote(self._claim.prefix, safe='')}")
        answers = [self._stranger.get(self._bucket_url() + query) for query in queries]
        tries = [Try(access.LIST, access.judge_list(answer), answer) for answer in answers]
        if self._claim.public_url:
            answer = self._stranger.get(below(self._claim.public_url, ""))
            tries.append(Try(access.LIST, access.judge_page(answer), answer))
        return tries

    def _read(self) -> list[Try]:
        if self._claim.expect == access.PRIVATE:
            return self._everywhere(access.READ, self._inside)
        read = self._below if self._claim.public_url else self._at_the_store
        return [read(access.READ, self._inside)]

    def _everywhere(self, name: str, key: str) -> list[Try]:
        """Try to read what nobody should, by every way there is."""
        tries = [self._at_the_store(name, key)]
        return [*tries, self._below(name, key)] if self._claim.public_url else tries

    def _at_the_store(self, name: str, key: str) -> Try:
        answer = self._stranger.get(self._object_url(key))
        return Try(name, access.judge_get(answer, self._content), answer)

    def _below(self, name: str, key: str) -> Try:
        answer = self._stranger.get(below(self._claim.public_url or "", key))
        return Try(name, access.judge_below(answer, self._content), answer)

    def _put(self) -> Try:
        answer = self._stranger.put(self._object_url(self._intruder), self._content)
        tried = Try(access.WRITE, access.judge_write(answer), answer)
        if tried.verdict != access.REFUSED:
            self._scratch.also(self._intruder, answer.version)
        return tried


@contextlib.contextmanager
def knocking(module: StoreModule, claim: Claim) -> t.Iterator[Knocking]:
    """The stranger, with everything removed at the end that either side has put."""
    scratch = Scratch(module.client, module.connection, claim.bucket)
    try:
        yield Knocking(module, claim, scratch)
    finally:
        left = scratch.remove()
        if left:
            module.warn(f"Could not remove from bucket {claim.bucket}, please do it by hand: {', '.join(left)}")


def knock_until(once: t.Callable[[], list[Try]], wanted: t.Mapping[str, str], patience_s: float) -> list[Try]:
    """The first tries that end as they should, or the last ones: what a policy says takes some stores seconds to follow."""
    tries: list[Try] = []
    for _look in looks(patience_s, first_s=0.2):
        tries = once()
        if not access.deviations(tries, wanted):
            break
    return tries
