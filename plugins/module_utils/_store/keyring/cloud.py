# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What the keyrings of clouds share: a token, lists in pages, and keys of which each has its own grants under a name."""

from __future__ import annotations

import contextlib
import typing as t

from ..._core.errors import BadInput, StoreRefused
from ..client import USER_AGENT
from ..rest import Refusal, Rest, code_and_message
from .port import Holder, Key

if t.TYPE_CHECKING:
    from ..connection import Connection
    from ..profile import Profile

TRIED = "manage access keys"

#: number of a page, from 1 -> what is on it, and whether there is another one
Page = t.Callable[[int], t.Tuple[t.Sequence[t.Mapping[str, t.Any]], bool]]


def interface(
    connection: Connection,
    profile: Profile,
    headers: t.Mapping[str, str],
    remedies: t.Mapping[t.Any, str],
    refusal: Refusal = code_and_message,
) -> Rest:
    """The provider's own interface.

    A handful of JSON calls. The providers' client libraries (pydo, linode_api4, scaleway, cloudflare) would be one more thing to
    install on every target, for newer versions of Python than a target has, and would do no more than put a token into a header.
    """
    # Some of these interfaces are behind filters that turn Python's own name away.
    sent = {"User-Agent": USER_AGENT, **headers}
    known = {429: "Wait: too many requests were sent with this token.", **remedies}
    return Rest(
        connection, connection.admin_url or profile.keys.endpoint, profile.title, headers=sent, refusal=refusal, remedies=known
    )


def token_of(connection: Connection, title: str, remedy: str) -> str:
    """The token of the provider's interface; the keys of S3 do not open it."""
    if not connection.admin_token:
        raise BadInput(TRIED, said=f"{title} makes keys through an interface of its own, and admin_token is empty", remedy=remedy)
    return connection.admin_token


def every(page: Page) -> list[t.Mapping[str, t.Any]]:
    """What is on all pages."""
    found: list[t.Mapping[str, t.Any]] = []
    number, more = 1, True
    while more:
        entries, more = page(number)
        found += entries
        number += 1
    return found


def holder_of(name: str, keys: t.Sequence[Key]) -> Holder | None:
    """The holder whose keys each have grants of their own, where there is nothing of the name but its keys."""
    if not keys:
        return None
    counted = [key for key in keys if key.active] or keys
    said = {key.grants for key in counted}
    return Holder(name, tuple(keys), said.pop() if len(said) == 1 else None)


@contextlib.contextmanager
def gone_is_gone(*codes: str) -> t.Iterator[None]:
    """Deleting what is not there is no error."""
    try:
        yield
    except StoreRefused as exc:
        if exc.code not in ("404", *codes):
            raise


def utc(moment: str | None) -> str | None:
    """A time of these interfaces, all of them in UTC, without fractions of a second."""
    return f"{moment.rstrip('Z').partition('.')[0]}Z" if moment else None
