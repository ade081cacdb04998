# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The policies of Ceph's users, which make up for this: an object belongs to whoever wrote it, not to the bucket's owner.

So a key could read what it once wrote, and open it to everybody, whatever its policy grants, and the owner of the bucket could
not read what keys of others write. A policy that denies ends the first, and a policy of the owner's ends the second.
"""

from __future__ import annotations

import typing as t

from . import policydoc
from .grants import ACTIONS, Grants, grants_in, merged, policy_for
from .policylanguage import VERSION, Document, as_list

#: right -> what the ACL of an object lets its owner do without it
OWNED: dict[str, tuple[str, ...]] = {
    "read": (*ACTIONS["read"], "s3:GetObjectVersion"),
    "tags": (*ACTIONS["tags"], "s3:DeleteObjectTagging", "s3:GetObjectVersionTagging", "s3:PutObjectVersionTagging"),
    "acl": (*ACTIONS["acl"], "s3:GetObjectVersionAcl", "s3:PutObjectVersionAcl"),
}
#: how the Sids begin of what grants do not say
MANY, NOT_OWN = "DeleteMany", "NotOwn"


def document_for(grants: Grants) -> Document:
    """The policy of a user who may do this and nothing else."""
    allowed = (policy_for(grants) or {}).get("Statement", [])
    return {"Version": VERSION, "Statement": [*allowed, *_deletions(grants), *_withheld(grants)]}


def grants_of(document: t.Mapping[str, t.Any] | None) -> Grants | None:
    """The grants that such a policy says, None if it says anything else."""
    if not document:
        return ()
    told = [one for one in as_list(document.get("Statement", [])) if not _is_added(one)]
    found = grants_in({"Version": VERSION, "Statement": told})
    as_ours = found is not None and policydoc.canonical(document_for(found)) == policydoc.canonical(document)
    return found if as_ours else None


def owner_document(bucket: str) -> Document:
    """The policy with which the owner of a bucket may do everything with its objects, whoever wrote them."""
    everything = {"Sid": "Objects", "Effect": "Allow", "Action": ["s3:*"], "Resource": [f"arn:aws:s3:::{bucket}/*"]}
    return {"Version": VERSION, "Statement": [everything]}


def _deletions(grants: Grants) -> t.Iterator[Document]:
    # Before version 19 DeleteObjects must be allowed on the bucket too; each object is then looked at by itself.
    buckets = sorted({grant.bucket for grant in grants if "delete" in grant.rights})
    if buckets:
        resources = [f"arn:aws:s3:::{bucket}" for bucket in buckets]
        yield {"Sid": MANY, "Effect": "Allow", "Action": list(ACTIONS["delete"]), "Resource": resources}


def _withheld(grants: Grants) -> t.Iterator[Document]:
    # Not NotAction, of which version 16 takes no notice.
    for right, actions in OWNED.items():
        places = [f"arn:aws:s3:::{one.bucket}/{one.prefix}*" for one in merged(grants) if right in one.rights]
        where = {"NotResource": places} if places else {"Resource": ["*"]}
        yield {"Sid": NOT_OWN + right.capitalize(), "Effect": "Deny", "Action": list(actions), **where}


def _is_added(statement: t.Any) -> bool:
    return isinstance(statement, dict) and str(statement.get("Sid", "")).startswith((MANY, NOT_OWN))
