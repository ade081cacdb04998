# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""The facets of a bucket that S3 has, except the ones with rules of their own (access lists, CORS, lifecycle)."""

from __future__ import annotations

import json
import typing as t

from .._core import policydoc
from .facet import Facet, NotThisFacet, member

PUBLIC_ACCESS_BLOCK = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}
KMS = ("aws:kms", "aws:kms:dsse")


def _parse_policy(answer: t.Mapping[str, t.Any]) -> t.Any:
    try:
        policy = json.loads(member(answer, "Policy"))
    except ValueError as exc:
        raise NotThisFacet("Policy") from exc
    if not isinstance(policy, dict):
        raise NotThisFacet("Policy")
    return policy


def _parse_tags(answer: t.Mapping[str, t.Any]) -> t.Any:
    return {tag["Key"]: tag["Value"] for tag in member(answer, "TagSet")}


def _canonical_tags(tags: t.Mapping[str, t.Any] | None) -> dict[str, str]:
    # The provider's own tags cannot be changed by anybody, so they are nobody's wish.
    return {key: str(tags[key]) for key in sorted(tags) if not key.startswith("aws:")} if tags else {}


def _parse_public_access_block(answer: t.Mapping[str, t.Any]) -> t.Any:
    block = member(answer, "PublicAccessBlockConfiguration")
    return {ours: bool(block.get(theirs)) for ours, theirs in PUBLIC_ACCESS_BLOCK.items()}


def _canonical_public_access_block(block: t.Mapping[str, t.Any] | None) -> dict[str, bool]:
    return {name: bool((block or {}).get(name)) for name in PUBLIC_ACCESS_BLOCK}


def _parse_ownership(answer: t.Mapping[str, t.Any]) -> t.Any:
    rules = member(member(answer, "OwnershipControls"), "Rules")
    return rules[0]["ObjectOwnership"] if rules else None


def _parse_encryption(answer: t.Mapping[str, t.Any]) -> t.Any:
    rules = member(member(answer, "ServerSideEncryptionConfiguration"), "Rules")
    default = rules[0].get("ApplyServerSideEncryptionByDefault") if rules else None
    if not default:
        return None
    return {
        "algorithm": default["SSEAlgorithm"],
        "kms_key_id": default.get("KMSMasterKeyID"),
        "bucket_key": bool(rules[0].get("BucketKeyEnabled")),
    }


def _canonical_encryption(value: t.Mapping[str, t.Any] | None) -> dict[str, t.Any] | None:
    if not value or value["algorithm"] == "none":
        return None
    if value["algorithm"] not in KMS:
        return {"algorithm": value["algorithm"]}
    return {
        "algorithm": value["algorithm"],
        "kms_key_id": value.get("kms_key_id") or None,
        "bucket_key": bool(value.get("bucket_key")),
    }


def _encryption_body(value: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    default = {"SSEAlgorithm": value["algorithm"]}
    if value.get("kms_key_id"):
        default["KMSMasterKeyID"] = value["kms_key_id"]
    rule: dict[str, t.Any] = {"ApplyServerSideEncryptionByDefault": default}
    if value["algorithm"] in KMS:
        rule["BucketKeyEnabled"] = bool(value.get("bucket_key"))
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


def _parse_website(answer: t.Mapping[str, t.Any]) -> t.Any:
    redirect = answer.get("RedirectAllRequestsTo")
    if redirect:
        return {"redirects_to": redirect["HostName"]}
    if "IndexDocument" not in answer:
        # Garage answers nothing at all where nothing is set; a listing is recognised by the guard.
        return None
    return {"index_document": answer["IndexDocument"]["Suffix"], "error_document": answer.get("ErrorDocument", {}).get("Key")}


def _website_body(value: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    if "redirects_to" in value:
        return {"WebsiteConfiguration": {"RedirectAllRequestsTo": {"HostName": value["redirects_to"]}}}
    made = {"IndexDocument": {"Suffix": value["index_document"]}}
    if value.get("error_document"):
        made["ErrorDocument"] = {"Key": value["error_document"]}
    return {"WebsiteConfiguration": made}


def _canonical_website(value: t.Mapping[str, t.Any] | None) -> dict[str, t.Any] | None:
    return {name: part for name, part in value.items() if part} if value else None


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

OWNERSHIP = Facet(
    name="ownership",
    title="object ownership",
    option="ownership",
    get="get_bucket_ownership_controls",
    put="put_bucket_ownership_controls",
    delete="delete_bucket_ownership_controls",
    missing=("OwnershipControlsNotFoundError", "OwnershipControlsNotFound", "NoSuchOwnershipControls"),
    parse=_parse_ownership,
    body=lambda owner: {"OwnershipControls": {"Rules": [{"ObjectOwnership": owner}]}},
    canonical=lambda owner: owner,
)

ENCRYPTION = Facet(
    name="encryption",
    title="default encryption",
    option="encryption",
    get="get_bucket_encryption",
    put="put_bucket_encryption",
    delete="delete_bucket_encryption",
    missing=("ServerSideEncryptionConfigurationNotFoundError", "NoSuchEncryptionConfiguration"),
    parse=_parse_encryption,
    body=_encryption_body,
    canonical=_canonical_encryption,
)

OBJECT_LOCK = Facet(
    name="object_lock",
    title="object lock",
    option="object_lock",
    get="get_object_lock_configuration",
    put=None,
    delete=None,
    missing=("ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"),
    parse=lambda answer: member(answer, "ObjectLockConfiguration").get("ObjectLockEnabled") == "Enabled",
    body=lambda on: {},
    canonical=bool,
)

WEBSITE = Facet(
    name="website",
    title="website",
    option="website",
    get="get_bucket_website",
    put="put_bucket_website",
    delete="delete_bucket_website",
    missing=("NoSuchWebsiteConfiguration",),
    parse=_parse_website,
    body=_website_body,
    canonical=_canonical_website,
)
