# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""Who gets in: policy, access lists, the block before both, and the one way to let everybody read objects and not list them."""

from __future__ import annotations

import dataclasses
import typing as t

from ..facets import POLICY, PUBLIC_ACCESS
from ..profile import CANNED_ACLS
from . import trials
from .facets import measure
from .uploads import object_acls

if t.TYPE_CHECKING:
    from .scratch import Scratch

Facts = t.Dict[str, t.Any]
Supports = t.Dict[str, str]

KEPT = ("store", "enforce")
#: Nothing of ours is opened for strangers to write, not even for a moment.
BUCKET_ACLS = tuple(acl for acl in CANNED_ACLS if acl != "public-read-write")


def access(place: Scratch) -> tuple[Supports, Facts]:
    """The facets that open and close a bucket, and the facts that follow from them."""
    _open_up(place)
    supports = {
        trial.facet.name: measure(place, trial) for trial in (trials.OWNERSHIP, trials.POLICY, trials.ACL, trials.WEBSITE)
    }
    facts = object_acls(place)
    opens = False
    if supports["acl"] in KEPT:
        facts["bucket_acls"], opens = _bucket_acls(place)
        if "public-read" in facts.get("object_acls", ()):
            supports["acl"] = "enforce"
    elif supports["acl"] == "none":
        facts["bucket_acls"] = []
    way = _public_read(supports, opens)
    if way:
        facts["public_read"] = way
    supports["public_access_block"] = _block(place, supports["policy"])
    return supports, facts


def _open_up(place: Scratch) -> None:
    """Take away what some stores put before every new bucket, or nothing public could be seen there."""
    answer = place.ask(PUBLIC_ACCESS.get)
    closed = place.own and answer.done and trials.PUBLIC_ACCESS_BLOCK.known(answer)
    if closed and any(PUBLIC_ACCESS.parse(answer.said).values()):
        place.write(str(PUBLIC_ACCESS.put), **PUBLIC_ACCESS.body(trials.NOTHING_BLOCKED))


def _bucket_acls(place: Scratch) -> tuple[list[str], bool]:
    """The canned access lists that the bucket takes, and whether the public one opens the objects and not the list."""
    taken, opens = [], False
    for acl in BUCKET_ACLS:
        if place.write("put_bucket_acl", ACL=acl).done:
            taken.append(acl)
            if acl == "public-read":
                opens = place.anybody_reads() and not place.stranger.lists(place.bucket)
    place.write("put_bucket_acl", ACL="private")
    return taken, opens


def _public_read(supports: Supports, opens: bool) -> str:
    """The way, as profiles say it; empty if that could not be found out."""
    if supports["policy"] == "enforce":
        return "policy"
    if opens:
        return "bucket_acl"
    if "ask" in (supports["policy"], supports["acl"], supports["website"]):
        return ""
    # Where nothing else can open a bucket, serving it as a website does.
    alone = supports["policy"] == supports["acl"] == "none" and supports["website"] in KEPT
    return "website" if alone else "none"


def _block(place: Scratch, policy: str) -> str:
    """The public access block, whose effect shows where a policy would open the bucket."""
    trial = trials.PUBLIC_ACCESS_BLOCK
    support = measure(place, trial if policy == "enforce" else dataclasses.replace(trial, effect=None))
    if place.own and policy == "enforce" and place.ask(POLICY.get).done:
        place.write("delete_bucket_policy")
    return support
