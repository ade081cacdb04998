# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What of the headers of an upload a store acts on: classes, encryption, access lists.

Stores exist that take any header and ignore it, and others that even repeat it. So each is first sent with nonsense: only a
store that minds is believed.
"""

from __future__ import annotations

import secrets
import typing as t

from ..profile import CANNED_ACLS
from ..providers.aws import PROFILE as AWS
from .answers import eventually
from .place import MOMENT_S, SAMPLE, Place

Facts = t.Dict[str, t.Any]

NONSENSE = "NO-SUCH-THING"
STANDARD = "STANDARD"


def storage_classes(place: Place) -> Facts:
    """Which of Amazon's storage classes the store knows; others have names that nobody can guess."""
    nonsense = place.put("class", StorageClass=NONSENSE)
    if nonsense.denied:
        return {}
    known = [] if nonsense.done else [name for name in AWS.storage_classes or () if _has_class(place, name)]
    return {"storage_classes": [STANDARD, *(name for name in known if name != STANDARD)]}


def encryption(place: Place) -> Facts:
    """Which kinds of server-side encryption the store carries out, as far as that can be seen."""
    nonsense = place.put("encrypted", ServerSideEncryption=NONSENSE)
    if nonsense.denied:
        return {}
    found = [] if nonsense.done else [kind for kind in ("AES256", "aws:kms") if _encrypts(place, kind)]
    return {"sse": [*found, *(["SSE-C"] if place.tls and _hides(place) else [])]}


def object_acls(place: Place) -> Facts:
    """Which canned access lists an object can be given, judged by what they do."""
    name = "acl"
    nonsense = place.put(name, ACL=NONSENSE)
    if nonsense.denied:
        return {}
    if not place.put(name, ACL="private").done or _is_public(place, name):
        return {"object_acls": []}
    others = not nonsense.done and _opens(place, name)
    return {"object_acls": [acl for acl in CANNED_ACLS if acl == "private" or (others and place.put(name, ACL=acl).done)]}


def _has_class(place: Place, name: str) -> bool:
    if not place.put("class", StorageClass=name).done:
        return False
    shown = [place.head("class").said.get("StorageClass"), *(entry.get("StorageClass") for entry in place.listed("class"))]
    return name in shown or name == STANDARD


def _encrypts(place: Place, kind: str) -> bool:
    answer = place.put("encrypted", ServerSideEncryption=kind)
    return answer.done and place.head("encrypted").said.get("ServerSideEncryption") == kind and place.holds("encrypted")


def _hides(place: Place) -> bool:
    """Whether an object that was encrypted with the customer's key cannot be read without it."""
    key, other = ({"SSECustomerAlgorithm": "AES256", "SSECustomerKey": secrets.token_bytes(32)} for _turn in range(2))
    where = {"Key": place.key("customer-key")}
    if not place.ask("put_object", **where, **key, Body=SAMPLE).done:
        return False
    read, without, with_other = (place.ask("get_object", **where, **how) for how in (key, {}, other))
    return read.done and read.said["Body"].read() == SAMPLE and not without.done and not with_other.done


def _opens(place: Place, name: str) -> bool:
    return place.put(name, ACL="public-read").done and eventually(lambda: _is_public(place, name), MOMENT_S)


def _is_public(place: Place, name: str) -> bool:
    reply = place.stranger.reads(place.bucket, place.key(name))
    return reply.allowed and reply.body == SAMPLE
