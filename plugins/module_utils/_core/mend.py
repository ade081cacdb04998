# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Mends what a reconciliation has found, with what is whole; nothing is ever deleted, and no row is written."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Callable, Iterator, NamedTuple

from .download import Downloader
from .errors import MediastoreError
from .journal import Journal
from .ledger import BUCKET_ONLY, DIFFERENT, DISK_ONLY, Ledger
from .model import DAMAGED, FAILED, UPLOAD, Outcome, Todo
from .reconcile import FILE, OBJECT
from .transfer import Mover

#: what Synapse may take to purge
PURGE_TIMEOUT_S = 600

#: says what one side contains, as its SHA-256
Summed = Callable[[str, str], str]


class Work(NamedTuple):
    """What one direction has to do."""

    files: int
    nbytes: int
    samples: list[str]


class Purge(NamedTuple):
    """What Synapse would forget of other servers' media, so that it fetches them again."""

    #: milliseconds since 1970, 0 for nothing
    before_ms: int
    missing: int
    #: media that are in order and go as well
    whole: int


def todos(ledger: Ledger, direction: str, kinds: tuple[str, ...], everything: bool) -> Iterator[Todo]:
    """What has to be sent, or brought; ``everything`` brings what is only in the bucket, too."""
    alone = DISK_ONLY if direction == UPLOAD else BUCKET_ONLY
    right = FILE if direction == UPLOAD else OBJECT
    for found, row in ledger.of(DIFFERENT, alone) if everything else ledger.of(DIFFERENT):
        if found.kind in kinds and (found.state == alone or found.whole == right):
            # The last is what the content has to be.
            yield Todo(found.key, direction, found.state, found.size, row.sha256 if row else "")


def plan(journal: Journal, jobs: Iterator[Todo], samples: int) -> Work:
    """Write down what is to be done."""
    journal.begin_plan()
    files = nbytes = 0
    shown: list[str] = []
    for todo in jobs:
        journal.plan(todo)
        files, nbytes = files + 1, nbytes + todo.size
        if len(shown) < samples:
            shown.append(todo.key)
    journal.commit()
    return Work(files, nbytes, shown)


class OnlyWhole:
    """Moves what is what the database says, where the database knows it; the rest stays and is named."""

    def __init__(self, mover: Mover, summed: Summed) -> None:
        self._mover = mover
        self._summed = summed
        self._side = OBJECT if isinstance(mover, Downloader) else FILE

    def settle(self) -> None:
        """As the mover does."""
        self._mover.settle()

    def __call__(self, todo: Todo) -> Outcome:
        """Look at the content first."""
        try:
            if todo.etag and self._summed(self._side, todo.key) != todo.etag:
                return Outcome(todo.key, DAMAGED)
        except (OSError, MediastoreError) as exc:
            return Outcome(todo.key, FAILED, error=str(exc))
        return self._mover(todo)


def choose_purge(ledger: Ledger, most_whole: int | None) -> Purge:
    """The time before which all is forgotten that takes the most of what is missing along, and not too much that is whole.

    Synapse has no call that forgets a single medium of another server. It forgets all that nobody has asked for since some time.
    """
    best, missing, whole = Purge(0, 0, 0), 0, 0
    for used_ms, gone, others in ledger.purges():
        missing, whole = missing + gone, whole + others
        if most_whole is not None and whole > most_whole:
            break
        if gone:
            best = Purge(used_ms + 1, missing, whole)
    return best


def purge_path(before_ms: int) -> str:
    """The call of Synapse's admin API."""
    return f"/_synapse/admin/v1/purge_media_cache?before_ts={before_ms}"


def purge(url: str, token: str, before_ms: int) -> int:
    """Let Synapse forget media of other servers; says how many."""
    address, doing = url.rstrip("/") + purge_path(before_ms), f"let Synapse at {url} purge its cache of other servers' media"
    request = urllib.request.Request(address, b"{}", {"Authorization": f"Bearer {token}"}, method="POST")
    try:
        with urllib.request.build_opener().open(request, timeout=PURGE_TIMEOUT_S) as answer:
            said: dict[str, Any] = json.load(answer)
            return int(said["deleted"])
    except urllib.error.HTTPError as exc:
        text = exc.read(300).decode("utf-8", "replace")
        remedy = (
            "synapse_token has to be the access token of a server admin, and synapse_url an address that serves the admin API."
        )
        raise MediastoreError(doing, said=f"{exc.code} {text}", remedy=remedy, code="AdminApi") from exc
    except (OSError, ValueError, KeyError, TypeError) as exc:
        remedy = "Correct synapse_url, for example http://127.0.0.1:8008."
        raise MediastoreError(doing, said=str(exc), remedy=remedy, code="AdminApi") from exc
