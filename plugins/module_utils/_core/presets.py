# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What ``preset: private`` and ``preset: public_read`` mean on a store, in the options of the modules."""

from __future__ import annotations

import typing as t

from .access import PRIVATE, PUBLIC_READ
from .errors import MediastoreError
from .policies import private, public_read

Entry = t.Dict[str, t.Any]
Wish = t.Dict[str, t.Any]

CLOSED = {"ignore_public_acls": True, "block_public_policy": True, "restrict_public_buckets": True}
#: a policy may be public, ACLs still may not
POLICY_ONLY = {"ignore_public_acls": True, "block_public_policy": False, "restrict_public_buckets": False}

#: these say something about a preset, and nothing without one
OF_A_PRESET = ("principals", "prefix", "public_url")


#: what a user may write for true; a variable from the command line is a string
YES = ("true", "yes", "on", "1", "y", "t")


class Contradiction(Exception):
    """Two things that cannot both be meant, or one that the store cannot do."""


class Plan(t.NamedTuple):
    """The buckets with their presets spelled out, and what stands in the way."""

    buckets: list[Entry]
    problems: list[str]


def spell_out(entries: t.Sequence[t.Mapping[str, t.Any]], provider: t.Mapping[str, t.Any], prove: bool = True) -> Plan:
    """Everything that is asked for in the options of the modules; nothing is to be touched while there are problems."""
    plan = Plan([], _twice([str(entry["name"]) for entry in entries]))
    for entry in entries:
        said = {name: value for name, value in entry.items() if value is not None}
        try:
            plan.buckets.append(_spelled(said, Store(provider), prove))
        except Contradiction as exc:
            plan.problems.append(f"Bucket {entry['name']}: {exc}")
        except MediastoreError as exc:
            plan.problems.append(f"Bucket {entry['name']}: {exc.said.rstrip('.')}. {exc.remedy}")
    return plan


def _twice(names: list[str]) -> list[str]:
    twice = sorted({name for name in names if names.count(name) > 1})
    return [f"mediastore_buckets names a bucket twice: {', '.join(twice)}. Describe each bucket once."] if twice else []


def _spelled(entry: Entry, store: Store, prove: bool) -> Entry:
    if entry.get("state") == "absent":
        return {name: entry[name] for name in ("name", "state", "force", "force_confirm") if name in entry}
    preset, expect = entry.pop("preset", None), entry.pop("expect", None)
    if preset and "policy" in entry:
        raise Contradiction(
            f"it has both policy and preset. Keep one of them; with a policy, expect: {preset} proves its effect."
        )
    if preset and expect and preset != expect:
        raise Contradiction(f"preset is {preset} and expect is {expect}. Leave expect out.")
    if not preset:
        _refuse_idle(entry, expect)
    wish = PRESETS[preset](entry, store) if preset else {}
    proof = _proof(entry, store, preset or expect, prove)
    # What the user names wins, in a block each part by itself.
    block = {**wish.pop("public_access_block", {}), **entry.pop("public_access_block", {})}
    told = {name: value for name, value in entry.items() if name not in (*OF_A_PRESET, "prove") and not _idle(name, entry)}
    return {**wish, **told, **({"public_access_block": block} if block else {}), **proof}


def _idle(name: str, entry: Entry) -> bool:
    # No rules, and none to be taken away: the module would ask what there is to do.
    return name == "lifecycle" and not entry[name] and not yes(entry.get("purge_lifecycle_rules", True))


def _refuse_idle(entry: Entry, expect: str | None) -> None:
    for name in OF_A_PRESET:
        if entry.get(name) and (name == "principals" or not expect):
            raise Contradiction(f"{name} does nothing without a preset. Add preset, or leave {name} out.")


def _proof(entry: Entry, store: Store, expect: str | None, prove: bool) -> Entry:
    if not expect:
        return {}
    if not prove or not yes(entry.get("prove", True)):
        return {"waived": expect}
    url = entry.get("public_url")
    if expect == PUBLIC_READ and store.means == "website" and not url:
        raise Contradiction(
            f"the public reads from {store.title} by the bucket's website, whose URL nobody knows here. Set public_url to it, or "
            "prove to false."
        )
    proof = {"expect": expect, "prefix": entry.get("prefix") or ""}
    return {"proof": {**proof, "public_url": url} if url else proof}


def yes(value: t.Any) -> bool:
    """What a user means by it."""
    return value.lower() in YES if isinstance(value, str) else bool(value)


