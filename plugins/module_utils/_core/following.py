# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a run and the change feed of its journal agree on: that all but what the feed names is proved by the journal."""

from __future__ import annotations

import contextlib
import os
import uuid
from typing import Any

from .changeset import Changes
from .feed import Feed, NoFeed
from .journal import Journal
from .scan import Tree


class Following:
    """One run's dealings with the feed.

    Both sides keep a token that stands for the agreement, and every run makes a new one when it has ended. A run that looks at
    everything takes the journal's away before it begins, since it may unprove what nobody has touched. So the two agree only if
    the last run that wrote the journal ended in peace, with this feed watching from before it began.
    """

    def __init__(self, feed: Feed | None, journal: Journal, tree: Tree, scope: str, asked: bool) -> None:
        self._feed = feed
        self._journal = journal
        self._tree = tree
        #: which part of the directory is meant, in words that can be compared
        self._scope = scope
        self._asked = asked
        self._position: int | None = None
        #: why all had to be looked at although only what changed was asked for
        self.why = ""

    def begin(self) -> Changes | None:
        """What has changed since the last run, or None if this one has to look at everything."""
        token, scope = self._journal.coverage()
        changes = self._changes(token, scope) if self._asked else None
        if changes is not None:
            self._position = changes.position
            return changes
        if token:
            self._journal.cover("", "")
        self._position = self._begin()
        return None

    def _changes(self, token: str, scope: str) -> Changes | None:
        changes = None
        try:
            changes, stands = self._feed_of_this().changes(token)
        except NoFeed as exc:
            self.why = exc.said
        else:
            if stands["lost"]:
                self.why = stands["lost"]
            elif changes is None:
                self.why = "no copy with this journal has been completed since the feed was started"
            elif scope != self._scope:
                self.why = "the last copy was made with another exclude, special or compare"
                changes = None
        return changes

    def _begin(self) -> int | None:
        try:
            stands = self._feed_of_this().begin()
        except NoFeed:
            return None
        return None if stands["obstacle"] else int(stands["position"])

    def _feed_of_this(self) -> Feed:
        """The feed, if it watches this very directory."""
        tried = "follow the change feed"
        if self._feed is None:
            raise NoFeed(tried, said="no feed was started", remedy="Start one.")
        if not watches(self._feed.status(), self._tree.root):
            raise NoFeed(tried, said="the feed watches another directory", remedy="Start one for this directory.")
        return self._feed

    def end(self) -> None:
        """Agree on a new token; what this run has planned and not done stays with the feed."""
        if self._feed is None or self._position is None:
            return
        token = uuid.uuid4().hex
        left = [self._tree.relative(key).encode("utf-8") for key in self._journal.undone()]
        self._journal.cover(token, self._scope)
        # If it is gone then there is no agreement, and the next run notices.
        with contextlib.suppress(NoFeed):
            self._feed.settle(self._position, token, left)


def watches(stands: dict[str, Any], root: bytes | str) -> bool:
    """Whether this is the directory that the feed watches, whatever its name is."""
    found = os.stat(root)
    return (stands["device"], stands["inode"]) == (found.st_dev, found.st_ino)
