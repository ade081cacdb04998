# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The facets of a bucket as data: how each is read, written, and compared."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from .._core import policydoc

if t.TYPE_CHECKING:
    from .profile import Profile

#: answers that mean "this store does not know the sub-resource", as opposed to "nothing is set"
UNKNOWN_CODES = ("NotImplemented", "XNotImplemented", "MethodNotAllowed", "UnsupportedOperation", "501", "405")

PUBLIC_ACCESS_BLOCK = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


class NotThisFacet(Exception):
    """The answer is not what the sub-resource looks like."""


@dataclass(frozen=True)
class Facet:
    """One sub-resource of a bucket. Its values are plain: what a user writes in YAML; None means that nothing is set."""

    #: the name in profiles, in the guard and in messages
    name: str
    title: str
    #: the name of the option and of the key in results
    option: str
    #: boto3's methods; without ``delete``, nothing set is written as a value
    get: str
    put: str
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

    def require(self, profile: Profile, wanted: t.Any, tried: str) -> None:
        """Raise before anything is sent if the provider cannot have the wanted value."""
        if getattr(profile.facets, self.name) == "always" and self.canonical(wanted) == self.always:
            return
        profile.require(self.name, self.title, tried)


def _member(answer: t.Mapping[str, t.Any], name: str) -> t.Any:
    if name not in answer:
        raise NotThisFacet(name)
    return answer[name]


def _parse_policy(answer: t.Mapping[str, t.Any]) -> t.Any:
    try:
        policy = json.loads(_member(answer, "Policy"))
    except ValueError as exc:
        raise NotThisFacet("Policy") from exc
    if not isinstance(policy, dict):
        raise NotThisFacet("Policy")
    return policy


def _parse_tags(answer: t.Mapping[str, t.Any]) -> t.Any:
    return {tag["Key"]: tag["Value"] for tag in _member(answer, "TagSet")}


def _canonical_tags(tags: t.Mapping[str, t.Any] | None) -> dict[str, str]:
    # The provider's own tags cannot be changed by anybody, so they are nobody's wish.
    return {key: str(tags[key]) for key in sorted(tags) if not key.startswith("aws:")} if tags else {}


def _parse_public_access_block(answer: t.Mapping[str, t.Any]) -> t.Any:
    block = _member(answer, "PublicAccessBlockConfiguration")
    return {ours: bool(block.get(theirs)) for ours, theirs in PUBLIC_ACCESS_BLOCK.items()}


def _canonical_public_access_block(block: t.Mapping[str, t.Any] | None) -> dict[str, bool]:
    return {name: bool((block or {}).get(name)) for name in PUBLIC_ACCESS_BLOCK}


POLICY = Facet(
    name="policy",
    title="bucket policy",
    option="policy",
    get="get_bucket_policy",
    put="put_bucket_policy",
    delete="delete_bucket_policy",
    missing=("NoSuchBucketPolicy", "NoSuchPolicy"),
    parse=_parse_policy,
    body=lambda policy: {"Policy": json.dumps(policy)},
    canonical=policydoc.canonical,
)

TAGGING = Facet(
    name="tagging",
    title="bucket tags",
    option="tags",
    get="get_bucket_tagging",
    put="put_bucket_tagging",
    delete="delete_bucket_tagging",
    missing=("NoSuchTagSet", "NoSuchTagSetError"),
    parse=_parse_tags,
    body=lambda tags: {"Tagging": {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}},
    canonical=_canonical_tags,
)

VERSIONING = Facet(
    name="versioning",
    title="versioning",
    option="versioning",
    get="get_bucket_versioning",
    put="put_bucket_versioning",
    delete=None,
    missing=(),
    # Never switched on and suspended mean the same for what is put from now on.
    parse=lambda answer: answer.get("Status") == "Enabled",
    body=lambda on: {"VersioningConfiguration": {"Status": "Enabled" if on else "Suspended"}},
    canonical=bool,
    always=True,
)

PUBLIC_ACCESS = Facet(
    name="public_access_block",
    title="public access block",
    option="public_access_block",
    get="get_public_access_block",
    put="put_public_access_block",
    delete=None,
    missing=("NoSuchPublicAccessBlockConfiguration",),
    parse=_parse_public_access_block,
    body=lambda block: {"PublicAccessBlockConfiguration": {theirs: block[ours] for ours, theirs in PUBLIC_ACCESS_BLOCK.items()}},
    canonical=_canonical_public_access_block,
)

#: in the order in which they are settled: what closes a bucket comes before what opens it
ALL: tuple[Facet, ...] = (PUBLIC_ACCESS, VERSIONING, TAGGING, POLICY)