class Store:
    """What of a profile decides about presets."""

    def __init__(self, provider: t.Mapping[str, t.Any]) -> None:
        self.title: str = provider["title"]
        can = provider["capabilities"]
        self.means: str = can["public_read"]
        self._facets: t.Mapping[str, str] = can["facets"]
        #: Whether every new bucket has a block, so that it is known to stop nobody who should be let in. Ceph's is not like that:
        #: block_public_acls refuses all uploads (before July 2025, issue 49135), and any policy that allows something is public.
        self._block_is_usual = bool(can["new_bucket"].get("public_access_block"))
        self._instead: t.Mapping[str, str] = can["instead"]

    def keeps(self, facet: str) -> bool:
        """Whether the store surely has the facet; a preset must not fail where a user has named nothing."""
        return self._facets[facet] in ("store", "enforce")

    def block(self, public: bool, policy: bool) -> Wish:
        """The public access block for a bucket that is public or not, and has a policy or not; where the store surely has one."""
        if not self.keeps("public_access_block"):
            return {}
        if self._block_is_usual:
            return {"public_access_block": {"block_public_acls": True, **(POLICY_ONLY if public else CLOSED)}}
        return {"public_access_block": POLICY_ONLY if policy else CLOSED}

    def require(self, facet: str, said: str) -> None:
        """Refuse what needs a facet that the store lacks, with what to do instead."""
        if self._facets[facet] == "none":
            raise self.lacks(facet, said)

    def lacks(self, what: str, said: str) -> Contradiction:
        """The refusal, with what to do instead."""
        return Contradiction(f"{said}. {self._instead.get(what, 'Use another store for this.')}")


def _private(entry: Entry, store: Store) -> Wish:
    principals = entry.get("principals")
    _refuse_acl(entry, ("private",), "preset is private")
    if store.means == "website" and "website" in entry and yes(entry["website"].get("enabled", True)):
        raise Contradiction(f"preset is private, and its website lets everybody read on {store.title}. Leave one of them out.")
    if principals:
        store.require("policy", f"preset private with principals needs a bucket policy, which {store.title} does not have")
    wish: Wish = {"policy": private(entry["name"], principals, entry.get("prefix") or "") if principals else {}}
    wish.update(store.block(public=False, policy=bool(principals)))
    if store.means == "bucket_acl":
        wish["acl"] = "private"
    if store.means == "website":
        wish["website"] = {"enabled": False}
    return wish


def _public_read(entry: Entry, store: Store) -> Wish:
    if entry.get("principals"):
        raise Contradiction(
            "preset public_read has no principals. Give it a policy instead (mediastore.s3.app_policy and public_read_policy, "
            "put together by merge_policies) with expect: public_read, or give the principals a policy of their own."
        )
    if store.means not in MEANS:
        raise store.lacks("public_read", f"preset is public_read, and {store.title} cannot let everybody read a bucket")
    if store.means != "policy" and entry.get("prefix"):
        raise Contradiction(
            f"{store.title} opens a bucket to everybody as a whole, and prefix is {entry['prefix']}. Leave prefix out, or give "
            "what is public a bucket of its own."
        )
    return MEANS[store.means](entry, store)


def _by_policy(entry: Entry, store: Store) -> Wish:
    store.require("policy", f"preset public_read needs a bucket policy, which {store.title} does not have")
    for part in ("block_public_policy", "restrict_public_buckets"):
        if yes(entry.get("public_access_block", {}).get(part, False)):
            raise Contradiction(f"preset is public_read by a policy, and {part} of public_access_block forbids it. Leave it out.")
    _refuse_acl(entry, ("private",), "everybody could list its objects")
    return {"policy": public_read(entry["name"], entry.get("prefix") or ""), **store.block(public=True, policy=True)}


def _by_acl(entry: Entry, store: Store) -> Wish:
    _refuse_acl(entry, ("public-read",), f"preset is public_read, which {store.title} does by its ACL")
    return {"acl": "public-read"}


def _by_website(entry: Entry, store: Store) -> Wish:
    if not yes(entry.get("website", {}).get("enabled", True)):
        raise Contradiction(f"preset is public_read, which {store.title} does by its website, and that is switched off.")
    return {"website": {"enabled": True}}


def _refuse_acl(entry: Entry, fitting: tuple[str, ...], why: str) -> None:
    if entry.get("acl") not in (None, *fitting):
        raise Contradiction(f"acl is {entry['acl']}, and {why}. Leave acl out.")


PRESETS: dict[str, t.Callable[[Entry, Store], Wish]] = {PRIVATE: _private, PUBLIC_READ: _public_read}
MEANS: dict[str, t.Callable[[Entry, Store], Wish]] = {"policy": _by_policy, "bucket_acl": _by_acl, "website": _by_website}
