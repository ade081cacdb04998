# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What a key may do: rights on buckets, in the same words for every store, and the policy that says the same."""

from __future__ import annotations

import typing as t

from . import policydoc
from .errors import BadInput
from .policies import DELETE, KEEP_ACL, LIST, READ, TAGS, UPLOAD, check_bucket, check_prefix, statements
from .policylanguage import VERSION, Document, as_list

#: in the order in which they are shown
RIGHTS = ("list", "read", "write", "delete", "tags", "acl")
#: what each right is in the language of policies; ``list`` is of the bucket, the others of its objects
ACTIONS: dict[str, tuple[str, ...]] = {
    "list": LIST,
    "read": READ,
    "write": UPLOAD,
    "delete": DELETE,
    "tags": TAGS,
    "acl": KEEP_ACL,
}
#: what a store need not know apart: where objects have no tags or no ACLs, nobody needs the right to them
EXTRAS = ("tags", "acl")

_ALL = ("list", "read", "write", "delete")
#: What an application or a job needs. Synapse's storage provider never deletes; Zulip and Mastodon do.
PRESETS: dict[str, tuple[str, ...]] = {
    "read_only": ("list", "read"),
    "read_write": _ALL,
    "synapse": ("list", "read", "write"),
    "mastodon": _ALL,
    "zulip": _ALL,
    "migration": (*_ALL, "tags"),
    "storage_class": ("list", "read", "write", "tags"),
}


class Grant(t.NamedTuple):
    """Rights on the objects of one bucket whose keys begin with the prefix."""

    bucket: str
    prefix: str
    rights: tuple[str, ...]

    @property
    def where(self) -> str:
        """The place in a word, for messages."""
        return f"{self.bucket}/{self.prefix}" if self.prefix else self.bucket

    def as_dict(self) -> dict[str, t.Any]:
        """The grant as a user would write it."""
        return {"bucket": self.bucket, "prefix": self.prefix, "rights": list(self.rights)}


Grants = t.Tuple[Grant, ...]


def in_order(rights: t.Iterable[str]) -> tuple[str, ...]:
    """Each right once, in the order of RIGHTS."""
    given = set(rights)
    return tuple(right for right in RIGHTS if right in given)


def merged(grants: t.Iterable[Grant]) -> Grants:
    """One grant for each place, sorted; those without rights are nothing."""
    places: dict[tuple[str, str], set[str]] = {}
    for grant in grants:
        places.setdefault((grant.bucket, grant.prefix), set()).update(grant.rights)
    return tuple(Grant(bucket, prefix, in_order(rights)) for (bucket, prefix), rights in sorted(places.items()) if rights)


def understood(
    said: t.Sequence[t.Mapping[str, t.Any]],
    tried: str,
    levels: t.Sequence[str] = (),
    prefixes: bool = True,
    lacks: t.Sequence[str] = (),
) -> Grants:
    """The grants that a user wrote, or one clear error.

    ``levels`` are the combinations of rights that a store can tell apart (``list+read``), none if it can tell all apart. Rights
    that a user names are then given exactly or refused; a preset is what an application needs at least, so it gets the least
    level that holds it, without the rights that the store ``lacks``.
    """
    return merged(_understood(entry, tried, levels, prefixes, lacks) for entry in said)


def _understood(
    entry: t.Mapping[str, t.Any], tried: str, levels: t.Sequence[str], prefixes: bool, lacks: t.Sequence[str]
) -> Grant:
    bucket, prefix = entry.get("bucket"), entry.get("prefix") or ""
    preset, rights = entry.get("preset"), entry.get("rights")
    check_bucket(bucket, tried)
    check_prefix(prefix, tried)
    if bool(preset) == bool(rights):
        raise BadInput(
            tried,
            said=f"the grant for bucket {bucket} has {'both preset and rights' if preset else 'neither preset nor rights'}",
            remedy=f"Give one of them: a preset ({', '.join(PRESETS)}), or a list of rights ({', '.join(RIGHTS)}).",
        )
    missing = [right for right in rights or () if right in lacks]
    if missing:
        raise BadInput(
            tried,
            said=f"this store has no right to {missing[0]} that a key could be given on bucket {bucket}",
            remedy=f"Leave {missing[0]} out.",
            code="Unsupported",
        )
    wanted = in_order(right for right in (PRESETS[str(preset)] if preset else rights or ()) if right not in lacks)
    grant = Grant(str(bucket), prefix, wanted)
    if not prefixes:
        check_whole_buckets((grant,), tried)
    return grant._replace(rights=_at(grant, bool(preset), levels, tried)) if levels else grant


