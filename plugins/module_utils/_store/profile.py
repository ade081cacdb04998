# Copyright (c) mediastore.s3 contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: do not import it from outside.
"""What is known about a provider, as data: a module asks the profile before it asks the store."""

from __future__ import annotations

import dataclasses
import typing as t
from dataclasses import dataclass, field

from .._core.errors import BadInput, Unsupported

if t.TYPE_CHECKING:
    from .connection import Connection

MIB = 1024 * 1024
GIB = 1024 * MIB

#: What a store does with a facet of a bucket. ``none``: never send it. ``ask``: it depends on the server's version or settings,
#: or nobody knows, so a GET must prove it before any write. ``store``: keeps what it is told. ``enforce``: keeps it and acts on
#: it. ``always``: on, and cannot be changed.
Support = str
SUPPORT = ("none", "ask", "store", "enforce", "always")

CANNED_ACLS = (
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
)

#: how good a fact is: seen on a running server, read in the server's source or the provider's documentation, or only remembered
MEASURED, DOCUMENTED, REMEMBERED = "measured", "documented", "remembered"


class Source(t.NamedTuple):
    """Where facts of a profile come from."""

    grade: str
    what: str


@dataclass(frozen=True)
class Facets:
    """Support for each facet of a bucket; what nobody has proved is not sent."""

    policy: Support = "none"
    acl: Support = "none"
    public_access_block: Support = "none"
    ownership: Support = "none"
    cors: Support = "none"
    tagging: Support = "none"
    versioning: Support = "none"
    encryption: Support = "none"
    lifecycle: Support = "none"
    object_lock: Support = "none"
    website: Support = "none"
    #: these two are no part of S3; they need the store's own administration interface
    quota: Support = "none"
    aliases: Support = "none"


#: what the parts of a lifecycle rule are called in the module's options
LIFECYCLE_ACTIONS = (
    "expiration_days",
    "expiration_date",
    "expired_object_delete_marker",
    "noncurrent_days",
    "newer_noncurrent_versions",
    "abort_incomplete_multipart_upload_days",
    "transitions",
    "noncurrent_transitions",
)
LIFECYCLE_FILTERS = ("prefix", "tags", "object_size")


@dataclass(frozen=True)
class Lifecycle:
    """Which parts of a lifecycle rule a store keeps; parts in none of the three are refused before anything is sent."""

    actions: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    #: parts of either kind that depend on the server's version: what the store shows after the write decides
    unsure: tuple[str, ...] = ()
    #: whether objects move to tiers that the administrator has named, and not to storage classes
    tiers: bool = False
    #: whether a rule keeps the id that it was given
    keeps_ids: bool = True
    #: ``s3``, or ``b2``: a rule that hides is shown as two rules, and delete markers vanish without being asked for
    dialect: str = "s3"
    max_rules: int = 1000


@dataclass(frozen=True)
class Keys:
    """What can be done about access keys. Grants that a store cannot express are refused before anything is sent."""

    #: which keyring manages them (see keyring/registry.py); ``none``: only a person in the provider's console can
    keyring: str = "none"
    #: URL of the interface that makes keys, where it is not the S3 endpoint and the user says no admin_url
    endpoint: str = ""
    #: the combinations of rights that one grant can have, such as ``list+read``; none: any combination
    levels: tuple[str, ...] = ()
    #: rights that the store has no words for, since its objects have no tags or no ACLs
    lacks: tuple[str, ...] = ()
    #: a grant may be limited to a prefix
    prefixes: bool = False
    #: what a key that is there may do can be changed; else a new key is made
    regrants: bool = True
    #: one key can be switched off, and on again
    disables: bool = False
    #: a key can end by itself
    expires: bool = False
    #: the secret of a key that is there can be read again
    secret_readable: bool = False
    #: keys that one name may have at a time; 0: no limit
    max_keys: int = 0
    #: what keys may do stands in the policies of the buckets, beside what bucket_policy sets
    in_bucket_policy: bool = False
    #: what a key may do although no grant says so, since the store cannot withhold it: names of tries of key_access
    oversteps: tuple[str, ...] = ()
    #: where a person makes and removes keys
    console: str = ""


