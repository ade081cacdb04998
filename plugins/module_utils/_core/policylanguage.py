# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""AWS's policy language, which most stores speak: its versions, and its words in their usual spelling."""

from __future__ import annotations

import re
import typing as t

#: a policy, or a statement of one
Document = t.Dict[str, t.Any]

VERSION = "2012-10-17"
#: what a document without Version means
OLD_VERSION = "2008-10-17"
#: what a statement consists of
ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)

#: actions of S3 as the stores write them. One that is missing here is compared just as well, and shown in small letters.
ACTIONS = (
    "AbortMultipartUpload",
    "BypassGovernanceRetention",
    "CreateBucket",
    "DeleteBucket",
    "DeleteBucketOwnershipControls",
    "DeleteBucketPolicy",
    "DeleteBucketWebsite",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjectVersion",
    "DeleteObjectVersionTagging",
    "GetAccelerateConfiguration",
    "GetAnalyticsConfiguration",
    "GetBucketAcl",
    "GetBucketCORS",
    "GetBucketLocation",
    "GetBucketLogging",
    "GetBucketNotification",
    "GetBucketObjectLockConfiguration",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPolicyStatus",
    "GetBucketPublicAccessBlock",
    "GetBucketRequestPayment",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "GetEncryptionConfiguration",
    "GetInventoryConfiguration",
    "GetLifecycleConfiguration",
    "GetMetricsConfiguration",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectRetention",
    "GetObjectTagging",
    "GetObjectTorrent",
    "GetObjectVersion",
    "GetObjectVersionAcl",
    "GetObjectVersionAttributes",
    "GetObjectVersionForReplication",
    "GetObjectVersionTagging",
    "GetReplicationConfiguration",
    "ListAllMyBuckets",
    "ListBucket",
    "ListBucketMultipartUploads",
    "ListBucketVersions",
    "ListMultipartUploadParts",
    "ObjectOwnerOverrideToBucketOwner",
    "PutAccelerateConfiguration",
    "PutAnalyticsConfiguration",
    "PutBucketAcl",
    "PutBucketCORS",
    "PutBucketLogging",
    "PutBucketNotification",
    "PutBucketObjectLockConfiguration",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketPublicAccessBlock",
    "PutBucketRequestPayment",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutBucketWebsite",
    "PutEncryptionConfiguration",
    "PutInventoryConfiguration",
    "PutLifecycleConfiguration",
    "PutMetricsConfiguration",
    "PutObject",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "PutObjectVersionAcl",
    "PutObjectVersionTagging",
    "PutReplicationConfiguration",
    "ReplicateDelete",
    "ReplicateObject",
    "ReplicateTags",
    "RestoreObject",
)
#: condition keys that are not all in small letters; the same holds for one that is missing
CONDITION_KEYS = (
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalTag",
    "aws:PrincipalType",
    "aws:Referer",
    "aws:RequestTag",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:TagKeys",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:ViaAWSService",
    "aws:VpcSourceIp",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
    "s3:ExistingObjectTag",
    "s3:LocationConstraint",
    "s3:RequestObjectTag",
    "s3:RequestObjectTagKeys",
    "s3:ResourceAccount",
    "s3:TlsVersion",
    "s3:authType",
    "s3:signatureAge",
)
_KEYS = {key.lower(): key for key in CONDITION_KEYS}


def version_of(policy: t.Mapping[str, t.Any]) -> str:
    """The version of the language that a document is in."""
    return str(policy.get("Version") or OLD_VERSION)


def is_aws(policy: t.Mapping[str, t.Any]) -> bool:
    """Whether a document is in AWS's language. A store's own (Scaleway: 2023-04-17) has a version of its own."""
    return version_of(policy) in (VERSION, OLD_VERSION)


def as_list(value: t.Any) -> list[t.Any]:
    """One value or a list of values, as a list; the language has both everywhere."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def action(text: str) -> str:
    """An action, or a pattern of actions, in its one spelling: case is nothing to AWS and Ceph."""
    service, colon, name = text.lower().partition(":")
    stem = re.split(r"[*?]", name, maxsplit=1)[0]
    # Of a pattern (s3:get*), what stands before the first star is spelled like the actions that begin so.
    known = next((one[: len(stem)] for one in ACTIONS if service == "s3" and one.lower().startswith(stem)), stem)
    return f"{service}{colon}{known}{name[len(stem) :]}"


def condition_key(text: str) -> str:
    """A condition key in its one spelling. What follows the slash is the name of a tag, and those are told apart by case."""
    key, slash, tag = text.partition("/")
    return f"{_KEYS.get(key.lower(), key.lower())}{slash}{tag}"
