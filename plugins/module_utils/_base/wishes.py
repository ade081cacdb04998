# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What the options of bucket mean, and which of them cannot be meant."""

from __future__ import annotations

import typing as t

from .._core.bucketname import check_name, check_new_name, check_tls
from .._core.errors import BadInput
from .._store.acl import ACL
from .._store.facet import Facet
from .._store.facets import (
    ENCRYPTION,
    KMS,
    OBJECT_LOCK,
    OWNERSHIP,
    PUBLIC_ACCESS,
    TAGGING,
    VERSIONING,
    WEBSITE,
)
from .._store.garage import ALIASES, QUOTA, require_administration
from .module import StoreModule
from .settle import Desired, exactly

Wish = t.Tuple[Facet, Desired]


def wishes(params: t.Mapping[str, t.Any]) -> list[Wish]:
    """The facets that the user named, each with what it should become.

    In this order: what closes a bucket comes before what opens it, and ownership before the ACL that it may forbid.
    """
    makers: tuple[tuple[Facet, t.Callable[[t.Any], Desired]], ...] = (
        (PUBLIC_ACCESS, _parts),
        (OWNERSHIP, exactly),
        (ENCRYPTION, exactly),
        (OBJECT_LOCK, exactly),
        (VERSIONING, exactly),
        (TAGGING, lambda tags: _tags(tags, params["purge_tags"])),
        (QUOTA, _parts),
        (ALIASES, exactly),
        (WEBSITE, _website),
        (ACL, exactly),
    )
    return [(facet, make(params[facet.option])) for facet, make in makers if params[facet.option] is not None]


def _parts(given: t.Mapping[str, t.Any]) -> Desired:
    said = {part: value for part, value in given.items() if value is not None}
    return lambda before: {**before, **said}


def _tags(given: t.Mapping[str, t.Any], purge: bool) -> Desired:
    texts = {str(key): "" if value is None else str(value) for key, value in given.items()}
    return exactly(texts) if purge else lambda before: {**before, **texts}


def _website(given: t.Mapping[str, t.Any]) -> Desired:
    return exactly({name: part for name, part in given.items() if name != "enabled"} if given["enabled"] else None)


def check(module: StoreModule, named: t.Sequence[Wish]) -> None:
    """Refuse what cannot be, before anything is sent."""
    params, profile = module.params, module.profile
    name = params["name"]
    tried = f"set up bucket {name}"
    check_name(name, tried)
    if params["state"] == "absent":
        return _check_force(params)
    check_new_name(name, tried)
    check_tls(name, tried, module.connection.endpoint_url, module.connection.addressing_style)
    for facet, desired in named:
        facet.require(profile, desired(facet.canonical(None)), tried)
        if facet.administered:
            require_administration(module.connection, tried)
    for key in params["tags"] or {}:
        if str(key).startswith("aws:"):
            said = f"the tag {key} begins with aws:, which belongs to the provider"
            raise BadInput(tried, said=said, remedy="Choose another name for the tag.")
    _check_encryption(module, tried)
    _check_acl(module, tried)
    for part, asked in (params["public_access_block"] or {}).items():
        if asked and part in profile.cautions:
            module.warn(f"Bucket {name}, {part}: {profile.cautions[part]}")


def _check_force(params: t.Mapping[str, t.Any]) -> None:
    name = params["name"]
    if params["force"] and params["force_confirm"] != name:
        raise BadInput(
            f"delete bucket {name} with everything in it",
            said=f"force_confirm is {params['force_confirm']!r}",
            remedy=f"Repeat the name of the bucket there (force_confirm: {name}), if all its objects are really to be deleted.",
        )


def _check_encryption(module: StoreModule, tried: str) -> None:
    said = module.params["encryption"]
    if not said:
        return
    algorithm = said["algorithm"]
    if algorithm not in KMS and (said["kms_key_id"] or said["bucket_key"]):
        remedy = "Use aws:kms, or leave kms_key_id and bucket_key out."
        raise BadInput(tried, said=f"encryption has a key, and its algorithm is {algorithm}", remedy=remedy)
    if algorithm == "none":
        if "encryption" in module.profile.new_bucket:
            remedy = "Use algorithm AES256, which costs nothing."
            raise BadInput(tried, said=f"{module.profile.title} encrypts every bucket", remedy=remedy)
        return
    module.profile.check_upload(tried, sse="aws:kms" if algorithm in KMS else algorithm)


def _check_acl(module: StoreModule, tried: str) -> None:
    acl, profile = module.params["acl"], module.profile
    if acl is None:
        return
    if acl not in profile.bucket_acls:
        known = ", ".join(profile.bucket_acls) or "none"
        raise profile.refuse("acl", tried, f"{profile.title} does not take the ACL {acl} on buckets (it takes {known})")
    if acl != "private" and profile.public_read != "bucket_acl":
        module.warn(
            f"The ACL {acl} of bucket {module.params['name']} lets others list the names of all objects, and not read them. "
            "For the opposite, use mediastore.s3.bucket_policy with the filter mediastore.s3.public_read_policy."
        )