def check_whole_buckets(grants: Grants, tried: str) -> None:
    """Refuse a prefix on a store that can only let a key into all of a bucket."""
    for grant in grants:
        if grant.prefix:
            raise BadInput(
                tried,
                said=f"a key of this store is for whole buckets, and prefix is {grant.prefix}",
                remedy="Leave prefix out, or give what needs a key of its own a bucket of its own.",
                code="Unsupported",
            )


def _at(grant: Grant, at_least: bool, levels: t.Sequence[str], tried: str) -> tuple[str, ...]:
    # Tags and ACLs come with the others on such stores, or are not there at all.
    wanted = {right for right in grant.rights if right not in EXTRAS}
    offered = sorted((set(level.split("+")) for level in levels), key=len)
    fitting = [level for level in offered if (wanted <= level if at_least else wanted == level)]
    if not fitting:
        raise BadInput(
            tried,
            said=f"this store cannot give {', '.join(in_order(wanted)) or 'these rights'} on {grant.where} and no more",
            remedy=f"Give one of: {'; '.join(level.replace('+', ', ') for level in levels)}. Or give a preset.",
            code="Unsupported",
        )
    return in_order(fitting[0])


def policy_for(grants: Grants) -> Document | None:
    """The policy of a user that says exactly this; None for no rights at all."""
    made: list[Document] = []
    for number, grant in enumerate(merged(grants)):
        suffix = str(number) if number else ""
        objects = sorted({action for right in grant.rights if right != "list" for action in ACTIONS[right]})
        for statement in statements(grant.bucket, grant.prefix, "list" in grant.rights, objects):
            made.append({**statement, "Sid": statement["Sid"] + suffix})
    return {"Version": VERSION, "Statement": made} if made else None


def grants_in(policy: t.Mapping[str, t.Any] | None) -> Grants | None:
    """The grants that a policy says, None if it says anything that grants cannot."""
    if not policy or not policy.get("Statement"):
        return ()
    places: dict[tuple[str, str], set[str]] = {}
    for statement in as_list(policy["Statement"]):
        for resource in as_list(statement.get("Resource", [])) if isinstance(statement, dict) else []:
            bucket, _slash, prefix = str(resource).rpartition(":")[2].partition("/")
            below = as_list((statement.get("Condition") or {}).get("StringLike", {}).get("s3:prefix", [])) or [prefix]
            place = places.setdefault((bucket, str(below[0]).rstrip("*")), set())
            actions = set(as_list(statement.get("Action", [])))
            place.update(right for right, needed in ACTIONS.items() if _told(right, needed, actions, bool(prefix or _slash)))
    found = merged(Grant(bucket, prefix, in_order(rights)) for (bucket, prefix), rights in places.items())
    return found if _means(policy_for(found)) == _means(policy) else None


def _told(right: str, needed: t.Sequence[str], actions: set[str], objects: bool) -> bool:
    if right == "list":
        return not objects and "s3:ListBucket" in actions
    return objects and set(needed) <= actions


def _means(policy: t.Mapping[str, t.Any] | None) -> t.Any:
    document = policydoc.canonical(policy)
    if document is None:
        return None
    # What a statement is called, and in how many it is said, is nothing to whoever holds the key.
    return sorted(
        str({name: part for name, part in one.items() if name != "Sid"} if isinstance(one, dict) else one)
        for one in document["Statement"]
    )


def same(policy: t.Mapping[str, t.Any] | None, grants: Grants) -> bool:
    """Whether a policy says exactly these grants."""
    return bool(_means(policy) == _means(policy_for(grants)))