@dataclass(frozen=True)
class Profile:
    """One provider. Every value that differs from the default has its evidence in ``source``."""

    name: str
    title: str
    source: tuple[Source, ...]
    #: template of the endpoint; None means that the user must say it (or, for AWS, that boto knows it), and so does an {account}
    endpoint: str | None = None
    endpoint_known_to_boto: bool = False
    #: URL of the interface that ``api: native`` speaks; None where S3 is all there is
    native: str | None = None
    #: what to sign with when the user does not say; None leaves it to boto's own chain
    region: str | None = "us-east-1"
    #: path, virtual, or auto, which lets botocore decide by the name of the bucket
    addressing: str = "path"
    #: the LocationConstraint of CreateBucket: omit, region, or a literal value
    location_constraint: str = "omit"
    facets: Facets = field(default_factory=Facets)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    keys: Keys = field(default_factory=Keys)
    #: facet -> what a new bucket has by itself, where that is not nothing
    new_bucket: t.Mapping[str, t.Any] = field(default_factory=dict)
    #: facet (or ``sse``, ``storage_class``, ``public_read``, a part of a lifecycle rule) -> what to use instead, as one sentence
    instead: t.Mapping[str, str] = field(default_factory=dict)

    #: part of an option -> what goes wrong with it, where the store keeps it and does more than it should
    cautions: t.Mapping[str, str] = field(default_factory=dict)

    #: how everybody may be let in to read objects and not to list them: policy, bucket_acl, website or none
    public_read: str = "none"
    #: canned ACLs that may be put on buckets
    bucket_acls: tuple[str, ...] = ()
    #: DeleteObjects is there; else objects are deleted one by one
    multi_delete: bool = True
    #: longest life of a presigned URL in seconds, None where there is no limit
    presign_max_s: int | None = 604800

    #: the ETag of an object put in one request is its MD5
    etag_is_md5: bool = True
    #: the ETag of an object put in parts: ``s3`` (MD5 of MD5s and a dash), ``md5`` (of the whole) or ``opaque``
    multipart_etag: str = "s3"
    #: Checksums sent with an upload that the store compares with the bytes that it got, and refuses these if they differ: ``md5``
    #: (Content-MD5) and ``sha256`` (x-amz-checksum-sha256). They are the proof of an upload whose ETag tells nothing. Only
    #: measured ones are here, for there are stores that ignore what they do not know.
    checks: tuple[str, ...] = ()
    part_min: int = 5 * MIB
    max_parts: int = 10000
    #: the largest object that CopyObject takes, and whether UploadPartCopy is there for larger ones
    copy_max: int = 5 * GIB
    multipart_copy: bool = True
    #: a PUT with If-None-Match or If-Match is refused when the condition does not hold
    conditional_put: bool = False
    #: objects keep tags
    object_tagging: bool = False
    #: longest key in bytes of UTF-8, and longest piece of it between slashes (0: no limit)
    key_max_bytes: int = 1024
    key_segment_max_bytes: int = 0
    #: whether ``a//b``, ``/a`` and ``a/`` are keys like any other
    key_empty_segments: bool = True
    #: LIST answers in the byte order of the keys
    list_sorted: bool = True
    #: storage classes that the store knows; None when only the store can tell
    storage_classes: tuple[str, ...] | None = ("STANDARD",)
    #: server-side encryption: AES256, aws:kms, SSE-C
    sse: tuple[str, ...] = ()
    #: canned ACLs that may be put on objects
    object_acls: tuple[str, ...] = ()

    def complete(self, connection: Connection) -> Connection:
        """The connection with this provider's endpoint, region and addressing where the user said nothing."""
        if connection.api == "native":
            return dataclasses.replace(connection, endpoint_url=self.native_url(connection), addressing_style="path")
        region = connection.region or self.region
        endpoint = connection.endpoint_url or self._endpoint(region)
        addressing = connection.addressing_style or self.addressing
        return dataclasses.replace(connection, region=region, endpoint_url=endpoint, addressing_style=addressing)

    def native_url(self, connection: Connection) -> str:
        """Where the store's own interface is."""
        if self.native is None:
            said = f"api is native, and {self.title} has no such interface for buckets"
            raise BadInput(f"connect to {self.title}", said=said, remedy="Leave api out.")
        return connection.admin_url or self.native

    def _endpoint(self, region: str | None) -> str | None:
        if self.endpoint_known_to_boto:
            return None
        if self.endpoint is None or "{account}" in self.endpoint:
            where = f"{self.endpoint} with your own account" if self.endpoint else "the URL of your server"
            raise BadInput(f"connect to {self.title}", said="endpoint_url is not set", remedy=f"Set it to {where}.")
        if region is None:
            raise BadInput(
                f"connect to {self.title}",
                said="neither region nor endpoint_url is set",
                remedy=f"Set region; the endpoint is then {self.endpoint}.",
            )
        return self.endpoint.format(region=region)

    def has(self, facet: str) -> bool:
        """Whether the facet may be asked for at all."""
        return getattr(self.facets, facet) not in ("none", "always")

    def refuse(self, what: str, tried: str, said: str) -> Unsupported:
        """The error for something this provider lacks, naming the alternative."""
        return Unsupported(
            tried, said=said, remedy=self.instead.get(what, "Leave the option out for this store."), code="Unsupported"
        )

    def require(self, facet: str, title: str, tried: str) -> None:
        """Raise before anything is sent if the provider lacks the facet of a bucket."""
        if not self.has(facet):
            said = (
                f"{title} is always on with {self.title}"
                if getattr(self.facets, facet) == "always"
                else f"{self.title} has no {title}"
            )
            raise self.refuse(facet, tried, said)

    def check_upload(
        self, tried: str, *, storage_class: str | None = None, acl: str | None = None, sse: str | None = None
    ) -> None:
        """Raise before anything is sent if the provider cannot keep objects the way they are asked for."""
        if storage_class and self.storage_classes is not None and storage_class not in self.storage_classes:
            known = ", ".join(self.storage_classes)
            raise self.refuse("storage_class", tried, f"{self.title} has no storage class {storage_class} (it has {known})")
        if acl and acl not in self.object_acls:
            known = ", ".join(self.object_acls) or "none"
            raise self.refuse("acl", tried, f"{self.title} does not take the ACL {acl} on objects (it takes {known})")
        if sse and sse not in self.sse:
            known = ", ".join(self.sse) or "none"
            raise self.refuse("sse", tried, f"{self.title} cannot encrypt with {sse} (it can: {known})")
