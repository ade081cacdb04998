# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""For each setting of a bucket: how it is read and written, by what a kept one is recognised, and how its effect shows."""

from __future__ import annotations

import json
import typing as t

from ..._core import policydoc
from ..._core.policies import public_read
from . import effects
from .trial import Said, Trial

BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def _grants(said: Said) -> bool:
    # That a group may read is all that can be compared: stores call owners, and everybody, as they like.
    return any(grant.get("Permission") == "READ" and _is_group(grant.get("Grantee", {})) for grant in said["Grants"])


def _is_group(whom: Said) -> bool:
    return whom.get("Type") == "Group" or "URI" in whom


def _ownership(said: Said) -> str:
    return str(said["OwnershipControls"]["Rules"][0]["ObjectOwnership"])


def _cors(said: Said) -> t.Any:
    return [(rule["AllowedOrigins"], rule["AllowedMethods"]) for rule in said["CORSRules"]]


def _encryption(said: Said) -> str:
    rule = said["ServerSideEncryptionConfiguration"]["Rules"][0]
    return str(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"])


#: who is the owner decides whether ACLs do anything, so it is tried before them
OWNERSHIP = Trial(
    facet="ownership",
    get="get_bucket_ownership_controls",
    put="put_bucket_ownership_controls",
    delete=None,
    body=lambda bucket: {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}},
    wanted=lambda bucket: "BucketOwnerPreferred",
    gist=_ownership,
    missing=("OwnershipControlsNotFoundError", "NoSuchOwnershipControls"),
)

POLICY = Trial(
    facet="policy",
    get="get_bucket_policy",
    put="put_bucket_policy",
    delete="delete_bucket_policy",
    body=lambda bucket: {"Policy": json.dumps(public_read(bucket))},
    wanted=lambda bucket: policydoc.canonical(public_read(bucket)),
    gist=lambda said: policydoc.canonical(json.loads(said["Policy"])),
    missing=("NoSuchBucketPolicy", "NoSuchPolicy"),
    effect=effects.reads_only,
)

ACL = Trial(
    facet="acl",
    get="get_bucket_acl",
    put="put_bucket_acl",
    delete=None,
    body=lambda bucket: {"ACL": "public-read"},
    wanted=lambda bucket: True,
    gist=_grants,
    back={"ACL": "private"},
    effect=effects.lists_or_reads,
)

#: with all four on, nothing that was opened to the public is open
PUBLIC_ACCESS_BLOCK = Trial(
    facet="public_access_block",
    get="get_public_access_block",
    put="put_public_access_block",
    delete="delete_public_access_block",
    body=lambda bucket: {"PublicAccessBlockConfiguration": {name: True for name in BLOCKS}},
    wanted=lambda bucket: [True] * len(BLOCKS),
    gist=lambda said: [bool(said["PublicAccessBlockConfiguration"].get(name)) for name in BLOCKS],
    missing=("NoSuchPublicAccessBlockConfiguration",),
    effect=effects.nothing_is_opened,
)

CORS = Trial(
    facet="cors",
    get="get_bucket_cors",
    put="put_bucket_cors",
    delete="delete_bucket_cors",
    body=lambda bucket: {"CORSConfiguration": {"CORSRules": [{"AllowedOrigins": [effects.ORIGIN], "AllowedMethods": ["GET"]}]}},
    wanted=lambda bucket: [([effects.ORIGIN], ["GET"])],
    gist=_cors,
    missing=("NoSuchCORSConfiguration",),
    effect=effects.lets_one_origin_in,
)

TAGGING = Trial(
    facet="tagging",
    get="get_bucket_tagging",
    put="put_bucket_tagging",
    delete="delete_bucket_tagging",
    body=lambda bucket: {"Tagging": {"TagSet": [{"Key": "purpose", "Value": "probe"}]}},
    wanted=lambda bucket: {"purpose": "probe"},
    gist=lambda said: {tag["Key"]: tag["Value"] for tag in said["TagSet"]},
    missing=("NoSuchTagSet", "NoSuchTagSetError"),
)

ENCRYPTION = Trial(
    facet="encryption",
    get="get_bucket_encryption",
    put="put_bucket_encryption",
    delete="delete_bucket_encryption",
    body=lambda bucket: {
        "ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    },
    wanted=lambda bucket: "AES256",
    gist=_encryption,
    missing=("ServerSideEncryptionConfigurationNotFoundError", "NoSuchEncryptionConfiguration"),
    effect=effects.objects_are_encrypted,
    # Some encrypt from the start.
    contrast=False,
)

WEBSITE = Trial(
    facet="website",
    get="get_bucket_website",
    put="put_bucket_website",
    delete="delete_bucket_website",
    body=lambda bucket: {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}}},
    wanted=lambda bucket: "index.html",
    gist=lambda said: said["IndexDocument"]["Suffix"],
    missing=("NoSuchWebsiteConfiguration",),
)

#: the last one: what is put from here on has versions
VERSIONING = Trial(
    facet="versioning",
    get="get_bucket_versioning",
    put="put_bucket_versioning",
    delete=None,
    body=lambda bucket: {"VersioningConfiguration": {"Status": "Enabled"}},
    wanted=lambda bucket: "Enabled",
    gist=lambda said: said.get("Status"),
    effect=effects.old_versions_stay,
    contrast=False,
)
